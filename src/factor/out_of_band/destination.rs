use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use crate::types::{DisplayName, is_disguise};

/// A channel over which codes are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// A text message to a telephone number.
    Sms = 1,
    /// A call to a telephone number, in which the digits are spoken.
    Voice = 2,
    /// A mail. It confirms an address, and is no second factor.
    Mail = 3,
}

/// A telephone number or a mail address to which codes are sent.
///
/// It is personal data. `Debug` and `Display` show the [masked](Self::masked) form.
///
/// ```
/// use secondo::factor::{Destination, DestinationError};
///
/// let mobile = Destination::sms("+39 333 123 4567")?;
/// assert_eq!(mobile.address(), "+393331234567");
/// assert_eq!(mobile.masked().as_str(), "•••567");
/// assert_eq!(Destination::mail("maria@example.it")?.masked().as_str(), "m•••@example.it");
/// assert_eq!(Destination::sms("333 1234567").unwrap_err(), DestinationError::CountryCode);
/// # Ok::<(), DestinationError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Destination {
    channel: Channel,
    address: Box<str>,
}

impl Destination {
    /// The maximum number of bytes of an address (RFC 5321 section 4.5.3.1.3).
    pub const MAX_LEN: usize = 254;
    /// The number of digits of a telephone number with its country code (ITU-T E.164).
    const DIGITS: core::ops::RangeInclusive<usize> = 7..=15;
    /// The maximum number of bytes of a mail address before the `@` (RFC 5321 section 4.5.3.1.1).
    const MAX_LOCAL_LEN: usize = 64;

    /// Creates the destination of text messages from a telephone number with its country code, such as
    /// `+39 333 123 4567`. Spaces and hyphens are skipped.
    ///
    /// # Errors
    ///
    /// Returns [`DestinationError`] if the text is no such number.
    pub fn sms(number: &str) -> Result<Self, DestinationError> {
        Ok(Self { channel: Channel::Sms, address: telephone_number(number)? })
    }

    /// Creates the destination of calls from a telephone number with its country code.
    ///
    /// # Errors
    ///
    /// Returns [`DestinationError`] if the text is no such number.
    pub fn voice(number: &str) -> Result<Self, DestinationError> {
        Ok(Self { channel: Channel::Voice, address: telephone_number(number)? })
    }

    /// Creates the destination of mails from an address. The domain is converted to lower case.
    ///
    /// Only the form `name@domain` is checked. The provider's mail system decides if the address exists.
    ///
    /// # Errors
    ///
    /// Returns [`DestinationError`] if the text has not the form `name@domain`.
    pub fn mail(address: &str) -> Result<Self, DestinationError> {
        if address.len() > Self::MAX_LEN {
            return Err(DestinationError::Length(address.len()));
        }
        let is_refused = |character: char| character.is_whitespace() || is_disguise(character);
        if let Some(position) = address.find(is_refused) {
            return Err(DestinationError::Character { position });
        }
        let (name, domain) = address.rsplit_once('@').ok_or(DestinationError::Domain)?;
        if name.is_empty() || name.len() > Self::MAX_LOCAL_LEN || domain.is_empty() {
            return Err(DestinationError::Domain);
        }
        let mut address: Box<str> = address.into();
        if let Some(domain) = address.get_mut(name.len()..) {
            domain.make_ascii_lowercase();
        }
        Ok(Self { channel: Channel::Mail, address })
    }

    /// Returns the channel.
    #[must_use]
    pub const fn channel(&self) -> Channel {
        self.channel
    }

    /// Returns the telephone number, such as `+393331234567`, or the mail address.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Returns the form that a page may show before the login is complete.
    #[must_use]
    pub fn masked(&self) -> MaskedDestination {
        MaskedDestination { channel: self.channel, text: self.mask().unwrap_or_default() }
    }

    fn mask(&self) -> Option<DisplayName> {
        let mut text = String::with_capacity(DisplayName::MAX_LEN);
        if let Channel::Mail = self.channel {
            let (name, domain) = self.address.rsplit_once('@')?;
            // A name of one letter would be shown whole.
            text.extend(name.chars().next().filter(|_| name.chars().nth(1).is_some()));
            text.push_str("•••@");
            // The end of a long domain says most.
            let room = DisplayName::MAX_LEN - text.len();
            let start = (domain.len().saturating_sub(room)..=domain.len()).find(|at| domain.is_char_boundary(*at))?;
            text.push_str(domain.get(start..)?);
        } else {
            text.push_str("•••");
            text.push_str(self.address.get(self.address.len().checked_sub(3)?..)?);
        }
        DisplayName::new(&text).ok()
    }

    /// Reads the address of a stored destination.
    pub(super) fn stored(channel: u8, address: &str) -> Option<Self> {
        let destination = match channel {
            1 => Self::sms(address),
            2 => Self::voice(address),
            3 => Self::mail(address),
            _ => return None,
        };
        destination.ok().filter(|destination| destination.address() == address)
    }
}

/// Returns the number as `+` and digits.
fn telephone_number(text: &str) -> Result<Box<str>, DestinationError> {
    if text.len() > Destination::MAX_LEN {
        return Err(DestinationError::Length(text.len()));
    }
    let mut number = String::with_capacity(text.len());
    for (position, character) in text.char_indices() {
        match character {
            ' ' | '-' => {}
            '+' if number.is_empty() => number.push('+'),
            '0' if number == "+" => return Err(DestinationError::CountryCode),
            '0'..='9' if number.is_empty() => return Err(DestinationError::CountryCode),
            '0'..='9' => number.push(character),
            _ => return Err(DestinationError::Character { position }),
        }
    }
    let digits = number.len().saturating_sub(1);
    if Destination::DIGITS.contains(&digits) { Ok(number.into()) } else { Err(DestinationError::Digits(digits)) }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.masked().fmt(f)
    }
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Destination({:?}, {})", self.channel, self.masked())
    }
}

/// A destination with most of its address hidden, such as `•••567` or `m•••@example.it`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaskedDestination {
    channel: Channel,
    text: DisplayName,
}

impl MaskedDestination {
    /// Returns the channel.
    #[must_use]
    pub const fn channel(&self) -> Channel {
        self.channel
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.text.as_str()
    }
}

impl fmt::Display for MaskedDestination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The reason that a text is no [`Destination`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DestinationError {
    /// The text has this number of bytes, more than [`Destination::MAX_LEN`].
    Length(usize),
    /// A character cannot be part of it.
    Character {
        /// The position of its first byte, from 0.
        position: usize,
    },
    /// The telephone number does not begin with `+` and a country code.
    CountryCode,
    /// The telephone number has this number of digits, and not 7 to 15.
    Digits(usize),
    /// The mail address has no domain, or not 1 to 64 bytes before it.
    Domain,
}

impl DestinationError {
    /// Returns a short name of the variant, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Length(_) => "length",
            Self::Character { .. } => "character",
            Self::CountryCode => "country_code",
            Self::Digits(_) => "digits",
            Self::Domain => "domain",
        }
    }
}

impl fmt::Display for DestinationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(found) => {
                write!(f, "an address must have at most {} bytes, not {found}", Destination::MAX_LEN)
            }
            Self::Character { position } => write!(f, "the character at byte {position} cannot be part of an address"),
            Self::CountryCode => f.write_str("a telephone number must begin with + and its country code"),
            Self::Digits(found) => write!(f, "a telephone number must have 7 to 15 digits, not {found}"),
            Self::Domain => f.write_str("a mail address must have a name of 1 to 64 bytes, @ and a domain"),
        }
    }
}

impl core::error::Error for DestinationError {}
