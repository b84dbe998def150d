//! The phone's side: a device that reads challenges and signs answers. It needs neither std nor the verifier.
//!
//! The app keeps the bytes of [`Device::encode`], and the key in secure hardware. It stores the bytes again after each
//! [`Device::accept`], before it shows the result: they count the wrong personal codes.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::activation::{Activation, ActivationAnswer};
use super::answer::{Answer, Verdict};
use super::challenge::Challenge;
pub use super::device_error::DeviceError;
use super::json::{account, digits, shown};
use super::key::{DeviceKey, PublicKey, confirmation_code};
use super::message_error::MessageError;
use crate::ct::declassify::public;
use crate::ct::select::is_equal;
use crate::types::{Code, UnixTime};

/// A device that was activated for an account: the state of an app, and the key that signs.
///
/// ```
/// use secondo::UnixTime;
/// use secondo::push::device::{Device, DeviceError, PersonalCode};
/// use secondo::push::{Activation, SoftwareKey};
///
/// # let link = concat!("secondo-push:AQEBAQEBAQEBAQEBAQEBAQECAgICAgICAgICAgICAgICJGY4MWQ0ZmFlLTdkZWMtMTF",
/// #     "kMC1hNzY1LTAwYTBjOTFlNmJmNg5pZHAuZXhhbXBsZS5pdAtNYXJpYSBSb3NzaQ");
/// let activation = Activation::parse(link)?; // from the QR code
/// let key = SoftwareKey::from_bytes(&[7; 32]).ok_or("no key")?; // in production: in secure hardware
/// let code = PersonalCode::new("271828", [9; 16])?; // with 16 random bytes
/// let (device, answer) = Device::activate(&activation, key, Some(code))?;
/// assert!(answer.starts_with(r#"{"v":1,"type":"activation""#)); // to the provider
/// let stored = device.encode(); // to the app's storage
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Device<K> {
    account: String,
    issuer: String,
    user: String,
    /// The name of the device in messages.
    name: [u8; 16],
    code: Option<PersonalCode>,
    codes_left: u8,
    biometrics_left: u8,
    key: K,
}

/// The number of attempts to unlock.
const ATTEMPTS: u8 = 5;
/// The number of seconds by which the phone's clock may be ahead.
const TOLERANCE: u64 = 30;
const VERSION: u8 = 1;

impl<K: DeviceKey> Device<K> {
    /// Activates a device with a new key. Returns it, with the message for the provider.
    ///
    /// Once the provider has taken the message, the app shows [`Self::confirmation_code`].
    ///
    /// # Errors
    ///
    /// Returns [`DeviceError::Key`] if the key's hardware fails.
    pub fn activate(
        activation: &Activation,
        key: K,
        code: Option<PersonalCode>,
    ) -> Result<(Self, String), DeviceError<K::Error>> {
        let public_key = key.public_key().map_err(DeviceError::Key)?;
        let name = PublicKey::from_uncompressed(&public_key).ok_or(DeviceError::NotP256)?.device();
        let Activation { account, id, secret, issuer, user } = activation;
        let signed = Activation::signed(account, id, secret, &public_key);
        let proof = key.sign(&signed).map_err(DeviceError::Key)?;
        let answer = ActivationAnswer { account: account.clone(), id: *id, key: public_key, proof };
        let (account, issuer, user) = (account.clone(), issuer.clone(), user.clone());
        let (codes_left, biometrics_left) = (ATTEMPTS, ATTEMPTS);
        Ok((Self { account, issuer, user, name, code, codes_left, biometrics_left, key }, answer.message()))
    }

    /// Reads a challenge, to show it to the person.
    ///
    /// # Errors
    ///
    /// - Returns [`DeviceError::Message`] if the text is not a challenge.
    /// - Returns [`DeviceError::OtherDevice`] if it is for another device or account.
    /// - Returns [`DeviceError::Expired`] if it expired more than 30 s ago. The phone's clock may be ahead by that
    ///   time.
    pub fn read(&self, message: &str, now: UnixTime) -> Result<Challenge, DeviceError<K::Error>> {
        let challenge = Challenge::parse(message).map_err(DeviceError::Message)?;
        self.check(&challenge, now)?;
        Ok(challenge)
    }

    /// Accepts a challenge with the number that the person typed, or with the empty text if the person compared the
    /// numbers. Returns the message for the provider.
    ///
    /// # Errors
    ///
    /// - Returns the errors of [`Self::read`].
    /// - Returns [`DeviceError::Number`] if the number does not have the digits that the challenge asks for.
    /// - Returns [`DeviceError::NotUnlocked`] if the person did not unlock the device, and [`DeviceError::Blocked`]
    ///   after five such attempts. The personal code makes biometrics available again. A device with no attempts left
    ///   for its code must be activated again.
    /// - Returns [`DeviceError::Key`] if the key's hardware fails.
    pub fn accept(
        &mut self,
        challenge: &Challenge,
        number: &str,
        unlock: Unlock<'_>,
        now: UnixTime,
    ) -> Result<String, DeviceError<K::Error>> {
        self.check(challenge, now)?;
        let expected = if challenge.matching.is_typed() { challenge.matching.digits() } else { 0 };
        let number = digits(number).filter(|number| number.len() == expected).ok_or(DeviceError::Number)?;
        self.unlock(unlock)?;
        self.sign(challenge, Verdict::Accept, &number)
    }

    /// Denies a challenge. Returns the message for the provider. Nothing has to be unlocked.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Self::read`], or [`DeviceError::Key`] if the key's hardware fails.
    pub fn deny(&self, challenge: &Challenge, now: UnixTime) -> Result<String, DeviceError<K::Error>> {
        self.check(challenge, now)?;
        self.sign(challenge, Verdict::Deny, "")
    }

    /// Denies a challenge that the person did not cause. Returns the message for the provider, which holds further
    /// pushes off.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Self::deny`].
    pub fn not_me(&self, challenge: &Challenge, now: UnixTime) -> Result<String, DeviceError<K::Error>> {
        self.check(challenge, now)?;
        self.sign(challenge, Verdict::NotMe, "")
    }

    /// Reads the bytes of [`Self::encode`].
    ///
    /// # Errors
    ///
    /// Returns [`MessageError`] if the bytes are not those of a device.
    pub fn decode(bytes: &[u8], key: K) -> Result<Self, MessageError> {
        let ([version, codes_left, biometrics_left, has_code], rest) =
            bytes.split_first_chunk().ok_or(MessageError::Version)?;
        if *version != VERSION {
            return Err(MessageError::Version);
        }
        if *codes_left > ATTEMPTS || *biometrics_left > ATTEMPTS {
            return Err(MessageError::Invalid("attempts"));
        }
        let (name, rest) = rest.split_first_chunk().ok_or(MessageError::Missing("device"))?;
        let (code, rest) = match has_code {
            0 => (None, rest),
            1 => {
                let (salt, rest) = rest.split_first_chunk().ok_or(MessageError::Missing("code"))?;
                let (hash, rest) = rest.split_first_chunk().ok_or(MessageError::Missing("code"))?;
                (Some(PersonalCode { salt: *salt, hash: *hash }), rest)
            }
            _ => return Err(MessageError::Invalid("code")),
        };
        let (of_account, rest) = Activation::part(rest, "account", account)?;
        let (issuer, rest) = Activation::part(rest, "issuer", shown)?;
        let (user, rest) = Activation::part(rest, "user", shown)?;
        if !rest.is_empty() {
            return Err(MessageError::UnknownField { column: bytes.len() });
        }
        let (codes_left, biometrics_left) = (*codes_left, *biometrics_left);
        Ok(Self { account: of_account, issuer, user, name: *name, code, codes_left, biometrics_left, key })
    }

    fn check(&self, challenge: &Challenge, now: UnixTime) -> Result<(), DeviceError<K::Error>> {
        if challenge.account != self.account || challenge.device != self.name {
            return Err(DeviceError::OtherDevice);
        }
        if now >= challenge.expires.saturating_add(TOLERANCE) {
            return Err(DeviceError::Expired);
        }
        Ok(())
    }

    fn unlock(&mut self, unlock: Unlock<'_>) -> Result<(), DeviceError<K::Error>> {
        let (left, is_right) = match (unlock, &self.code) {
            (Unlock::Code(code), Some(personal)) => (&mut self.codes_left, personal.is(code)),
            (Unlock::Biometrics { is_recognized }, code) => {
                if code.is_some() && self.codes_left == 0 {
                    return Err(DeviceError::Blocked);
                }
                (&mut self.biometrics_left, is_recognized)
            }
            (Unlock::Code(_), None) => return Err(DeviceError::NoPersonalCode),
        };
        *left = left.checked_sub(1).ok_or(DeviceError::Blocked)?;
        if !is_right {
            return Err(DeviceError::NotUnlocked { remaining: *left });
        }
        *left = ATTEMPTS;
        if matches!(unlock, Unlock::Code(_)) {
            self.biometrics_left = ATTEMPTS;
        }
        Ok(())
    }

    fn sign(&self, challenge: &Challenge, verdict: Verdict, number: &str) -> Result<String, DeviceError<K::Error>> {
        let mut answer = Answer::unsigned(challenge, verdict, number);
        answer.signature = self.key.sign(&answer.signed()).map_err(DeviceError::Key)?;
        Ok(answer.message())
    }
}

impl<K> Device<K> {
    /// Returns the device's state without its key, to be stored.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(512);
        bytes.extend([VERSION, self.codes_left, self.biometrics_left, u8::from(self.code.is_some())]);
        bytes.extend(self.name);
        if let Some(PersonalCode { salt, hash }) = &self.code {
            bytes.extend(salt);
            bytes.extend(hash);
        }
        for text in [&self.account, &self.issuer, &self.user] {
            Activation::push_part(text, &mut bytes);
        }
        bytes
    }

    /// Returns the code that the person types into the page to confirm this device.
    ///
    /// It depends on the device's key: the device of somebody else who saw the activation and answered it first has
    /// another code, except with a chance of one in a million.
    #[must_use]
    pub fn confirmation_code(&self) -> Code {
        confirmation_code(&self.name)
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
}

/// The way in which the person unlocks the device.
#[derive(Clone, Copy)]
pub enum Unlock<'a> {
    /// The personal code, as the person typed it.
    Code(&'a str),
    /// The verdict of the operating system on a fingerprint or a face.
    Biometrics {
        /// `true` if it is the person's.
        is_recognized: bool,
    },
}

impl<K> fmt::Debug for Device<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Device({})", self.account)
    }
}

impl fmt::Debug for Unlock<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if matches!(self, Self::Code(_)) { "Code(..)" } else { "Biometrics(..)" })
    }
}

/// The personal code of six digits that unlocks a device, as a salted hash.
///
/// Somebody who reads the phone's storage can try all codes. Only the key in secure hardware protects the account then.
pub struct PersonalCode {
    salt: [u8; 16],
    hash: [u8; 32],
}

impl PersonalCode {
    /// Creates the code from its six digits and 16 random bytes.
    ///
    /// # Errors
    ///
    /// Returns [`PersonalCodeError`] if the text is not six digits.
    pub fn new(code: &str, random: [u8; 16]) -> Result<Self, PersonalCodeError> {
        if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(PersonalCodeError);
        }
        Ok(Self { salt: random, hash: *Self::hash(&random, code) })
    }

    fn is(&self, code: &str) -> bool {
        public(is_equal(&self.hash, &*Self::hash(&self.salt, code)) != 0)
    }

    fn hash(salt: &[u8; 16], code: &str) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(Sha256::new().chain_update(salt).chain_update(code).finalize().into())
    }
}

impl fmt::Debug for PersonalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonalCode(..)")
    }
}

/// A personal code that is not six digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PersonalCodeError;

impl PersonalCodeError {
    /// Returns a short name of the error, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        "personal_code"
    }
}

impl fmt::Display for PersonalCodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a personal code must have six digits")
    }
}

impl core::error::Error for PersonalCodeError {}
