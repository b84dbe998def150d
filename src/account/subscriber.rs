use alloc::vec::Vec;

use super::entry::Entry;
use super::error::AccountError;
use super::outcomes::Outcomes;
use crate::decision::Attempts;
use crate::types::{AuthenticatorNumber, UnixTime};

/// A subscriber account in memory.
///
/// After an error it may be half changed, and must not be stored.
#[derive(Debug)]
pub(crate) struct Account {
    /// The number of changes so far.
    pub(super) revision: u64,
    pub(super) is_suspended: bool,
    pub(super) attempts: Attempts,
    /// The time from which all enrollments of the policy's limit are available again.
    pub(super) enrollments_full: UnixTime,
    /// The time from which all codes are available again that the policy permits to send.
    pub(super) sends_full: UnixTime,
    /// The number of the authenticator that was enrolled last.
    pub(super) last_number: u32,
    pub(super) entries: Vec<Entry>,
    pub(super) outcomes: Outcomes,
}

impl Account {
    /// Creates an account without authenticators.
    pub(crate) fn new() -> Self {
        Self {
            revision: 0,
            is_suspended: false,
            attempts: Attempts::NONE,
            enrollments_full: UnixTime::EPOCH,
            sends_full: UnixTime::EPOCH,
            last_number: 0,
            entries: Vec::new(),
            outcomes: Outcomes::default(),
        }
    }

    /// Returns the number of changes so far.
    pub(crate) const fn revision(&self) -> u64 {
        self.revision
    }

    pub(crate) const fn is_suspended(&self) -> bool {
        self.is_suspended
    }

    /// Returns `true` if a second factor was ever confirmed here, and not revoked since.
    pub(crate) fn has_confirmed(&self) -> bool {
        self.entries.iter().any(|entry| entry.is_confirmed() && entry.is_second_factor())
    }

    /// Returns the time from which a store may remove the account, if nothing of it was ever confirmed and it is not
    /// suspended.
    pub(super) fn expiry(&self) -> Option<UnixTime> {
        if self.entries.iter().any(|entry| entry.is_confirmed() && entry.is_authenticator()) || self.is_suspended {
            return None;
        }
        let entries = self.entries.iter().filter_map(Entry::expires);
        entries.chain(self.outcomes.kept_until()).chain([self.enrollments_full, self.sends_full]).max()
    }

    /// Counts a change.
    pub(super) fn changed(&mut self) {
        self.revision = self.revision.wrapping_add(1);
    }

    /// Returns an authenticator or a browser. The code of an operator is not found, whose number nobody is told.
    pub(super) fn entry(&self, number: AuthenticatorNumber) -> Result<&Entry, AccountError> {
        let found = self.entries.iter().find(|entry| entry.number == number && entry.issued_code().is_none());
        found.ok_or(AccountError::UnknownAuthenticator(number))
    }

    pub(super) fn entry_mut(&mut self, number: AuthenticatorNumber) -> Result<&mut Entry, AccountError> {
        let found = self.entries.iter_mut().find(|entry| entry.number == number && entry.issued_code().is_none());
        found.ok_or(AccountError::UnknownAuthenticator(number))
    }
}
