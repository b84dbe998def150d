use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::challenge::Challenge;
use super::json::{Fields, Writer, account, digits};
#[cfg(feature = "verifier")]
use super::key::PublicKey;
use super::message_error::MessageError;
use super::signed::Signed;

/// The answer of the person to a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// The person accepts the login.
    Accept,
    /// The person does not want the login.
    Deny,
    /// The person did not begin the login. Somebody else knows the password.
    NotMe,
}

impl Verdict {
    const ALL: [Self; 3] = [Self::Accept, Self::Deny, Self::NotMe];

    /// Returns the name in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Deny => "deny",
            Self::NotMe => "not-me",
        }
    }

    /// Returns the code in signed bytes.
    const fn code(self) -> u8 {
        match self {
            Self::Accept => 1,
            Self::Deny => 2,
            Self::NotMe => 3,
        }
    }
}

/// A signed answer of a device. Nothing in it is to be believed before a verifier has judged it.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    pub(super) account: String,
    pub(super) device: [u8; 16],
    pub(super) id: [u8; 16],
    /// The hash of the challenge that the person saw.
    pub(super) digest: [u8; 32],
    pub(super) verdict: Verdict,
    /// The number that the person typed, or the empty text.
    pub(super) number: String,
    pub(super) signature: [u8; 64],
}

const TYPE: &str = "answer";
const FIELDS: [&str; 7] = ["account", "device", "id", "digest", "verdict", "number", "signature"];

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({}, {:?})", self.account, self.verdict)
    }
}

impl Answer {
    /// Reads a message.
    ///
    /// # Errors
    ///
    /// Returns [`MessageError`] if the text is not an answer of this version.
    pub fn parse(message: &str) -> Result<Self, MessageError> {
        let fields = Fields::read(message, TYPE, FIELDS)?;
        Ok(Self {
            account: fields.parse(0, account)?,
            device: fields.bytes(1)?,
            id: fields.bytes(2)?,
            digest: fields.bytes(3)?,
            verdict: fields.parse(4, |name| Verdict::ALL.into_iter().find(|verdict| verdict.name() == name))?,
            number: fields.parse(5, digits)?,
            signature: fields.bytes(6)?,
        })
    }

    /// Returns the id of the account that the answer is for, to call the verifier with.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Returns the answer of the person, as the message claims it.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Returns the id of the challenge.
    #[cfg(feature = "verifier")]
    pub(crate) const fn id(&self) -> &[u8; 16] {
        &self.id
    }

    #[cfg(feature = "verifier")]
    pub(crate) fn is_signed_by(&self, key: &PublicKey) -> bool {
        key.verifies(&self.signed(), &self.signature)
    }

    /// Creates an answer that is still to be signed.
    pub(super) fn unsigned(challenge: &Challenge, verdict: Verdict, number: &str) -> Self {
        Self {
            account: challenge.account.clone(),
            device: challenge.device,
            id: challenge.id,
            digest: challenge.digest(),
            verdict,
            number: number.into(),
            signature: [0; 64],
        }
    }

    /// Returns the bytes that are signed.
    pub(super) fn signed(&self) -> Vec<u8> {
        let signed = Signed::new("secondo push answer").bytes(&self.digest).bytes(&[self.verdict.code()]);
        signed.text(&self.number).finish()
    }

    /// Writes the message.
    pub(super) fn message(&self) -> String {
        Writer::new(TYPE)
            .text("account", &self.account)
            .bytes("device", &self.device)
            .bytes("id", &self.id)
            .bytes("digest", &self.digest)
            .text("verdict", self.verdict.name())
            .text("number", &self.number)
            .bytes("signature", &self.signature)
            .finish()
    }
}
