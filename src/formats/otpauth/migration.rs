use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use base64ct::{Base64, Base64Unpadded, Base64UrlUnpadded, Encoding};
use zeroize::Zeroizing;

use super::label::Label;
use super::parse::after_scheme;
use super::percent::{self, Part};
use super::protobuf::{self, Fields, Malformed, Slice};
use super::{KeyUri, Parameter};
use crate::factor::{Authenticator, Hotp, Method, Totp};
use crate::types::{Algorithm, Counter, Digits, Period, Secret, SecretError, SecretText};

/// What Google Authenticator exports: a batch of accounts in a URI, `otpauth-migration://offline?data=…`.
///
/// The app shows a batch as a QR picture, and as many pictures as there are batches; [`Batches`](super::Batches) gathers
/// them. An account is read into a [`KeyUri`], so that it is enrolled, or written for another app, like any other. One
/// that cannot be used leaves the others untouched:
///
/// ```
/// use secondo::formats::otpauth::{AccountError, Migration};
///
/// let text = "otpauth-migration://offline?data=Ch8KCkhlbGxvId6tvu8SBWFsaWNlGgRBQ01FIAEoATACChcKCkhlbGxvId6tvu8SA2JvYiAEKAEwAg%3D%3D";
/// let migration = Migration::parse(text)?;
/// for account in migration.accounts() {
///     match account {
///         Ok(uri) => println!("{}: enroll {:?} with {:?}", uri.account(), uri.authenticator(), uri.state()),
///         Err(error) => println!("to be set up anew: {error}"),
///     }
/// }
/// assert_eq!(migration.accounts()[1].as_ref().unwrap_err(), &AccountError::Algorithm(4));
/// # Ok::<(), secondo::formats::otpauth::MigrationError>(())
/// ```
///
/// Nobody has published the format: this is what is known of it. Accounts have a period of 30 s. Where algorithm, digits
/// or type are absent they are SHA-1, six digits and TOTP, as other apps take them. The counter of HOTP is that of the
/// last code that the app showed, since it counts up before it shows one: so the next counter is one more.
#[derive(Debug)]
pub struct Migration {
    version: i32,
    batch_size: u16,
    batch_index: u16,
    batch_id: i32,
    accounts: Vec<Result<KeyUri, AccountError>>,
    unknown_fields: Vec<UnknownField>,
}

impl Migration {
    /// The most bytes of a text that is parsed: five times what a QR picture holds.
    pub const MAX_LEN: usize = 16_384;
    /// The most accounts of a batch. The app writes ten.
    pub const MAX_ACCOUNTS: usize = 256;

    /// Reads a batch. The base64 in it may be percent-encoded or not, padded or not, and in the alphabet for URLs.
    ///
    /// # Errors
    ///
    /// [`MigrationError`] if the batch cannot be read; what is wrong with one account is said in its place.
    pub fn parse(text: &str) -> Result<Self, MigrationError> {
        if text.len() > Self::MAX_LEN {
            return Err(MigrationError::TooLong { found: text.len() });
        }
        let rest = after_scheme(text, "otpauth-migration://offline").ok_or(MigrationError::Scheme)?;
        let (path, query) = rest.split_once('?').ok_or(MigrationError::Missing)?;
        if !matches!(path.text, "" | "/") {
            return Err(MigrationError::Scheme);
        }
        let mut data = query.parameters().filter(|(name, _)| name.text.eq_ignore_ascii_case("data"));
        let first = data.next().and_then(|(_, value)| value).ok_or(MigrationError::Missing)?;
        if let Some((second, _)) = data.next() {
            return Err(MigrationError::Duplicate { position: second.at });
        }
        Self::read(&decode(first)?)
    }

    fn read(payload: &[u8]) -> Result<Self, MigrationError> {
        let mut fields = Fields::<6>::new();
        let mut accounts = Vec::new();
        let mut unknown_fields = Vec::new();
        for field in protobuf::fields(Slice { bytes: payload, offset: 0 }) {
            let field = field?;
            if field.number == ACCOUNT {
                let index = accounts.len();
                if index == Self::MAX_ACCOUNTS {
                    return Err(MigrationError::TooManyAccounts);
                }
                let unknown = |number| unknown_fields.push(UnknownField { account: Some(index), number });
                accounts.push(read_account(field.bytes()?, unknown));
            } else if !fields.insert(field)? {
                unknown_fields.push(UnknownField { account: None, number: field.number });
            }
        }
        // The format cuts an `int32` to its low bits.
        #[expect(clippy::cast_possible_truncation, reason = "as the format wants it")]
        let int32 = |number| fields.number(number).map(|value| value as i32);
        let (size, index) = (int32(BATCH_SIZE)?, int32(BATCH_INDEX)?);
        let error = |_| MigrationError::Batch { size, index };
        let batch_size = u16::try_from(size).map_err(error)?.max(1);
        let batch_index = u16::try_from(index).map_err(error)?;
        if batch_index >= batch_size {
            return Err(MigrationError::Batch { size, index });
        }
        Ok(Self {
            version: int32(VERSION)?,
            batch_size,
            batch_index,
            batch_id: int32(BATCH_ID)?,
            accounts,
            unknown_fields,
        })
    }

    /// The version of the format: the app has written 1 and 2, with the same fields.
    #[must_use]
    pub fn version(&self) -> i32 {
        self.version
    }

    /// How many batches the export has.
    #[must_use]
    pub fn batch_size(&self) -> u16 {
        self.batch_size
    }

    /// Which of them this one is, from 0.
    #[must_use]
    pub fn batch_index(&self) -> u16 {
        self.batch_index
    }

    /// The number that the batches of an export have in common.
    #[must_use]
    pub fn batch_id(&self) -> i32 {
        self.batch_id
    }

    /// The accounts in their order, each as it can be enrolled, or why it cannot.
    pub fn accounts(&self) -> &[Result<KeyUri, AccountError>] {
        &self.accounts
    }

    /// As [`Self::accounts`], without the rest.
    #[must_use]
    pub fn into_accounts(self) -> Vec<Result<KeyUri, AccountError>> {
        self.accounts
    }

    /// Fields that this library does not know and has passed over. If there are any, the app may mean more than was
    /// understood: try the accounts' codes before you rely on them.
    #[must_use]
    pub fn unknown_fields(&self) -> &[UnknownField] {
        &self.unknown_fields
    }

    /// Writes an export of these accounts, to be shown as one QR picture a batch. The number that its batches have in
    /// common, `batch_id`, should be a random one.
    ///
    /// A batch has at most ten accounts, as the app's own, and not more than 1,100 bytes, so that its text fits into a
    /// `Qr` unless its base64 has uncommonly many signs that a URI has to encode.
    ///
    /// # Errors
    ///
    /// [`MigrationError::Inexpressible`] for an account that the format cannot describe, and
    /// [`MigrationError::TooManyAccounts`] for more than 65,535 batches. Nothing is written then.
    pub fn write(accounts: &[KeyUri], batch_id: i32) -> Result<Vec<SecretText>, MigrationError> {
        let messages: Vec<_> = accounts.iter().enumerate().map(account_message).collect::<Result<_, _>>()?;
        let mut batches = Vec::new();
        let mut rest = messages.as_slice();
        while !rest.is_empty() {
            let mut len = 0;
            let fits = |message: &&Zeroizing<Vec<u8>>| {
                len += message.len() + protobuf::OVERHEAD;
                len <= BATCH_LEN
            };
            let count = rest.iter().take(BATCH_ACCOUNTS).take_while(fits).count().max(1);
            let (batch, after) = rest.split_at_checked(count).unwrap_or((rest, &[]));
            batches.push(batch);
            rest = after;
        }
        let size = u16::try_from(batches.len()).map_err(|_| MigrationError::TooManyAccounts)?;
        Ok((0..size).zip(batches).map(|(index, batch)| write_batch(batch, size, index, batch_id)).collect())
    }
}

/// The app's own.
const BATCH_ACCOUNTS: usize = 10;
/// In base64 and percent-encoded mostly less than the 1,732 bytes of the largest QR code that this library draws.
const BATCH_LEN: usize = 1_100;

// The fields of the payload.
const ACCOUNT: u32 = 1;
const VERSION: usize = 2;
const BATCH_SIZE: usize = 3;
const BATCH_INDEX: usize = 4;
const BATCH_ID: usize = 5;

fn decode(data: Part<'_>) -> Result<Zeroizing<Vec<u8>>, MigrationError> {
    let text = data.decode_bytes().map_err(|position| MigrationError::Encoding { position })?;
    let padding = text.iter().rev().take(2).take_while(|byte| **byte == b'=').count();
    let bare = text.get(..text.len() - padding).unwrap_or_default();
    // Looks at all of them: it is nobody's business where the first is.
    let for_urls = bare.iter().fold(false, |found, byte| found | matches!(byte, b'-' | b'_'));
    let mut payload = Zeroizing::new(alloc::vec![0; bare.len()]);
    let decoded = if for_urls {
        Base64UrlUnpadded::decode(bare, &mut payload)
    } else {
        Base64Unpadded::decode(bare, &mut payload)
    };
    let len = decoded.map(<[u8]>::len).map_err(|_| {
        // Only a text that is no payload is looked at character by character.
        let wrong = |byte: &u8| match byte {
            b'+' | b'/' => for_urls,
            b'-' | b'_' => !for_urls,
            _ => !byte.is_ascii_alphanumeric(),
        };
        let index = bare.iter().position(wrong).unwrap_or(bare.len());
        MigrationError::Base64 { position: data.origin(index) }
    })?;
    payload.truncate(len);
    Ok(payload)
}

// The fields of an account.
const SECRET: u8 = 1;
const NAME: u8 = 2;
const ISSUER: u8 = 3;
const ALGORITHM: u8 = 4;
const DIGITS: u8 = 5;
const TYPE: u8 = 6;
const COUNTER: u8 = 7;
/// Newer versions write a text here by which the app tells accounts apart.
const UNIQUE_ID: u8 = 8;

fn read_account(message: Slice<'_>, mut unknown: impl FnMut(u32)) -> Result<KeyUri, AccountError> {
    let mut fields = Fields::<{ UNIQUE_ID as usize + 1 }>::new();
    for field in protobuf::fields(message) {
        let field = field?;
        if !fields.insert(field)? {
            unknown(field.number);
        }
    }
    let number = |field: u8| fields.number(usize::from(field));
    let bytes = |field: u8| fields.bytes(usize::from(field));
    let text = |field| {
        let text = core::str::from_utf8(bytes(field)?).map_err(|_| AccountError::Label)?;
        if text.contains(char::is_control) { Err(AccountError::Label) } else { Ok(text) }
    };

    let algorithm = match number(ALGORITHM)? {
        0 | 1 => Algorithm::Sha1,
        2 => Algorithm::Sha256,
        3 => Algorithm::Sha512,
        other => return Err(AccountError::Algorithm(other)),
    };
    let digits = match number(DIGITS)? {
        0 | 1 => Digits::Six,
        2 => Digits::Eight,
        // Not written: older versions of the app do not know it.
        3 => Digits::Seven,
        other => return Err(AccountError::Digits(other)),
    };
    let method = match number(TYPE)? {
        0 | 2 => Method::Totp(Totp::new(digits, Period::default())),
        1 => Method::Hotp(Hotp::new(digits)),
        other => return Err(AccountError::Type(other)),
    };
    let shown = number(COUNTER)?;
    let shown = u64::try_from(shown).map_err(|_| AccountError::Counter(shown))?;
    let label = Label::read(text(NAME)?, Some(text(ISSUER)?)).ok_or(AccountError::Label)?;
    let secret = Secret::import_short(bytes(SECRET)?).map_err(AccountError::Secret)?;
    let authenticator = Box::new(Authenticator::new(method, algorithm, secret));
    Ok(KeyUri { label, authenticator, counter: Counter::new(shown + 1), image: None })
}

fn account_message((index, uri): (usize, &KeyUri)) -> Result<Zeroizing<Vec<u8>>, MigrationError> {
    let inexpressible = |parameter| MigrationError::Inexpressible { account: index, parameter };
    let authenticator = uri.authenticator();
    let digits = match authenticator.method().digits() {
        Digits::Six => 1,
        Digits::Eight => 2,
        Digits::Seven | Digits::Nine => return Err(inexpressible(Parameter::Digits)),
    };
    let algorithm = match authenticator.algorithm() {
        Algorithm::Sha1 => 1,
        Algorithm::Sha256 => 2,
        Algorithm::Sha512 => 3,
    };
    let (kind, shown) = match authenticator.method() {
        Method::Hotp(_) => (1, uri.counter.get().saturating_sub(1)),
        Method::Totp(totp) if totp.period() != Period::default() => return Err(inexpressible(Parameter::Period)),
        Method::Totp(_) => (2, 0),
    };
    if i64::try_from(shown).is_err() {
        return Err(inexpressible(Parameter::Counter));
    }
    let issuer = uri.issuer().unwrap_or_default();
    // A colon is taken for the one between issuer and account, unless that is there.
    let prefix = if uri.account().contains(':') { &[issuer, ":"][..] } else { &[] };
    let name = prefix.iter().chain([&uri.account()]).copied().collect::<String>();
    let secret = authenticator.secret().map(Secret::expose).unwrap_or_default();

    // Never reallocated: that would leave a copy of the secret behind.
    let len = usize::from(COUNTER) * protobuf::OVERHEAD + secret.len() + name.len() + issuer.len();
    let mut message = Zeroizing::new(Vec::with_capacity(len));
    protobuf::push_bytes(&mut message, SECRET, secret);
    protobuf::push_bytes(&mut message, NAME, name.as_bytes());
    protobuf::push_bytes(&mut message, ISSUER, issuer.as_bytes());
    for (field, value) in [(ALGORITHM, algorithm), (DIGITS, digits), (TYPE, kind), (COUNTER, shown)] {
        protobuf::push_number(&mut message, field, value);
    }
    Ok(message)
}

fn write_batch(accounts: &[Zeroizing<Vec<u8>>], size: u16, index: u16, id: i32) -> SecretText {
    const START: &str = "otpauth-migration://offline?data=";
    // None of these is ever reallocated: that would leave a copy of the secrets behind.
    let len: usize = accounts.iter().map(|account| protobuf::OVERHEAD + account.len()).sum();
    let mut payload = Zeroizing::new(Vec::with_capacity(len + 4 * protobuf::OVERHEAD));
    for account in accounts {
        protobuf::push_bytes(&mut payload, 1, account);
    }
    // Also an index of 0, which the app writes.
    let id = i64::from(id).cast_unsigned();
    for (field, value) in [(2, 1), (3, u64::from(size)), (4, u64::from(index)), (5, id)] {
        protobuf::push_number(&mut payload, field, value);
    }
    let mut base64 = Zeroizing::new(alloc::vec![0; Base64::encoded_len(&payload)]);
    // The buffer has the length of the text, so this cannot fail.
    let base64 = Base64::encode(&payload, &mut base64).unwrap_or_default();
    let mut uri = String::with_capacity(START.len() + percent::EXPANSION * base64.len());
    uri.push_str(START);
    percent::encode(base64, &mut uri);
    SecretText::new(uri)
}

/// A field of an export that this library does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownField {
    /// The account that has it, by its place in [`Migration::accounts`]; `None` if it is the batch's.
    pub account: Option<usize>,
    /// The field's number.
    pub number: u32,
}

/// An account in an export cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccountError {
    /// Its encoding is broken, or has a field twice.
    Malformed {
        /// The field's first byte in the payload, from 0.
        offset: usize,
    },
    /// The secret is too short or too long.
    Secret(SecretError),
    /// The name or the issuer is no text, has control characters or more than 255 bytes; or there is neither.
    Label,
    /// An algorithm of this number: 4 is MD5.
    Algorithm(i64),
    /// A number of digits of this number.
    Digits(i64),
    /// A type of this number, neither TOTP nor HOTP.
    Type(i64),
    /// The counter is negative.
    Counter(i64),
}

impl From<Malformed> for AccountError {
    fn from(Malformed(offset): Malformed) -> Self {
        Self::Malformed { offset }
    }
}

impl fmt::Display for AccountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { offset } => write!(f, "the account's encoding is broken at byte {offset} of the payload"),
            Self::Secret(error) => error.fmt(f),
            Self::Label => f.write_str("the account's name or issuer cannot be used"),
            Self::Algorithm(number) => write!(f, "the account's algorithm, number {number}, is not supported"),
            Self::Digits(number) => write!(f, "the account's number of digits, number {number}, is not supported"),
            Self::Type(number) => write!(f, "the account's type, number {number}, is not supported"),
            Self::Counter(counter) => write!(f, "the account's counter is negative: {counter}"),
        }
    }
}

impl core::error::Error for AccountError {}

/// A text is no batch of an export, or accounts cannot be exported.
///
/// It holds lengths and positions, never a part of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MigrationError {
    /// The text has more than [`Migration::MAX_LEN`] bytes.
    TooLong {
        /// The number of bytes found.
        found: usize,
    },
    /// The text does not begin with `otpauth-migration://offline?`.
    Scheme,
    /// The parameter `data` is missing.
    Missing,
    /// The parameter `data` is there a second time.
    Duplicate {
        /// The byte position in the text, from 0.
        position: usize,
    },
    /// A percent sign without two hexadecimal digits.
    Encoding {
        /// The byte position in the text, from 0.
        position: usize,
    },
    /// The data is no base64.
    Base64 {
        /// The byte position in the text, from 0: of a wrong character, or of the end.
        position: usize,
    },
    /// The payload's encoding is broken, or has a field of the batch twice.
    Protobuf {
        /// The field's first byte in the payload, from 0.
        offset: usize,
    },
    /// There is no batch of this index in an export of this size.
    Batch {
        /// The size.
        size: i32,
        /// The index.
        index: i32,
    },
    /// More accounts than [`Migration::MAX_ACCOUNTS`] are in a batch, or more than an export can have.
    TooManyAccounts,
    /// The format cannot describe an account: it knows no period but 30 s, 6 and 8 digits, and counters of 63 bits.
    Inexpressible {
        /// Which of those given, from 0.
        account: usize,
        /// What about it.
        parameter: Parameter,
    },
}

impl From<Malformed> for MigrationError {
    fn from(Malformed(offset): Malformed) -> Self {
        Self::Protobuf { offset }
    }
}

impl fmt::Display for MigrationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { found } => write!(f, "an export has at most {} bytes, not {found}", Migration::MAX_LEN),
            Self::Scheme => f.write_str("an export begins with otpauth-migration://offline?"),
            Self::Missing => f.write_str("the parameter data is missing"),
            Self::Duplicate { position } => {
                write!(f, "the parameter data is there a second time at position {position}")
            }
            Self::Encoding { position } => write!(f, "what is at position {position} cannot be in an export"),
            Self::Base64 { position } => write!(f, "the data is no base64 at position {position}"),
            Self::Protobuf { offset } => write!(f, "the export's encoding is broken at byte {offset} of the payload"),
            Self::Batch { size, index } => write!(f, "there is no batch of index {index} among {size}"),
            Self::TooManyAccounts => f.write_str("too many accounts for an export"),
            Self::Inexpressible { account, parameter } => {
                write!(f, "an export cannot say what the {parameter} of account {account} is")
            }
        }
    }
}

impl core::error::Error for MigrationError {}
