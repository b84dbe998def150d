use alloc::boxed::Box;

use super::entry::{Enrollment, Entry, MAX_AUTHENTICATORS, MAX_UNCONFIRMED, Standing};
use super::error::AccountError;
use super::record::Record;
use super::subscriber::Account;
use crate::decision::State;
use crate::factor::{Factor, NewAuthenticator};
use crate::policy::Policy;
use crate::store::Value;
use crate::types::{AuthenticatorNumber, Transaction, UnixTime};

/// The result of an enrollment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Enrolled {
    /// The number of the new authenticator.
    pub number: AuthenticatorNumber,
    /// The authenticator that gave way to it, if there was one. It can no longer be confirmed or used.
    ///
    /// An enrollment replaces the one that began in the same transaction. An account has at most four unconfirmed
    /// authenticators: the oldest gives way to a fifth. A new set of recovery codes replaces the earlier set.
    pub replaced: Option<AuthenticatorNumber>,
}

/// The enrollments for which an account has a place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Every enrollment. An earlier one may give way.
    Any,
    /// An enrollment to which no earlier one has to give way.
    Beside,
    /// An enrollment while no authenticator is confirmed. An earlier one may give way.
    First,
}

impl Account {
    /// Adds an authenticator that is to be confirmed in the same transaction. An external authenticator is active at
    /// once.
    pub(crate) fn enroll(
        &mut self,
        login: &Transaction,
        new: &NewAuthenticator,
        place: Place,
        policy: &Policy,
        now: UnixTime,
    ) -> Result<Enrolled, AccountError> {
        if place == Place::First && self.has_confirmed() {
            return Err(AccountError::NotFirst);
        }
        let is_for_recovery = new.factor.kept().is_second_factor() && !new.factor.kept().can_be_last();
        if is_for_recovery && !self.has_confirmed() {
            return Err(AccountError::NoneConfirmed);
        }
        let limit = policy.enrollments.admit(self.enrollments_full, now);
        self.enrollments_full = limit.map_err(|from| AccountError::TooManyEnrollments { from })?;
        self.end_expired(now);
        let unconfirmed = || self.entries.iter().filter_map(|entry| Some((entry.number, entry.enrollment()?)));
        let of_login = unconfirmed().find(|(_, enrollment)| enrollment.is_in(login));
        let oldest = unconfirmed().next().filter(|_| unconfirmed().count() >= MAX_UNCONFIRMED);
        let is_unconfirmed = new.factor.kept().is_confirmed_by_answer();
        let replaced = of_login.or(oldest).filter(|_| is_unconfirmed).map(|(number, _)| number);
        if let Some(replaced) = replaced {
            if place == Place::Beside {
                return Err(AccountError::Unconfirmed(replaced));
            }
            self.entries.retain(|entry| entry.number != replaced);
        }
        let mut entry = self.new_entry(new, now)?;
        if is_unconfirmed {
            let expires = now.saturating_add(new.factor.kept().confirmation_secs(policy).into());
            entry.standing = Standing::Unconfirmed;
            entry.enrollment = Enrollment {
                login: *login.hash(),
                // One that outlived the code that it began with could not be ended with it.
                expires: self.code_used_in(login.hash()).map_or(expires, |code| expires.min(code.expires)),
                failures: 0,
                is_first: !self.has_confirmed(),
            };
        }
        let replaced = replaced.or(self.end_earlier(&entry));
        let number = self.add(entry, policy)?;
        self.end_first_enrollments();
        self.changed();
        Ok(Enrolled { number, replaced })
    }

    /// Adds confirmed authenticators from another system, with their progress, their failures and their holds.
    pub(crate) fn import(
        &mut self,
        imported: &[(NewAuthenticator, State)],
        policy: &Policy,
        now: UnixTime,
    ) -> Result<(), AccountError> {
        self.end_expired(now);
        for (new, state) in imported {
            let mut entry = self.new_entry(new, now)?;
            entry.factor.kept_mut().import(&state.progress).map_err(AccountError::ImplausibleStep)?;
            if !state.is_confirmed() || !entry.factor.kept().is_activated() {
                return Err(AccountError::NotConfirmed);
            }
            if state.is_suspended() {
                entry.standing = Standing::Suspended;
            }
            self.end_earlier(&entry);
            self.add(entry, policy)?;
            self.end_first_enrollments();
            self.attempts = self.attempts.merged(&state.attempts);
        }
        self.changed();
        Ok(())
    }

    /// Erases the authenticator that this one replaces, if there is one, and returns its number.
    fn end_earlier(&mut self, new: &Entry) -> Option<AuthenticatorNumber> {
        let kept = new.factor.kept();
        let is_earlier = |entry: &Entry| kept.is_single() && entry.factor.kept().kind() == kept.kind();
        let earlier = self.entries.iter().find(|entry| is_earlier(entry))?.number;
        self.entries.retain(|entry| entry.number != earlier);
        Some(earlier)
    }

    /// Removes enrollments and browsers that have expired.
    pub(super) fn end_expired(&mut self, now: UnixTime) {
        self.entries.retain(|entry| !entry.has_expired(now));
    }

    /// Returns the entry of a new authenticator or browser, active and with the next number.
    pub(super) fn new_entry(&self, new: &NewAuthenticator, now: UnixTime) -> Result<Entry, AccountError> {
        Ok(Entry {
            number: self.last_number.checked_add(1).map(AuthenticatorNumber::new).ok_or(AccountError::Full)?,
            standing: Standing::Active,
            enrollment: Enrollment::NONE,
            name: new.name,
            added: now,
            last_used: 0,
            factor: Box::new(new.factor.copied()),
        })
    }

    /// Adds an authenticator or a browser if the account has room for it.
    pub(super) fn add(&mut self, entry: Entry, policy: &Policy) -> Result<AuthenticatorNumber, AccountError> {
        let authenticators = self.entries.iter().filter(|entry| entry.is_authenticator()).count();
        if entry.is_authenticator() && authenticators >= MAX_AUTHENTICATORS {
            return Err(AccountError::TooMany);
        }
        if let Some(same) = self.entries.iter().find(|held| held.factor.shares_secret(&entry.factor)) {
            return Err(AccountError::SecretInUse(same.number));
        }
        let (number, has_codes) = (entry.number, entry.factor.kept().right_answers(policy) > 0);
        let is_browser = matches!(*entry.factor, Factor::Browser(_));
        self.entries.push(entry);
        let found = self.entries.iter().map(|entry| u16::from(entry.factor.kept().right_answers(policy))).sum();
        // A resynchronization may have exceeded the maximum, which is no reason against an entry without codes.
        if has_codes && found > u16::from(policy.right_codes.get()) {
            return Err(AccountError::TooManyRightCodes { most: policy.right_codes.get(), found });
        }
        if !is_browser {
            self.end_browsers_for_room();
        }
        self.check_room()?;
        self.last_number = number.get();
        Ok(number)
    }

    /// Ends browsers until the account has room, the least recently used one first.
    pub(super) fn end_browsers_for_room(&mut self) {
        while self.check_room().is_err() {
            let browsers = self.entries.iter().filter(|entry| matches!(*entry.factor, Factor::Browser(_)));
            let Some(oldest) = browsers.min_by_key(|entry| entry.last_used).map(|entry| entry.number) else { return };
            self.entries.retain(|entry| entry.number != oldest);
        }
    }

    /// Checks that everything that verifications write will fit into a value.
    pub(super) fn check_room(&self) -> Result<(), AccountError> {
        let has_room = Record::MAX_OVERHEAD + self.reserved_len() <= Value::MAX_LEN;
        if has_room { Ok(()) } else { Err(AccountError::Full) }
    }
}
