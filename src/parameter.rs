use core::fmt;

#[cfg(feature = "alloc")]
use crate::account::seal::KeyId;
use crate::policy::{Policy, Window};
use crate::types::Period;
#[cfg(doc)]
use crate::types::UnixTime;

/// A parameter was outside its range.
///
/// It holds the refused number, which is configuration and not a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParameterError {
    /// The number of digits was not 6 to 9.
    Digits(u8),
    /// The time in seconds since 1970 was after [`UnixTime::MAX`], the end of the year 9999.
    Time(u64),
    /// The system's time was before 1970.
    TimeBefore1970,
    /// The period in seconds was not 1 to 3600.
    Period(u64),
    /// Past and future steps together were more than [`Window::MAX`].
    Window {
        /// The steps asked for before the current one.
        past: u8,
        /// The steps asked for after the current one.
        future: u8,
    },
    /// The HOTP look-ahead was more than [`Policy::MAX_LOOK_AHEAD`].
    LookAhead(u8),
    /// The cap on failures was not 1 to [`Policy::CONSECUTIVE_LIMIT`].
    FailureCap(u8),
    /// A lock, a back-off or a margin of no time at all, or of more than [`Policy::MAX_WAIT_SECS`].
    Wait,
    /// The longest lock or wait was shorter than the first one.
    Doubling,
    /// The drift limit was more than [`Policy::MAX_DRIFT`] steps.
    Drift(u16),
    /// The resynchronization span was not 1 to [`Policy::MAX_RESYNC_SPAN`].
    ResyncSpan(u16),
    /// The identifier's length in bytes was not 1 to 64.
    IdLength(usize),
    /// The identifier has a byte that is not visible ASCII at this position.
    IdCharacter {
        /// The byte position, from 0.
        position: usize,
    },
    /// Two sealing keys have this id.
    #[cfg(feature = "alloc")]
    KeyId(KeyId),
    /// The name of a key in a hardware security module has a length in bytes that is not 1 to 64.
    #[cfg(feature = "alloc")]
    HsmKeyLength(usize),
    /// No hash function's HMAC has this length in bytes.
    #[cfg(feature = "alloc")]
    HmacLength(usize),
}

impl fmt::Display for ParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Digits(n) => write!(f, "digits must be 6 to 9, not {n}"),
            Self::Time(n) => {
                write!(f, "the time must be before the year 10000, not {n} s after 1970; is it in milliseconds?")
            }
            Self::TimeBefore1970 => f.write_str("the time must be 1970 or later"),
            Self::Period(n) => write!(f, "the period must be 1 to {} s, not {n}", Period::MAX_SECS),
            Self::Window { past, future } => write!(
                f,
                "a login window has at most {} steps besides the current one, not {past} past and {future} future",
                Window::MAX
            ),
            Self::LookAhead(n) => write!(f, "the look-ahead is at most {}, not {n}", Policy::MAX_LOOK_AHEAD),
            Self::FailureCap(n) => {
                write!(f, "the failure cap must be 1 to {}, not {n}", Policy::CONSECUTIVE_LIMIT)
            }
            Self::Wait => {
                write!(f, "a lock, back-off or margin must be 1 to {} s", Policy::MAX_WAIT_SECS)
            }
            Self::Doubling => f.write_str("the longest lock or wait must not be shorter than the first"),
            Self::Drift(n) => write!(f, "the drift limit is at most {} steps, not {n}", Policy::MAX_DRIFT),
            Self::ResyncSpan(n) => {
                write!(f, "the resynchronization span must be 1 to {} counters, not {n}", Policy::MAX_RESYNC_SPAN)
            }
            Self::IdLength(n) => write!(f, "an identifier has 1 to 64 bytes, not {n}"),
            Self::IdCharacter { position } => {
                write!(f, "an identifier is visible ASCII; byte {position} is not")
            }
            #[cfg(feature = "alloc")]
            Self::KeyId(id) => write!(f, "two sealing keys have the id {id}"),
            #[cfg(feature = "alloc")]
            Self::HsmKeyLength(n) => write!(f, "the name of a key in an HSM has 1 to 64 bytes, not {n}"),
            #[cfg(feature = "alloc")]
            Self::HmacLength(n) => write!(f, "an HMAC has 20, 32 or 64 bytes, not {n}"),
        }
    }
}

impl core::error::Error for ParameterError {}
