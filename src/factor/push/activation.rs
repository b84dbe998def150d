use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::json::{Fields, Writer, account, shown};
use super::message_error::MessageError;
use super::signed::Signed;

/// The activation of a device, which a page shows as a QR code or as a link.
///
/// It is secret: only the first device that answers it can be confirmed. It lasts ten minutes at most.
pub struct Activation {
    pub(super) account: String,
    pub(super) id: [u8; 16],
    pub(super) secret: [u8; 16],
    pub(super) issuer: String,
    pub(super) user: String,
}

/// The scheme of the link.
const SCHEME: &str = "secondo-push:";
/// The maximum length of the link: an account of 64 bytes, two texts of 128 bytes, and what is around them.
const MAX_LEN: usize = 512;
const VERSION: u8 = 1;

impl Activation {
    /// Reads the text of a QR code or of a link.
    ///
    /// # Errors
    ///
    /// Returns [`MessageError`] if the text is not an activation of this version.
    pub fn parse(link: &str) -> Result<Self, MessageError> {
        if link.len() > MAX_LEN {
            return Err(MessageError::TooLong(link.len()));
        }
        let encoded = link.strip_prefix(SCHEME).ok_or(MessageError::NotActivation)?;
        let mut bytes = Zeroizing::new([0; MAX_LEN]);
        let bytes =
            Base64UrlUnpadded::decode(encoded, bytes.as_mut_slice()).map_err(|_| MessageError::NotActivation)?;
        let ([version], rest) = bytes.split_first_chunk().ok_or(MessageError::Version)?;
        if *version != VERSION {
            return Err(MessageError::Version);
        }
        let (id, rest) = rest.split_first_chunk().ok_or(MessageError::Missing("id"))?;
        let (secret, rest) = rest.split_first_chunk().ok_or(MessageError::Missing("secret"))?;
        let (of_account, rest) = Self::part(rest, "account", account)?;
        let (issuer, rest) = Self::part(rest, "issuer", shown)?;
        let (user, rest) = Self::part(rest, "user", shown)?;
        if !rest.is_empty() {
            return Err(MessageError::UnknownField { column: link.len() });
        }
        Ok(Self { account: of_account, id: *id, secret: *secret, issuer, user })
    }

    /// Creates the activation of an account. `issuer` and `user` are the names of the provider and of the person, which
    /// the app shows. `random` is 32 random bytes.
    ///
    /// # Errors
    ///
    /// Returns [`MessageError::Invalid`] if a name does not have 1 to 128 bytes, or has characters that disguise
    /// others.
    #[cfg(feature = "verifier")]
    pub fn new(
        id: &crate::types::AccountId,
        issuer: &str,
        user: &str,
        random: &[u8; 32],
    ) -> Result<Self, MessageError> {
        let mut activation = Self {
            account: id.as_str().into(),
            id: [0; 16],
            secret: [0; 16],
            issuer: shown(issuer).ok_or(MessageError::Invalid("issuer"))?,
            user: shown(user).ok_or(MessageError::Invalid("user"))?,
        };
        if let ([id, secret], []) = random.as_chunks() {
            (activation.id, activation.secret) = (*id, *secret);
        }
        Ok(activation)
    }

    /// Returns the link, which is also the text of the QR code.
    ///
    /// A provider that has its own link puts it after the link's `#`, so that it is not sent to a server.
    #[must_use]
    pub fn link(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_LEN));
        bytes.push(VERSION);
        bytes.extend(self.id);
        bytes.extend(self.secret);
        for text in [&self.account, &self.issuer, &self.user] {
            Self::push_part(text, &mut bytes);
        }
        // Large enough from the start: reallocation would leave a copy behind.
        let mut link = Zeroizing::new(String::with_capacity(MAX_LEN));
        link.push_str(SCHEME);
        let mut encoded = Zeroizing::new([0; MAX_LEN]);
        link.push_str(Base64UrlUnpadded::encode(&bytes, encoded.as_mut_slice()).unwrap_or_default());
        link
    }

    /// Returns the id of the account.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Returns the name of the provider.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Returns the name of the person.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Returns the bytes that a device signs with its new key.
    pub(super) fn signed(account: &str, id: &[u8; 16], secret: &[u8; 16], key: &[u8; 65]) -> Zeroizing<Vec<u8>> {
        let signed = Signed::new("secondo push activation").text(account).bytes(id).bytes(secret).bytes(key);
        Zeroizing::new(signed.finish())
    }

    /// Adds a text with its length in one byte.
    pub(super) fn push_part(text: &str, bytes: &mut Vec<u8>) {
        bytes.extend(text.len().to_le_bytes().first());
        bytes.extend(text.bytes());
    }

    /// Splits a text with its length in one byte off.
    pub(super) fn part<'a>(
        bytes: &'a [u8],
        name: &'static str,
        read: impl FnOnce(&str) -> Option<String>,
    ) -> Result<(String, &'a [u8]), MessageError> {
        let (len, rest) = bytes.split_first().ok_or(MessageError::Missing(name))?;
        let (text, rest) = rest.split_at_checked(usize::from(*len)).ok_or(MessageError::Invalid(name))?;
        let text = core::str::from_utf8(text).ok().and_then(read).ok_or(MessageError::Invalid(name))?;
        Ok((text, rest))
    }
}

impl Drop for Activation {
    fn drop(&mut self) {
        self.secret.as_mut_slice().zeroize();
    }
}

impl ZeroizeOnDrop for Activation {}

impl fmt::Debug for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Activation(..)")
    }
}

/// The answer of a device to an activation: its new public key, and the proof that it has the key and the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivationAnswer {
    pub(super) account: String,
    pub(super) id: [u8; 16],
    pub(super) key: [u8; 65],
    pub(super) proof: [u8; 64],
}

const TYPE: &str = "activation";
const FIELDS: [&str; 4] = ["account", "id", "key", "proof"];

impl ActivationAnswer {
    /// Reads a message.
    ///
    /// # Errors
    ///
    /// Returns [`MessageError`] if the text is not such an answer of this version.
    pub fn parse(message: &str) -> Result<Self, MessageError> {
        let fields = Fields::read(message, TYPE, FIELDS)?;
        Ok(Self {
            account: fields.parse(0, account)?,
            id: fields.bytes(1)?,
            key: fields.bytes(2)?,
            proof: fields.bytes(3)?,
        })
    }

    /// Returns the id of the account that the answer is for, to call the verifier with.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Writes the message.
    pub(super) fn message(&self) -> String {
        Writer::new(TYPE)
            .text("account", &self.account)
            .bytes("id", &self.id)
            .bytes("key", &self.key)
            .bytes("proof", &self.proof)
            .finish()
    }
}
