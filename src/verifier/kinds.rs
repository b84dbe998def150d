//! The properties of every kind of authenticator that takes codes.

use core::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use pollster::block_on;

use crate::account::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
use crate::account::{AccountError, Status};
use crate::audit::Operator;
use crate::codes::Key;
use crate::decision::{Hold, Refusal};
use crate::factor::words::Words;
use crate::factor::{Authenticator, External, Factor, Hotp, Kind, NewAuthenticator, Totp};
use crate::policy::Policy;
use crate::store::{Memory, Store};
use crate::types::{
    AccountId, Algorithm, AuthenticatorNumber, Counter, DisplayName, Level, Secret, Transaction, UnixTime,
};
use crate::verifier::{Verifier, VerifierError};

const DESK: Operator<'_> = Operator::new("desk", "test");
const SECRET: &[u8; 20] = b"12345678901234567890";

/// A kind under test.
trait Subject {
    const KIND: Kind;
    /// Bytes that must not show in a stored value.
    const SECRET: &'static [u8];

    fn authenticator() -> NewAuthenticator;

    /// Returns the first or the second right answer, with its time.
    fn right(n: u64) -> (String, UnixTime);
}

struct OfTotp;

impl Subject for OfTotp {
    const KIND: Kind = Kind::Totp;
    const SECRET: &'static [u8] = SECRET;

    fn authenticator() -> NewAuthenticator {
        Authenticator::new(Totp::default(), Algorithm::Sha1, Secret::from_bytes(SECRET).unwrap()).into()
    }

    fn right(n: u64) -> (String, UnixTime) {
        let now = UnixTime::from_secs(1_700_000_010 + 30 * n).unwrap();
        let key = Key::new(Algorithm::Sha1, &Secret::from_bytes(SECRET).unwrap());
        (Totp::default().generate(&key, now).unwrap().as_str().into(), now)
    }
}

struct OfHotp;

impl Subject for OfHotp {
    const KIND: Kind = Kind::Hotp;
    const SECRET: &'static [u8] = SECRET;

    fn authenticator() -> NewAuthenticator {
        Authenticator::new(Hotp::default(), Algorithm::Sha1, Secret::from_bytes(SECRET).unwrap()).into()
    }

    fn right(n: u64) -> (String, UnixTime) {
        let key = Key::new(Algorithm::Sha1, &Secret::from_bytes(SECRET).unwrap());
        (Hotp::default().generate(&key, Counter::new(n)).as_str().into(), OfTotp::right(n).1)
    }
}

struct OfWords;

impl Subject for OfWords {
    const KIND: Kind = Kind::Words;
    const SECRET: &'static [u8] = b"aquilone";

    fn authenticator() -> NewAuthenticator {
        let factor = Factor::Words(Words::new([b"aquilone", b"calabron"]));
        NewAuthenticator { factor, name: DisplayName::EMPTY }
    }

    fn right(n: u64) -> (String, UnixTime) {
        (["aquilone", "calabron"][usize::try_from(n).unwrap()].into(), OfTotp::right(n).1)
    }
}

fn fresh() -> Transaction {
    static LAST: AtomicU32 = AtomicU32::new(0);

    let number = LAST.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    Transaction::new(&[number; 4].concat()).unwrap()
}

fn verifier() -> Verifier<Memory> {
    let master = LocalMasterKey::from_hex(&"5e".repeat(32)).unwrap();
    let key = SealingKey::derive(&Deployment::new("tests").unwrap(), KeyId::new(1), &master).unwrap();
    Verifier::new(Memory::new(), KeyRing::new(key, []).unwrap(), Policy::new())
}

fn id() -> AccountId {
    AccountId::new("rossi").unwrap()
}

/// Enrolls an authenticator, and confirms it with its first answer.
fn enrolled<S: Subject>(verifier: &Verifier<Memory>) -> AuthenticatorNumber {
    let (login, (answer, now)) = (fresh(), S::right(0));
    let number =
        block_on(verifier.enroll(&id(), &login, S::authenticator().named("mio").unwrap(), now)).unwrap().number;
    block_on(verifier.confirm(&id(), &login, number, &answer, now)).unwrap();
    number
}

fn refusal<T: core::fmt::Debug, E: core::fmt::Debug>(result: Result<T, VerifierError<E>>) -> Refusal {
    match result {
        Err(VerifierError::Refused(refusal)) => refusal,
        other => panic!("expected a refusal, not {other:?}"),
    }
}

fn is_used_once<S: Subject>() {
    let verifier = verifier();
    let number = enrolled::<S>(&verifier);
    let (answer, now) = S::right(0);
    let replayed = Refusal::Replayed { remaining: 4, hold: Hold::None };
    assert_eq!(refusal(block_on(verifier.verify(&id(), &fresh(), &answer, now))), replayed);

    let (login, (answer, now)) = (fresh(), S::right(1));
    let accepted = block_on(verifier.verify(&id(), &login, &answer, now)).unwrap();
    assert_eq!((accepted.account(), accepted.authenticator(), accepted.failures_before()), (&id(), number, 1));
    assert_eq!(accepted.kind(), S::KIND);
    let again = block_on(verifier.verify(&id(), &login, &answer, now));
    assert!(matches!(again, Err(VerifierError::Repeated(repeated)) if repeated.authenticator == number));
    assert_eq!(refusal(block_on(verifier.verify(&id(), &fresh(), &answer, now))), replayed);
}

fn is_counted<S: Subject>() {
    let verifier = verifier();
    enrolled::<S>(&verifier);
    let (right, now) = S::right(1);
    for remaining in (0..5).rev() {
        // Eight characters for words, six digits for codes.
        let wrong = &"00000000"[..right.len()];
        let refusal = refusal(block_on(verifier.verify(&id(), &fresh(), wrong, now)));
        assert!(matches!(refusal, Refusal::Wrong { remaining: left, .. } if left == remaining), "{refusal:?}");
    }
    assert!(matches!(refusal(block_on(verifier.verify(&id(), &fresh(), &right, now))), Refusal::Locked { .. }));
}

fn is_sealed<S: Subject>() {
    let verifier = verifier();
    enrolled::<S>(&verifier);
    let sealed = block_on(verifier.store.load(&id())).unwrap().unwrap().value;
    assert!(!sealed.as_ref().windows(S::SECRET.len()).any(|bytes| bytes == S::SECRET));

    let other = AccountId::new("bianchi").unwrap();
    let _stored = block_on(verifier.store.compare_exchange(&other, None, sealed, None)).unwrap();
    assert!(matches!(block_on(verifier.view(&other, UnixTime::EPOCH)), Err(VerifierError::Record(_))));
}

fn is_listed<S: Subject>() {
    let verifier = verifier();
    let number = enrolled::<S>(&verifier);
    let view = block_on(verifier.view(&id(), S::right(0).1)).unwrap();
    let [listed] = view.authenticators[..] else { panic!("{view:?}") };
    assert_eq!((listed.number, listed.kind, listed.status), (number, S::KIND, Status::Active));
    assert_eq!((listed.name.as_str(), listed.last_used), ("mio", Some(S::right(0).1)));
}

fn is_revoked<S: Subject>() {
    let verifier = verifier();
    let number = enrolled::<S>(&verifier);
    let (answer, now) = S::right(1);
    let revoked = block_on(verifier.revoke(&id(), number, DESK, now));
    assert!(matches!(revoked, Err(VerifierError::Account(AccountError::Last))));

    let passkey = External::new(Level::Three, b"credential").unwrap();
    block_on(verifier.enroll(&id(), &fresh(), passkey, now)).unwrap();
    block_on(verifier.revoke(&id(), number, DESK, now)).unwrap();
    assert_eq!(refusal(block_on(verifier.verify(&id(), &fresh(), &answer, now))), Refusal::NoCodes);
    let named = block_on(verifier.verify_with(&id(), &fresh(), number, &answer, now));
    assert!(matches!(named, Err(VerifierError::Account(AccountError::UnknownAuthenticator(of))) if of == number));
}

fn is_accepted_once_of_many_threads<S: Subject>() {
    for _ in 0..20 {
        let verifier = verifier();
        enrolled::<S>(&verifier);
        let (answer, now) = S::right(1);
        let accepted: usize = thread::scope(|scope| {
            let log_in = || usize::from(block_on(verifier.verify(&id(), &fresh(), &answer, now)).is_ok());
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(log_in)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(accepted, 1);
    }
}

macro_rules! every_kind {
    ($($property:ident),* $(,)?) => {
        $(mod $property {
            #[test]
            fn totp() {
                super::$property::<super::OfTotp>();
            }

            #[test]
            fn hotp() {
                super::$property::<super::OfHotp>();
            }

            #[test]
            fn words() {
                super::$property::<super::OfWords>();
            }
        })*
    };
}

every_kind!(is_used_once, is_counted, is_sealed, is_listed, is_revoked, is_accepted_once_of_many_threads);
