//! Enrollment codes of operators.

use std::time::Duration;

use pollster::block_on;
use secondo::factor::{EnrollmentCode, NewAuthenticator};
use secondo::{AccountId, AuthenticatorNumber};

use super::codes;
use super::device::{Device, Factor, Standing};
use super::external;
use super::input::Input;
use super::otp::Otp;
use super::outcome::{Outcome, outcome, refused, same};
use super::person::Person;
use super::sent::Number;
use super::setup::Setup;
use super::token::Token;
use super::{Call, DESK, Library, Model, transaction};

/// The enrollment code of an account.
#[derive(Clone, Debug)]
pub(super) struct Issued {
    /// Its place among all that were issued.
    place: usize,
    /// A number that no authenticator has.
    pub(super) number: u32,
    /// The transaction in which it was used.
    pub(super) login: Option<u8>,
    /// The end, or 0 if it was used up.
    pub(super) expires: u64,
}

const MAX_SECS: u64 = 21 * 86_400;

impl Issued {
    /// Returns `false` after its expiry.
    pub(super) fn has_time(&self, now: u64) -> bool {
        now < self.expires
    }

    /// Returns `true` if it can be used. Only a clock that was ahead can have set an end that is too far away.
    pub(super) fn is_live(&self, now: u64) -> bool {
        self.has_time(now) && self.expires <= now + MAX_SECS + 60
    }
}

impl Model {
    pub(super) fn use_enrollment_code(&mut self, input: &mut Input<'_>, verifier: &Library, id: &AccountId) -> Outcome {
        match input.below(10) {
            0 | 1 => {
                let issued = self.issue(input, verifier, id);
                if matches!(issued, Outcome::Issued(_)) && input.flag() {
                    // The subscriber is quick.
                    return self.enroll_with_code(input, verifier, id);
                }
                issued
            }
            2 => self.withdraw(verifier, id),
            _ => self.enroll_with_code(input, verifier, id),
        }
    }

    fn issue(&mut self, input: &mut Input<'_>, verifier: &Library, id: &AccountId) -> Outcome {
        self.call = Call::Issue;
        let secs = [60, 60, 600, MAX_SECS][usize::from(input.below(4))];
        let before = self.before_room([]);
        let code = EnrollmentCode::new(Duration::from_secs(secs), &self.random()).unwrap();
        self.calls += 1;
        let issued = block_on(verifier.issue_enrollment_code(id, &code, DESK, self.now()));
        let (place, now) = (self.codes.len(), self.now);
        self.codes.push(code.text().as_str().to_owned());
        let expected = Self::with_person(&mut self.entry, |person| {
            person.end_expired(now);
            person.end_issued();
            person.last_number += 1;
            person.issued = Some(Issued { place, number: person.last_number, login: None, expires: now + secs });
            person.changes += 1;
            Outcome::Issued(now + secs)
        });
        let issued = outcome(issued, |expires| Outcome::Issued(expires.as_secs()));
        self.same_in_room(before, expected, issued, "issue", (verifier, id))
    }

    fn withdraw(&mut self, verifier: &Library, id: &AccountId) -> Outcome {
        self.call = Call::Withdraw;
        let withdrawn = block_on(verifier.withdraw_enrollment_code(id, DESK, self.now()));
        let now = self.now;
        let expected = Self::existing(&mut self.entry, |person| {
            person.issued.as_ref().filter(|issued| issued.is_live(now)).ok_or("no_enrollment_code")?;
            person.end_issued();
            Ok(())
        });
        same(expected, outcome(withdrawn, |()| Outcome::Done), "withdraw")
    }

    /// Enrolls a device of any kind with one of the last codes, mostly the last one, or with a malformed text.
    fn enroll_with_code(&mut self, input: &mut Input<'_>, verifier: &Library, id: &AccountId) -> Outcome {
        self.call = Call::EnrollWithCode;
        let used_in = self.person().and_then(|person| person.issued.as_ref()).and_then(|issued| issued.login);
        let login = used_in.filter(|_| input.below(4) > 0).unwrap_or_else(|| self.any_login(input));
        let (new, device) = self.new_device(input);
        let last = self.codes.len().checked_sub(1);
        let (place, text) = match (input.below(16), last) {
            (0, _) | (_, None) => (None, "nothing".into()),
            (1, Some(last)) => {
                let text = &self.codes[last];
                let other = if text.starts_with('7') { "8" } else { "7" };
                (None, format!("{other}{}", &text[1..]))
            }
            (2, Some(last)) => (Some(last.saturating_sub(1)), self.codes[last.saturating_sub(1)].clone()),
            (3, Some(last)) => (Some(last), self.codes[last].to_lowercase().replace('-', " ")),
            (_, Some(last)) => (Some(last), self.codes[last].clone()),
        };
        let before = self.before_room([&device]);
        let enrolled = block_on(verifier.enroll_with_code(id, &transaction(login), &text, new, self.now()));
        let enrolled = outcome(enrolled, |enrolled| {
            Outcome::Enrolled(enrolled.number.get(), enrolled.replaced.map(AuthenticatorNumber::get))
        });
        let (setup, secs) = (&self.setup, self.now);
        let expected =
            Self::with_person(&mut self.entry, |person| person.enroll_with_code(setup, login, place, device, secs));
        let enrolled = self.same_in_room(before, expected, enrolled, "enroll_with_code", (verifier, id));
        if let Outcome::Enrolled(number, _) = enrolled
            && input.flag()
        {
            let text = self.text(input, Some(number));
            self.confirm(login, number, &text, verifier, id);
        }
        enrolled
    }

    fn new_device(&self, input: &mut Input<'_>) -> (NewAuthenticator, Device) {
        let seed = input.below(6);
        let (new, factor) = match input.below(8) {
            0 => codes::new_set(seed),
            1 => (Number::destination(seed).into(), Factor::Number(Number::new(seed))),
            2 => external::new(seed),
            3 if self.setup.has_tokens => {
                let card = Self::new_card(input);
                (card.authenticator(), Factor::Token(Token::new(card, 0)))
            }
            _ => {
                let is_hotp = input.flag();
                let new = self.setup.authenticator(seed, is_hotp, 6).into();
                (new, Factor::Otp(Otp { seed, is_hotp, digits: 6, next: 0, drift: 0 }))
            }
        };
        (new, Device::new(factor, "", self.now))
    }
}

impl Person {
    /// Ends the code, and the enrollment that began with it.
    pub(super) fn end_issued(&mut self) {
        if let Some(Issued { login: Some(login), .. }) = self.issued.take() {
            self.end_enrollments_in(login);
        }
    }

    fn end_enrollments_in(&mut self, login: u8) {
        self.devices
            .retain(|device| !matches!(device.standing, Standing::Unconfirmed { login: of, .. } if of == login));
    }

    /// `place` is that of the code among all that were issued, or `None` if the text is no code.
    fn enroll_with_code(
        &mut self,
        setup: &Setup,
        login: u8,
        place: Option<usize>,
        device: Device,
        now: u64,
    ) -> Outcome {
        if self.is_suspended {
            return refused("suspended");
        }
        let Some(issued) = self.issued.as_mut().filter(|issued| issued.is_live(now)) else {
            return refused("no_enrollment_code");
        };
        match place {
            _ if issued.login.is_some_and(|used_in| used_in != login) => return refused("enrollment_code_used"),
            None => return refused("malformed"),
            Some(place) if place != issued.place => return refused("wrong_enrollment_code"),
            Some(_) => {}
        }
        let before = issued.login.replace(login);
        let must_confirm = device.confirmation_secs(setup).is_some();
        let enrolled = self.enroll(setup, login, device, 2, now);
        if matches!(enrolled, Outcome::Refused(..)) {
            // A code is used by an enrollment only.
            self.issued.iter_mut().for_each(|issued| issued.login = before);
        } else if !must_confirm {
            self.end_enrollments_in(login);
            self.end_questions(login);
        }
        enrolled
    }
}
