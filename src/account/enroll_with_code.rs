use super::attempt::Refused;
use super::enroll::{Enrolled, Place};
use super::entry::Entry;
use super::error::AccountError;
use super::subscriber::Account;
use crate::decision::Refusal;
use crate::factor::{EnrollmentCode, Entered, Factor, IssuedCode, NewAuthenticator};
use crate::policy::Policy;
use crate::types::{DisplayName, Tag, Transaction, UnixTime};

/// An authenticator that a subscriber enrolls with the code of an operator.
pub(crate) struct CodedEnrollment<'a> {
    pub(crate) login: &'a Transaction,
    pub(crate) entered: &'a Entered,
    pub(crate) new: &'a NewAuthenticator,
    pub(crate) policy: &'a Policy,
    pub(crate) now: UnixTime,
}

impl Account {
    /// Adds a code that permits to enroll an authenticator, and returns its expiry. It ends an earlier one.
    pub(crate) fn issue_enrollment_code(
        &mut self,
        code: &EnrollmentCode,
        policy: &Policy,
        now: UnixTime,
    ) -> Result<UnixTime, AccountError> {
        self.end_expired(now);
        self.end_issued_code();
        let issued = IssuedCode::new(code, now);
        let expires = issued.expires;
        let factor = Factor::IssuedCode(issued);
        let entry = self.new_entry(&NewAuthenticator { factor, name: DisplayName::EMPTY }, now)?;
        self.add(entry, policy)?;
        self.changed();
        Ok(expires)
    }

    /// Ends the code of an operator, and the enrollment that began with it.
    pub(crate) fn withdraw_enrollment_code(&mut self, now: UnixTime) -> Result<(), AccountError> {
        self.issued_code(now).ok_or(AccountError::NoEnrollmentCode)?;
        self.end_issued_code();
        self.changed();
        Ok(())
    }

    /// Adds an authenticator if the code is right. The first right answer binds the code to the transaction.
    ///
    /// A wrong code changes nothing. Nobody can guess one, and a count would let somebody who knows the password keep
    /// the subscriber from using it.
    pub(crate) fn enroll_with_code(&mut self, enrollment: &CodedEnrollment<'_>) -> Result<Enrolled, Refused> {
        let CodedEnrollment { login, entered, new, policy, now } = *enrollment;
        if self.is_suspended {
            return Err(Refused::Refusal(Refusal::Suspended));
        }
        let code = self.issued_code(now).ok_or(Refused::Account(AccountError::NoEnrollmentCode))?;
        if code.used_in().is_some_and(|used_in| !login.is(used_in)) {
            return Err(Refused::Account(AccountError::EnrollmentCodeUsed));
        }
        if !code.is(entered).map_err(|malformed| Refused::Refusal(Refusal::Malformed(malformed)))? {
            return Err(Refused::Account(AccountError::WrongEnrollmentCode));
        }
        for entry in &mut self.entries {
            if let Factor::IssuedCode(code) = &mut *entry.factor {
                code.use_in(login);
            }
        }
        let enrolled = self.enroll(login, new, Place::Any, policy, now).map_err(Refused::Account)?;
        if !new.factor.kept().is_confirmed_by_answer() {
            // It is the one that the code is good for.
            self.end_enrollments_in(login.hash());
            self.end_questions(login);
        }
        Ok(enrolled)
    }

    /// Returns the code of an operator that was used in a transaction.
    pub(super) fn code_used_in(&self, login: &Tag) -> Option<&IssuedCode> {
        self.entries.iter().find_map(Entry::issued_code).filter(|code| code.used_in() == Some(login))
    }

    /// Returns the code of an operator that can be used.
    pub(super) fn issued_code(&self, now: UnixTime) -> Option<&IssuedCode> {
        self.entries.iter().find_map(Entry::issued_code).filter(|code| code.is_live(now))
    }

    pub(super) fn end_issued_code(&mut self) {
        let used_in = self.entries.iter().find_map(Entry::issued_code).and_then(|code| code.used_in().copied());
        if let Some(login) = used_in {
            self.end_enrollments_in(&login);
        }
        self.entries.retain(|entry| entry.issued_code().is_none());
    }

    /// Ends the enrollments that began in a transaction.
    fn end_enrollments_in(&mut self, login: &Tag) {
        self.entries.retain(|entry| entry.enrollment().is_none_or(|enrollment| enrollment.login != *login));
    }
}

impl Entry {
    pub(super) fn issued_code(&self) -> Option<&IssuedCode> {
        if let Factor::IssuedCode(code) = &*self.factor { Some(code) } else { None }
    }
}
