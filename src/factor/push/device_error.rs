use core::fmt;

use super::message_error::MessageError;

/// The reason that a device does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeviceError<E> {
    /// The text is not a challenge.
    Message(MessageError),
    /// The challenge is for another device or another account.
    OtherDevice,
    /// The challenge has expired.
    Expired,
    /// The number does not have as many digits as the challenge asks for.
    Number,
    /// The device has no personal code.
    NoPersonalCode,
    /// The personal code is wrong, or the person was not recognized.
    NotUnlocked {
        /// The number of attempts left.
        remaining: u8,
    },
    /// No attempts are left.
    Blocked,
    /// The key is not on the curve P-256.
    NotP256,
    /// The key's hardware failed.
    Key(E),
}

impl<E> DeviceError<E> {
    /// Returns a short name of the variant, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Message(error) => error.label(),
            Self::OtherDevice => "other_device",
            Self::Expired => "expired",
            Self::Number => "number",
            Self::NoPersonalCode => "no_personal_code",
            Self::NotUnlocked { .. } => "not_unlocked",
            Self::Blocked => "blocked",
            Self::NotP256 => "not_p256",
            Self::Key(_) => "key",
        }
    }
}

impl<E> fmt::Display for DeviceError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(error) => error.fmt(f),
            Self::OtherDevice => f.write_str("the challenge is for another device or account"),
            Self::Expired => f.write_str("the challenge has expired"),
            Self::Number => f.write_str("the number does not have the digits that the challenge asks for"),
            Self::NoPersonalCode => f.write_str("the device has no personal code"),
            Self::NotUnlocked { remaining: 1 } => f.write_str("the device was not unlocked; 1 attempt remains"),
            Self::NotUnlocked { remaining } => {
                write!(f, "the device was not unlocked; {remaining} attempts remain")
            }
            Self::Blocked => f.write_str("no attempts to unlock the device are left"),
            Self::NotP256 => f.write_str("the key is not on the curve P-256"),
            Self::Key(_) => f.write_str("the key's hardware failed"),
        }
    }
}

impl<E: core::error::Error + 'static> core::error::Error for DeviceError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Key(error) => Some(error),
            _ => None,
        }
    }
}
