use core::fmt;
use std::io;

use cryptoki::error::{Error, RvError};

/// An error from a call to a token. The call returned no HMAC.
///
/// The error holds return codes of the module. It never holds a PIN, a key, the name of a key or an HMAC.
#[derive(Debug)]
#[non_exhaustive]
pub enum TokenError {
    /// The module could not be loaded, or it failed with this return code. The next call connects again.
    Module(Error),
    /// The session ended during a call, with this return code: it was closed, the token was removed, or other code of
    /// the process finalized the module. The next call connects again.
    Lost(RvError),
    /// The module has no token with this label or serial number. Each call looks for it again.
    NoToken,
    /// The module has more than one token with this label or serial number. Choose one by its serial number:
    /// [`Token::open_by_serial`](crate::Token::open_by_serial).
    DuplicateToken,
    /// The token refused the PIN, with this return code: it is wrong, expired, not set, or locked
    /// ([`RvError::PinLocked`]). The PIN is not tried again, since that could lock it. Call
    /// [`Token::log_in`](crate::Token::log_in) with the right one, and before that, have the security officer of the
    /// token set a new one if it is locked.
    Pin(RvError),
    /// Other code in this process logged out. The next call logs in again.
    NotLoggedIn,
    /// The token has no secret key with this id.
    NoKey,
    /// The token has more than one secret key with this id. None of them is used.
    DuplicateKey,
    /// The token has a key with this id already.
    KeyExists,
    /// This package has no mechanism for this algorithm.
    Algorithm,
    /// The module returned an HMAC of the wrong length, or under a key other than the requested one.
    WrongAnswer,
    /// The [queue](crate::Workers::with_queue) of waiting calls is full. Nothing was sent to the module.
    Busy,
    /// The module did not answer within [the timeout](crate::Workers::with_timeout).
    Timeout,
    /// A worker could not be started.
    Thread(io::ErrorKind),
    /// The worker ended before it answered.
    Stopped,
}

impl TokenError {
    /// Returns `true` if the session is still usable after this error.
    pub(crate) fn spares_session(&self) -> bool {
        matches!(self, Self::NoKey | Self::DuplicateKey | Self::KeyExists | Self::Algorithm)
    }

    /// Returns `true` if the session no longer exists.
    pub(crate) fn ends_session(&self) -> bool {
        matches!(self, Self::Lost(_))
    }

    /// Returns `true` for an error with which a module may answer while the token is away.
    pub(crate) fn is_absence(&self) -> bool {
        matches!(
            self,
            Self::NoToken
                | Self::Lost(_)
                | Self::Module(Error::Pkcs11(
                    RvError::DeviceError
                        | RvError::FunctionFailed
                        | RvError::GeneralError
                        | RvError::SlotIdInvalid
                        | RvError::TokenNotRecognized,
                    _
                ))
        )
    }

    /// Returns a short name of the variant, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Module(_) => "module",
            Self::Lost(_) => "lost",
            Self::NoToken => "no_token",
            Self::DuplicateToken => "duplicate_token",
            Self::Pin(_) => "pin",
            Self::NotLoggedIn => "not_logged_in",
            Self::NoKey => "no_key",
            Self::DuplicateKey => "duplicate_key",
            Self::KeyExists => "key_exists",
            Self::Algorithm => "algorithm",
            Self::WrongAnswer => "wrong_answer",
            Self::Busy => "busy",
            Self::Timeout => "timeout",
            Self::Thread(_) => "thread",
            Self::Stopped => "stopped",
        }
    }
}

impl From<Error> for TokenError {
    fn from(error: Error) -> Self {
        match error {
            Error::Pkcs11(
                code @ (RvError::CryptokiNotInitialized
                | RvError::DeviceRemoved
                | RvError::SessionClosed
                | RvError::SessionHandleInvalid
                | RvError::TokenNotPresent),
                _,
            ) => Self::Lost(code),
            error => Self::Module(error),
        }
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Module(_) => f.write_str("the PKCS #11 module failed"),
            Self::Lost(code) => {
                write!(f, "the session with the token ended ({code:?}), and the next call opens another")
            }
            Self::NoToken => f.write_str("the module has no token with this label or serial number"),
            Self::DuplicateToken => {
                f.write_str("the module has more than one token with this name: choose one by its serial number")
            }
            Self::Pin(RvError::PinLocked) => f.write_str(
                "the token's user PIN is locked: its security officer must set a new one, with which to log in again",
            ),
            Self::Pin(code) => {
                write!(f, "the token refused the PIN ({code:?}), and it is not tried again: log in with the right one")
            }
            Self::NotLoggedIn => f.write_str("other code in this process logged out of the token"),
            Self::NoKey => f.write_str("the token has no secret key with this id"),
            Self::DuplicateKey => f.write_str("the token has more than one secret key with this id"),
            Self::KeyExists => f.write_str("the token has a key with this id already"),
            Self::Algorithm => f.write_str("there is no PKCS #11 mechanism for this algorithm"),
            Self::WrongAnswer => f.write_str("the module returned an HMAC of the wrong length or under the wrong key"),
            Self::Busy => f.write_str("too many calls are waiting for the module"),
            Self::Timeout => f.write_str("the module did not answer in time"),
            Self::Thread(kind) => write!(f, "a worker could not be started: {kind}"),
            Self::Stopped => f.write_str("the worker ended before it answered"),
        }
    }
}

impl core::error::Error for TokenError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Module(error) => Some(error),
            _ => None,
        }
    }
}
