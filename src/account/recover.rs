use super::attempt::{Refused, Success};
use super::entry::Standing;
use super::error::AccountError;
use super::outcomes::{Outcome, Verdict};
use super::subscriber::Account;
use crate::decision::{Hold, Refusal, Weighed};
use crate::factor::{Entered, Factor, Kept, Kind};
use crate::policy::Policy;
use crate::types::{AuthenticatorNumber, Counter, Transaction, UnixTime};

/// A recovery code that a subscriber submitted, with the authenticator that the subscriber reports as lost.
pub(crate) struct Recovery<'a> {
    pub(crate) login: &'a Transaction,
    pub(crate) entered: &'a Entered,
    pub(crate) lost: Option<AuthenticatorNumber>,
    pub(crate) policy: &'a Policy,
    pub(crate) now: UnixTime,
}

/// The decision about a recovery code.
pub(crate) struct Recovered {
    pub(crate) verdict: Result<Success, Refused>,
    /// `true` if the account has changed, and must be stored before the verdict is returned.
    pub(crate) is_changed: bool,
    /// The set of recovery codes, if this attempt has ended it.
    pub(crate) ended: Option<AuthenticatorNumber>,
}

impl Account {
    /// Decides about a recovery code. Accepting one erases the lost authenticator.
    ///
    /// A set of long codes counts failures by itself, so that its codes are accepted under a lock of the account.
    pub(crate) fn recover(&mut self, recovery: &Recovery<'_>) -> Recovered {
        let Recovery { login, lost, policy, now, .. } = *recovery;
        let answer = recovery.hash();
        let left = self.entries.iter().find_map(|entry| match &*entry.factor {
            Factor::LookUp(set) => {
                let (rules, attempts) = set.count(policy, &self.attempts);
                Some(rules.left_now(attempts, now))
            }
            _ => None,
        });
        if let Some(refused) = self.repeated(login, &answer, now, left.unwrap_or_default()) {
            return refused.into();
        }
        if self.outcomes.accepted(login, now).is_some() {
            return Refused::Refusal(Refusal::LoggedIn).into();
        }
        if let Some(lost) = lost
            && let Err(error) = self.entry(lost)
        {
            return Refused::Account(error).into();
        }
        let set = self.entries.iter_mut().find_map(|entry| match &mut *entry.factor {
            Factor::LookUp(set) => Some((entry.number, entry.standing, &mut entry.last_used, set)),
            _ => None,
        });
        let Some((number, standing, last_used, set)) = set else {
            return Refused::Account(AccountError::NoRecoveryCodes).into();
        };
        if lost == Some(number) {
            return Refused::Account(AccountError::Last).into();
        }
        if self.is_suspended || standing == Standing::Suspended {
            return Refused::Refusal(Refusal::Suspended).into();
        }

        let failures_before = self.attempts.failures.saturating_add(set.attempts.failures);
        let (rules, attempts) = set.count(policy, &self.attempts);
        let found =
            rules.admit_attempt(attempts, now).and_then(|()| set.search(recovery.entered).map_err(Refusal::Malformed));
        let matched = found.unwrap_or_default();
        let mut weighed = Weighed::new(attempts, found);
        rules.weigh(&mut weighed, now);
        let (verdict, next) = weighed.reveal();
        let is_changed = next.is_some();
        let mut ended = None;
        match next {
            Some(next) if set.has_own_count() => {
                set.attempts = *next;
                if next.hold == Hold::Locked {
                    set.end();
                    ended = Some(number);
                }
            }
            Some(next) => self.attempts = *next,
            None => {}
        }
        let (verdict, outcome) = match verdict {
            Ok(()) => {
                set.use_up(&matched);
                *last_used = now.as_secs();
                let success = Success {
                    number,
                    kind: Kind::LookUp as u8,
                    counter: Counter::new(0),
                    drift: 0,
                    failures_before,
                    is_login: true,
                    codes_left: Some(set.codes_left()),
                    weak: u8::from(!set.counts_for_aal2()),
                };
                self.entries.retain(|entry| Some(entry.number) != lost);
                self.end_questions(login);
                (Ok(success), Some(Verdict::Accepted(number)))
            }
            Err(refusal) => {
                let is_kept = is_changed && matches!(refusal, Refusal::Wrong { .. } | Refusal::Replayed { .. });
                (Err(Refused::Refusal(refusal)), is_kept.then_some(Verdict::Refused(refusal)))
            }
        };
        if let Some(verdict) = outcome {
            self.outcomes.remember(Outcome { login: *login.hash(), answer, at: now, verdict });
        }
        if is_changed {
            self.changed();
        }
        Recovered { verdict, is_changed, ended }
    }
}

impl Recovery<'_> {
    /// Returns the keyed hash that recognizes the same code with the same lost authenticator.
    fn hash(&self) -> [u8; 8] {
        /// A purpose that no [`Stage`](crate::decision::Stage) has.
        const PURPOSE: u8 = 0x80;

        let [a, b, c, d] = self.lost.map_or(0, AuthenticatorNumber::get).to_be_bytes();
        self.login.answer(&[PURPOSE, a, b, c, d], [self.entered.as_str()])
    }
}

impl From<Refused> for Recovered {
    /// Refuses without a change.
    fn from(refused: Refused) -> Self {
        Self { verdict: Err(refused), is_changed: false, ended: None }
    }
}
