use alloc::string::String;

use crate::decision::State;
use crate::factor::Authenticator;
use crate::types::UnixTime;

/// A token as a PSKC document describes it: what is enrolled, and what is known about it.
///
/// Texts have no white space around them, and are `None` where the document has them empty.
#[derive(Debug)]
#[non_exhaustive]
pub struct Token {
    /// The device that the key is in.
    pub device: DeviceInfo,
    /// `CryptoModuleInfo`: the part of the device that the key is in.
    pub crypto_module: Option<String>,
    /// The key's `Id`, by which sender and recipient know it.
    pub key_id: String,
    /// The party that issued the key.
    pub issuer: Option<String>,
    /// A name of the key for people. Of several, in different languages, the first.
    pub friendly_name: Option<String>,
    /// The user that the key belongs to, as a distinguished name.
    pub user_id: Option<String>,
    /// The secret and the parameters of the codes.
    pub authenticator: Authenticator,
    /// The counter or the drift; not confirmed.
    pub state: State,
    /// What the key may be used for.
    pub policy: KeyPolicy,
}

impl Token {
    /// A token of which nothing else is known.
    #[must_use]
    pub fn new(key_id: impl Into<String>, authenticator: Authenticator, state: State) -> Self {
        Self {
            device: DeviceInfo::default(),
            crypto_module: None,
            key_id: key_id.into(),
            issuer: None,
            friendly_name: None,
            user_id: None,
            authenticator,
            state,
            policy: KeyPolicy::default(),
        }
    }
}

/// The device that a key is in (`DeviceInfo`, RFC 6030 section 4.3.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceInfo {
    /// The manufacturer: `oath.` or `iana.` and the name registered there, or what the vendor has put instead.
    pub manufacturer: Option<String>,
    /// The serial number: what is printed on the token.
    pub serial: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// Which issue of the device it is, where a serial number is used again.
    pub issue_no: Option<String>,
    /// What the device was bound to when keys were put into it.
    pub binding: Option<String>,
    /// The device is used from then on.
    pub start: Option<UnixTime>,
    /// The device is used until then.
    pub expiry: Option<UnixTime>,
    /// The user that the device is bound to, as a distinguished name.
    pub user_id: Option<String>,
}

/// What a key may be used for (`Policy`, RFC 6030 section 5), as far as it leaves one-time passwords possible.
///
/// The library does not look at it when codes are verified: the caller does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyPolicy {
    /// The key must not be used before.
    pub start: Option<UnixTime>,
    /// The key must not be used after.
    pub expiry: Option<UnixTime>,
    /// How many times the key may be used.
    pub transactions: Option<u64>,
    /// The device asks for a PIN of its own before it shows a code.
    pub device_pin: bool,
}
