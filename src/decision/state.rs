use core::fmt;

use super::attempts::{Attempts, Counted, Hold, HoldPart};
use crate::types::{Counter, UnixTime};

/// The state of one authenticator that a verifier keeps. It is small, holds no secret, and is replaced as a whole.
///
/// Its watermark is the highest time step or counter accepted so far. Only codes above the watermark can be accepted.
/// [`Self::to_bytes`] returns the form to store.
///
/// ```
/// use secondo::decision::StateError;
/// use secondo::types::Counter;
/// use secondo::State;
///
/// // A hardware token that was in use elsewhere, and whose next counter is 1000.
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

/// The progress of one authenticator: its used codes and the drift of its clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// The watermark, if `is_used`, otherwise 0. It is not an `Option`, so that the computations with it are the same
    /// whether there is one or not.
    pub(crate) last_used: u64,
    pub(crate) is_used: bool,
    /// The known drift of the clock in time steps; positive if it is ahead.
    pub(crate) drift: i16,
}

impl Progress {
    /// No code used, and no drift known.
    pub(crate) const NONE: Self = Self { last_used: 0, is_used: false, drift: 0 };

    pub(crate) const fn watermark(&self) -> Option<Counter> {
        if self.is_used { Some(Counter::new(self.last_used)) } else { None }
    }
}

impl State {
    /// The number of bytes in the stored form.
    pub const LEN: usize = 40;
    const VERSION: u8 = 1;

    /// Creates the state of a new authenticator: unconfirmed, with no code accepted and no attempt failed.
    #[must_use]
    pub const fn new() -> Self {
        Self { progress: Progress::NONE, attempts: Attempts::NONE, confirmed: false, suspended: false, revision: 0 }
    }

    /// Marks every counter or time step below this one as used.
    ///
    /// For an HOTP token, `next` is its next counter. For an authenticator from another system, it is one more than the
    /// last time step accepted there. A watermark is never lowered.
    #[must_use]
    pub const fn starting_at(self, next: Counter) -> Self {
        match next.get().checked_sub(1) {
            Some(last) if last >= self.progress.last_used => self.used_to(Counter::new(last)),
            _ => self,
        }
    }

    /// Sets the watermark to this counter.
    pub(crate) const fn used_to(mut self, last: Counter) -> Self {
        self.progress.last_used = last.get();
        self.progress.is_used = true;
        self
    }

    /// Sets the known drift of the authenticator's clock in whole time steps; positive if it is ahead.
    #[must_use]
    pub const fn with_drift(mut self, steps: i16) -> Self {
        self.progress.drift = steps;
        self
    }

    /// Marks the authenticator as confirmed, for one that was confirmed elsewhere.
    #[must_use]
    pub const fn confirmed(mut self) -> Self {
        self.confirmed = true;
        self
    }

    /// Returns the state to store when an operator suspends the authenticator.
    ///
    /// No code is accepted until [`Self::resume`]. A lock and the count of failures do not change.
    #[must_use]
    pub const fn suspend(mut self) -> Self {
        self.suspended = true;
        self.revision = self.revision.wrapping_add(1);
        self
    }

    /// Returns the state to store when an operator ends a suspension. A lock and the count of failures do not change.
    #[must_use]
    pub const fn resume(mut self) -> Self {
        self.suspended = false;
        self.revision = self.revision.wrapping_add(1);
        self
    }

    /// Returns the state to store when an operator ends a lock or a back-off. The count of failures is 0 again.
    ///
    /// A suspension and the length of the next lock do not change.
    #[must_use]
    pub const fn unlock(mut self) -> Self {
        self.attempts.restart();
        self.revision = self.revision.wrapping_add(1);
        self
    }

    /// Returns the watermark: the highest time step or counter accepted so far.
    #[must_use]
    pub const fn watermark(&self) -> Option<Counter> {
        self.progress.watermark()
    }

    /// Returns the known drift of the authenticator's clock in whole time steps; positive if it is ahead.
    #[must_use]
    pub const fn drift(&self) -> i16 {
        self.progress.drift
    }

    /// Returns the number of failed attempts since the last success or [`Self::unlock`].
    #[must_use]
    pub const fn failures(&self) -> u8 {
        self.attempts.failures
    }

    /// Returns the last lock or back-off. Its time may have passed: see [`Hold::is_in_force`].
    #[must_use]
    pub const fn hold(&self) -> Hold {
        self.attempts.hold
    }

    /// Returns `true` if the authenticator is confirmed.
    #[must_use]
    pub const fn is_confirmed(&self) -> bool {
        self.confirmed
    }

    /// Returns `true` if an operator has suspended the authenticator.
    #[must_use]
    pub const fn is_suspended(&self) -> bool {
        self.suspended
    }

    /// Returns the number of changes so far. A caller that keeps states in a table compares it when it replaces one.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// Returns the form to store: a version byte, then the fields at fixed places, numbers in big-endian order.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let (hold, until) = self.attempts.hold.to_parts();
        let flags = u8::from(self.confirmed) | u8::from(self.suspended) << 1 | u8::from(self.progress.is_used) << 2;

        let mut bytes = [0; Self::LEN];
        bytes[0] = Self::VERSION;
        bytes[1] = flags;
        bytes[2] = hold;
        bytes[3] = self.attempts.failures;
        bytes[4] = self.attempts.since_lock;
        bytes[5] = self.attempts.lock_doublings;
        bytes[6..8].copy_from_slice(&self.progress.drift.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.progress.last_used.to_be_bytes());
        bytes[16..24].copy_from_slice(&until.as_secs().to_be_bytes());
        bytes[24..32].copy_from_slice(&self.attempts.lock_ended.as_secs().to_be_bytes());
        bytes[32..40].copy_from_slice(&self.revision.to_be_bytes());
        bytes
    }

    /// Reads the stored form. Only bytes that [`Self::to_bytes`] writes are accepted.
    ///
    /// # Errors
    ///
    /// Returns [`StateError`] for an unknown version first, then for a wrong length, then for the first invalid field.
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
        let (last_used, until, lock_ended, revision) = (number(), number(), number(), number());
        let time = |secs, offset| UnixTime::from_secs(secs).map_err(|_| StateError::Field { offset });

        if *flags > 0b111 {
            return Err(StateError::Field { offset: 1 });
        }
        if since_lock > failures {
            return Err(StateError::Field { offset: 4 });
        }
        let is_used = *flags & 0b100 != 0;
        if !is_used && last_used > 0 {
            return Err(StateError::Field { offset: 8 });
        }
        let hold = Hold::from_parts(*hold, time(until, 16)?).map_err(|part| match part {
            HoldPart::Kind => StateError::Field { offset: 2 },
            HoldPart::Until => StateError::Field { offset: 16 },
        })?;
        Ok(Self {
            progress: Progress { last_used, is_used, drift: i16::from_be_bytes([*d0, *d1]) },
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

/// An error from [`State::from_bytes`]: the bytes are not a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StateError {
    /// The version is not one that this library reads.
    Version(u8),
    /// The number of bytes is wrong.
    Length(usize),
    /// A field has a value that is never written.
    Field {
        /// The offset of the field's first byte, from 0.
        offset: usize,
    },
}

impl StateError {
    /// Returns a short name of the variant, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Version(_) => "version",
            Self::Length(_) => "length",
            Self::Field { .. } => "field",
        }
    }
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => {
                write!(f, "unknown state version {version}; this library reads version {}", State::VERSION)
            }
            Self::Length(length) => write!(f, "a state has {} bytes, not {length}", State::LEN),
            Self::Field { offset } => write!(f, "the state's field at byte {offset} has an invalid value"),
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

    /// Serializes the bytes of [`State::to_bytes`].
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

impl Counted for State {
    fn attempts(&self) -> &Attempts {
        &self.attempts
    }

    fn attempts_mut(&mut self) -> &mut Attempts {
        &mut self.attempts
    }
}
