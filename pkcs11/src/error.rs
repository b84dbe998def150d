use core::fmt;
use std::io;

use cryptoki::error::{Error, RvError};

/// Why a token did not do what it was asked. No HMAC came out then.
///
/// It holds return codes, and never a PIN, a key, its name or an HMAC.
#[derive(Debug)]
#[non_exhaustive]
pub enum TokenError {
    /// The module could not be loaded, or it failed with this return code; the next call connects anew.
    Module(Error),
    /// The module has no token with this label.
    NoToken,
    /// The module has more than one token with this label.
    DuplicateToken,
    /// The token refused the PIN. It is not tried again, for that could lock it: open the token anew.
    Pin(RvError),
    /// Somebody else in this process logged out; the next call logs in.
    NotLoggedIn,
    /// The token has no secret key with this id.
    NoKey,
    /// The token has more than one secret key with this id, and none of them is used.
    DuplicateKey,
    /// The token has a key with this id already.
    KeyExists,
    /// There is no mechanism for this algorithm.
    Algorithm,
    /// The module gave an HMAC of another length, or for a key that is not the one it was asked for.
    WrongAnswer,
    /// More calls are waiting than the [queue](crate::Workers::with_queue) has room for.
    Busy,
    /// There was no answer [in time](crate::Workers::with_timeout).
    Timeout,
    /// A worker could not be started.
    Thread(io::ErrorKind),
    /// The worker ended before it answered.
    Stopped,
}

impl TokenError {
    /// Whether the session is as good as it was before.
    pub(crate) fn spares_session(&self) -> bool {
        matches!(self, Self::NoKey | Self::DuplicateKey | Self::KeyExists | Self::Algorithm)
    }

    /// Whether there is no such session any more.
    pub(crate) fn ends_session(&self) -> bool {
        matches!(
            self,
            Self::Module(Error::Pkcs11(
                RvError::CryptokiNotInitialized
                    | RvError::DeviceRemoved
                    | RvError::SessionClosed
                    | RvError::SessionHandleInvalid
                    | RvError::TokenNotPresent,
                _
            ))
        )
    }
}

impl From<Error> for TokenError {
    fn from(error: Error) -> Self {
        Self::Module(error)
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Module(_) => f.write_str("the PKCS #11 module failed"),
            Self::NoToken => f.write_str("the module has no token with this label"),
            Self::DuplicateToken => f.write_str("the module has more than one token with this label"),
            Self::Pin(code) => write!(f, "the token refused the PIN ({code:?}), which is not tried again"),
            Self::NotLoggedIn => f.write_str("somebody else logged out"),
            Self::NoKey => f.write_str("the token has no secret key with this id"),
            Self::DuplicateKey => f.write_str("the token has more than one secret key with this id"),
            Self::KeyExists => f.write_str("the token has a key with this id already"),
            Self::Algorithm => f.write_str("there is no mechanism for this algorithm"),
            Self::WrongAnswer => f.write_str("the module gave another HMAC than it was asked for"),
            Self::Busy => f.write_str("too many calls wait for the module"),
            Self::Timeout => f.write_str("the module gave no answer in time"),
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
