use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem;

use zeroize::Zeroizing;

use super::{Verifier, VerifierError};
use crate::account::Record;
use crate::account::seal::KeyRing;
use crate::codes::search::{Match, Search};
use crate::decision::{Refusal, State};
use crate::factor::Authenticator;
use crate::hsm::{Hmac, Hsm, HsmKey, WrongAnswer};
use crate::store::{Entry, Exchange, Store, Value};
use crate::types::{Algorithm, AuthenticatorId, Counter};

/// How often a decision is made before it is given up as contended: more often than the default failure cap lets a
/// record change before it is locked and changes no more.
const TRIES: usize = 16;

/// What is to be done with a value that the store holds.
pub(super) enum Step<'a, T, E> {
    /// The outcome, and the value to store before it is out, if it is another.
    Decided(T, Option<Value>),
    /// A search with a key that is in a hardware security module, and what comes of what it finds.
    Search(Algorithm, HsmKey, Search, Then<'a, T, E>),
}

type Then<'a, T, E> = Box<dyn FnOnce(Match) -> Result<(T, Option<Value>), VerifierError<E>> + Send + 'a>;

impl<S: Store, H: Hsm> Verifier<S, H> {
    /// Loads the value of an id, and replaces it with the one that `decide` makes of it, if it makes one.
    ///
    /// The outcome that `decide` returns beside it is out only when that is stored. When somebody else was faster,
    /// `decide` is called again with what they stored.
    pub(super) async fn swap<'a, T>(
        &self,
        id: &AuthenticatorId,
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

    /// Searches with a key that is in the hardware security module.
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
            let mut left = truncated.as_mut_slice();
            while let Some((_, count)) = search.next()
                && !left.is_empty()
            {
                let count = count.min(left.len());
                let (values, others) = mem::take(&mut left).split_at_mut(count);
                search.take(values);
                left = others;
            }
        }
        Ok(search.finish())
    }

    /// Opens the record in a value, and reads the authenticator and its state.
    pub(super) fn read(
        &self,
        id: &AuthenticatorId,
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

    /// Makes the value to store of a record.
    pub(super) fn close(&self, id: &AuthenticatorId, record: Record) -> Result<Value, VerifierError<S::Error>> {
        record.close(id, self.keys()).map_err(VerifierError::Record)
    }

    pub(super) fn keys(&self) -> Option<&KeyRing> {
        self.keys.as_deref()
    }
}
