use alloc::boxed::Box;
use alloc::string::String;
use core::fmt::{self, Write};

use super::label::{Label, writable};
use super::percent;
use crate::decision::State;
use crate::factor::{Authenticator, Method};
use crate::types::{Algorithm, Base32, Counter, Digits, Period, Secret, SecretError, SecretText, UnixTime};

/// A key URI, which an authenticator app scans to add an account: `otpauth://totp/Issuer:account?secret=…`.
///
/// To enroll a subscriber, create a secret, write the URI, and show it as a QR code:
///
/// ```
/// use secondo::formats::otpauth::KeyUri;
/// use secondo::{Algorithm, Authenticator, Secret, Totp};
///
/// let secret = Secret::from_bytes(b"12345678901234567890")?; // here: Secret::generate
/// let authenticator = Authenticator::new(Totp::default(), Algorithm::Sha1, secret);
/// let uri = KeyUri::new("rossi@example.com", authenticator)?.with_issuer("Example")?;
/// assert_eq!(
///     uri.to_short_uri().as_str(),
///     "otpauth://totp/Example:rossi%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example",
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The URI keeps the authenticator: [enroll](crate::Verifier::enroll_first) `uri.authenticator()`, or with a name
/// `NewAuthenticator::from(uri.authenticator()).named("telefono")?`.
///
/// To move an authenticator from another system, parse its URI, and [import](crate::Verifier::import)
/// [`Self::authenticator`] with [`Self::state`], [confirmed](State::confirmed):
///
/// ```
/// use secondo::formats::otpauth::{KeyUri, KeyUriError, Parameter};
///
/// let uri = KeyUri::parse("otpauth://hotp/rossi?secret=gezd%20gnbv%20gy3t%20qojq&counter=7&issuer=Example")?;
/// assert_eq!((uri.issuer(), uri.account()), (Some("Example"), "rossi"));
///
/// let error = KeyUri::parse("otpauth://totp/rossi?secret=GEZDGNBVGY3TQOJQ&period=0").unwrap_err();
/// assert_eq!(error, KeyUriError::Value { parameter: Parameter::Period, position: 52 });
/// # Ok::<(), KeyUriError>(())
/// ```
///
/// The secret is wiped on drop.
#[derive(Debug)]
pub struct KeyUri {
    pub(super) label: Label,
    /// The authenticator, boxed: otherwise a growing list of URIs would leave copies of the secret behind.
    pub(super) authenticator: Box<Authenticator>,
    pub(super) counter: Counter,
    pub(super) image: Option<String>,
}

impl KeyUri {
    /// The maximum length in bytes of a text that [`Self::parse`] accepts.
    ///
    /// A written URI is shorter. It has at most an account, an image's address and twice the issuer, each of 255 bytes
    /// that are encoded as three bytes, and 300 bytes for the rest.
    pub const MAX_LEN: usize = 4096;

    /// Creates the URI of an authenticator for an account, which is a user name or an email address.
    ///
    /// Every app reads TOTP with SHA-1, six digits and 30 s. Of all else, some apps show wrong codes and say nothing:
    ///
    /// - SHA-256 and SHA-512, which they take for SHA-1;
    /// - periods other than 30 s, above all those over 60 s: one app shows codes of 30 s, another takes 300 s for 60 s;
    /// - nine digits;
    /// - HOTP, which they take for TOTP, and its counters from 2<sup>31</sup>.
    ///
    /// The confirmation of an enrollment finds this, since it asks for a code.
    ///
    /// Spaces around the account are dropped.
    ///
    /// # Errors
    ///
    /// Returns [`KeyUriError::Label`], with the position in the account, if the account is empty, has more than 255
    /// bytes, or has a colon or a control character. Returns [`KeyUriError::NoSecret`] if the authenticator does not
    /// hold its secret, and [`KeyUriError::T0`] if its time steps are not counted from 1970.
    pub fn new(account: &str, authenticator: Authenticator) -> Result<Self, KeyUriError> {
        let account = writable(account).map_err(|position| KeyUriError::Label { position })?.into();
        if authenticator.secret().is_none() {
            return Err(KeyUriError::NoSecret);
        }
        if matches!(authenticator.method(), Method::Totp(totp) if totp.t0() != UnixTime::EPOCH) {
            return Err(KeyUriError::T0);
        }
        let label = Label { issuer: None, prefix: None, account };
        Ok(Self { label, authenticator: Box::new(authenticator), counter: Counter::default(), image: None })
    }

    /// Sets the issuer: the name of the provider. Spaces around it are dropped.
    ///
    /// Apps show the issuer beside the account, and use it to tell accounts with the same name apart.
    ///
    /// # Errors
    ///
    /// Returns [`KeyUriError::Value`], with the position in the issuer, if the issuer is empty, has more than 255
    /// bytes, or has a colon or a control character.
    pub fn with_issuer(mut self, issuer: &str) -> Result<Self, KeyUriError> {
        let issuer = writable(issuer);
        let issuer = issuer.map_err(|position| KeyUriError::Value { parameter: Parameter::Issuer, position })?;
        self.label.issuer = Some(issuer.into());
        self.label.prefix = None;
        Ok(self)
    }

    /// Sets the next counter of an HOTP authenticator, which is 0 by default. TOTP authenticators ignore it.
    ///
    /// Some apps increment the counter before they show the first code: allow for that with
    /// [`Policy::with_look_ahead`](crate::Policy::with_look_ahead). Some misread a counter from 2<sup>31</sup> and show
    /// the codes of another one.
    #[must_use]
    pub fn starting_at(mut self, next: Counter) -> Self {
        self.counter = next;
        self
    }

    /// Sets the URL of the provider's logo, which some apps show. The text is not checked to be a URL.
    ///
    /// # Errors
    ///
    /// Returns [`KeyUriError::Value`], with the position in `address`, if `address` is empty, has more than 255
    /// bytes, or has a control character.
    pub fn with_image(mut self, address: &str) -> Result<Self, KeyUriError> {
        let position = match address.find(char::is_control) {
            None if address.is_empty() => Some(0),
            None => (address.len() > Label::MAX_LEN).then_some(Label::MAX_LEN),
            position => position,
        };
        if let Some(position) = position {
            return Err(KeyUriError::Value { parameter: Parameter::Image, position });
        }
        self.image = Some(address.into());
        Ok(self)
    }

    /// Returns the name of the provider: the `issuer` parameter or, without one, the label up to the colon.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.label.issuer.as_deref()
    }

    /// Returns the label up to the colon, if it differs from [`Self::issuer`].
    #[must_use]
    pub fn label_issuer(&self) -> Option<&str> {
        self.label.prefix.as_deref()
    }

    /// Returns the account. It is empty if the URI does not name one.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.label.account
    }

    /// Returns the URL of the provider's logo: the `image` parameter.
    ///
    /// The text is not checked. It may not be a URL, and it may lead to anything.
    #[must_use]
    pub fn image(&self) -> Option<&str> {
        self.image.as_deref()
    }

    /// Returns the next counter of an HOTP authenticator, or `None` for TOTP.
    #[must_use]
    pub fn counter(&self) -> Option<Counter> {
        matches!(self.authenticator.method(), Method::Hotp(_)).then_some(self.counter)
    }

    /// Returns the authenticator: the secret, its algorithm, and the parameters of the codes.
    #[must_use]
    pub fn authenticator(&self) -> &Authenticator {
        &self.authenticator
    }

    /// Returns the state to import with: not confirmed and, for HOTP, with every counter before the next one used.
    #[must_use]
    pub fn state(&self) -> State {
        self.counter().map_or_else(State::new, |next| State::new().starting_at(next))
    }

    /// Returns the URI with all parameters, including those that have their default value.
    ///
    /// The URI follows the wiki: the issuer is both in the label and a parameter, the base32 has no padding, and a
    /// space is `%20`.
    #[must_use]
    pub fn to_uri(&self) -> SecretText {
        self.write(true)
    }

    /// Returns the URI without `algorithm=SHA1`, `digits=6` and `period=30`, which apps assume by default.
    ///
    /// Its QR code is smaller than that of [`Self::to_uri`].
    #[must_use]
    pub fn to_short_uri(&self) -> SecretText {
        self.write(false)
    }

    fn write(&self, defaults: bool) -> SecretText {
        let Label { issuer, account, .. } = &self.label;
        let (issuer, image) = (issuer.as_deref(), self.image.as_deref());
        let names = account.len() + 2 * issuer.map_or(0, str::len) + image.map_or(0, str::len);
        // Large enough from the start: reallocation would leave a copy of the secret behind.
        let mut uri = String::with_capacity(Self::FRAME + Base32::MAX_LEN + percent::EXPANSION * names);

        let method = self.authenticator.method();
        uri.push_str(match method {
            Method::Hotp(_) => "otpauth://hotp/",
            Method::Totp(_) => "otpauth://totp/",
        });
        if let Some(issuer) = issuer {
            percent::encode(issuer, &mut uri);
            uri.push(':');
        }
        percent::encode(account, &mut uri);
        let secret = self.authenticator.secret().map(Secret::to_base32);
        uri.push_str("?secret=");
        uri.push_str(secret.as_ref().map_or("", Base32::as_str));
        if let Some(issuer) = issuer {
            uri.push_str("&issuer=");
            percent::encode(issuer, &mut uri);
        }
        // Writing to a string cannot fail.
        let algorithm = self.authenticator.algorithm();
        if defaults || algorithm != Algorithm::default() {
            let _ = write!(uri, "&algorithm={algorithm}");
        }
        if defaults || method.digits() != Digits::default() {
            let _ = write!(uri, "&digits={}", method.digits().count());
        }
        match method {
            Method::Hotp(_) => {
                let _ = write!(uri, "&counter={}", self.counter);
            }
            Method::Totp(totp) if defaults || totp.period() != Period::default() => {
                let _ = write!(uri, "&period={}", totp.period().as_secs());
            }
            Method::Totp(_) => {}
        }
        if let Some(image) = image {
            uri.push_str("&image=");
            percent::encode(image, &mut uri);
        }
        SecretText::new(uri)
    }

    /// The maximum length in bytes of a written URI without the secret and the names.
    const FRAME: usize =
        "otpauth://hotp/:?secret=&issuer=&algorithm=SHA512&digits=9&counter=18446744073709551615&image=".len();
}

/// A parameter of a key URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Parameter {
    /// `secret`: the secret in base32.
    Secret,
    /// `issuer`: the name of the provider.
    Issuer,
    /// `algorithm`: the hash function, SHA-1, SHA-256 or SHA-512.
    Algorithm,
    /// `digits`: the number of digits of a code, 6 to 9.
    Digits,
    /// `period`: the length of a time step, 1 to 86400 seconds.
    Period,
    /// `counter`: the next counter of HOTP.
    Counter,
    /// `image`: the address of a picture of the provider.
    Image,
    /// `encoder`: in some apps, the mark of codes that do not consist of digits.
    Encoder,
}

impl Parameter {
    pub(super) const ALL: [Self; 8] = [
        Self::Secret,
        Self::Issuer,
        Self::Algorithm,
        Self::Digits,
        Self::Period,
        Self::Counter,
        Self::Image,
        Self::Encoder,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Issuer => "issuer",
            Self::Algorithm => "algorithm",
            Self::Digits => "digits",
            Self::Period => "period",
            Self::Counter => "counter",
            Self::Image => "image",
            Self::Encoder => "encoder",
        }
    }
}

/// Writes the name of the parameter, as in a URI.
impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An error for a text that is not a usable key URI, or for an authenticator that no key URI can describe.
///
/// It holds lengths and positions, never a part of the input. Positions are in bytes of the given text, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyUriError {
    /// The text has more than [`KeyUri::MAX_LEN`] bytes.
    TooLong {
        /// The number of bytes found.
        found: usize,
    },
    /// The text does not begin with `otpauth://`.
    Scheme,
    /// The type is neither `totp` nor `hotp`.
    Type {
        /// The byte position of the type.
        position: usize,
    },
    /// The text has a percent sign without two hexadecimal digits, bytes that are not UTF-8, a control character, or a
    /// fragment, which would hide the parameters after it.
    Encoding {
        /// The byte position of the error.
        position: usize,
    },
    /// A part of the label has more than 255 bytes, or an account cannot be written.
    Label {
        /// The byte position of the label, or of the error in an account to be written.
        position: usize,
    },
    /// This parameter is missing.
    Missing(Parameter),
    /// A parameter occurs twice.
    Duplicate {
        /// The parameter.
        parameter: Parameter,
        /// The byte position of its second occurrence.
        position: usize,
    },
    /// A parameter has an invalid value.
    Value {
        /// The parameter.
        parameter: Parameter,
        /// The byte position of the value in a URI, or of the error in a value to be written.
        position: usize,
    },
    /// The secret cannot be used.
    Secret {
        /// The reason.
        error: SecretError,
        /// The byte position of the secret or, for a wrong character, of that character.
        position: usize,
    },
    /// The authenticator does not hold its secret.
    NoSecret,
    /// The time steps are not counted from 1970, which a URI cannot express.
    T0,
}

impl KeyUriError {
    /// Returns a short name of the variant, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "too_long",
            Self::Scheme => "scheme",
            Self::Type { .. } => "type",
            Self::Encoding { .. } => "encoding",
            Self::Label { .. } => "label",
            Self::Missing(_) => "missing",
            Self::Duplicate { .. } => "duplicate",
            Self::Value { .. } => "value",
            Self::Secret { .. } => "secret",
            Self::NoSecret => "no_secret",
            Self::T0 => "t0",
        }
    }
}

impl fmt::Display for KeyUriError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { found } => write!(f, "a key URI must have at most {} bytes, not {found}", KeyUri::MAX_LEN),
            Self::Scheme => f.write_str("a key URI must begin with otpauth://"),
            Self::Type { position } => write!(f, "the type at position {position} is neither totp nor hotp"),
            Self::Encoding { position } => write!(f, "a character that a key URI does not have, such as #, or wrong percent-encoding, at position {position}"),
            Self::Label { position } => write!(f, "invalid label or account at position {position}"),
            Self::Missing(Parameter::Counter) => f.write_str(
                "the parameter counter is missing: add the next counter of this authenticator, which is 0 for a new one",
            ),
            Self::Missing(parameter) => write!(f, "the parameter {parameter} is missing"),
            Self::Duplicate { parameter, position } => {
                write!(f, "the parameter {parameter} occurs again at position {position}")
            }
            Self::Value { parameter, position } => {
                let range = match parameter {
                    Parameter::Algorithm => "must be SHA1, SHA256 or SHA512",
                    Parameter::Digits => "must be 6 to 9",
                    Parameter::Period => "must be 1 to 86400",
                    Parameter::Counter => "must be 0 to 18446744073709551615",
                    Parameter::Encoder => "stands for codes that do not consist of digits, such as Steam's",
                    Parameter::Issuer | Parameter::Image => "must have at most 255 bytes and no control characters",
                    Parameter::Secret => "is invalid",
                };
                write!(f, "{parameter} {range}, at position {position}")
            }
            Self::Secret { error, position } => write!(f, "the secret at position {position} cannot be used: {error}"),
            Self::NoSecret => f.write_str("the authenticator does not hold its secret"),
            Self::T0 => f.write_str("a key URI cannot express time steps that are not counted from 1970"),
        }
    }
}

impl core::error::Error for KeyUriError {}
