use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use base64ct::{Base64, Base64Unpadded, Base64UrlUnpadded, Encoding};
use zeroize::Zeroizing;

use super::label::Label;
use super::migration_error::{self, MigrationAccountError, MigrationError};
use super::parse::after_scheme;
use super::percent::{self, Part};
use super::protobuf::{self, Fields, Slice};
use super::{KeyUri, Parameter};
use crate::factor::{Authenticator, Hotp, Method, Totp};
use crate::types::{Algorithm, Counter, Digits, Period, Secret, SecretText};

/// A batch of accounts that Google Authenticator exports, as a URI: `otpauth-migration://offline?data=…`.
///
/// The app shows one QR code per batch; [`Batches`](super::Batches) gathers them. Each account is read into a
/// [`KeyUri`], so it can be enrolled, or written for another app, like any other. An account that cannot be used does
/// not affect the rest:
///
/// ```
/// use secondo::formats::otpauth::{MigrationAccountError, Migration};
///
/// let text = "otpauth-migration://offline?data=Ch8KCkhlbGxvId6tvu8SBWFsaWNlGgRBQ01FIAEoATACChcKCkhlbGxvId6tvu8SA2JvYiAEKAEwAg%3D%3D";
/// let migration = Migration::parse(text)?;
/// for account in migration.accounts() {
///     match account {
///         Ok(uri) => println!("{}: enroll {:?} with {:?}", uri.account(), uri.authenticator(), uri.state()),
///         Err(error) => println!("to be set up again: {error}"),
///     }
/// }
/// assert_eq!(migration.accounts()[1].as_ref().unwrap_err(), &MigrationAccountError::Algorithm(4));
/// # Ok::<(), secondo::formats::otpauth::MigrationError>(())
/// ```
///
/// The format is not published; this is what is known about it. Accounts have a period of 30 s. An absent algorithm,
/// number of digits or type stands for SHA-1, six digits or TOTP, as in other apps. The HOTP counter is that of the
/// last code that the app showed, since the app increments it before it shows a code. The next counter is therefore one
/// more.
#[derive(Debug)]
pub struct Migration {
    version: i32,
    batch_size: u16,
    batch_index: u16,
    batch_id: i32,
    accounts: Vec<Result<KeyUri, MigrationAccountError>>,
    unknown_fields: Vec<UnknownField>,
}

impl Migration {
    /// The maximum length in bytes of a text that [`Self::parse`] accepts: over five times the capacity of a QR code.
    pub const MAX_LEN: usize = migration_error::MAX_LEN;
    /// The maximum number of accounts in a batch. The app writes ten.
    pub const MAX_ACCOUNTS: usize = 256;

    /// Parses a batch. Its base64 may be percent-encoded or not, padded or not, and in the standard alphabet or the one
    /// for URLs.
    ///
    /// # Errors
    ///
    /// Returns a [`MigrationError`] if the batch cannot be read. An error in one account is in [`Self::accounts`]
    /// instead.
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
        // Protocol Buffers truncate an `int32` to its low 32 bits.
        #[expect(clippy::cast_possible_truncation, reason = "the format wants the low 32 bits")]
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

    /// Returns the version of the format. The app has written 1 and 2, with the same fields.
    #[must_use]
    pub fn version(&self) -> i32 {
        self.version
    }

    /// Returns the number of batches in the export.
    #[must_use]
    pub fn batch_size(&self) -> u16 {
        self.batch_size
    }

    /// Returns the index of this batch in the export, from 0.
    #[must_use]
    pub fn batch_index(&self) -> u16 {
        self.batch_index
    }

    /// Returns the number that all batches of an export share.
    #[must_use]
    pub fn batch_id(&self) -> i32 {
        self.batch_id
    }

    /// Returns the accounts in order: each is either ready to be enrolled, or an error.
    pub fn accounts(&self) -> &[Result<KeyUri, MigrationAccountError>] {
        &self.accounts
    }

    /// Returns the accounts in order, and drops the rest of the batch.
    #[must_use]
    pub fn into_accounts(self) -> Vec<Result<KeyUri, MigrationAccountError>> {
        self.accounts
    }

    /// Returns the fields that were skipped because this library does not know them.
    ///
    /// If there are any, the app may mean more than was understood: test the accounts' codes before you rely on them.
    #[must_use]
    pub fn unknown_fields(&self) -> &[UnknownField] {
        &self.unknown_fields
    }

    /// Writes an export of these accounts, one text per batch, each to be shown as a QR code.
    ///
    /// The counter of HOTP is written as Google Authenticator reads it: that of the last code that was shown. Other
    /// programs that decode exports take it for the next one, and show a used code first.
    ///
    /// `batch_id` is the number that all batches of the export share. It should be random.
    ///
    /// A batch has at most ten accounts, as in the app, and at most 1,100 bytes. Its text then fits into a `Qr`, unless
    /// unusually many characters of its base64 have to be percent-encoded.
    ///
    /// # Errors
    ///
    /// Returns [`MigrationError::Inexpressible`] if the format cannot describe an account, and
    /// [`MigrationError::TooManyAccounts`] if there would be more than 65,535 batches. Nothing is written in either
    /// case.
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

/// The maximum number of accounts in a written batch, as in the app.
const BATCH_ACCOUNTS: usize = 10;
/// The maximum length in bytes of a batch before it is encoded. Percent-encoded base64 of it mostly stays below the
/// 1,732 bytes of the largest QR code that this library draws.
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
    // Reads every byte: the position of the first match must not show in the timing.
    let for_urls = bare.iter().fold(false, |found, byte| found | matches!(byte, b'-' | b'_'));
    let mut payload = Zeroizing::new(alloc::vec![0; bare.len()]);
    let decoded = if for_urls {
        Base64UrlUnpadded::decode(bare, &mut payload)
    } else {
        Base64Unpadded::decode(bare, &mut payload)
    };
    let len = decoded.map(<[u8]>::len).map_err(|_| {
        // Only data that is not valid base64 is examined character by character.
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
/// A text that newer versions write, by which the app tells accounts apart.
const UNIQUE_ID: u8 = 8;

fn read_account(message: Slice<'_>, mut unknown: impl FnMut(u32)) -> Result<KeyUri, MigrationAccountError> {
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
        let text = core::str::from_utf8(bytes(field)?).map_err(|_| MigrationAccountError::Label)?;
        if text.contains(char::is_control) { Err(MigrationAccountError::Label) } else { Ok(text) }
    };

    let algorithm = match number(ALGORITHM)? {
        0 | 1 => Algorithm::Sha1,
        2 => Algorithm::Sha256,
        3 => Algorithm::Sha512,
        other => return Err(MigrationAccountError::Algorithm(other)),
    };
    let digits = match number(DIGITS)? {
        0 | 1 => Digits::Six,
        2 => Digits::Eight,
        // Read, but never written: older versions of the app do not know it.
        3 => Digits::Seven,
        other => return Err(MigrationAccountError::Digits(other)),
    };
    let method = match number(TYPE)? {
        0 | 2 => Method::Totp(Totp::new(digits, Period::default())),
        1 => Method::Hotp(Hotp::new(digits)),
        other => return Err(MigrationAccountError::Type(other)),
    };
    let shown = number(COUNTER)?;
    let shown = u64::try_from(shown).map_err(|_| MigrationAccountError::Counter(shown))?;
    let label = Label::read(text(NAME)?, Some(text(ISSUER)?)).ok_or(MigrationAccountError::Label)?;
    let secret = Secret::import_short(bytes(SECRET)?).map_err(MigrationAccountError::Secret)?;
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
    // Readers take the first colon of a name for the one after the issuer. If the account has one, write that one too.
    let prefix = if uri.account().contains(':') { &[issuer, ":"][..] } else { &[] };
    let name = prefix.iter().chain([&uri.account()]).copied().collect::<String>();
    let secret = authenticator.secret().map(Secret::expose).unwrap_or_default();

    // Large enough from the start: reallocation would leave a copy of the secret behind.
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
    // All of these are large enough from the start: reallocation would leave a copy of the secrets behind.
    let len: usize = accounts.iter().map(|account| protobuf::OVERHEAD + account.len()).sum();
    let mut payload = Zeroizing::new(Vec::with_capacity(len + 4 * protobuf::OVERHEAD));
    for account in accounts {
        protobuf::push_bytes(&mut payload, 1, account);
    }
    // An index of 0 is the default and could be left out, but the app writes it too.
    let id = i64::from(id).cast_unsigned();
    for (field, value) in [(2, 1), (3, u64::from(size)), (4, u64::from(index)), (5, id)] {
        protobuf::push_number(&mut payload, field, value);
    }
    let mut base64 = Zeroizing::new(alloc::vec![0; Base64::encoded_len(&payload)]);
    // The buffer is as long as the text, so this cannot fail.
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
    /// The index of its account in [`Migration::accounts`], or `None` for a field of the batch.
    pub account: Option<usize>,
    /// The number of the field.
    pub number: u32,
}
