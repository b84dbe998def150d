//! Tests of accounts with bad input and with attackers who know the password.
#![cfg(feature = "std")]

use crate::support::enrolled;
use crate::support::logins;
use crate::support::naive;
use crate::support::refusals;

use std::collections::HashMap;
use std::fmt;
use std::sync::Mutex;

use enrolled::{FIRST, NOW, SECOND, after, another, authenticator, code_at, keys, wrong_code};
use hmac::{KeyInit, Mac};
use logins::{DESK, Logins, fresh};
use pollster::block_on;
use refusals::{account_error, refusal, replayed, wrong};
use secondo::account::AccountError;
use secondo::decision::Hold;
use secondo::factor::{External, Kind, Method, NewAuthenticator};
use secondo::hsm::{Hmac, Hsm, HsmKey};
use secondo::store::{Exchange, Memory, Store, Value};
use secondo::types::{Counter, DisplayName, DisplayNameError, Level};
use secondo::verifier::Accepted;
use secondo::{
    AccountId, Algorithm, Authenticator, AuthenticatorNumber, Hotp, Key, Policy, Refusal, Secret, State, Totp,
    Transaction, UnixTime, Verifier, VerifierError,
};

/// The documented number of guesses before a lock.
const GUESSES: usize = 5;

/// A policy that permits 16 phones.
fn roomy() -> Policy {
    Policy::new().with_right_codes(u8::MAX).unwrap()
}

fn id() -> AccountId {
    AccountId::new("rossi").unwrap()
}

/// Returns the secret of 20 bytes that are all `byte`.
fn secret(byte: u8) -> Secret {
    Secret::from_bytes(&[byte; 20]).unwrap()
}

fn phone(byte: u8) -> Authenticator {
    another(byte, Totp::default())
}

fn passkey(data: &[u8]) -> External {
    External::new(Level::Three, data).unwrap()
}

/// Returns the code of [`secret`] at this time.
fn code_of(byte: u8, now: UnixTime) -> String {
    naive::code(Algorithm::Sha1, &[byte; 20], Totp::default().step(now).unwrap().get(), 6)
}

fn stored(store: &Memory) -> Vec<u8> {
    block_on(store.load(&id())).unwrap().unwrap().value.as_ref().to_vec()
}

/// Enrolls an authenticator and confirms it with this code.
fn bind<S: Store, H: Hsm>(
    verifier: &Verifier<S, H>,
    new: impl Into<NewAuthenticator>,
    code: &str,
    now: UnixTime,
) -> Result<AuthenticatorNumber, VerifierError<S::Error>> {
    let login = fresh();
    let number = block_on(verifier.enroll(&id(), &login, new, now))?.number;
    block_on(verifier.confirm(&id(), &login, number, code, now))?;
    Ok(number)
}

#[test]
fn an_account_has_at_most_sixteen_authenticators() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), roomy());
    for byte in 1..=12 {
        bind(&verifier, phone(byte), &code_of(byte, NOW), NOW).unwrap();
    }
    for byte in 13..=16 {
        block_on(verifier.enroll(&id(), &fresh(), phone(byte), NOW)).unwrap();
    }
    // An enrollment gives way, and a confirmed authenticator does not.
    let replacing = block_on(verifier.enroll(&id(), &fresh(), phone(17), NOW)).unwrap();
    assert_eq!(replacing.replaced, Some(AuthenticatorNumber::new(13)));
    let import =
        |new: NewAuthenticator| block_on(verifier.import(&id(), &[(new, State::new().confirmed())], DESK, NOW));
    assert_eq!(account_error(import(phone(18).into())), AccountError::TooMany);
    // The other enrollments expire after an hour.
    let later = after(3600);
    for byte in 21..=24 {
        bind(&verifier, phone(byte), &code_of(byte, later), later).unwrap();
    }
    let before = stored(&store);
    let enroll = |new: NewAuthenticator| block_on(verifier.enroll(&id(), &fresh(), new, later));
    for new in [|| phone(18).into(), || passkey(b"credential").into()] as [fn() -> NewAuthenticator; 2] {
        assert_eq!(account_error(enroll(new())), AccountError::TooMany);
        assert_eq!(account_error(import(new())), AccountError::TooMany);
    }
    assert_eq!(stored(&store), before);
    assert_eq!(block_on(verifier.view(&id(), later)).unwrap().authenticators.len(), 16);
}

/// Returns the greatest authenticator that there is, with the greatest name.
fn greatest(byte: u8) -> NewAuthenticator {
    let secret = Secret::from_bytes(&[byte; Secret::MAX_LEN]).unwrap();
    Authenticator::new(Totp::default(), Algorithm::Sha512, secret).named(&"n".repeat(64)).unwrap()
}

fn code_of_greatest(byte: u8, now: UnixTime) -> String {
    naive::code(Algorithm::Sha512, &[byte; Secret::MAX_LEN], Totp::default().step(now).unwrap().get(), 6)
}

/// A verification that fails because the value is full would let guesses go uncounted.
#[test]
fn a_verification_never_fails_in_a_full_account() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), roomy());
    let mut logins = Vec::new();
    for byte in 1..=16 {
        let login = fresh();
        let enrolled = block_on(verifier.enroll(&id(), &login, greatest(byte), NOW)).unwrap();
        if byte <= 12 {
            block_on(verifier.confirm(&id(), &login, enrolled.number, &code_of_greatest(byte, NOW), NOW)).unwrap();
        } else {
            logins.push((login, enrolled.number, byte));
        }
    }
    let mut most = 0;
    let mut check = |result: Result<Accepted, VerifierError<_>>| {
        most = most.max(stored(&store).len());
        assert!(matches!(result, Ok(_) | Err(VerifierError::Refused(_) | VerifierError::Repeated(_))), "{result:?}");
    };
    let mut now = after(10);
    for turn in 0..40_u8 {
        let device = 1 + turn % 12;
        let guess = format!("{turn:06}");
        check(verifier.log_in(&id(), &guess, now));
        check(block_on(verifier.verify_with(&id(), &fresh(), AuthenticatorNumber::new(device.into()), &guess, now)));
        check(verifier.log_in(&id(), &code_of_greatest(device, now), now));
        check(verifier.log_in(&id(), &code_of_greatest(device, now), now));
        if turn == 20 {
            for (login, number, byte) in &logins {
                refusal(block_on(verifier.confirm(&id(), login, *number, "x00000", now)));
                block_on(verifier.confirm(&id(), login, *number, &code_of_greatest(*byte, now), now)).unwrap();
            }
        }
        now = UnixTime::from_secs(now.as_secs() + if turn % 3 == 0 { 30 } else { 60 }).unwrap();
    }
    for guess in 0..10 {
        check(verifier.log_in(&id(), &format!("{guess:06}"), now));
    }
    assert!((3900..=Value::MAX_LEN).contains(&most), "{most} bytes");
    assert_eq!(refusal(verifier.log_in(&id(), &code_of_greatest(1, now), now)).label(), "locked");
}

/// Numbers are never used again, so that they can run out.
#[test]
fn an_account_without_numbers_left_is_full() {
    let store = Memory::new();
    let verifier = Verifier::unsealed(&store, Policy::new());
    bind(&verifier, phone(1), &code_of(1, NOW), NOW).unwrap();
    let mut bytes = stored(&store);
    assert_eq!(bytes[24..28], [0, 0, 0, 1]);
    bytes[24..28].copy_from_slice(&[0xff; 4]);
    let revision = block_on(store.load(&id())).unwrap().unwrap().revision;
    let exchanged = block_on(store.compare_exchange(&id(), Some(revision), bytes[..].into(), None)).unwrap();
    assert_eq!(exchanged, Exchange::Stored);
    assert_eq!(account_error(block_on(verifier.enroll(&id(), &fresh(), phone(2), NOW))), AccountError::Full);
    assert_eq!(account_error(verifier.add(&id(), phone(2), State::new().confirmed())), AccountError::Full);
    assert_eq!(stored(&store), bytes);
    assert!(verifier.log_in(&id(), &code_of(1, after(30)), after(30)).is_ok());
}

#[test]
fn a_small_account_is_small() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new());
    bind(&verifier, authenticator(Totp::default()).named("telefono").unwrap(), &code_at(0), NOW).unwrap();
    let confirmed = stored(&store).len();
    assert!(confirmed <= 160, "{confirmed} bytes after the confirmation");
    assert!(verifier.log_in(&id(), &code_at(1), after(30)).is_ok());
    let used = stored(&store).len();
    assert!(used <= 200, "{used} bytes after a login");
    assert!(verifier.log_in(&id(), &code_at(30), after(900)).is_ok());
    assert_eq!(stored(&store).len(), confirmed);
}

#[test]
fn a_name_is_short_and_printable() {
    let named = |name: &str| (DisplayName::new(name), phone(1).named(name).map(drop));
    for name in [String::new(), "n".repeat(64), "è".repeat(32), "il mio \"telefono\" 📱".to_owned()] {
        let (parsed, named) = named(&name);
        assert_eq!((parsed.unwrap().as_str(), named), (name.as_str(), Ok(())));
    }
    for (name, error) in [
        ("n".repeat(65), DisplayNameError::Length(65)),
        ("è".repeat(33), DisplayNameError::Length(66)),
        ("n".repeat(10_000), DisplayNameError::Length(10_000)),
        ("a\nb".to_owned(), DisplayNameError::Character { position: 1 }),
        ("\0".to_owned(), DisplayNameError::Character { position: 0 }),
        ("tab\t".to_owned(), DisplayNameError::Character { position: 3 }),
        ("è\u{7f}".to_owned(), DisplayNameError::Character { position: 2 }),
        ("\u{85}".to_owned(), DisplayNameError::Character { position: 0 }),
        ("\u{1b}[31m".to_owned(), DisplayNameError::Character { position: 0 }),
        ("a\u{2028}".to_owned(), DisplayNameError::Character { position: 1 }),
        ("a\u{202e}b".to_owned(), DisplayNameError::Character { position: 1 }),
        ("\u{2066}".to_owned(), DisplayNameError::Character { position: 0 }),
    ] {
        assert_eq!(named(&name), (Err(error), Err(error)), "{name:?}");
    }
}

#[test]
fn an_unknown_number_changes_nothing() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new());
    bind(&verifier, phone(1), &code_of(1, NOW), NOW).unwrap();
    let before = stored(&store);
    for number in [0, 2, u32::MAX].map(AuthenticatorNumber::new) {
        let code = code_of(1, after(30));
        for result in [
            block_on(verifier.verify_with(&id(), &fresh(), number, &code, after(30))).map(drop),
            block_on(verifier.confirm(&id(), &fresh(), number, &code, after(30))).map(drop),
            block_on(verifier.resync(&id(), &fresh(), number, &[&code, &code], after(30))).map(drop),
            block_on(verifier.rename(&id(), number, DisplayName::EMPTY, DESK, NOW)),
            block_on(verifier.revoke(&id(), number, DESK, NOW)),
            block_on(verifier.suspend_authenticator(&id(), number, DESK, NOW)),
            block_on(verifier.resume_authenticator(&id(), number, DESK, NOW)),
            block_on(verifier.lower_watermark(&id(), number, DESK, NOW)),
            block_on(verifier.forget_drift(&id(), number, DESK, NOW)),
        ] {
            assert_eq!(account_error(result), AccountError::UnknownAuthenticator(number));
            assert_eq!(stored(&store), before);
        }
    }
}

#[test]
fn a_secret_is_enrolled_once_in_whatever_form() {
    let prepared = |algorithm| Authenticator::from_key(Totp::default(), Key::new(algorithm, &secret(1)));
    let in_hsm = || Authenticator::in_hsm(Totp::default(), Algorithm::Sha1, HsmKey::new(&[1]).unwrap());
    let sha256 = || Authenticator::new(Totp::default(), Algorithm::Sha256, secret(1));
    let external = || NewAuthenticator::from(passkey(b"credential"));
    for (held, second) in [
        (phone(1).into(), phone(1).into()),
        (phone(1).into(), another(1, Hotp::default()).into()),
        (phone(1).into(), sha256().into()),
        (phone(1).into(), prepared(Algorithm::Sha1).into()),
        (phone(1).into(), prepared(Algorithm::Sha256).into()),
        (prepared(Algorithm::Sha1).into(), phone(1).into()),
        (prepared(Algorithm::Sha1).into(), prepared(Algorithm::Sha1).into()),
        (in_hsm().into(), in_hsm().into()),
        (external(), external()),
    ] as [(NewAuthenticator, NewAuthenticator); 9]
    {
        let store = Memory::new();
        let verifier = Verifier::new(&store, keys(), Policy::new());
        block_on(verifier.enroll(&id(), &fresh(), held, NOW)).unwrap();
        let before = stored(&store);
        let second = [(second, State::new().confirmed())];
        assert_eq!(
            account_error(block_on(verifier.import(&id(), &second, DESK, NOW))),
            AccountError::SecretInUse(FIRST)
        );
        let [(second, _)] = second;
        let again = block_on(verifier.enroll(&id(), &fresh(), second, NOW));
        assert_eq!(account_error(again), AccountError::SecretInUse(FIRST));
        assert_eq!(stored(&store), before);
        block_on(verifier.enroll(&id(), &fresh(), phone(2), NOW)).unwrap();
        // Another account may have the same secret.
        let other = AccountId::new("bianchi").unwrap();
        block_on(verifier.enroll(&other, &fresh(), phone(1), NOW)).unwrap();
    }
}

#[test]
fn no_more_codes_are_right_than_the_policy_permits() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new());
    for byte in 1..=8 {
        bind(&verifier, phone(byte), &code_of(byte, NOW), NOW).unwrap();
    }
    let before = stored(&store);
    for (new, found) in [(phone(9), 18), (another(9, Hotp::default()), 22)] {
        let error = AccountError::TooManyRightCodes { most: 16, found };
        let imported = [((&new).into(), State::new().confirmed())];
        assert_eq!(account_error(block_on(verifier.import(&id(), &imported, DESK, NOW))), error);
        assert_eq!(account_error(block_on(verifier.enroll(&id(), &fresh(), new, NOW))), error);
    }
    assert_eq!(stored(&store), before);
    block_on(verifier.enroll(&id(), &fresh(), passkey(b"credential"), NOW)).unwrap();
    // A suspended phone may be resumed, so that its codes count too.
    block_on(verifier.suspend_authenticator(&id(), FIRST, DESK, NOW)).unwrap();
    assert!(block_on(verifier.enroll(&id(), &fresh(), phone(9), NOW)).is_err());
    block_on(verifier.revoke(&id(), FIRST, DESK, NOW)).unwrap();
    block_on(verifier.enroll(&id(), &fresh(), phone(9), NOW)).unwrap();
}

/// A thief who knows the password begins an enrollment in the hope that the owner's confirmation makes it count.
#[test]
fn a_thief_who_enrolls_beside_the_owner_gains_nothing() {
    for is_thief_first in [true, false] {
        for policy in [Policy::new(), Policy::new().with_confirmation_login(true)] {
            let verifier = Verifier::new(Memory::new(), keys(), policy);
            let (of_owner, of_thief) = (fresh(), fresh());
            let begin = |login: &Transaction, byte| block_on(verifier.enroll(&id(), login, phone(byte), NOW)).unwrap();
            let (owner, thief) = if is_thief_first {
                let thief = begin(&of_thief, 66);
                (begin(&of_owner, 1), thief)
            } else {
                (begin(&of_owner, 1), begin(&of_thief, 66))
            };
            assert_eq!((owner.replaced, thief.replaced), (None, None));
            let confirm = |login: &Transaction, number, byte| {
                block_on(verifier.confirm(&id(), login, number, &code_of(byte, NOW), NOW))
            };
            // Neither can confirm the other's enrollment.
            assert_eq!(account_error(confirm(&of_thief, owner.number, 66)), AccountError::OtherTransaction);
            confirm(&of_owner, owner.number, 1).unwrap();
            let late = confirm(&of_thief, thief.number, 66);
            assert_eq!(account_error(late), AccountError::UnknownAuthenticator(thief.number));
            assert_eq!(refusal(verifier.log_in(&id(), &code_of(66, after(30)), after(30))), wrong(4));
            assert_eq!(
                verifier.log_in(&id(), &code_of(1, after(30)), after(30)).unwrap().authenticator(),
                owner.number
            );
        }
    }
}

#[test]
fn a_first_authenticator_of_any_kind_ends_the_enrollments_beside_it() {
    let bindings: [fn(&Verifier<Memory>); 2] = [
        |verifier| assert!(block_on(verifier.enroll(&id(), &fresh(), passkey(b"credential"), NOW)).is_ok()),
        |verifier| verifier.add(&id(), phone(1), State::new().confirmed()).unwrap(),
    ];
    for bind in bindings {
        let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
        let thief = fresh();
        let number = block_on(verifier.enroll(&id(), &thief, phone(66), NOW)).unwrap().number;
        bind(&verifier);
        let late = block_on(verifier.confirm(&id(), &thief, number, &code_of(66, NOW), NOW));
        assert_eq!(account_error(late), AccountError::UnknownAuthenticator(number));
    }
}

/// A simulated HSM that notes the keys it is asked for. The key of a name of one byte is [`secret`] of that byte.
#[derive(Default)]
struct Module {
    asked: Mutex<Vec<u8>>,
    /// The key that fails, or 0.
    down: Mutex<u8>,
}

#[derive(Debug)]
struct Down;

impl fmt::Display for Down {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the token is gone")
    }
}

impl std::error::Error for Down {}

impl Hsm for &Module {
    type Error = Down;

    async fn hmacs(&self, key: &HsmKey, _: Algorithm, counters: &[Counter]) -> Result<Vec<Hmac>, Down> {
        let [byte] = *key.as_bytes() else { panic!("an unknown key") };
        self.asked.lock().unwrap().push(byte);
        if *self.down.lock().unwrap() == byte {
            return Err(Down);
        }
        let compute = |counter: &Counter| {
            let mut mac = <hmac::Hmac<sha1::Sha1> as KeyInit>::new_from_slice(&[byte; 20]).unwrap();
            mac.update(&counter.get().to_be_bytes());
            Hmac::from_bytes(&mac.finalize().into_bytes()).unwrap()
        };
        Ok(counters.iter().map(compute).collect())
    }
}

impl Module {
    /// Returns the keys that were asked for since the last call.
    fn asked(&self) -> Vec<u8> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

fn in_hsm(byte: u8) -> Authenticator {
    Authenticator::in_hsm(Totp::default(), Algorithm::Sha1, HsmKey::new(&[byte]).unwrap())
}

/// Adds two phones whose keys are in the HSM.
fn guarded<'a>(store: &'a Memory, module: &'a Module, policy: Policy) -> Verifier<&'a Memory, &'a Module> {
    let verifier = Verifier::new(store, keys(), policy).with_hsm(module);
    for byte in [1, 2] {
        verifier.add(&id(), in_hsm(byte), State::new().confirmed()).unwrap();
    }
    verifier
}

/// An attacker who knows the password, and how many guesses were compared with a phone of the owner.
struct Attacker<'a> {
    verifier: Verifier<&'a Memory, &'a Module>,
    module: &'a Module,
    evaluated: usize,
    next: u32,
    session: Transaction,
    last: Option<(Transaction, String)>,
    /// `true` if the last guess must still be remembered: nothing has pushed it out, and no two minutes have passed.
    is_remembered: bool,
    now: UnixTime,
}

impl<'a> Attacker<'a> {
    fn new(store: &'a Memory, module: &'a Module) -> Self {
        let verifier = guarded(store, module, roomy());
        Self { verifier, module, evaluated: 0, next: 0, session: fresh(), last: None, is_remembered: false, now: NOW }
    }

    /// Returns a new code that is wrong for both phones at this time, also for a resynchronization.
    fn guess(&mut self) -> String {
        let step = Totp::default().step(self.now).unwrap().get();
        let codes = |byte| (step - 20..=step + 20).map(move |step| naive::code(Algorithm::Sha1, &[byte; 20], step, 6));
        let right: Vec<_> = codes(1).chain(codes(2)).collect();
        loop {
            let guess = format!("{:06}", self.next);
            self.next += 1;
            if !right.contains(&guess) {
                return guess;
            }
        }
    }

    /// Notes if the last call compared a guess. One that asks for several keys is one guess.
    fn note(&mut self) {
        self.evaluated += usize::from(!self.module.asked().is_empty());
    }

    /// Guesses without a device, with each device, by resynchronization, and in one session or many.
    fn guess_by(&mut self, way: usize) {
        let (verifier, now) = (self.verifier.clone(), self.now);
        let (code, other) = (self.guess(), self.guess());
        let login = if way.is_multiple_of(2) { fresh() } else { self.session.clone() };
        let accepted = match way / 2 {
            0 => block_on(verifier.verify(&id(), &login, &code, now)).is_ok(),
            1 => block_on(verifier.verify_with(&id(), &login, FIRST, &code, now)).is_ok(),
            2 => block_on(verifier.verify_with(&id(), &login, SECOND, &code, now)).is_ok(),
            3 => block_on(verifier.resync(&id(), &login, FIRST, &[&code, &other], now)).is_ok(),
            _ => block_on(verifier.resync(&id(), &login, SECOND, &[&code, &other], now)).is_ok(),
        };
        assert!(!accepted);
        self.note();
        if way / 2 == 0 {
            self.last = Some((login, code));
            self.is_remembered = true;
        }
    }

    /// Sends the last guess again.
    fn repeat(&mut self) {
        if let Some((login, code)) = self.last.take() {
            let evaluated = self.evaluated;
            block_on(self.verifier.verify(&id(), &login, &code, self.now)).unwrap_err();
            self.note();
            assert!(!self.is_remembered || self.evaluated == evaluated, "a repeated guess is evaluated");
            self.last = Some((login, code));
        }
    }

    /// Begins an enrollment with a secret that the attacker knows, sends some wrong codes, and leaves it there.
    fn enroll(&mut self, wrong_codes: u8) {
        let login = fresh();
        let begun = block_on(self.verifier.enroll(&id(), &login, phone(66), self.now));
        let begun = begun.or_else(|_| block_on(self.verifier.enroll(&id(), &login, phone(67), self.now)));
        if let Ok(begun) = begun {
            for _ in 0..wrong_codes {
                let guess = self.guess();
                let _ = block_on(self.verifier.confirm(&id(), &login, begun.number, &guess, self.now));
                // A phone of the owner is not compared with the answer of a confirmation.
                let _ = block_on(self.verifier.confirm(&id(), &login, FIRST, &guess, self.now));
            }
        }
        assert!(self.module.asked().is_empty());
        self.is_remembered = false;
    }

    /// Does one of the things that the attacker can do.
    fn act(&mut self, choice: usize) {
        match choice % 14 {
            10 | 11 => self.repeat(),
            12 => self.enroll(3),
            13 => self.enroll(6),
            way => self.guess_by(way),
        }
    }

    fn is_held(&self) -> bool {
        block_on(self.verifier.view(&id(), self.now)).unwrap().hold.is_in_force(self.now)
    }
}

/// Returns numbers that look random, and are the same in each run.
fn choices(seed: u64) -> impl Iterator<Item = usize> {
    let mut state = seed.wrapping_mul(2) + 1;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 40).unwrap()
    })
}

#[test]
fn one_way_of_guessing_gives_five_guesses() {
    for way in 0..10 {
        let (store, module) = (Memory::new(), Module::default());
        let mut attacker = Attacker::new(&store, &module);
        for _ in 0..20 {
            attacker.guess_by(way);
        }
        assert_eq!(attacker.evaluated, GUESSES, "way {way}");
    }
}

#[test]
fn all_ways_of_guessing_together_give_five_guesses() {
    for seed in 0..40 {
        let (store, module) = (Memory::new(), Module::default());
        let mut attacker = Attacker::new(&store, &module);
        let mut choices = choices(seed);
        while !attacker.is_held() {
            attacker.act(choices.next().unwrap());
            assert!(attacker.evaluated <= GUESSES, "seed {seed}");
        }
        assert_eq!(attacker.evaluated, GUESSES, "seed {seed}");
        for choice in (0..14).chain(choices.take(20)) {
            attacker.act(choice);
        }
        assert_eq!(attacker.evaluated, GUESSES, "seed {seed}");
    }
}

/// Each lock gives five guesses, and there are no more than 100 without a success of the owner.
#[test]
fn guesses_end_at_a_hundred_in_a_row() {
    for seed in 0..5 {
        let (store, module) = (Memory::new(), Module::default());
        let mut attacker = Attacker::new(&store, &module);
        let mut choices = choices(seed);
        for lock in 1..=20 {
            let mut acts = 0;
            while !attacker.is_held() {
                attacker.act(choices.next().unwrap());
                acts += 1;
                assert!(acts < 1000);
            }
            assert_eq!(attacker.evaluated, lock * GUESSES, "seed {seed}");
            if let Hold::LockedUntil(until) = block_on(attacker.verifier.view(&id(), attacker.now)).unwrap().hold {
                attacker.now = UnixTime::from_secs(until.as_secs() - 1).unwrap();
                (0..14).for_each(|choice| attacker.act(choice));
                assert_eq!(attacker.evaluated, lock * GUESSES, "seed {seed}");
                attacker.now = until;
                attacker.is_remembered = false;
            }
        }
        attacker.now = after(50 * 365 * 86_400);
        (0..14).for_each(|choice| attacker.act(choice));
        assert_eq!(attacker.evaluated, 100, "seed {seed}");
        let locked = refusal(attacker.verifier.log_in(&id(), &code_of(1, attacker.now), attacker.now));
        assert_eq!(locked, Refusal::Locked { until: None });
    }
}

/// A confirmation with the attacker's own secret must not end the lock that the attacker's guesses caused.
#[test]
fn a_confirmation_neither_resets_the_count_nor_ends_a_lock() {
    for guesses in [4, 5] {
        let (store, module) = (Memory::new(), Module::default());
        let policy = Policy::new().with_confirmation_login(true);
        let mut attacker = Attacker::new(&store, &module);
        attacker.verifier = Verifier::new(&store, keys(), policy).with_hsm(&module);
        for _ in 0..guesses {
            attacker.guess_by(0);
        }
        let before = block_on(attacker.verifier.view(&id(), NOW)).unwrap();
        let login = fresh();
        let number = block_on(attacker.verifier.enroll(&id(), &login, phone(66), NOW)).unwrap().number;
        let confirmed = block_on(attacker.verifier.confirm(&id(), &login, number, &code_of(66, NOW), NOW)).unwrap();
        assert!(confirmed.into_login().is_none());
        let now = block_on(attacker.verifier.view(&id(), NOW)).unwrap();
        assert_eq!((now.failures, now.remaining, now.hold), (before.failures, before.remaining, before.hold));
        for _ in 0..3 {
            attacker.guess_by(0);
        }
        assert_eq!(attacker.evaluated, GUESSES);
    }
}

/// The secret of an enrollment that the owner began is guessed in the owner's own session.
#[test]
fn guesses_at_an_enrollment_end_it() {
    let (store, module) = (Memory::new(), Module::default());
    let mut attacker = Attacker::new(&store, &module);
    let login = fresh();
    let number = block_on(attacker.verifier.enroll(&id(), &login, in_hsm(3), NOW)).unwrap().number;
    let right = code_of(3, NOW);
    for _ in 0..20 {
        let guess = attacker.guess();
        if guess != right {
            assert!(block_on(attacker.verifier.confirm(&id(), &fresh(), number, &guess, NOW)).is_err());
            assert!(module.asked().is_empty());
            for _ in 0..2 {
                assert!(block_on(attacker.verifier.confirm(&id(), &login, number, &guess, NOW)).is_err());
            }
            attacker.note();
        }
    }
    assert_eq!(attacker.evaluated, GUESSES);
    let ended = block_on(attacker.verifier.confirm(&id(), &login, number, &right, NOW));
    assert_eq!(account_error(ended), AccountError::UnknownAuthenticator(number));
    assert_eq!(block_on(attacker.verifier.view(&id(), NOW)).unwrap().failures, 0);
}

#[test]
fn a_repeated_guess_is_neither_evaluated_nor_counted() {
    let (store, module) = (Memory::new(), Module::default());
    let mut attacker = Attacker::new(&store, &module);
    let (login, code) = (fresh(), attacker.guess());
    let send = |now| refusal(block_on(attacker.verifier.verify(&id(), &login, &code, now)));
    assert_eq!(send(NOW), wrong(4));
    assert_eq!(module.asked(), [1, 2]);
    let before = stored(&store);
    for secs in [0, 1, 60, 120] {
        assert_eq!(send(after(secs)), wrong(4));
    }
    assert!(module.asked().is_empty());
    assert_eq!(stored(&store), before);
    // After two minutes it is a guess like any other.
    assert_eq!(send(after(121)), wrong(3));
    assert_eq!(module.asked(), [1, 2]);
}

/// Somebody who stole the submitted form sends it from elsewhere, at any time.
#[test]
fn a_stolen_form_opens_no_second_login() {
    let (store, module) = (Memory::new(), Module::default());
    let verifier = guarded(&store, &module, Policy::new().with_failure_cap(100).unwrap());
    let (login, code) = (fresh(), code_of(1, NOW));
    let send = |now| block_on(verifier.verify(&id(), &login, &code, now));
    assert_eq!(send(NOW).unwrap().authenticator(), FIRST);
    assert_eq!(module.asked(), [1, 2]);
    // The double click.
    assert!(matches!(send(NOW), Err(VerifierError::Repeated(repeated)) if repeated.is_login));
    let named = block_on(verifier.verify_with(&id(), &login, FIRST, &code, NOW));
    assert_eq!(refusal(named), Refusal::LoggedIn);
    let other = block_on(verifier.verify(&id(), &login, &code_of(2, NOW), NOW));
    assert_eq!(refusal(other), Refusal::LoggedIn);
    assert!(module.asked().is_empty());
    // Other logins push the outcome out, and the code stays used.
    for secs in [30, 60, 90, 100, 110] {
        let byte = if secs <= 90 { 2 } else { 1 };
        let _ = verifier.log_in(&id(), &code_of(byte, after(secs)), after(secs));
        assert!(send(after(secs)).is_err());
        assert!(send(NOW).is_err());
    }
    for secs in 0..300 {
        assert!(send(after(secs)).is_err());
    }
}

/// An attacker who knows the password must not make the library forget that the owner's form was accepted.
#[test]
fn an_acceptance_is_remembered_whatever_others_submit() {
    let (store, module) = (Memory::new(), Module::default());
    let mut attacker = Attacker::new(&store, &module);
    let (login, code) = (fresh(), code_of(1, NOW));
    assert!(block_on(attacker.verifier.verify(&id(), &login, &code, NOW)).is_ok());
    module.asked();
    attacker.now = after(60);
    for choice in choices(1).take(100) {
        attacker.act(choice);
        let again = block_on(attacker.verifier.verify(&id(), &login, &code, after(60)));
        assert!(matches!(again, Err(VerifierError::Repeated(repeated)) if repeated.at == NOW));
        let other = block_on(attacker.verifier.verify(&id(), &login, &code_of(1, after(60)), after(60)));
        assert_eq!(refusal(other), Refusal::LoggedIn);
    }
    assert_eq!(attacker.evaluated, GUESSES);
}

/// Finds two secrets with the same code at the time step of [`NOW`].
fn colliding() -> ([[u8; 20]; 2], String) {
    let step = Totp::default().step(NOW).unwrap().get();
    let mut seen: HashMap<String, [u8; 20]> = HashMap::new();
    for number in 0..u32::MAX {
        let mut secret = [7; 20];
        secret[..4].copy_from_slice(&number.to_be_bytes());
        let code = naive::code(Algorithm::Sha1, &secret, step, 6);
        if let Some(first) = seen.insert(code.clone(), secret) {
            return ([first, secret], code);
        }
    }
    panic!("no two secrets have the same code");
}

fn of(secret: &[u8], method: impl Into<Method>) -> Authenticator {
    Authenticator::new(method, Algorithm::Sha1, Secret::from_bytes(secret).unwrap())
}

fn with_colliding() -> (Verifier<Memory>, String) {
    let (secrets, code) = colliding();
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    for secret in secrets {
        verifier.add(&id(), of(&secret, Totp::default()), State::new().confirmed()).unwrap();
    }
    (verifier, code)
}

fn verify_with(verifier: &Verifier<Memory>, number: AuthenticatorNumber, code: &str) -> Result<Accepted, Refusal> {
    block_on(verifier.verify_with(&id(), &fresh(), number, code, NOW)).map_err(|error| refusal(Err::<(), _>(error)))
}

#[test]
fn a_fresh_match_wins_over_a_used_one() {
    for (used, other) in [(FIRST, SECOND), (SECOND, FIRST)] {
        let (verifier, code) = with_colliding();
        assert_eq!(verify_with(&verifier, used, &code).unwrap().authenticator(), used);
        let accepted = verifier.log_in(&id(), &code, NOW).unwrap();
        assert_eq!((accepted.authenticator(), accepted.failures_before()), (other, 0));
        assert_eq!(refusal(verifier.log_in(&id(), &code, NOW)), replayed(4));
    }
}

#[test]
fn a_code_that_matches_on_two_devices_is_used_up_on_both() {
    let (verifier, code) = with_colliding();
    assert_eq!(verifier.log_in(&id(), &code, NOW).unwrap().authenticator(), FIRST);
    for (number, remaining) in [(FIRST, 4), (SECOND, 3)] {
        assert_eq!(verify_with(&verifier, number, &code).unwrap_err(), replayed(remaining));
    }
    let view = block_on(verifier.view(&id(), NOW)).unwrap();
    assert!(view.authenticators.iter().all(|device| device.last_used == Some(NOW)));
}

/// The code of a phone is also a code within the look-ahead of a token.
#[test]
fn a_match_on_a_token_and_a_phone_moves_both() {
    let code = code_at(0);
    let matching = |secret: &[u8]| (0..6).find(|counter| naive::code(Algorithm::Sha1, secret, *counter, 6) == code);
    let (secret, counter) = (0..u32::MAX)
        .map(|number| [number.to_be_bytes(); 5].concat())
        .find_map(|secret| matching(&secret).map(|counter| (secret, counter)))
        .unwrap();
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    verifier.add(&id(), of(&secret, Hotp::default()), State::new().confirmed()).unwrap();
    verifier.add(&id(), authenticator(Totp::default()), State::new().confirmed()).unwrap();
    let accepted = verifier.log_in(&id(), &code, NOW).unwrap();
    assert_eq!((accepted.authenticator(), accepted.counter(), accepted.drift()), (FIRST, Counter::new(counter), 0));
    for (number, remaining) in [(FIRST, 4), (SECOND, 3)] {
        let refused = verify_with(&verifier, number, &code).unwrap_err();
        assert!(matches!(refused, Refusal::Replayed { remaining: left, .. } if left == remaining), "{refused:?}");
    }
    let next = naive::code(Algorithm::Sha1, &secret, counter + 1, 6);
    assert_eq!(verify_with(&verifier, FIRST, &next).unwrap().counter(), Counter::new(counter + 1));
}

/// A verdict about one phone alone would tell which phone a code is of, and a guess would go uncounted.
#[test]
fn an_hsm_that_fails_for_one_phone_decides_and_reveals_nothing() {
    for down in [1, 2] {
        let (store, module) = (Memory::new(), Module::default());
        let verifier = guarded(&store, &module, Policy::new());
        let working = 3 - down;
        let [up, gone] = [working, down].map(|byte| AuthenticatorNumber::new(byte.into()));
        *module.down.lock().unwrap() = down;
        let before = stored(&store);
        let login = fresh();
        for code in [code_of(1, NOW), code_of(2, NOW), wrong_code()] {
            let error = block_on(verifier.verify(&id(), &login, &code, NOW)).unwrap_err();
            assert!(matches!(error, VerifierError::Hsm(_)) && error.is_outage(), "{error:?}");
            assert_eq!(error.to_string(), "the hardware security module failed");
            assert_eq!(stored(&store), before);
        }
        let named = |number, code: &str| block_on(verifier.verify_with(&id(), &login, number, code, NOW));
        assert!(matches!(named(gone, &code_of(down, NOW)), Err(VerifierError::Hsm(_))));
        assert_eq!(stored(&store), before);
        module.asked();
        assert_eq!(named(up, &code_of(working, NOW)).unwrap().authenticator(), up);
        assert_eq!(module.asked(), [working]);

        *module.down.lock().unwrap() = 0;
        assert_eq!(refusal(verifier.log_in(&id(), &code_of(working, NOW), NOW)), replayed(4));
        assert_eq!(verifier.log_in(&id(), &code_of(down, NOW), NOW).unwrap().authenticator(), gone);
    }
}

/// HMAC pads a secret with zeros to the block of the hash.
#[test]
fn a_secret_with_zeros_at_its_end_is_the_same_secret() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    let device =
        |bytes: &[u8]| Authenticator::new(Totp::default(), Algorithm::Sha1, Secret::from_bytes(bytes).unwrap());
    block_on(verifier.enroll(&id(), &fresh(), device(&[7; 20]), NOW)).unwrap();
    let longer = [&[7; 20][..], &[0; 2]].concat();
    let again = block_on(verifier.enroll(&id(), &fresh(), device(&longer), NOW));
    assert_eq!(account_error(again), AccountError::SecretInUse(FIRST));
}

#[test]
fn nothing_is_added_to_a_suspended_account() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    block_on(verifier.import(&id(), &[(phone(1).into(), State::new().confirmed())], DESK, NOW)).unwrap();
    block_on(verifier.suspend(&id(), DESK, NOW)).unwrap();
    let imported = block_on(verifier.import(&id(), &[(phone(2).into(), State::new().confirmed())], DESK, NOW));
    assert!(matches!(imported, Err(VerifierError::Refused(Refusal::Suspended))));
    let enrolled = block_on(verifier.enroll(&id(), &fresh(), phone(2), NOW));
    assert!(matches!(enrolled, Err(VerifierError::Refused(Refusal::Suspended))));
}

#[test]
fn the_login_page_learns_what_it_can_offer() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    let token = Authenticator::new(Hotp::default(), Algorithm::Sha1, secret(2));
    let devices = [
        (NewAuthenticator::from(authenticator(Totp::default())).named("telefono").unwrap(), State::new().confirmed()),
        (token.into(), State::new().confirmed()),
        (passkey(b"credential").into(), State::new().confirmed()),
    ];
    block_on(verifier.import(&id(), &devices, DESK, NOW)).unwrap();
    block_on(verifier.enroll(&id(), &fresh(), phone(9), NOW)).unwrap();
    let login = fresh();
    let options = |now| block_on(verifier.options(&id(), &login, now)).unwrap();

    let offered = options(NOW);
    let kinds: Vec<_> = offered.authenticators.iter().map(|offered| (offered.kind, offered.name.as_str())).collect();
    assert_eq!(kinds, [(Kind::Totp, "telefono"), (Kind::Hotp, "")]);
    assert_eq!((offered.remaining, offered.hold, offered.accepted), (5, Hold::None, None));

    block_on(verifier.verify(&id(), &login, &wrong_code(), NOW)).unwrap_err();
    assert_eq!(options(NOW).remaining, 4);
    let accepted = block_on(verifier.verify(&id(), &login, &code_at(0), NOW)).unwrap();
    assert_eq!(options(NOW).accepted, Some(accepted.authenticator()));
    assert_eq!(block_on(verifier.options(&id(), &fresh(), NOW)).unwrap().accepted, None);
    assert_eq!(options(after(121)).accepted, None);

    block_on(verifier.suspend(&id(), DESK, NOW)).unwrap();
    assert!(options(NOW).is_suspended && options(NOW).authenticators.is_empty());
}

#[cfg(feature = "serde")]
#[test]
fn ids_are_text_and_numbers_in_other_formats() {
    let id = AccountId::new("f81d4fae-7dec-11d0-a765-00a0c91e6bf6").unwrap();
    assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{id}\""));
    assert_eq!(serde_json::from_str::<AccountId>(&format!("\"{id}\"")).unwrap(), id);
    assert!(serde_json::from_str::<AccountId>("\"a b\"").is_err());
    assert_eq!(serde_json::to_string(&FIRST).unwrap(), "1");
    assert_eq!(serde_json::from_str::<AuthenticatorNumber>("1").unwrap(), FIRST);
    assert!(serde_json::from_str::<AuthenticatorNumber>("-1").is_err());
    assert_eq!("1".parse::<AuthenticatorNumber>().unwrap(), FIRST);
    assert_eq!("rossi".parse::<AccountId>().unwrap().as_str(), "rossi");
}

#[test]
fn a_pending_secret_can_be_shown_again() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    let (login, other) = (fresh(), fresh());
    let number = block_on(verifier.enroll(&id(), &login, phone(1), NOW)).unwrap().number;
    let pending = |login: &Transaction, now| block_on(verifier.pending(&id(), login, number, now));

    let shown = pending(&login, NOW).unwrap();
    assert_eq!(shown.secret().unwrap().expose(), secret(1).expose());
    assert_eq!(account_error(pending(&other, NOW)), AccountError::OtherTransaction);
    assert_eq!(account_error(pending(&login, after(3600))), AccountError::Expired);
    block_on(verifier.confirm(&id(), &login, number, &code_of(1, NOW), NOW)).unwrap();
    assert_eq!(refusal(pending(&login, NOW)), Refusal::AlreadyConfirmed);
}

#[test]
fn a_suspension_of_an_account_without_confirmed_authenticators_does_not_expire() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new());
    block_on(verifier.enroll(&id(), &fresh(), phone(1), NOW)).unwrap();
    block_on(verifier.suspend(&id(), DESK, NOW)).unwrap();
    store.purge(after(1_000_000));
    assert_eq!(refusal(block_on(verifier.enroll(&id(), &fresh(), phone(2), NOW))), Refusal::Suspended);

    block_on(verifier.resume(&id(), DESK, NOW)).unwrap();
    store.purge(after(1_000_000));
    assert!(matches!(block_on(verifier.view(&id(), NOW)), Err(VerifierError::Unknown)));
}

#[test]
fn a_closed_account_cannot_be_closed_for_a_shorter_time() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new());
    for keep_until in [None, Some(UnixTime::EPOCH), Some(after(60))] {
        let id = AccountId::new(&format!("closed-{}", keep_until.map_or(0, |time| time.as_secs() + 1))).unwrap();
        block_on(verifier.enroll(&id, &fresh(), phone(1), NOW)).unwrap();
        block_on(verifier.close(&id, keep_until, DESK, NOW)).unwrap();
        assert_eq!(refusal(block_on(verifier.close(&id, Some(NOW), DESK, NOW))), Refusal::Closed);
        store.purge(after(60));
        let view = block_on(verifier.view(&id, NOW));
        match keep_until {
            None => assert_eq!(refusal(view), Refusal::Closed),
            Some(_) => assert!(matches!(view, Err(VerifierError::Unknown))),
        }
    }
}

#[test]
fn an_import_does_not_lower_the_counter() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    let token = NewAuthenticator::from(another(1, Hotp::default())).starting_at(Counter::new(1000));
    block_on(verifier.import(&id(), &[(token, State::new().confirmed())], DESK, NOW)).unwrap();
    assert_eq!(verifier.state(&id()).unwrap().watermark(), Some(Counter::new(999)));
}

#[test]
fn an_authenticator_is_confirmed_in_the_transaction_of_a_login() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    block_on(verifier.import(&id(), &[(phone(1).into(), State::new().confirmed())], DESK, NOW)).unwrap();
    let login = fresh();
    let accepted = block_on(verifier.verify(&id(), &login, &code_of(1, NOW), NOW)).unwrap();
    let number = block_on(verifier.enroll(&id(), &login, phone(2), NOW)).unwrap().number;
    assert!(block_on(verifier.confirm(&id(), &login, number, &code_of(2, NOW), NOW)).unwrap().into_login().is_none());
    assert_ne!(accepted.authenticator(), number);
}

#[test]
fn the_hash_of_a_long_secret_is_the_same_key() {
    use sha1::Digest;

    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    let device =
        |bytes: &[u8]| Authenticator::new(Totp::default(), Algorithm::Sha1, Secret::from_bytes(bytes).unwrap());
    block_on(verifier.enroll(&id(), &fresh(), device(&[7; 80]), NOW)).unwrap();
    let hashed = sha1::Sha1::digest([7; 80]);
    let again = block_on(verifier.enroll(&id(), &fresh(), device(&hashed), NOW));
    assert_eq!(account_error(again), AccountError::SecretInUse(FIRST));
}

#[test]
fn a_restore_reopens_no_code_of_a_drift_that_was_found_after_the_backup() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    block_on(verifier.import(&id(), &[(phone(1).into(), State::new().confirmed())], DESK, NOW)).unwrap();
    // The restored account does not know that the clock was 10 steps ahead when this code was accepted.
    let accepted_before_the_restore = code_of(1, after(300));
    block_on(verifier.raise_watermarks(&id(), DESK, NOW)).unwrap();
    let result = block_on(verifier.verify(&id(), &fresh(), &accepted_before_the_restore, after(300)));
    assert_eq!(refusal(result), replayed(4));
}

#[test]
fn the_data_of_an_external_authenticator_is_shown() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    block_on(verifier.enroll(&id(), &fresh(), passkey(b"credential"), NOW)).unwrap();
    let view = block_on(verifier.view(&id(), NOW)).unwrap();
    assert_eq!(view.authenticators[0].external, Some(passkey(b"credential")));
}
