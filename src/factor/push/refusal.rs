use core::fmt;

use super::message_error::MessageError;
use crate::types::UnixTime;

/// The reason that a push is not sent, that an answer is not accepted, or that a login by push is not complete.
///
/// The call that returns it changes nothing and counts nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PushRefusal {
    /// A challenge with other details, or for another device, is pending in this transaction.
    Pending,
    /// Three challenges of the account are pending.
    TooMany,
    /// Pushes wait after denials, after challenges without an answer, or because the person reported one.
    Held {
        /// The time from which the next one can be sent.
        until: UnixTime,
    },
    /// The text is not an answer.
    Message(MessageError),
    /// The answer is for another account.
    OtherAccount,
    /// The account has no such challenge or activation, or no longer, or the device was replaced.
    Unknown,
    /// The challenge was sent to another device of the account.
    OtherDevice,
    /// The answer is to other details than those of the challenge: another relying party, place, time or expiry.
    OtherDetails,
    /// The challenge or the activation was answered before.
    Answered,
    /// The challenge has expired.
    Expired,
    /// The signature does not verify under the key of the device, or an activation's secret is another one.
    Signature,
    /// No answer has come yet. Ask again.
    Waiting,
    /// The person denied the challenge.
    Denied,
    /// The person did not begin this login. Somebody else knows the password.
    NotMe,
    /// The person typed another number. The answer counted as one failure, and ended the challenge.
    WrongNumber,
}

impl PushRefusal {
    /// Returns a short name of the variant, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Pending => "push_pending",
            Self::TooMany => "too_many_pushes",
            Self::Held { .. } => "pushes_held",
            Self::Message(_) => "push_message",
            Self::OtherAccount => "other_account",
            Self::Unknown => "unknown_challenge",
            Self::OtherDevice => "other_device",
            Self::OtherDetails => "other_details",
            Self::Answered => "answered",
            Self::Expired => "challenge_expired",
            Self::Signature => "signature",
            Self::Waiting => "waiting",
            Self::Denied => "denied",
            Self::NotMe => "not_me",
            Self::WrongNumber => "wrong_number",
        }
    }
}

impl fmt::Display for PushRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pending => f.write_str("another challenge is pending in this transaction"),
            Self::TooMany => f.write_str("three challenges of the account are pending"),
            Self::Held { until } => write!(f, "pushes wait; the next one is possible at {until}"),
            Self::Message(error) => error.fmt(f),
            Self::OtherAccount => f.write_str("the answer is for another account"),
            Self::Unknown => f.write_str("the account has no such challenge or activation"),
            Self::OtherDevice => f.write_str("the challenge was sent to another device"),
            Self::OtherDetails => f.write_str("the answer is to other details than those of the challenge"),
            Self::Answered => f.write_str("the challenge or the activation was answered before"),
            Self::Expired => f.write_str("the challenge has expired"),
            Self::Signature => f.write_str("the signature is not valid"),
            Self::Waiting => f.write_str("the device has not answered yet"),
            Self::Denied => f.write_str("the person denied the challenge"),
            Self::NotMe => f.write_str("the person did not begin this login"),
            Self::WrongNumber => f.write_str("the person typed another number than that of the challenge"),
        }
    }
}

impl core::error::Error for PushRefusal {}
