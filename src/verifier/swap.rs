use alloc::boxed::Box;
use alloc::vec::Vec;
use zeroize::Zeroizing;

use super::{Verifier, VerifierError};
use crate::account::Record;
use crate::account::seal::KeyRing;
use crate::codes::search::{Match, Search};
use crate::decision::{Refusal, State};
use crate::factor::Authenticator;
use crate::hsm::{Hmac, Hsm, HsmKey, WrongAnswer};
use crate::store::{Entry, Exchange, Store, Value};
use crate::types::{AccountId, Algorithm, Counter};

/// The number of decisions that are made before an operation fails as contended.
///
/// It exceeds the number of changes that the default failure cap allows to a record before a lock stops them.
const TRIES: usize = 16;

/// The result of examining a stored value: an outcome, or a search that must run first.
pub(super) enum Step<'a, T, E> {
    /// The outcome, and the new value to store before the outcome is returned, if the value changes.
    Decided(T, Option<Value>),
    /// A search with a key in a hardware security module, and a function that decides on its result.
    Search(Algorithm, HsmKey, Search, Then<'a, T, E>),
}

type Then<'a, T, E> = Box<dyn FnOnce(Match) -> Result<(T, Option<Value>), VerifierError<E>> + Send + 'a>;

impl<S: Store, H: Hsm> Verifier<S, H> {
    /// Loads the value of an id, calls `decide` with it, and replaces it with the new value if there is one.
    ///
    /// The outcome of `decide` is returned only after the new value is stored. If another writer changed the value in
    /// the meantime, `decide` is called again with the changed value.
    pub(super) async fn swap<'a, T>(
        &self,
        id: &AccountId,
        decide: impl Fn(Option<Value>) -> Result<Step<'a, T, S::Error>, VerifierError<S::Error>>,
    ) -> Result<T, VerifierError<S::Error>> {
        for _ in 0..TRIES {
            let (expected, held) = match self.store.load(id).await.map_err(VerifierError::Store)? {
                Some(Entry { revision, value }) => (Some(revision), Some(value)),
                None => (None, None),
            };
            let (outcome, next) = match decide(held)? {
                Step::Decided(outcome, next) => (outcome, next),
                Step::Search(algorithm, key, search, then) => then(self.search(algorithm, &key, search).await?)?,
            };
            let Some(next) = next else { return Ok(outcome) };
            let exchange = self.store.compare_exchange(id, expected, next, None).await;
            if exchange.map_err(VerifierError::Store)? == Exchange::Stored {
                return Ok(outcome);
            }
        }
        Err(VerifierError::Contended)
    }

    /// Searches for codes with a key in the hardware security module.
    async fn search(
        &self,
        algorithm: Algorithm,
        key: &HsmKey,
        mut search: Search,
    ) -> Result<Match, VerifierError<S::Error>> {
        let counters: Vec<Counter> = search.counters().collect();
        for counters in counters.chunks(Search::MOST) {
            let hmacs = self.hsm.hmacs(key, algorithm, counters).await;
            let hmacs = hmacs.map_err(|error| VerifierError::Hsm(Box::new(error)))?;
            if hmacs.len() != counters.len() || !hmacs.iter().all(|hmac| hmac.is_of(algorithm)) {
                return Err(VerifierError::Hsm(Box::new(WrongAnswer)));
            }
            let mut truncated: Zeroizing<Vec<_>> = Zeroizing::new(hmacs.iter().map(Hmac::truncated).collect());
            search.take(&mut truncated);
        }
        Ok(search.finish())
    }

    /// Opens the record in a value, and reads the authenticator and its state.
    pub(super) fn read(
        &self,
        id: &AccountId,
        held: Option<Value>,
    ) -> Result<(Record, Authenticator, State), VerifierError<S::Error>> {
        let value = held.ok_or(VerifierError::Unknown)?;
        let mut record = Record::open(value, id, self.keys()).map_err(VerifierError::Record)?;
        if record.is_revoked() {
            return Err(VerifierError::Refused(Refusal::Revoked));
        }
        let (authenticator, state) = record.decode().map_err(VerifierError::Record)?;
        Ok((record, authenticator, state))
    }

    /// Returns the value to store for a record, sealed if the verifier has keys.
    pub(super) fn close(&self, id: &AccountId, record: Record) -> Result<Value, VerifierError<S::Error>> {
        record.close(id, self.keys()).map_err(VerifierError::Record)
    }

    pub(super) fn keys(&self) -> Option<&KeyRing> {
        self.keys.as_deref()
    }
}
