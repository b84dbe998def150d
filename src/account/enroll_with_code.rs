use super::attempt::Refused;
use super::enroll::{Enrolled, Place};
use super::entry::Standing;
use super::error::AccountError;
use super::outcomes::{Outcome, Verdict};
use super::subscriber::Account;
use crate::decision::{Hold, Refusal};
use crate::factor::{EnrollmentCode, Entered, Factor, IssuedCode, NewAuthenticator};
use crate::policy::Policy;
use crate::types::{DisplayName, Transaction, UnixTime};

/// An authenticator that a subscriber enrolls with the code of an operator.
pub(crate) struct CodedEnrollment<'a> {
    pub(crate) login: &'a Transaction,
    pub(crate) entered: &'a Entered,
    pub(crate) new: &'a NewAuthenticator,
    pub(crate) policy: &'a Policy,
    pub(crate) now: UnixTime,
}

/// The purpose of the hash that recognizes the same code. No [`Stage`](crate::decision::Stage) has it.
const PURPOSE: &[u8; 5] = b"\x81code";

impl Account {
    /// Adds a code that permits to enroll an authenticator, and returns its expiry. It ends an earlier one.
    pub(crate) fn issue_enrollment_code(
        &mut self,
        code: &EnrollmentCode,
        policy: &Policy,
        now: UnixTime,
    ) -> Result<UnixTime, AccountError> {
        self.end_expired(now);
        let issued = IssuedCode::new(code, now);
        let expires = issued.expires;
        let issued = NewAuthenticator { factor: Factor::IssuedCode(issued), name: DisplayName::EMPTY };
        let entry = self.new_entry(&issued, now)?;
        self.end_earlier(&entry);
        self.add(entry, policy)?;
        // A code that was submitted too early may be right now.
        self.outcomes.forget_refusals();
        self.changed();
        Ok(expires)
    }

    /// Adds an authenticator if the code is right. Returns `true` as well if the account has changed.
    ///
    /// The code counts failures by itself, so that it is accepted under a lock of the account. The first right answer
    /// binds it to the transaction.
    pub(crate) fn enroll_with_code(&mut self, enrollment: &CodedEnrollment<'_>) -> (Result<Enrolled, Refused>, bool) {
        let CodedEnrollment { login, entered, new, policy, now } = *enrollment;
        self.end_expired(now);
        let answer = login.answer(PURPOSE, [entered.as_str()]);
        if let Some(refused) = self.repeated(login, &answer, now) {
            return (Err(refused), false);
        }
        if self.is_suspended {
            return (Err(Refused::Refusal(Refusal::Suspended)), false);
        }
        let code = self.entries.iter_mut().find_map(|entry| match &mut *entry.factor {
            Factor::IssuedCode(code) => Some((entry.standing, code)),
            _ => None,
        });
        let Some((standing, code)) = code else {
            return (Err(Refused::Account(AccountError::NoEnrollmentCode)), false);
        };
        if standing == Standing::Suspended {
            return (Err(Refused::Refusal(Refusal::Suspended)), false);
        }
        if code.is_used_elsewhere(login) {
            return (Err(Refused::Account(AccountError::EnrollmentCodeUsed)), false);
        }
        let (rules, attempts) = (&Policy::RECOVERY, code.set.attempts);
        let found =
            rules.admit_attempt(&attempts, now).and_then(|()| code.set.search(entered).map_err(Refusal::Malformed));
        let (verdict, next) = rules.weigh(attempts, now, found, |_, _| ()).reveal();
        let is_changed = next.is_some();
        if let Some(next) = next {
            code.set.attempts = next;
            if next.hold == Hold::Locked {
                code.end();
            }
        }
        if let Err(refusal) = verdict {
            if is_changed {
                let verdict = Verdict::Refused(refusal);
                self.outcomes.remember(Outcome { login: *login.hash(), answer, at: now, verdict });
                self.changed();
            }
            return (Err(Refused::Refusal(refusal)), is_changed);
        }
        code.use_in(login);
        let enrolled = self.enroll(login, new, Place::Any, policy, now);
        if !new.factor.kept().is_confirmed_by_answer() {
            self.end_questions(login);
        }
        let is_changed = enrolled.is_ok();
        (enrolled.map_err(Refused::Account), is_changed)
    }
}
