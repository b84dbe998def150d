use core::fmt;

use super::attempts::{Attempts, Hold};
use crate::types::{Counter, UnixTime};

/// What a verifier remembers of one authenticator: small, without a secret in it, and replaced as a whole.
///
/// The watermark is the highest time step or counter that was ever accepted, and only what lies above it can be accepted.
/// [`Self::to_bytes`] is the form to store.
///
/// ```
/// use secondo::decision::StateError;
/// use secondo::types::Counter;
/// use secondo::State;
///
/// // A hardware token that comes with its counter at 1000 and has been in use.
/// let state = State::new().starting_at(Counter::new(1000)).confirmed();
/// assert_eq!(State::from_bytes(&state.to_bytes())?, state);
/// # Ok::<(), StateError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub(crate) progress: Progress,
    pub(crate) attempts: Attempts,
    pub(crate) confirmed: bool,
    pub(crate) suspended: bool,
    pub(crate) revision: u64,
}

/// How far the codes of one authenticator are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// How many counters are used, from 0 to the watermark. Not an `Option` of that, so that what is computed from it is
    /// computed alike whether there is one.
    pub(crate) used: u128,
    /// In time steps; ahead, if positive.
    pub(crate) drift: i16,
}

impl State {
    /// The number of bytes in the stored form.
    pub const LEN: usize = 40;
    const VERSION: u8 = 1;

    /// Nothing accepted, nothing failed, and not yet confirmed.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            progress: Progress { used: 0, drift: 0 },
            attempts: Attempts {
                failures: 0,
                since_lock: 0,
                hold: Hold::None,
                lock_ended: UnixTime::EPOCH,
                lock_doublings: 0,
            },
            confirmed: false,
            suspended: false,
            revision: 0,
        }
    }

    /// With everything below this counter or time step used: the next counter of an HOTP token, or one more than the
    /// last step accepted by the system that an authenticator comes from. What was used already stays so.
    #[must_use]
    pub const fn starting_at(mut self, next: Counter) -> Self {
        if self.progress.used < next.get() as u128 {
            self.progress.used = next.get() as u128;
        }
        self
    }

    /// With this counter as the watermark.
    pub(crate) const fn used_to(mut self, last: Counter) -> Self {
        self.progress.used = last.get() as u128 + 1;
        self
    }

    /// With a known drift of the authenticator's clock, in whole time steps; ahead, if positive.
    #[must_use]
    pub const fn with_drift(mut self, steps: i16) -> Self {
        self.progress.drift = steps;
        self
    }

    /// As confirmed already: for an authenticator that was confirmed elsewhere.
    #[must_use]
    pub const fn confirmed(mut self) -> Self {
        self.confirmed = true;
        self
    }

    /// Returns the next state when an operator suspends the authenticator. Nothing is accepted until [`Self::resume`]; a
    /// lock and the count of failures stay as they are.
    #[must_use]
    pub const fn suspend(mut self) -> Self {
        self.suspended = true;
        self.revision = self.revision.wrapping_add(1);
        self
    }

    /// Returns the next state when an operator ends a suspension. A lock and the count of failures stay as they are.
    #[must_use]
    pub const fn resume(mut self) -> Self {
        self.suspended = false;
        self.revision = self.revision.wrapping_add(1);
        self
    }

    /// Returns the next state when an operator ends a lock or a wait, and starts the count of failures again. A suspension
    /// stays, and so does the length that the next lock will have.
    #[must_use]
    pub const fn unlock(mut self) -> Self {
        self.attempts.restart();
        self.revision = self.revision.wrapping_add(1);
        self
    }

    /// The highest time step or counter accepted so far.
    #[must_use]
    pub const fn watermark(&self) -> Option<Counter> {
        if self.progress.used > 0 { Some(Counter::new(self.last_used())) } else { None }
    }

    /// The watermark, or 0 if there is none.
    #[expect(clippy::cast_possible_truncation, reason = "at most 2^64 counters are used")]
    const fn last_used(&self) -> u64 {
        self.progress.used.saturating_sub(1) as u64
    }

    /// The known drift of the authenticator's clock in whole time steps; ahead, if positive.
    #[must_use]
    pub const fn drift(&self) -> i16 {
        self.progress.drift
    }

    /// Returns the number of attempts that failed since the last one that succeeded, or since [`Self::unlock`].
    #[must_use]
    pub const fn failures(&self) -> u8 {
        self.attempts.failures
    }

    /// Whether attempts are held off. A time in it may have passed.
    #[must_use]
    pub const fn hold(&self) -> Hold {
        self.attempts.hold
    }

    /// Whether a first right code has come.
    #[must_use]
    pub const fn is_confirmed(&self) -> bool {
        self.confirmed
    }

    /// Whether an operator has suspended the authenticator.
    #[must_use]
    pub const fn is_suspended(&self) -> bool {
        self.suspended
    }

    /// How many times the state has changed. Whoever stores states in a table of their own compares it when replacing one.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// The stored form: a version byte, then every field at its place, numbers in big-endian order.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let (hold, until) = match self.attempts.hold {
            Hold::None => (0, UnixTime::EPOCH),
            Hold::Throttled(until) => (1, until),
            Hold::LockedUntil(until) => (2, until),
            Hold::Locked => (3, UnixTime::EPOCH),
        };
        let flags = u8::from(self.confirmed) | u8::from(self.suspended) << 1 | u8::from(self.progress.used > 0) << 2;

        let mut bytes = [0; Self::LEN];
        bytes[0] = Self::VERSION;
        bytes[1] = flags;
        bytes[2] = hold;
        bytes[3] = self.attempts.failures;
        bytes[4] = self.attempts.since_lock;
        bytes[5] = self.attempts.lock_doublings;
        bytes[6..8].copy_from_slice(&self.progress.drift.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.last_used().to_be_bytes());
        bytes[16..24].copy_from_slice(&until.as_secs().to_be_bytes());
        bytes[24..32].copy_from_slice(&self.attempts.lock_ended.as_secs().to_be_bytes());
        bytes[32..40].copy_from_slice(&self.revision.to_be_bytes());
        bytes
    }

    /// The revision in what [`Self::to_bytes`] has written.
    #[cfg(feature = "verifier")]
    pub(crate) fn revision_in(bytes: &[u8; Self::LEN]) -> u64 {
        bytes.last_chunk().map_or(0, |revision| u64::from_be_bytes(*revision))
    }

    /// Reads the stored form. Only what [`Self::to_bytes`] writes is accepted.
    ///
    /// # Errors
    ///
    /// [`StateError`]: an unknown version first, then a wrong length, then the first field that cannot be.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StateError> {
        match bytes.first() {
            Some(&Self::VERSION) => {}
            Some(&version) => return Err(StateError::Version(version)),
            None => return Err(StateError::Length(0)),
        }
        let Ok(fields) = <&[u8; Self::LEN]>::try_from(bytes) else { return Err(StateError::Length(bytes.len())) };
        let [_, flags, hold, failures, since_lock, lock_doublings, d0, d1, rest @ ..] = fields;
        let mut numbers = rest.as_chunks().0.iter().map(|number| u64::from_be_bytes(*number));
        let mut number = || numbers.next().unwrap_or_default();
        let (watermark, until, lock_ended, revision) = (number(), number(), number(), number());
        let time = |secs, offset| UnixTime::from_secs(secs).map_err(|_| StateError::Field { offset });

        if *flags > 0b111 {
            return Err(StateError::Field { offset: 1 });
        }
        if since_lock > failures {
            return Err(StateError::Field { offset: 4 });
        }
        let used = match (*flags & 0b100 != 0, watermark) {
            (true, last) => u128::from(last) + 1,
            (false, 0) => 0,
            (false, _) => return Err(StateError::Field { offset: 8 }),
        };
        let hold = match (*hold, time(until, 16)?) {
            (0, UnixTime::EPOCH) => Hold::None,
            (1, until) => Hold::Throttled(until),
            (2, until) => Hold::LockedUntil(until),
            (3, UnixTime::EPOCH) => Hold::Locked,
            (0 | 3, _) => return Err(StateError::Field { offset: 16 }),
            _ => return Err(StateError::Field { offset: 2 }),
        };
        Ok(Self {
            progress: Progress { used, drift: i16::from_be_bytes([*d0, *d1]) },
            attempts: Attempts {
                failures: *failures,
                since_lock: *since_lock,
                hold,
                lock_ended: time(lock_ended, 24)?,
                lock_doublings: *lock_doublings,
            },
            confirmed: *flags & 0b001 != 0,
            suspended: *flags & 0b010 != 0,
            revision,
        })
    }
}

/// Stored bytes are not a state of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StateError {
    /// Written by another version of this library, or not by it.
    Version(u8),
    /// The right version with a wrong number of bytes.
    Length(usize),
    /// The field at this byte offset has a value that is never written.
    Field {
        /// The field's first byte, from 0.
        offset: usize,
    },
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => {
                write!(f, "unknown state version {version}; this library writes {}", State::VERSION)
            }
            Self::Length(length) => write!(f, "a state has {} bytes, not {length}", State::LEN),
            Self::Field { offset } => write!(f, "the state's field at byte {offset} has an impossible value"),
        }
    }
}

impl core::error::Error for StateError {}

#[cfg(feature = "serde")]
mod serde {
    use core::fmt;

    use serde_core::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
    use serde_core::ser::{Serialize, Serializer};

    use super::State;

    /// As the bytes of [`State::to_bytes`].
    impl Serialize for State {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(&self.to_bytes())
        }
    }

    impl<'de> Deserialize<'de> for State {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_bytes(StateVisitor)
        }
    }

    struct StateVisitor;

    impl<'de> Visitor<'de> for StateVisitor {
        type Value = State;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "the {} bytes of a state", State::LEN)
        }

        fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<State, E> {
            State::from_bytes(bytes).map_err(E::custom)
        }

        // Formats without a byte type, such as JSON, hold a list of numbers.
        fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<State, A::Error> {
            let mut bytes = [0; State::LEN];
            for (at, slot) in bytes.iter_mut().enumerate() {
                *slot = numbers.next_element()?.ok_or_else(|| A::Error::invalid_length(at, &self))?;
            }
            if numbers.next_element::<u8>()?.is_some() {
                return Err(A::Error::invalid_length(State::LEN + 1, &self));
            }
            self.visit_bytes(&bytes)
        }
    }
}
