//! A thief with the password and the key of the owner's app, who guesses at everything else.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use pollster::block_on;
use secondo::account::AccountError;
use secondo::factor::{CodeMessage, Destination, ImportedRecoveryCodes, NewAuthenticator, RecoveryCodes, Transport};
use secondo::seal::KeyRing;
use secondo::store::{Memory, Store};
use secondo::verifier::Sent;
use secondo::{AuthenticatorNumber, Policy, State, Transaction, UnixTime, Verifier, VerifierError};

use super::attacker::choices;
use super::oracle::{Count, DAY, Enrollments, Guess, Of};
use super::{ENROLLMENTS, ENROLLMENTS_A_DAY, GUESSES};
use crate::support::enrolled::{FIRST, NOW, SECOND, keys};
use crate::support::logins::{Logins, fresh};
use crate::support::push::{Phone, accept, ask, bind_phone, other_than};
use crate::support::random::random;
use crate::support::refusals::account_error;
use crate::support::subscriber::{code_of, id, phone, stored};

const NUMBER: AuthenticatorNumber = AuthenticatorNumber::new(3);
/// The short recovery code of the account.
const SHORT: &str = "75032147";

/// A thief who knows the password, and what the thief's guesses may come to.
///
/// Each guess is made twice: before the wrong answer, the right one is submitted to a copy of the account. The guess is
/// evaluated if the right answer opens the copy. This tells nothing of how the library counts.
pub(super) struct Thief<'a> {
    store: &'a Memory,
    keys: Arc<KeyRing>,
    verifier: Verifier<&'a Memory>,
    choices: Box<dyn Iterator<Item = usize>>,
    pub(super) now: UnixTime,
    /// The owner's app, whose key the thief has, and its number.
    app: (Phone, AuthenticatorNumber),
    pub(super) long_codes: Option<RecoveryCodes>,
    session: Transaction,
    /// The last code that was sent: its transaction, the code, and the end of its validity.
    sent: Option<(Transaction, String, UnixTime)>,
    /// The number of codes that were guessed, which differ, so that no guess repeats another.
    guesses: usize,
    messages: usize,
    begun: usize,
    pub(super) account: Count,
    pub(super) recovery_codes: Count,
    enrollments: Enrollments,
    /// The kinds of guesses that the thief makes.
    pub(super) kinds: Vec<Guess>,
    /// The number of evaluated guesses of each kind.
    pub(super) evaluated: BTreeMap<Guess, u32>,
    pub(super) logins: u32,
}

pub(super) fn later(now: UnixTime, secs: u64) -> UnixTime {
    UnixTime::from_secs(now.as_secs() + secs).unwrap()
}

fn copied<'a>(store: &'a Memory, of: &Memory) -> &'a Memory {
    let stored = block_on(store.compare_exchange(&id(), None, stored(of).as_slice().into(), None));
    stored.map(|_| store).unwrap()
}

impl<'a> Thief<'a> {
    /// Creates an account with two phones, a telephone number, an app and recovery codes.
    pub(super) fn new(store: &'a Memory, is_long: bool, seed: u64) -> Self {
        let keys = Arc::new(keys());
        let verifier = Verifier::new(store, Arc::clone(&keys), Policy::new());
        let long_codes = is_long.then(|| RecoveryCodes::long(&[0xee; 32]));
        let short = || ImportedRecoveryCodes::from_texts([SHORT], 26, &[7; 16]).unwrap().into();
        let recovery = long_codes.as_ref().map_or_else(short, NewAuthenticator::from);
        let number = Destination::sms("+393331234567").unwrap();
        for new in [phone(1).into(), phone(2).into(), number.into(), recovery] {
            verifier.add(&id(), new, State::new().confirmed()).unwrap();
        }
        let app = bind_phone(&verifier, 7, NOW);
        let mut enrollments = Enrollments::default();
        assert!(enrollments.begin(NOW));
        Self {
            store,
            keys,
            verifier,
            choices: Box::new(choices(seed)),
            now: NOW,
            app,
            long_codes,
            session: fresh(),
            sent: None,
            guesses: 0,
            messages: 0,
            begun: 0,
            account: Count::default(),
            recovery_codes: Count::default(),
            enrollments,
            kinds: Guess::ALL.into(),
            evaluated: BTreeMap::new(),
            logins: 0,
        }
    }

    fn below(&mut self, n: usize) -> usize {
        self.choices.next().unwrap() % n
    }

    /// Returns a new transaction, or one in which guesses were made before.
    fn login(&mut self) -> Transaction {
        if self.below(8) == 0 {
            self.session = fresh();
        }
        if self.below(2) == 0 { fresh() } else { self.session.clone() }
    }

    /// Guesses. The first function tells if the right answer opens an account, and the second one if the wrong one
    /// does.
    fn guess(
        &mut self,
        (kind, of): (Guess, Of),
        right: impl FnOnce(&Verifier<&Memory>, UnixTime) -> bool,
        wrong: impl FnOnce(&Verifier<&Memory>, UnixTime) -> bool,
    ) {
        let now = self.now;
        let copy = Memory::new();
        let copy = Verifier::new(copied(&copy, self.store), Arc::clone(&self.keys), Policy::new());
        let is_evaluated = right(&copy, now);
        let is_open = match of {
            Of::Account => self.account.is_open(now),
            Of::RecoveryCodes => self.recovery_codes.is_open(now),
            Of::Enrollment(guesses) => guesses < GUESSES,
        };
        assert_eq!(is_evaluated, is_open, "{kind:?} at {now}, after {:?}", self.evaluated);
        assert!(!wrong(&self.verifier, now), "{kind:?} at {now}");
        if is_evaluated {
            *self.evaluated.entry(kind).or_default() += 1;
            match of {
                Of::Account => self.account.wrong(now),
                Of::RecoveryCodes => self.recovery_codes.wrong(now),
                Of::Enrollment(_) => {}
            }
        }
    }

    /// Returns the number of guesses that were evaluated on the account: all that have no count of their own.
    pub(super) fn evaluated_on_account(&self) -> u32 {
        let is_own = |kind| kind == Guess::FirstCode || kind == Guess::RecoveryCode && self.long_codes.is_some();
        self.evaluated.iter().filter(|(kind, _)| !is_own(**kind)).map(|(_, count)| count).sum()
    }

    pub(super) fn evaluated(&self, kind: Guess) -> u32 {
        self.evaluated.get(&kind).copied().unwrap_or(0)
    }

    /// Returns a new code of six digits that is neither of a phone nor this one.
    fn wrong_code(&mut self, other: &str) -> String {
        let before = UnixTime::from_secs(self.now.as_secs() - 30).unwrap();
        let right = [1, 2].map(|byte| [code_of(byte, self.now), code_of(byte, before)]).concat();
        loop {
            let guess = format!("{:06}", self.guesses);
            self.guesses += 1;
            if guess != other && !right.contains(&guess) {
                return guess;
            }
        }
    }

    /// Guesses at the code of a phone: at one that is named, or at any.
    fn guess_code(&mut self) {
        let (login, guess) = (self.login(), self.wrong_code(""));
        let byte = 1 + u8::try_from(self.below(2)).unwrap();
        let named = (self.below(2) == 0).then_some([FIRST, SECOND][usize::from(byte - 1)]);
        let verify = |verifier: &Verifier<&Memory>, code: &str, now| match named {
            Some(number) => block_on(verifier.verify_with(&id(), &login, number, code, now)).is_ok(),
            None => block_on(verifier.verify(&id(), &login, code, now)).is_ok(),
        };
        self.guess(
            (Guess::Code, Of::Account),
            |verifier, now| verify(verifier, &code_of(byte, now), now),
            |verifier, now| verify(verifier, &guess, now),
        );
    }

    /// Guesses at two consecutive codes of a phone.
    fn guess_two_codes(&mut self) {
        let (login, guesses) = (self.login(), [self.wrong_code(""), self.wrong_code("")]);
        let byte = 1 + u8::try_from(self.below(2)).unwrap();
        let number = [FIRST, SECOND][usize::from(byte - 1)];
        let resync = |verifier: &Verifier<&Memory>, codes: &[String; 2], now| {
            block_on(verifier.resync(&id(), &login, number, &codes.each_ref().map(String::as_str), now)).is_ok()
        };
        let right = [0, 30].map(|secs| code_of(byte, later(self.now, secs)));
        self.guess(
            (Guess::TwoCodes, Of::Account),
            |verifier, now| resync(verifier, &right, now),
            |verifier, now| resync(verifier, &guesses, now),
        );
    }

    /// Guesses at a code that was sent, of a phone at the same time if no authenticator is named.
    fn guess_sent_code(&mut self) {
        if self.sent.as_ref().is_none_or(|(.., expires)| self.now >= *expires) || self.below(3) == 0 {
            let login = self.login();
            match block_on(self.verifier.send_code(&id(), &login, NUMBER, &NoGateway, self.now, &random())) {
                Ok(Sent::New(message)) => {
                    self.messages += 1;
                    self.sent = Some((login, message.code().as_str().into(), message.expires()));
                }
                Ok(_) | Err(VerifierError::Refused(_) | VerifierError::Account(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
        let Some((login, code, _)) = self.sent.clone().filter(|(.., expires)| self.now < *expires) else { return };
        let (guess, is_named) = (self.wrong_code(&code), self.below(2) == 0);
        let verify = |verifier: &Verifier<&Memory>, code: &str, now| {
            if is_named {
                block_on(verifier.verify_with(&id(), &login, NUMBER, code, now)).is_ok()
            } else {
                block_on(verifier.verify(&id(), &login, code, now)).is_ok()
            }
        };
        self.guess(
            (Guess::SentCode, Of::Account),
            |verifier, now| verify(verifier, &code, now),
            |verifier, now| verify(verifier, &guess, now),
        );
    }

    /// Has one or two numbers shown on a page, and signs acceptances with guessed numbers, some of them under a lock.
    fn guess_numbers(&mut self) {
        let logins = [self.login(), fresh()];
        for login in logins.iter().take(1 + self.below(4) / 3) {
            let (app, guess) = (self.app.1, self.below(3) == 0);
            let Ok(sent) = ask(&self.verifier, login, app, self.now) else { continue };
            // A guess at a code comes between the question and the answer.
            if guess {
                self.guess_code();
            }
            let app = &mut self.app.0;
            let right = accept(app, &sent.message, &sent.number, self.now);
            let wrong = accept(app, &sent.message, &other_than(&sent.number), self.now);
            self.guess(
                (Guess::Number, Of::Account),
                |verifier, now| {
                    block_on(verifier.answer_push(&id(), &right, now)).is_ok()
                        && block_on(verifier.poll(&id(), login, now)).is_ok()
                },
                |verifier, now| {
                    block_on(verifier.answer_push(&id(), &wrong, now)).is_ok()
                        || block_on(verifier.poll(&id(), login, now)).is_ok()
                },
            );
        }
    }

    /// Guesses at a recovery code, with the wish to erase a phone or without.
    fn guess_recovery_code(&mut self) {
        let (login, lost) = (self.login(), (self.below(2) == 0).then_some(FIRST));
        let (of, right, wrong) = match &self.long_codes {
            None => (Of::Account, SHORT.to_owned(), format!("10{}", self.wrong_code(""))),
            Some(codes) => {
                let right = codes.texts().next().unwrap().as_str().to_owned();
                let other = RecoveryCodes::long(&random());
                (Of::RecoveryCodes, right, other.texts().next().unwrap().as_str().to_owned())
            }
        };
        let recover = |verifier: &Verifier<&Memory>, code: &str, now| match lost {
            Some(lost) => block_on(verifier.recover_and_revoke(&id(), &login, code, lost, now)).is_ok(),
            None => block_on(verifier.recover(&id(), &login, code, now)).is_ok(),
        };
        self.guess(
            (Guess::RecoveryCode, of),
            |verifier, now| recover(verifier, &right, now),
            |verifier, now| recover(verifier, &wrong, now),
        );
    }

    /// Begins an enrollment of a token that somebody else holds, guesses at its first code, and leaves it there.
    fn guess_first_codes(&mut self) {
        let (login, byte) = (fresh(), 10 + u8::try_from(self.begun % 200).unwrap());
        let begun = block_on(self.verifier.enroll(&id(), &login, phone(byte), self.now));
        assert_eq!(begun.is_ok(), self.enrollments.begin(self.now), "{begun:?}");
        let Ok(begun) = begun else {
            return assert!(matches!(account_error(begun), AccountError::TooManyEnrollments { .. }));
        };
        self.begun += 1;
        let right = code_of(byte, self.now);
        for guesses in 0..self.below(8) {
            let guess = self.wrong_code(&right);
            let confirm = |verifier: &Verifier<&Memory>, code: &str, now| {
                block_on(verifier.confirm(&id(), &login, begun.number, code, now)).is_ok()
            };
            self.guess(
                (Guess::FirstCode, Of::Enrollment(guesses)),
                |verifier, now| confirm(verifier, &right, now),
                |verifier, now| confirm(verifier, &guess, now),
            );
        }
    }

    pub(super) fn act(&mut self) {
        let kind = self.below(self.kinds.len());
        match self.kinds[kind] {
            Guess::Code => self.guess_code(),
            Guess::TwoCodes => self.guess_two_codes(),
            Guess::SentCode => self.guess_sent_code(),
            Guess::Number => self.guess_numbers(),
            Guess::RecoveryCode => self.guess_recovery_code(),
            Guess::FirstCode => self.guess_first_codes(),
        }
    }

    /// Waits for seconds or hours, or until a lock ends or just before.
    fn wait(&mut self) {
        let of_long_codes = self.long_codes.is_some() && self.below(4) == 0;
        let until = if of_long_codes { self.recovery_codes.locked_until } else { self.account.locked_until };
        let rest = until.saturating_sub(self.now.as_secs());
        let secs = match self.below(16) {
            0..=3 => self.below(10) as u64,
            4 | 5 => rest.saturating_sub(1),
            6..=12 => rest,
            13 => self.below(600) as u64,
            _ => self.below(6 * 3600) as u64,
        };
        self.now = later(self.now, secs);
    }

    /// Lets the owner log in with a phone or with the app, as somebody whose account is locked cannot.
    fn owner_logs_in(&mut self) {
        let (login, is_open) = (fresh(), self.account.is_open(self.now));
        let sent = if self.below(2) == 0 { ask(&self.verifier, &login, self.app.1, self.now).ok() } else { None };
        let accepted = match sent {
            Some(sent) => {
                let answer = accept(&mut self.app.0, &sent.message, &sent.number, self.now);
                let answered = block_on(self.verifier.answer_push(&id(), &answer, self.now));
                answered.is_ok() && block_on(self.verifier.poll(&id(), &login, self.now)).is_ok()
            }
            None => self.verifier.log_in(&id(), &code_of(1, self.now), self.now).is_ok(),
        };
        assert_eq!(accepted, is_open);
        if is_open {
            self.account.right();
            self.logins += 1;
        }
        // The thief guesses at later codes, none of which is used.
        self.now = later(self.now, 60);
    }
}

/// A gateway that sends nothing.
struct NoGateway;

impl Transport for NoGateway {
    type Error = Infallible;

    async fn send(&self, _: &CodeMessage) -> Result<(), Infallible> {
        Ok(())
    }
}

impl Thief<'_> {
    /// Lets the thief go on for this many days, beside the owner or not, and checks what is limited by time.
    pub(super) fn go_on(&mut self, days: u64, has_owner: bool) {
        let (mut owner_at, end) = (NOW.as_secs() + DAY, NOW.as_secs() + days * DAY);
        while self.now.as_secs() < end {
            self.act();
            self.wait();
            if has_owner && self.now.as_secs() >= owner_at {
                self.owner_logs_in();
                owner_at = self.now.as_secs() + DAY * (50 + self.below(100) as u64) / 100;
            }
        }
        let secs = self.now.as_secs() - NOW.as_secs();
        // The owner began one enrollment.
        assert!(
            self.begun < ENROLLMENTS + ENROLLMENTS_A_DAY * usize::try_from(secs / DAY + 1).unwrap(),
            "{}",
            self.begun
        );
        assert!(self.evaluated(Guess::FirstCode) as usize <= GUESSES * self.begun);
        // Five codes at once, and one more every two hours.
        assert!(self.messages as u64 <= 5 + secs / 7200, "{}", self.messages);
    }
}
