use alloc::string::String;
use alloc::vec::Vec;

use crate::decision::State;
use crate::factor::Authenticator;
use crate::formats::Note;
use crate::types::UnixTime;

/// A token as a PSKC document describes it: the authenticator to enroll, and data about the token.
///
/// Texts have no white space around them. A text that is empty in the document is `None`.
#[derive(Debug)]
#[non_exhaustive]
pub struct Token {
    /// The device that holds the key.
    pub device: DeviceInfo,
    /// The `Id` of `CryptoModuleInfo`, the part of the device that holds the key.
    pub crypto_module: Option<String>,
    /// The `Id` of the key, by which sender and recipient know it.
    pub key_id: String,
    /// The party that issued the key.
    pub issuer: Option<String>,
    /// A name of the key for people. A document may have several, in different languages; this is the first.
    pub friendly_name: Option<String>,
    /// The user that the key belongs to, as a distinguished name.
    pub user_id: Option<String>,
    /// The secret and the parameters of the codes.
    pub authenticator: Authenticator,
    /// The state to enroll with: the counter, or the time step and the drift. It is not confirmed.
    pub state: State,
    /// The permitted use of the key, which the caller must enforce.
    pub policy: KeyPolicy,
    /// Warnings, and the things that were not imported. A writer ignores them.
    pub notes: Vec<Note>,
}

impl Token {
    /// Creates a token without any other data.
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
            notes: Vec::new(),
        }
    }
}

/// The device that holds a key (`DeviceInfo`, RFC 6030 section 4.3.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceInfo {
    /// The manufacturer: `oath.` or `iana.` with the name registered there, or a name that the vendor chose.
    pub manufacturer: Option<String>,
    /// The serial number, which is printed on the token.
    pub serial: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// The issue number, which distinguishes devices with the same serial number.
    pub issue_no: Option<String>,
    /// The identifier to which the device was bound when keys were put into it.
    pub binding: Option<String>,
    /// The time from which the device may be used.
    pub start: Option<UnixTime>,
    /// The time until which the device may be used.
    pub expiry: Option<UnixTime>,
    /// The user that the device is bound to, as a distinguished name.
    pub user_id: Option<String>,
}

/// The permitted use of a key (`Policy`, RFC 6030 section 5).
///
/// A key whose policy does not permit one-time passwords is never read. The library does not enforce the rest of the
/// policy when it verifies codes: the caller must.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyPolicy {
    /// The time before which the key must not be used.
    pub start: Option<UnixTime>,
    /// The time after which the key must not be used.
    pub expiry: Option<UnixTime>,
    /// The maximum number of times that the key may be used.
    pub transactions: Option<u64>,
    /// `true` if the device asks for a PIN of its own before it shows a code.
    pub device_pin: bool,
}
