//! Tests of authenticators with keys in a simulated HSM. The package `secondo-pkcs11` tests with a PKCS #11 module.
#![cfg(feature = "std")]

use crate::support::enrolled::{FIRST, another};
use crate::support::logins;
use crate::support::refusals::{refusal, wrong};
use crate::support::time::at;
use std::fmt;
use std::sync::Mutex;

use hmac::{KeyInit, Mac};
use logins::{DESK, Logins, fresh};
use pollster::block_on;
use secondo::factor::Method;
use secondo::hsm::HsmKeyError;
use secondo::hsm::{Hmac, Hsm, HsmKey};
use secondo::store::Memory;
use secondo::types::{Counter, Period};
use secondo::{
    AccountId, Algorithm, Authenticator, AuthenticatorNumber, Hotp, Key, Policy, PublicRefusal, Refusal, Secret, State,
    Totp, UnixTime, Verifier, VerifierError,
};

const SECRET: &[u8] = b"12345678901234567890";
const NOW: UnixTime = at(1_700_000_010);

/// A simulated HSM that computes with the `hmac` crate, with at most one fault.
struct Module {
    fault: Option<Fault>,
    asked: Mutex<Vec<usize>>,
}

#[derive(Clone, Copy, Debug)]
enum Fault {
    Down,
    OneMissing,
    OneTooMany,
    OtherHash,
}

#[derive(Debug)]
struct Down;

impl fmt::Display for Down {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the token is gone")
    }
}

impl std::error::Error for Down {}

fn of<M: KeyInit + Mac>(counter: Counter) -> Vec<u8> {
    let mut mac = <M as KeyInit>::new_from_slice(SECRET).unwrap();
    mac.update(&counter.get().to_be_bytes());
    mac.finalize().into_bytes().to_vec()
}

impl Hsm for &Module {
    type Error = Down;

    async fn hmacs(&self, key: &HsmKey, algorithm: Algorithm, counters: &[Counter]) -> Result<Vec<Hmac>, Down> {
        assert_eq!(key.as_bytes(), b"slot/7");
        self.asked.lock().unwrap().push(counters.len());
        let algorithm = match self.fault {
            Some(Fault::OtherHash) => Algorithm::Sha512,
            _ => algorithm,
        };
        let compute = |counter: &Counter| {
            let bytes = match algorithm {
                Algorithm::Sha256 => of::<hmac::Hmac<sha2::Sha256>>(*counter),
                Algorithm::Sha512 => of::<hmac::Hmac<sha2::Sha512>>(*counter),
                _ => of::<hmac::Hmac<sha1::Sha1>>(*counter),
            };
            Hmac::from_bytes(&bytes).unwrap()
        };
        match self.fault {
            None | Some(Fault::OtherHash) => Ok(counters.iter().map(compute).collect()),
            Some(Fault::Down) => Err(Down),
            Some(Fault::OneMissing) => Ok(counters[1..].iter().map(compute).collect()),
            Some(Fault::OneTooMany) => Ok(counters.iter().chain(counters.first()).map(compute).collect()),
        }
    }
}

fn module(fault: Option<Fault>) -> Module {
    Module { fault, asked: Mutex::new(Vec::new()) }
}

fn in_hsm(method: impl Into<Method>, algorithm: Algorithm) -> Authenticator {
    Authenticator::in_hsm(method, algorithm, HsmKey::new(b"slot/7").unwrap())
}

fn id() -> AccountId {
    AccountId::new("rossi").unwrap()
}

/// Every operation has the same result as with the same secret in memory.
#[test]
fn decisions_are_those_of_the_same_secret_at_hand() {
    let policy = Policy::new().with_max_drift(50).unwrap();
    let period = Period::from_secs(30).unwrap();
    for algorithm in Algorithm::ALL {
        for method in [Method::Hotp(Hotp::default()), Totp::new(secondo::Digits::Eight, period).into()] {
            let module = module(None);
            let (near, far) = (Memory::new(), Memory::new());
            let near = Verifier::unsealed(&near, policy);
            let far = Verifier::unsealed(&far, policy).with_hsm(&module);
            let secret = || Secret::from_bytes(SECRET).unwrap();
            let key = Key::new(*algorithm, &secret());
            let login = fresh();
            let at_hand = Authenticator::new(method, *algorithm, secret());
            block_on(near.enroll(&id(), &login, at_hand, NOW)).unwrap();
            block_on(far.enroll(&id(), &login, in_hsm(method, *algorithm), NOW)).unwrap();

            let (mut clock, mut right) = (NOW, 0);
            for turn in 0..60_u64 {
                let counter = match method {
                    Method::Totp(totp) => totp.step(clock).unwrap().get(),
                    _ => turn,
                };
                let at = |counter: u64| {
                    let code = Hotp::new(method.digits()).generate(&key, Counter::new(counter));
                    code.as_str().to_owned()
                };
                let entry = match turn % 4 {
                    0 | 1 => at(counter),
                    2 => at(counter - 1),
                    _ => "1".repeat(method.digits().count()),
                };
                let results = if turn == 0 {
                    let near = block_on(near.confirm(&id(), &login, FIRST, &entry, clock));
                    (format!("{near:?}"), format!("{:?}", block_on(far.confirm(&id(), &login, FIRST, &entry, clock))))
                } else if turn % 7 == 0 {
                    // The codes are farther ahead than the counters of one call to the module.
                    let codes = [at(counter + 40), at(counter + 41)];
                    let codes = codes.each_ref().map(String::as_str);
                    let near = block_on(near.resync(&id(), &fresh(), FIRST, &codes, clock));
                    (format!("{near:?}"), format!("{:?}", block_on(far.resync(&id(), &fresh(), FIRST, &codes, clock))))
                } else {
                    let near = near.log_in(&id(), &entry, clock);
                    (format!("{near:?}"), format!("{:?}", far.log_in(&id(), &entry, clock)))
                };
                assert_eq!(results.0, results.1);
                right += u32::from(results.0.starts_with("Ok"));
                assert_eq!(near.state(&id()).unwrap(), far.state(&id()).unwrap());
                if turn % 5 == 4 {
                    block_on(near.unlock(&id(), DESK, NOW)).unwrap();
                    block_on(far.unlock(&id(), DESK, NOW)).unwrap();
                }
                clock = UnixTime::from_secs(clock.as_secs() + 30).unwrap();
            }
            assert!(right > 3, "{method:?}: {right}");
            let asked = module.asked.into_inner().unwrap();
            assert!(asked.iter().all(|count| (1..=32).contains(count)) && asked.contains(&32), "{asked:?}");
        }
    }
}

#[test]
fn a_module_that_fails_accepts_nothing_and_counts_nothing() {
    let store = Memory::new();
    let enrolled = Verifier::unsealed(&store, Policy::new());
    enrolled.add(&id(), in_hsm(Totp::default(), Algorithm::Sha1), State::new().confirmed()).unwrap();
    let state = enrolled.state(&id()).unwrap();
    let secret = Secret::from_bytes(SECRET).unwrap();
    let right = Totp::default().generate(&Key::new(Algorithm::Sha1, &secret), NOW).unwrap();

    let check = |result: Result<secondo::Accepted, VerifierError<_>>, cause: &str| {
        match &result {
            Err(error @ VerifierError::Hsm(source)) => {
                assert_eq!(source.to_string(), cause);
                assert_eq!(error.public(), PublicRefusal::Unavailable);
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(enrolled.state(&id()).unwrap(), state);
    };
    for (fault, cause) in [
        (Fault::Down, "the token is gone"),
        (Fault::OneMissing, "the HSM returned a wrong number of HMACs, or an HMAC of another hash function"),
        (Fault::OneTooMany, "the HSM returned a wrong number of HMACs, or an HMAC of another hash function"),
        (Fault::OtherHash, "the HSM returned a wrong number of HMACs, or an HMAC of another hash function"),
    ] {
        let module = module(Some(fault));
        let verifier = Verifier::unsealed(&store, Policy::new()).with_hsm(&module);
        for entry in [right.as_str(), "000000"] {
            check(verifier.log_in(&id(), entry, NOW), cause);
        }
    }
    check(
        enrolled.log_in(&id(), right.as_str(), NOW),
        "the authenticator's key is in an HSM, but the verifier has no HSM",
    );

    // An attempt that is refused for another reason does not call the module.
    let module = module(None);
    let verifier = Verifier::unsealed(&store, Policy::new()).with_hsm(&module);
    assert!(verifier.log_in(&id(), "12345", NOW).is_err());
    block_on(verifier.suspend(&id(), DESK, NOW)).unwrap();
    let suspended = verifier.log_in(&id(), right.as_str(), NOW);
    assert!(matches!(suspended, Err(VerifierError::Refused(Refusal::Suspended))));
    assert!(module.asked.lock().unwrap().is_empty());
}

/// A verdict without the module would tell which authenticator a code is of.
#[test]
fn a_module_that_fails_leaves_the_other_authenticators_undecided() {
    let store = Memory::new();
    let verifier = Verifier::unsealed(&store, Policy::new());
    verifier.add(&id(), in_hsm(Totp::default(), Algorithm::Sha1), State::new().confirmed()).unwrap();
    let phone = Secret::from_bytes(&[7; 20]).unwrap();
    let code = Totp::default().generate(&Key::new(Algorithm::Sha1, &phone), NOW).unwrap();
    let phone = Authenticator::new(Totp::default(), Algorithm::Sha1, phone);
    verifier.add(&id(), phone, State::new().confirmed()).unwrap();
    let state = verifier.state(&id()).unwrap();
    for entry in [code.as_str(), "000000"] {
        assert!(matches!(verifier.log_in(&id(), entry, NOW), Err(VerifierError::Hsm(_))));
    }
    assert_eq!(verifier.state(&id()).unwrap(), state);

    // The subscriber can name the phone, and the module is not called then.
    let second = AuthenticatorNumber::new(2);
    let accepted = block_on(verifier.verify_with(&id(), &fresh(), second, code.as_str(), NOW)).unwrap();
    assert_eq!(accepted.authenticator(), second);
    let module = module(None);
    let working = Verifier::unsealed(&store, Policy::new()).with_hsm(&module);
    let secret = Secret::from_bytes(SECRET).unwrap();
    let code = Totp::default().generate(&Key::new(Algorithm::Sha1, &secret), NOW).unwrap();
    assert_eq!(working.log_in(&id(), code.as_str(), NOW).unwrap().authenticator(), FIRST);
}

/// A code that cannot be accepted is computed only where other codes are compared too.
#[test]
fn used_steps_are_asked_for_only_beside_another_device() {
    let module = module(None);
    let verifier = Verifier::unsealed(Memory::new(), Policy::new()).with_hsm(&module);
    verifier.add(&id(), in_hsm(Totp::default(), Algorithm::Sha1), State::new().confirmed()).unwrap();
    block_on(verifier.raise_watermarks(&id(), DESK, NOW)).unwrap();
    let code = Totp::default().generate(&Key::new(Algorithm::Sha1, &Secret::from_bytes(SECRET).unwrap()), NOW).unwrap();
    assert_eq!(refusal(verifier.log_in(&id(), code.as_str(), NOW)), Refusal::ClockBehind);
    assert!(module.asked.lock().unwrap().is_empty());
    verifier.add(&id(), another(7, Hotp::default()), State::new().confirmed()).unwrap();
    assert_eq!(refusal(verifier.log_in(&id(), code.as_str(), NOW)), Refusal::ClockBehind);
    assert_eq!(*module.asked.lock().unwrap(), [2]);
    assert_eq!(refusal(verifier.log_in(&id(), "000000", NOW)), wrong(4));
}

#[test]
fn names_and_hmacs_have_their_lengths() {
    assert_eq!(HsmKey::new(b"").unwrap_err(), HsmKeyError(0));
    assert_eq!(HsmKey::new(&[0; 65]).unwrap_err(), HsmKeyError(65));
    assert_eq!(HsmKey::new(&[0; 300]).unwrap_err(), HsmKeyError(300));
    assert_eq!(HsmKey::new(&[0; 64]).unwrap().as_bytes(), [0; 64]);
    for len in 0..80 {
        assert_eq!(Hmac::from_bytes(&vec![1; len]).is_ok(), [20, 32, 64].contains(&len));
    }
    assert_eq!(format!("{:?}", Hmac::from_bytes(&[1; 20]).unwrap()), "Hmac(..)");
    let authenticator = in_hsm(Totp::default(), Algorithm::Sha256);
    assert!(authenticator.secret().is_none() && authenticator.key().is_none());
}
