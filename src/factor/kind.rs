//! The interface of a kind of authenticator to its account.

use alloc::vec::Vec;

use crate::codes::Key;
use crate::codes::search::{Match, Search};
use crate::decision::{Refusal, Stage};
use crate::hsm::HsmKey;
use crate::policy::Policy;
use crate::types::{Algorithm, Transaction, UnixTime};

/// The kind of an authenticator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// One-time passwords of a counter (RFC 4226).
    Hotp,
    /// One-time passwords of the time (RFC 6238).
    Totp,
    /// An authenticator that other software judges: see [`External`](crate::factor::External).
    External,
    /// An app that signs the answers to notifications: see [`push`](crate::push).
    #[cfg(feature = "push")]
    Push,
    /// The kind that only the tests of this crate have.
    #[cfg(all(test, feature = "std"))]
    Words,
}

/// The state that a kind keeps in an account, and its part in the account's decisions.
pub(crate) trait Kept {
    fn kind(&self) -> Kind;

    /// Returns the length of the kind's own state in bytes.
    fn encoded_len(&self) -> usize;

    /// Returns the greatest length that the kind's own state has after any number of questions and answers.
    fn reserved_len(&self) -> usize {
        self.encoded_len()
    }

    /// Writes the kind's own state.
    fn encode(&self, bytes: &mut Vec<u8>);

    /// Reads the kind's own state. The error is the offset of the first invalid byte.
    fn decode(bytes: &mut [u8]) -> Result<Self, usize>
    where
        Self: Sized;

    /// Returns the comparison of an answer with this authenticator, or a refusal if there is nothing to compare.
    fn compare(&self, answer: &Answer<'_>) -> Result<Comparison<'_>, Refusal>;

    /// Stores the use of a matching answer if the match is fresh.
    ///
    /// Neither a branch nor a memory address may depend on the match.
    fn accept(&mut self, found: &Match, answer: &Answer<'_>) -> Computation;

    /// Returns `true` if answers can be compared with it at this stage.
    fn takes(&self, _: Stage) -> bool {
        true
    }

    /// Returns `true` if its first answer confirms it. Without a confirmation it is active at once.
    fn is_confirmed_by_answer(&self) -> bool {
        self.takes(Stage::Confirmation)
    }

    /// Returns the time in seconds in which it must be confirmed.
    fn confirmation_secs(&self, policy: &Policy) -> u32 {
        policy.enrollment_secs.get()
    }

    /// Returns `true` if a login with it shows a second factor, so that an account which has it confirmed needs no
    /// other one.
    fn is_second_factor(&self) -> bool {
        true
    }

    /// Returns the number of answers that are correct at one moment.
    fn right_answers(&self, policy: &Policy) -> u8;

    /// Returns `true` if both have the same secret.
    fn shares_secret(&self, other: &Self) -> bool
    where
        Self: Sized;
}

/// The codes that somebody submitted, with all that a kind needs to judge them.
pub(crate) struct Answer<'a> {
    pub(crate) login: &'a Transaction,
    /// One code for a login or a confirmation, or consecutive codes for a resynchronization.
    pub(crate) codes: &'a [&'a str],
    pub(crate) stage: Stage,
    pub(crate) policy: &'a Policy,
    pub(crate) now: UnixTime,
}

/// The comparison of an answer with one authenticator.
pub(crate) enum Comparison<'a> {
    /// The result.
    Match(Match),
    /// A search that needs the values of its counters under this key.
    Search(Search, SearchKey<'a>),
    /// A search that needs the values of its counters from the hardware security module.
    Hsm(Search, Algorithm, &'a HsmKey),
}

impl Comparison<'_> {
    pub(crate) fn search(&self) -> Option<(&Search, &Key)> {
        match self {
            Self::Search(search, key) => Some((search, key.get())),
            Self::Match(_) | Self::Hsm(..) => None,
        }
    }

    /// Returns the result, after a search with what is left of it. A search in the hardware security module has none.
    pub(crate) fn finish(self) -> Match {
        match self {
            Self::Match(found) => found,
            Self::Search(search, key) => search.run(key.get()),
            Self::Hsm(..) => Match::default(),
        }
    }
}

/// The key of a search.
pub(crate) enum SearchKey<'a> {
    Prepared(&'a Key),
    Computed(Key),
}

impl SearchKey<'_> {
    fn get(&self) -> &Key {
        match self {
            Self::Prepared(key) => key,
            Self::Computed(key) => key,
        }
    }
}

/// The numbers of a match for the caller. They are arbitrary if the match is not fresh.
#[derive(Clone, Copy, Default)]
pub(crate) struct Computation {
    /// The time step (TOTP) or counter (HOTP) of the code, otherwise 0.
    pub(crate) counter: u64,
    /// The number of time steps that the code is ahead of the verifier's clock.
    pub(crate) drift: i64,
}
