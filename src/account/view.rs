use alloc::vec::Vec;

use super::browser::BrowserView;
use super::entry::{Entry, Status};
use super::subscriber::Account;
use crate::decision::{Hold, PublicRefusal};
use crate::factor::ocra::Suite;
use crate::factor::{External, Factor, Kind, MaskedDestination, RecoveryCodesLeft};
use crate::policy::Policy;
use crate::types::{AuthenticatorNumber, DisplayName, UnixTime};

/// An account without its secrets, for the pages of subscribers and of help desks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccountView {
    /// The number of changes so far. It rises by one with each change.
    pub revision: u64,
    /// `true` if the whole account is suspended.
    pub is_suspended: bool,
    /// The number of consecutive failures.
    pub failures: u8,
    /// The number of attempts left before the next lock; 0 if the account is locked. It does not tell a back-off or a
    /// suspension.
    pub remaining: u8,
    /// The lock or back-off that is in force, or [`Hold::None`].
    pub hold: Hold,
    /// The time from which another enrollment can begin; `None` if one can begin now.
    pub next_enrollment: Option<UnixTime>,
    /// `true` if there are active authenticators and all are [restricted](Kind::is_restricted), so that the provider
    /// must offer another one.
    pub needs_alternative: bool,
    /// The expiry of the code that an operator issued, if it can be used: see
    /// [`EnrollmentCode`](crate::factor::EnrollmentCode).
    pub enrollment_code: Option<UnixTime>,
    /// The authenticators, the oldest first. Enrollments that have expired are left out.
    pub authenticators: Vec<AuthenticatorView>,
    /// The browsers that are remembered, the oldest first. Those that have expired are left out. They are no
    /// authenticators.
    pub browsers: Vec<BrowserView>,
}

/// An authenticator without its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthenticatorView {
    /// Its number in the account.
    pub number: AuthenticatorNumber,
    /// Its kind.
    pub kind: Kind,
    /// The name that the subscriber chose.
    pub name: DisplayName,
    /// Its status.
    pub status: Status,
    /// The time at which it was enrolled or imported.
    pub added: UnixTime,
    /// The time of the last accepted code.
    pub last_used: Option<UnixTime>,
    /// The destination, if codes are sent to it.
    pub destination: Option<MaskedDestination>,
    /// The level and the provider's data, if other software judges the authenticator.
    pub external: Option<External>,
    /// The number of codes left, if the authenticator is a set of recovery codes.
    pub codes_left: Option<RecoveryCodesLeft>,
    /// `false` for a push app that has not answered its activation yet. It shows its code once it has.
    pub is_activated: bool,
    /// The suite, if the authenticator answers challenges.
    pub suite: Option<Suite>,
}

/// A set of recovery codes that can be used in a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecoveryCodesView {
    /// The number of the set in the account.
    pub number: AuthenticatorNumber,
    /// The number of codes left, at least 1.
    pub codes_left: RecoveryCodesLeft,
    /// The refusal of every recovery code that is submitted now, or `None` if a code would be compared.
    pub refusal: Option<PublicRefusal>,
}

impl Account {
    pub(crate) fn view(&self, policy: &Policy, now: UnixTime) -> AccountView {
        let entries = || self.entries.iter().filter(|entry| !entry.has_expired(now));
        let (remaining, hold) = policy.left_now(&self.attempts, now);
        AccountView {
            revision: self.revision,
            is_suspended: self.is_suspended,
            failures: self.attempts.failures,
            remaining,
            hold,
            next_enrollment: policy.enrollments.admit(self.enrollments_full, now).err(),
            needs_alternative: self.needs_alternative(),
            enrollment_code: self.issued_code(now).map(|code| code.expires),
            authenticators: entries().filter(|entry| entry.is_authenticator()).map(Entry::view).collect(),
            browsers: entries().filter_map(Entry::browser_view).collect(),
        }
    }
}

impl Account {
    /// Returns `true` if there are active second factors, and all of them are restricted.
    fn needs_alternative(&self) -> bool {
        let mut active = self.entries.iter().filter(|entry| entry.is_active() && entry.is_second_factor()).peekable();
        active.peek().is_some() && active.all(|entry| entry.factor.kept().kind().is_restricted())
    }
}

impl Entry {
    pub(super) fn view(&self) -> AuthenticatorView {
        AuthenticatorView {
            number: self.number,
            kind: self.factor.kept().kind(),
            name: self.name,
            status: self.status(),
            added: self.added,
            destination: if let Factor::OutOfBand(to) = &*self.factor { Some(to.destination.masked()) } else { None },
            codes_left: if let Factor::LookUp(set) = &*self.factor { Some(set.codes_left()) } else { None },
            is_activated: self.factor.kept().is_activated(),
            suite: if let Factor::Ocra(token) = &*self.factor { Some(*token.suite()) } else { None },
            external: if let Factor::External(external) = &*self.factor { Some(*external) } else { None },
            last_used: UnixTime::from_secs(self.last_used).ok().filter(|time| *time > UnixTime::EPOCH),
        }
    }

    fn browser_view(&self) -> Option<BrowserView> {
        let Factor::Browser(browser) = &*self.factor else { return None };
        Some(BrowserView {
            number: self.number,
            name: self.name,
            status: self.status(),
            added: self.added,
            last_used: UnixTime::EPOCH.saturating_add(self.last_used),
            expires: browser.expires,
        })
    }
}
