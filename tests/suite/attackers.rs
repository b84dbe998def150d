//! Tests of accounts with attackers who know the password.
#![cfg(feature = "std")]

use crate::support::enrolled;
use crate::support::logins;
use crate::support::naive;
use crate::support::refusals;
use crate::support::subscriber;

use std::collections::HashMap;
use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use enrolled::{FIRST, NOW, SECOND, after, authenticator, code_at, keys, wrong_code};
use hmac::{KeyInit, Mac};
use logins::{DESK, Logins, fresh};
use pollster::block_on;
use refusals::{account_error, refusal, replayed, wrong};
use secondo::account::AccountError;
use secondo::decision::Hold;
use secondo::factor::{ImportedRecoveryCodes, Method, NewAuthenticator, RecoveryCodes};
use secondo::hsm::{Hmac, Hsm, HsmKey};
use secondo::policy::{Lock, RateLimit};
use secondo::store::Memory;
use secondo::types::{Counter, SecretText};
use secondo::verifier::Accepted;
use secondo::{
    Algorithm, Authenticator, AuthenticatorNumber, Hotp, Policy, Refusal, Secret, State, Totp, Transaction, UnixTime,
    Verifier, VerifierError,
};
use subscriber::{bind, code_of, id, passkey, phone, roomy, stored};

/// The documented number of guesses before a lock.
const GUESSES: usize = 5;

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

/// A page that offers enrollment after the password alone has looked at the account before.
#[test]
fn a_thief_who_enrolls_just_after_the_owner_is_refused() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new());
    let (of_owner, of_thief) = (fresh(), fresh());
    let first = |login: &Transaction, byte| block_on(verifier.enroll_first(&id(), login, phone(byte), NOW));
    let owner = first(&of_owner, 1).unwrap().number;
    let thief = first(&of_thief, 66).unwrap().number;
    block_on(verifier.confirm(&id(), &of_owner, owner, &code_of(1, NOW), NOW)).unwrap();
    let before = stored(&store);
    assert_eq!(account_error(first(&of_thief, 66)), AccountError::NotFirst);
    let late = block_on(verifier.confirm(&id(), &of_thief, thief, &code_of(66, NOW), NOW));
    assert_eq!(account_error(late), AccountError::UnknownAuthenticator(thief));
    block_on(verifier.suspend_authenticator(&id(), owner, DESK, NOW)).unwrap();
    assert_eq!(account_error(first(&of_thief, 66)), AccountError::NotFirst);
    block_on(verifier.resume_authenticator(&id(), owner, DESK, NOW)).unwrap();
    assert_eq!(stored(&store).len(), before.len());
    // The owner enrolls a second phone after a login.
    assert!(block_on(verifier.enroll(&id(), &of_owner, phone(2), NOW)).is_ok());
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

/// Guesses at the codes of phones and at recovery codes, mixed: long recovery codes have a count of their own, and short
/// ones share that of the phones.
#[test]
fn recovery_codes_give_five_guesses_of_their_own_or_none() {
    let wrong: Vec<_> = (0..3).flat_map(|seed| RecoveryCodes::long(&[seed; 32]).texts().collect::<Vec<_>>()).collect();
    for (is_long, seed) in [true, false].into_iter().flat_map(|is_long| (0..20).map(move |seed| (is_long, seed))) {
        let recovery: NewAuthenticator = if is_long {
            (&RecoveryCodes::long(&[0xee; 32])).into()
        } else {
            ImportedRecoveryCodes::from_texts(["75032147"], 26, &[7; 16]).unwrap().into()
        };
        let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
        for new in [authenticator(Totp::default()).into(), phone(2).into(), recovery] {
            verifier.add(&id(), new, State::new().confirmed()).unwrap();
        }
        let [mut codes, mut recoveries] = [0; 2];
        for (choice, wrong) in choices(seed).zip(wrong.iter().map(SecretText::as_str)) {
            let is_evaluated = |refused| matches!(refused, Refusal::Wrong { .. });
            let recovery = if is_long { wrong } else { "00000000" };
            match choice % 3 {
                0 => codes += usize::from(is_evaluated(refusal(verifier.log_in(&id(), &wrong_code(), NOW)))),
                1 => {
                    let refused = refusal(block_on(verifier.recover(&id(), &fresh(), recovery, NOW)));
                    recoveries += usize::from(is_evaluated(refused));
                }
                _ => {
                    let refused = refusal(block_on(verifier.recover_and_revoke(&id(), &fresh(), recovery, FIRST, NOW)));
                    recoveries += usize::from(is_evaluated(refused));
                }
            }
        }
        if is_long {
            assert_eq!((codes, recoveries), (GUESSES, GUESSES), "seed {seed}");
        } else {
            assert_eq!(codes + recoveries, GUESSES, "seed {seed}");
        }
    }
}

/// The attacker enrolls a token whose secret somebody else holds, again and again, and guesses its first code.
#[test]
fn guesses_at_the_first_code_of_a_token_are_limited_across_enrollments() {
    const AT_ONCE: usize = 8;
    const A_DAY: usize = 2;

    let (store, module) = (Memory::new(), Module::default());
    let verifier = guarded(&store, &module, Policy::new());
    let mut evaluated = 0;
    let mut guess_at = |now: UnixTime| {
        let login = fresh();
        let begun = block_on(verifier.enroll(&id(), &login, in_hsm(3), now))?;
        for guess in 0..10 {
            assert!(block_on(verifier.confirm(&id(), &login, begun.number, &format!("{guess:06}"), now)).is_err());
            evaluated += usize::from(module.asked() == [3]);
        }
        Ok::<_, VerifierError<_>>(())
    };
    for _ in 0..AT_ONCE {
        guess_at(NOW).unwrap();
    }
    let before = stored(&store);
    let from = after(12 * 3600);
    for secs in [0, 1, 12 * 3600 - 1] {
        assert_eq!(account_error(guess_at(after(secs))), AccountError::TooManyEnrollments { from });
    }
    assert_eq!(stored(&store), before);
    // The owner logs in meanwhile.
    assert!(verifier.log_in(&id(), &code_of(1, NOW), NOW).is_ok());
    module.asked();
    for half_hour in 0..20 * 48 {
        let _ = guess_at(after(half_hour * 1800));
    }
    assert_eq!(evaluated, (AT_ONCE + 20 * A_DAY - 1) * GUESSES);
}

#[test]
fn a_limit_of_enrollments_holds_up_to_the_last_time_there_is() {
    let longest = Duration::from_secs(Lock::MAX_SECS.into());
    let limit = RateLimit::new(60, longest).unwrap();
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new().with_enrollments(limit));
    let login = fresh();
    let begun = (0..100).take_while(|_| block_on(verifier.enroll(&id(), &login, phone(1), NOW)).is_ok()).count();
    // The limit would be whole again after the year 9999 from the 59th on.
    assert_eq!(begun, 58);
}

/// Neither a confirmation, a revocation nor the end of a record starts the limit of enrollments again. An operator does.
#[test]
fn the_limit_of_enrollments_outlasts_them() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new().with_right_codes(u8::MAX).unwrap());
    let too_many = AccountError::TooManyEnrollments { from: after(12 * 3600) };
    // An account of which nothing was confirmed is kept until the limit is whole again.
    let login = fresh();
    for _ in 0..8 {
        block_on(verifier.enroll(&id(), &login, phone(1), NOW)).unwrap();
    }
    store.purge(after(8 * 12 * 3600 - 1));
    assert_eq!(account_error(block_on(verifier.enroll(&id(), &fresh(), phone(1), NOW))), too_many);
    store.purge(after(8 * 12 * 3600));
    assert!(store.is_empty());
    for byte in 1..=8 {
        let number = bind(&verifier, phone(byte), &code_of(byte, NOW), NOW).unwrap();
        if byte > 1 {
            block_on(verifier.revoke(&id(), number, DESK, NOW)).unwrap();
        }
    }
    // Imports are the provider's own, and do not count.
    verifier.add(&id(), phone(9), State::new().confirmed()).unwrap();
    for new in [NewAuthenticator::from(phone(10)), passkey(b"credential").into()] {
        assert_eq!(account_error(block_on(verifier.enroll(&id(), &fresh(), new, NOW))), too_many);
    }
    block_on(verifier.unlock(&id(), DESK, NOW)).unwrap();
    let next = || block_on(verifier.view(&id(), NOW)).unwrap().next_enrollment;
    assert_eq!(next(), Some(after(12 * 3600)));
    block_on(verifier.allow_enrollments(&id(), DESK, NOW)).unwrap();
    assert_eq!(next(), None);
    for _ in 0..8 {
        block_on(verifier.enroll(&id(), &login, phone(10), NOW)).unwrap();
    }
    assert_eq!(account_error(block_on(verifier.enroll(&id(), &fresh(), phone(11), NOW))), too_many);
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
