use alloc::boxed::Box;

use super::label::Label;
use super::percent::Part;
use super::{KeyUri, KeyUriError, Parameter};
use crate::factor::{Authenticator, Hotp, Method, Totp};
use crate::formats::algorithm::algorithm;
use crate::formats::number::number;
use crate::types::{Counter, Digits, Period, Secret, SecretError};

impl KeyUri {
    /// Parses a key URI, in all the forms that occur in practice.
    ///
    /// White space around the URI is skipped, and its ampersands may be escaped as in HTML (`&amp;`), also more than
    /// once. The scheme, the type and the names of parameters may be in upper case, and the names percent-encoded or
    /// with spaces around them. Secrets may be in lower case, padded, in groups with spaces, hyphens or plus signs
    /// between them, and have bits after their last whole byte, which apps ignore. Algorithms may be written like
    /// `sha-256` or `HmacSHA1`. The issuer may be only in the label or only a parameter, and the label may be missing.
    /// Names need not be percent-encoded.
    ///
    /// A plus sign in a name stays a plus sign, as in apps, except in an `issuer` parameter that differs from the
    /// label's issuer only in having plus signs for spaces. Unknown parameters are ignored. The parameter `encoder`, by
    /// which some apps mark codes in Steam's alphabet, is an error. The names come from the creator of the URI: show
    /// them as untrusted input.
    ///
    /// # Errors
    ///
    /// Returns a [`KeyUriError`], with the byte position in the text, if the text is not a usable key URI.
    pub fn parse(text: &str) -> Result<Self, KeyUriError> {
        if text.len() > KeyUri::MAX_LEN {
            return Err(KeyUriError::TooLong { found: text.len() });
        }
        let rest = after_scheme(text, "otpauth://").ok_or(KeyUriError::Scheme)?;
        if let Some(index) = rest.text.bytes().position(|byte| byte.is_ascii_control() || byte == b'#') {
            return Err(KeyUriError::Encoding { position: rest.at + index });
        }
        // An ampersand as JSON and scripts may write it.
        if let Some(index) = rest.text.find("\\u0026") {
            return Err(KeyUriError::Encoding { position: rest.at + index });
        }
        let (path, query) = rest.split_once('?').unwrap_or((rest, rest.end()));
        let (kind, label) = path.split_once('/').unwrap_or((path, path.end()));
        let by_counter = match kind.text {
            kind if kind.eq_ignore_ascii_case("totp") => false,
            kind if kind.eq_ignore_ascii_case("hotp") => true,
            _ => return Err(KeyUriError::Type { position: kind.at }),
        };

        let parameters = Parameters::read(query)?;
        // An encoder decides first: with one, other values may have other meanings.
        parameters.parse(Parameter::Encoder, |_| None::<()>)?;
        // A value must be valid even if the type does not use it.
        let counter = parameters.parse(Parameter::Counter, number)?;
        let period =
            parameters.parse(Parameter::Period, |text| Period::from_secs(number(text)?).ok())?.unwrap_or_default();
        let digits = parameters.parse(Parameter::Digits, digits)?.unwrap_or_default();
        let algorithm = parameters.parse(Parameter::Algorithm, algorithm)?.unwrap_or_default();
        let method = match (by_counter, counter) {
            (false, _) => Method::Totp(Totp::new(digits, period)),
            (true, Some(_)) => Method::Hotp(Hotp::new(digits)),
            (true, None) => return Err(KeyUriError::Missing(Parameter::Counter)),
        };

        let text = |part: Part<'_>| part.decode().map_err(|position| KeyUriError::Encoding { position });
        let short = |parameter| {
            let Some(part) = parameters.get(parameter) else { return Ok(None) };
            match text(part)? {
                text if text.len() > Label::MAX_LEN => Err(KeyUriError::Value { parameter, position: part.at }),
                text => Ok(Some(text).filter(|text| !text.is_empty())),
            }
        };
        let image = short(Parameter::Image)?;
        let issuer = short(Parameter::Issuer)?;
        let label = Label::read(&text(label)?, issuer.as_deref()).ok_or(KeyUriError::Label { position: label.at })?;

        let secret = parameters.get(Parameter::Secret).ok_or(KeyUriError::Missing(Parameter::Secret))?;
        let authenticator = Box::new(Authenticator::new(method, algorithm, read_secret(secret)?));
        Ok(KeyUri { label, authenticator, counter: Counter::new(counter.unwrap_or(0)), image })
    }
}

/// Returns the rest of the text after the scheme, without the white space around the whole.
///
/// Returns `None` if the text does not begin with the scheme.
pub(super) fn after_scheme<'a>(text: &'a str, scheme: &str) -> Option<Part<'a>> {
    let blank = text.len() - text.trim_start().len();
    let (start, rest) = text.trim().split_at_checked(scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then_some(Part { text: rest, at: blank + scheme.len() })
}

/// The values of the known parameters, each of which occurs at most once.
struct Parameters<'a>([Option<Part<'a>>; Parameter::ALL.len()]);

impl<'a> Parameters<'a> {
    /// Reads the parameters of a query. Names in another case count, and so do encoded ones and ones with spaces around
    /// them: ignoring `Digits=8` or `%64igits=8` would lead to wrong codes.
    fn read(query: Part<'a>) -> Result<Self, KeyUriError> {
        let mut values = [None; Parameter::ALL.len()];
        for (name, value) in query.parameters() {
            let decoded = name.decode().map_err(|position| KeyUriError::Encoding { position })?;
            let plain = unescaped(&decoded);
            // HTML also knows the ampersand without its semicolon.
            let bare = plain.strip_prefix("amp").unwrap_or(plain);
            let known = |(parameter, _): &(Parameter, _)| {
                [plain, bare].iter().any(|name| name.eq_ignore_ascii_case(parameter.name()))
            };
            if let Some((parameter, slot)) = Parameter::ALL.into_iter().zip(&mut values).find(known) {
                let value = value.unwrap_or(name.end());
                if slot.replace(value).is_some() {
                    return Err(KeyUriError::Duplicate { parameter, position: name.at });
                }
            }
        }
        Ok(Self(values))
    }

    fn get(&self, parameter: Parameter) -> Option<Part<'a>> {
        self.0.get(parameter as usize).copied().flatten()
    }

    /// Parses the value of a parameter, if it is present.
    fn parse<T>(&self, parameter: Parameter, read: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, KeyUriError> {
        let Some(part) = self.get(parameter) else { return Ok(None) };
        let text = part.decode().map_err(|position| KeyUriError::Encoding { position })?;
        read(&text).map(Some).ok_or(KeyUriError::Value { parameter, position: part.at })
    }
}

/// Returns the name of a parameter without an ampersand or `amp;` before it, and without spaces around it. A form
/// writes `+` for a space.
///
/// HTML writes `&amp;` for an ampersand, and `&amp;amp;` if a page is escaped twice. Ignoring `amp;digits=8` would lead
/// to wrong codes.
fn unescaped<'a>(name: &'a str) -> &'a str {
    let trimmed = |text: &'a str| text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '+' | '&'));
    let mut plain = trimmed(name);
    while let Some((start, rest)) = plain.split_at_checked(4)
        && start.eq_ignore_ascii_case("amp;")
    {
        plain = trimmed(rest);
    }
    plain
}

fn digits(text: &str) -> Option<Digits> {
    Digits::try_from(u8::try_from(number(text)?).ok()?).ok()
}

/// Parses a secret in base32 that may be percent-encoded and grouped, also by plus signs, which forms write for spaces.
fn read_secret(value: Part<'_>) -> Result<Secret, KeyUriError> {
    let mut symbols = value.decode_bytes().map_err(|position| KeyUriError::Encoding { position })?;
    for symbol in symbols.iter_mut().filter(|symbol| **symbol == b'+') {
        *symbol = b' ';
    }
    let text = core::str::from_utf8(&symbols)
        .map_err(|error| KeyUriError::Encoding { position: value.origin(error.valid_up_to()) })?;
    Secret::import_short_base32(text).map_err(|error| match error {
        SecretError::Base32Character { position } => {
            let position = value.origin(position);
            KeyUriError::Secret { error: SecretError::Base32Character { position }, position }
        }
        error => KeyUriError::Secret { error, position: value.at },
    })
}
