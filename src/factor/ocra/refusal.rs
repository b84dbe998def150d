use core::fmt;

use super::inputs::InputError;
use crate::types::{AuthenticatorNumber, UnixTime};

/// The reason that a challenge is not made, or that a response is not compared. Nothing is changed or counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChallengeRefusal {
    /// The authenticator answers no challenges.
    NoToken(AuthenticatorNumber),
    /// The data of the session does not fit the token's suite. A suite with a session cannot sign transactions.
    Session(InputError),
    /// The transaction has a pending challenge with other details, other data of the session, or another token.
    Pending,
    /// The account has three pending challenges.
    TooMany {
        /// The time at which the first of them expires.
        from: UnixTime,
    },
    /// The response is to a challenge with other details of the transaction than the given ones.
    OtherDetails,
}

impl ChallengeRefusal {
    /// Returns a short name of the variant, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::NoToken(_) => "not_ocra",
            Self::Session(_) => "ocra_session",
            Self::Pending => "challenge_pending",
            Self::TooMany { .. } => "too_many_challenges",
            Self::OtherDetails => "other_transaction_details",
        }
    }
}

impl fmt::Display for ChallengeRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoToken(number) => write!(f, "authenticator {number} answers no challenges"),
            Self::Session(error) => error.fmt(f),
            Self::Pending => f.write_str("another challenge is pending in this transaction"),
            Self::TooMany { from } => {
                write!(f, "three challenges are pending in the account; another can be made at {from}")
            }
            Self::OtherDetails => f.write_str("the response is to other details of the transaction"),
        }
    }
}

impl core::error::Error for ChallengeRefusal {}
