use alloc::string::String;
use core::fmt;

use sha2::{Digest, Sha256};

#[cfg(feature = "verifier")]
use super::json::Writer;
use super::json::{Fields, account, digits, shown};
use super::matching::Matching;
use super::message_error::MessageError;
use super::signed::Signed;
use crate::types::UnixTime;

/// A request to a device to approve or deny a login.
///
/// All fields are shown to the person or checked by the device, and all of them are signed with the answer.
#[derive(Clone, PartialEq, Eq)]
pub struct Challenge {
    pub(super) account: String,
    pub(super) device: [u8; 16],
    pub(super) id: [u8; 16],
    pub(super) relying_party: String,
    pub(super) place: String,
    pub(super) time: String,
    pub(super) matching: Matching,
    /// The number to compare, or the empty text if the person types it.
    pub(super) number: String,
    pub(super) expires: UnixTime,
}

const TYPE: &str = "challenge";
const FIELDS: [&str; 9] =
    ["account", "device", "id", "relying_party", "place", "time", "matching", "number", "expires"];

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Challenge({}, {:?}, until {})", self.account, self.matching, self.expires)
    }
}

impl Challenge {
    /// Reads a message.
    ///
    /// # Errors
    ///
    /// Returns [`MessageError`] if the text is not a challenge of this version.
    pub fn parse(message: &str) -> Result<Self, MessageError> {
        let fields = Fields::read(message, TYPE, FIELDS)?;
        let matching = |name: &str| Matching::ALL.into_iter().find(|matching| matching.name() == name);
        let matching = fields.parse(6, matching)?;
        let number = if matching.is_typed() {
            if !fields.is_absent(7) {
                return Err(fields.invalid(7));
            }
            String::new()
        } else {
            fields.parse(7, |text| digits(text).filter(|number| number.len() == matching.digits()))?
        };
        Ok(Self {
            account: fields.parse(0, account)?,
            device: fields.bytes(1)?,
            id: fields.bytes(2)?,
            relying_party: fields.parse(3, shown)?,
            place: fields.parse(4, shown)?,
            time: fields.parse(5, shown)?,
            matching,
            number,
            expires: UnixTime::from_secs(fields.number(8)?).map_err(|_| fields.invalid(8))?,
        })
    }

    /// Returns the account's id.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Returns the name of the service that the person logs in to.
    #[must_use]
    pub fn relying_party(&self) -> &str {
        &self.relying_party
    }

    /// Returns the place of the login, for example a town.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Returns the time of the login as a text.
    #[must_use]
    pub fn time(&self) -> &str {
        &self.time
    }

    /// Returns the way in which the person confirms the number.
    #[must_use]
    pub const fn matching(&self) -> Matching {
        self.matching
    }

    /// Returns the number that the person compares with the page: only for [`Matching::Compare`].
    #[must_use]
    pub fn number(&self) -> Option<&str> {
        Some(self.number.as_str()).filter(|number| !number.is_empty())
    }

    /// Returns the time at which the challenge ends.
    #[must_use]
    pub const fn expires(&self) -> UnixTime {
        self.expires
    }

    /// Writes the message.
    #[cfg(feature = "verifier")]
    pub(super) fn message(&self) -> String {
        let message = Writer::new(TYPE)
            .text("account", &self.account)
            .bytes("device", &self.device)
            .bytes("id", &self.id)
            .text("relying_party", &self.relying_party)
            .text("place", &self.place)
            .text("time", &self.time)
            .text("matching", self.matching.name());
        let message = if self.number.is_empty() { message } else { message.text("number", &self.number) };
        message.number("expires", self.expires.as_secs()).finish()
    }

    /// Returns the hash of all fields.
    pub(super) fn digest(&self) -> [u8; 32] {
        let signed = Signed::new("secondo push challenge")
            .text(&self.account)
            .bytes(&self.device)
            .bytes(&self.id)
            .text(&self.relying_party)
            .text(&self.place)
            .text(&self.time)
            .bytes(&[self.matching.code()])
            .text(&self.number)
            .bytes(&self.expires.as_secs().to_be_bytes());
        Sha256::digest(signed.finish()).into()
    }
}
