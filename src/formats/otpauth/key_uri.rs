use alloc::boxed::Box;
use alloc::string::String;
use core::fmt::{self, Write};

use super::label::{Label, writable};
use super::percent;
use crate::decision::State;
use crate::factor::{Authenticator, Method};
use crate::types::{Algorithm, Base32, Counter, Digits, Period, Secret, SecretError, SecretText, UnixTime};

/// A key URI: what an authenticator app scans to have an account, `otpauth://totp/Issuer:account?secret=…`.
///
/// To enroll somebody, make a secret, write the URI, and show it as a QR picture:
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
/// To move somebody in from another system, read its URI, and enroll [`Self::authenticator`] with [`Self::state`]:
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
/// The secret in it is wiped on drop.
#[derive(Debug)]
pub struct KeyUri {
    pub(super) label: Label,
    /// Where it is, it stays: what moves in a list that grows leaves copies behind.
    pub(super) authenticator: Box<Authenticator>,
    pub(super) counter: Counter,
    pub(super) image: Option<String>,
}

impl KeyUri {
    /// The most bytes of a text that is parsed. What is written is shorter: an account, an image's address and twice the
    /// issuer, each of 255 bytes encoded as three, and 300 bytes for the rest.
    pub const MAX_LEN: usize = 4096;

    /// The URI of this authenticator for this account: a user name or a mail address. Spaces around it are left out.
    ///
    /// # Errors
    ///
    /// [`KeyUriError::Label`], with the position in the account, if it is empty, has more than 255 bytes, or has a colon
    /// or a control character. [`KeyUriError::NoSecret`] and [`KeyUriError::T0`] for an authenticator that no URI can
    /// describe.
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

    /// With the name of the provider, which apps show beside the account, and by which they tell accounts of the same
    /// name apart. Spaces around it are left out.
    ///
    /// # Errors
    ///
    /// [`KeyUriError::Value`], with the position in the issuer, if it is empty, has more than 255 bytes, or has a colon
    /// or a control character.
    pub fn with_issuer(mut self, issuer: &str) -> Result<Self, KeyUriError> {
        let issuer = writable(issuer);
        let issuer = issuer.map_err(|position| KeyUriError::Value { parameter: Parameter::Issuer, position })?;
        self.label.issuer = Some(issuer.into());
        self.label.prefix = None;
        Ok(self)
    }

    /// With the next counter of an HOTP authenticator; 0 otherwise. TOTP authenticators have none, and keep none.
    ///
    /// Some apps count up before they show the first code: let the policy look ahead.
    #[must_use]
    pub fn starting_at(mut self, next: Counter) -> Self {
        self.counter = next;
        self
    }

    /// With the address of a picture of the provider, which some apps show.
    ///
    /// # Errors
    ///
    /// [`KeyUriError::Value`], with the position in the address, if it is empty, has more than 255 bytes, or has a control
    /// character.
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

    /// The provider: the issuer's parameter or, without it, what precedes the colon in the label.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.label.issuer.as_deref()
    }

    /// What precedes the colon in the label, where [`Self::issuer`] is another.
    #[must_use]
    pub fn label_issuer(&self) -> Option<&str> {
        self.label.prefix.as_deref()
    }

    /// The account. It is empty where a URI names the issuer alone.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.label.account
    }

    /// The address of a picture of the provider. Nobody says that it is one, or whose.
    #[must_use]
    pub fn image(&self) -> Option<&str> {
        self.image.as_deref()
    }

    /// The next counter, of an HOTP authenticator.
    #[must_use]
    pub fn counter(&self) -> Option<Counter> {
        matches!(self.authenticator.method(), Method::Hotp(_)).then_some(self.counter)
    }

    /// The secret, its algorithm, and the parameters of the codes.
    #[must_use]
    pub fn authenticator(&self) -> &Authenticator {
        &self.authenticator
    }

    /// The state to enroll with: not confirmed, and for HOTP with every counter before the next one used.
    #[must_use]
    pub fn state(&self) -> State {
        self.counter().map_or_else(State::new, |next| State::new().starting_at(next))
    }

    /// The URI with all parameters, also where they are the default.
    ///
    /// It follows the wiki: issuer both in the label and as a parameter, base32 without padding, `%20` for a space.
    #[must_use]
    pub fn to_uri(&self) -> SecretText {
        self.write(true)
    }

    /// As [`Self::to_uri`], without `algorithm=SHA1`, `digits=6` and `period=30`, which apps take for granted: for a
    /// smaller picture.
    #[must_use]
    pub fn to_short_uri(&self) -> SecretText {
        self.write(false)
    }

    fn write(&self, defaults: bool) -> SecretText {
        let Label { issuer, account, .. } = &self.label;
        let (issuer, image) = (issuer.as_deref(), self.image.as_deref());
        let names = account.len() + 2 * issuer.map_or(0, str::len) + image.map_or(0, str::len);
        // Never reallocated: that would leave a copy of the secret behind.
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
        // To write to a string cannot fail.
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

    /// The most bytes of a written URI besides the secret and the names.
    const FRAME: usize =
        "otpauth://hotp/:?secret=&issuer=&algorithm=SHA512&digits=9&counter=18446744073709551615&image=".len();
}

/// A parameter of a key URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Parameter {
    /// `secret`, in base32.
    Secret,
    /// `issuer`, the provider.
    Issuer,
    /// `algorithm`, the hash function: SHA-1, SHA-256 or SHA-512.
    Algorithm,
    /// `digits`, how many a code has: 6 to 9.
    Digits,
    /// `period`, the length of a time step: 1 to 3600 seconds.
    Period,
    /// `counter`, the next counter of HOTP.
    Counter,
    /// `image`, the address of a picture of the provider.
    Image,
    /// `encoder`, by which some apps mark codes that are not of digits.
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

/// The parameter's name.
impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text is no key URI that can be used, or an authenticator cannot be described by one.
///
/// It holds lengths and positions, never a part of the input. Positions are in bytes of what was given, from 0.
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
        /// Where it begins.
        position: usize,
    },
    /// A percent sign without two hexadecimal digits, bytes that are no UTF-8, a control character, or a fragment, which
    /// would hide the parameters after it.
    Encoding {
        /// Where it is.
        position: usize,
    },
    /// The label is missing, names nothing, or has a part of more than 255 bytes; or an account cannot be written.
    Label {
        /// Where the label begins, or what is wrong in the account.
        position: usize,
    },
    /// A parameter is missing.
    Missing(Parameter),
    /// A parameter is there a second time.
    Duplicate {
        /// Which.
        parameter: Parameter,
        /// Where it is, the second time.
        position: usize,
    },
    /// The value of a parameter is none that it can have.
    Value {
        /// Which.
        parameter: Parameter,
        /// Where the value begins.
        position: usize,
    },
    /// The secret cannot be used.
    Secret {
        /// Why.
        error: SecretError,
        /// Where its value begins or, for a wrong character, where that is.
        position: usize,
    },
    /// The authenticator does not hold its secret.
    NoSecret,
    /// The time steps are not counted from 1970, and a URI cannot say so.
    T0,
}

impl fmt::Display for KeyUriError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { found } => write!(f, "a key URI has at most {} bytes, not {found}", KeyUri::MAX_LEN),
            Self::Scheme => f.write_str("a key URI begins with otpauth://"),
            Self::Type { position } => write!(f, "the type at position {position} is neither totp nor hotp"),
            Self::Encoding { position } => write!(f, "what is at position {position} cannot be in a key URI"),
            Self::Label { position } => write!(f, "the account's label cannot be used, see position {position}"),
            Self::Missing(parameter) => write!(f, "the parameter {parameter} is missing"),
            Self::Duplicate { parameter, position } => {
                write!(f, "the parameter {parameter} is there a second time at position {position}")
            }
            Self::Value { parameter, position } => {
                write!(f, "the value of {parameter} at position {position} cannot be used")
            }
            Self::Secret { error, position } => write!(f, "the secret at position {position} cannot be used: {error}"),
            Self::NoSecret => f.write_str("the authenticator does not hold its secret"),
            Self::T0 => f.write_str("a key URI cannot say that time steps are not counted from 1970"),
        }
    }
}

impl core::error::Error for KeyUriError {}
