use alloc::boxed::Box;

use super::{Verifier, VerifierError};
use crate::account::seal::{KeyId, KeyRing};
use crate::account::{Account, Hmacs, Record, RecordError, Request};
use crate::audit::Event;
use crate::decision::Refusal;
use crate::hsm::{Hmac, Hsm, WrongAnswer};
use crate::store::{Entry, Exchange, Store, Value};
use crate::types::AccountId;

#[cfg(doc)]
use crate::policy::Policy;

/// The number of exchanges that may fail before an operation fails as contended, beyond those that an attacker causes.
///
/// An exchange fails only if another writer has changed the account. Somebody who knows the password can change it a
/// number of times before the next change has to wait ([`Policy::changes_at_once`]). Such a person can therefore delay
/// the subscriber's login, and not make it fail.
const SPARE_TRIES: usize = 11;

/// The maximum number of HMACs in one request to a hardware security module.
const HMACS_AT_ONCE: usize = 32;

/// The result of examining a stored value.
pub(super) enum Step<T> {
    /// The outcome. Nothing is stored.
    Keep(T),
    /// The outcome, and the record to store before it is returned.
    Store(T, Record),
    /// HMACs are missing, and must be computed first.
    Compute,
}

/// An outcome, and the revision of the record that was stored with it, if one was.
pub(super) struct Swapped<T> {
    pub(super) outcome: T,
    pub(super) revision: Option<u64>,
}

/// A verdict, with the revision of the record that was stored with it.
pub(super) type Judged<T, E> = Swapped<Result<T, VerifierError<E>>>;

impl<S: Store, H: Hsm> Verifier<S, H> {
    /// Loads the value of an id, calls `decide` with it, and replaces it with the new record if there is one.
    ///
    /// The outcome of `decide` is returned only after the record is stored. If another writer changed the value in the
    /// meantime, `decide` is called again with the changed value.
    pub(super) async fn swap<T>(
        &self,
        id: &AccountId,
        decide: impl Fn(Option<Value>, &mut Hmacs) -> Result<Step<T>, VerifierError<S::Error>>,
    ) -> Result<Swapped<T>, VerifierError<S::Error>> {
        let mut hmacs = Hmacs::default();
        let mut tries = self.policy.changes_at_once() + SPARE_TRIES;
        while tries > 0 {
            let (expected, held) = match self.store.load(id).await.map_err(VerifierError::Store)? {
                Some(Entry { revision, value }) => (Some(revision), Some(value)),
                None => (None, None),
            };
            match decide(held, &mut hmacs)? {
                Step::Keep(outcome) => return Ok(Swapped { outcome, revision: None }),
                Step::Compute => self.compute(&mut hmacs).await?,
                Step::Store(outcome, record) => {
                    let next = record.close(id, self.keys()).map_err(VerifierError::Record)?;
                    let exchange = self.store.compare_exchange(id, expected, next, record.expiry()).await;
                    if exchange.map_err(VerifierError::Store)? == Exchange::Stored {
                        return Ok(Swapped { outcome, revision: Some(record.revision()) });
                    }
                    tries -= 1;
                }
            }
        }
        Err(VerifierError::Contended)
    }

    /// Records the event of a decision with its result, and returns the outcome.
    pub(super) fn report<T>(
        &self,
        event: Event<'_>,
        result: Result<Swapped<T>, VerifierError<S::Error>>,
    ) -> Result<T, VerifierError<S::Error>> {
        let revision = result.as_ref().ok().and_then(|swapped| swapped.revision);
        let problem = result.as_ref().err().map(VerifierError::label);
        self.record(&Event { revision, problem: event.problem.or(problem), ..event });
        result.map(|swapped| swapped.outcome)
    }

    /// Records the event of a verdict, and returns the verdict.
    pub(super) fn tell<T>(
        &self,
        event: Event<'_>,
        judged: Result<Judged<T, S::Error>, VerifierError<S::Error>>,
    ) -> Result<T, VerifierError<S::Error>> {
        let error = judged.as_ref().ok().and_then(|judged| judged.outcome.as_ref().err());
        let remaining = match error {
            Some(VerifierError::Refused(Refusal::Wrong { remaining, .. } | Refusal::Replayed { remaining, .. })) => {
                Some(*remaining)
            }
            _ => None,
        };
        self.report(Event { problem: error.map(VerifierError::label), remaining, ..event }, judged)?
    }

    pub(super) fn record(&self, event: &Event<'_>) {
        if let Some(sink) = &self.sink.0 {
            sink.record(event);
        }
    }

    /// Computes missing HMACs in the hardware security module.
    async fn compute(&self, hmacs: &mut Hmacs) -> Result<(), VerifierError<S::Error>> {
        for Request { algorithm, key, counters, truncated } in &mut hmacs.0 {
            // No reallocation, which would leave copies behind.
            truncated.reserve_exact(counters.len());
            for counters in counters.get(truncated.len()..).unwrap_or_default().chunks(HMACS_AT_ONCE) {
                let computed = self.hsm.hmacs(key, *algorithm, counters).await;
                let computed = computed.map_err(|error| VerifierError::Hsm(Box::new(error)))?;
                if computed.len() != counters.len() || !computed.iter().all(|hmac| hmac.is_of(*algorithm)) {
                    return Err(VerifierError::Hsm(Box::new(WrongAnswer)));
                }
                truncated.extend(computed.iter().map(Hmac::truncated));
            }
        }
        Ok(())
    }

    /// Loads an account to look at it.
    pub(super) async fn load(&self, id: &AccountId) -> Result<Account, VerifierError<S::Error>> {
        let entry = self.store.load(id).await.map_err(VerifierError::Store)?;
        self.account(id, entry.map(|entry| entry.value))
    }

    /// Opens the record in a value.
    pub(super) fn open(
        &self,
        id: &AccountId,
        held: Option<Value>,
    ) -> Result<(Record, Option<KeyId>), VerifierError<S::Error>> {
        let value = held.ok_or(VerifierError::Unknown)?;
        Record::open(value, id, self.keys()).map_err(VerifierError::Record)
    }

    /// Opens the account in a value.
    pub(super) fn account(&self, id: &AccountId, held: Option<Value>) -> Result<Account, VerifierError<S::Error>> {
        match self.open(id, held)? {
            (Record::Account(account), _) => Ok(account),
            (Record::Tombstone { .. }, _) => Err(VerifierError::Refused(Refusal::Closed)),
            // Only a store that mixes up ids returns one for an account.
            (Record::Limit { .. }, _) => Err(VerifierError::Record(RecordError::Field { offset: 1 })),
        }
    }

    pub(super) fn keys(&self) -> Option<&KeyRing> {
        self.keys.as_deref()
    }
}
