use alloc::vec::Vec;

use super::entry::Entry;
use super::subscriber::Account;
use super::view::{AuthenticatorView, RecoveryCodesView};
use crate::decision::{Hold, PublicRefusal, Stage};
use crate::factor::Factor;
use crate::policy::Policy;
use crate::types::{AuthenticatorNumber, Transaction, UnixTime};

/// The ways in which a subscriber can show the second factor in a login, for the login page.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoginOptions {
    /// The active authenticators whose codes the account takes: among them destinations, to which a code is sent first,
    /// and tokens that are asked first ([`Verifier::challenge`](crate::Verifier::challenge)). It is empty while the
    /// account is suspended.
    pub authenticators: Vec<AuthenticatorView>,
    /// The recovery codes, if the account has some that are not used and not suspended.
    pub recovery_codes: Option<RecoveryCodesView>,
    /// The active apps to which a push can be sent. It is empty while the account is suspended or pushes wait.
    #[cfg(feature = "push")]
    pub pushes: Vec<AuthenticatorView>,
    /// The number of attempts left before the next lock; 0 if the account is locked.
    pub remaining: u8,
    /// The lock or back-off that is in force, or [`Hold::None`].
    pub hold: Hold,
    /// `true` if the whole account is suspended.
    pub is_suspended: bool,
    /// The refusal of every code that was not submitted before in this transaction, or `None` if a code would be
    /// compared.
    pub refusal: Option<PublicRefusal>,
    /// The number of codes that can be sent now to the destinations among the authenticators.
    pub sends_left: u8,
    /// The authenticator whose code was accepted in this transaction in the last two minutes. The login is complete.
    pub accepted: Option<AuthenticatorNumber>,
}

impl Account {
    /// Returns the options of an account that is not to be stored.
    pub(crate) fn into_options(self, login: &Transaction, policy: &Policy, now: UnixTime) -> LoginOptions {
        // Challenges without an answer may hold pushes off.
        #[cfg(feature = "push")]
        return self.without_old_challenges(now).options(login, policy, now);
        #[cfg(not(feature = "push"))]
        self.options(login, policy, now)
    }

    fn options(&self, login: &Transaction, policy: &Policy, now: UnixTime) -> LoginOptions {
        let is_usable =
            |entry: &&Entry| !self.is_suspended && entry.is_active() && entry.factor.kept().takes(Stage::Login);
        let (remaining, hold) = policy.left_now(&self.attempts, now);
        LoginOptions {
            authenticators: self.entries.iter().filter(is_usable).map(Entry::view).collect(),
            recovery_codes: self.recovery_codes(policy, now),
            #[cfg(feature = "push")]
            pushes: self.push_options(now).map(Entry::view).collect(),
            remaining,
            hold,
            is_suspended: self.is_suspended,
            refusal: self.admit(None, policy, now).err().map(|refusal| refusal.public()),
            sends_left: policy.sending.left(self.sends_full, now),
            accepted: self.outcomes.accepted(login, now),
        }
    }

    fn recovery_codes(&self, policy: &Policy, now: UnixTime) -> Option<RecoveryCodesView> {
        let is_usable = |entry: &&Entry| !self.is_suspended && entry.is_active();
        self.entries.iter().filter(is_usable).find_map(|entry| match &*entry.factor {
            Factor::LookUp(set) if set.codes_left().get() > 0 => {
                let (rules, attempts) = set.count(policy, &self.attempts);
                let refusal = rules.admit_attempt(attempts, now).err().map(|refusal| refusal.public());
                Some(RecoveryCodesView { number: entry.number, codes_left: set.codes_left(), refusal })
            }
            _ => None,
        })
    }
}
