use core::fmt;
use core::num::{NonZeroU16, NonZeroU32};
use core::str::FromStr;

use super::format::{QuestionFormat, QuestionKind};
use super::suite_error::{Expected, SuiteError};
use crate::ct::division::Divisor;
use crate::types::{Algorithm, Counter, UnixTime};

/// An OCRA suite: the parameters that token and verifier share besides the key (RFC 6287 section 6).
///
/// The text of a suite is part of the data that each response is computed from. Two texts with the same meaning, such
/// as `QH8` and `QH08`, are therefore different suites, and a suite keeps its text as it was parsed.
///
/// ```
/// use secondo::factor::ocra::Suite;
///
/// let suite: Suite = "OCRA-1:HOTP-SHA1-6:C-QN08-PSHA1-S064-T1M".parse()?;
/// assert!(suite.has_counter());
/// assert_eq!(suite.question().to_string(), "QN08");
/// assert_eq!(suite.session_len(), Some(64));
/// assert_eq!(suite.time_step_secs(), Some(60));
///
/// let error = Suite::parse("OCRA-1:HOTP-SHA1-6:QN08-T0H").unwrap_err();
/// assert_eq!(error.to_string(), "an OCRA suite must have a time step, such as 1M, at byte 25");
/// # Ok::<(), secondo::factor::ocra::SuiteError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Suite {
    text: [u8; Self::MAX_LEN],
    len: u8,
    algorithm: Algorithm,
    digits: ResponseDigits,
    has_counter: bool,
    question: QuestionFormat,
    pin_hash: Option<Algorithm>,
    session_len: Option<NonZeroU16>,
    time_step: Option<NonZeroU32>,
}

impl Suite {
    /// The length of the longest suite in bytes.
    pub const MAX_LEN: usize = "OCRA-1:HOTP-SHA512-10:C-QN64-PSHA512-S512-T59M".len();

    /// Parses a suite. Its parts must have the order and the spelling of RFC 6287 section 6.
    ///
    /// The length of a question may have one digit, as in an example of the RFC. A time step of 0 hours is not
    /// accepted (erratum 3729), and neither is an input that relies on a default, such as `Q` for `QN08`.
    ///
    /// # Errors
    ///
    /// Returns [`SuiteError`] with the first part that is wrong, and its position.
    pub fn parse(text: &str) -> Result<Self, SuiteError> {
        let mut reader = Reader { rest: text.as_bytes(), position: 0 };
        reader.expect(b"OCRA-1:", Expected::Version)?;
        reader.expect(b"HOTP-", Expected::Function)?;
        let algorithm = reader.algorithm()?;
        reader.expect(b"-", Expected::Hyphen)?;
        let digits = reader.digits()?;
        reader.expect(b":", Expected::Colon)?;
        let has_counter = reader.skip(b"C-");
        reader.expect(b"Q", Expected::Question)?;
        let question = reader.question()?;
        let pin_hash = if reader.skip(b"-P") { Some(reader.algorithm()?) } else { None };
        let session_len = if reader.skip(b"-S") { Some(reader.session_len()?) } else { None };
        let time_step = if reader.skip(b"-T") { Some(reader.time_step()?) } else { None };

        let end = reader.error(Expected::End);
        let mut suite = Self {
            text: [0; Self::MAX_LEN],
            len: u8::try_from(text.len()).map_err(|_| end)?,
            algorithm,
            digits,
            has_counter,
            question,
            pin_hash,
            session_len,
            time_step,
        };
        match suite.text.get_mut(..text.len()) {
            Some(slot) if reader.rest.is_empty() => slot.copy_from_slice(text.as_bytes()),
            _ => return Err(end),
        }
        Ok(suite)
    }

    /// Returns the text of the suite.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(self.text.get(..usize::from(self.len)).unwrap_or_default()).unwrap_or_default()
    }

    /// Returns the hash function of the HMAC.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns the number of digits of a response.
    #[must_use]
    pub const fn digits(&self) -> ResponseDigits {
        self.digits
    }

    /// Returns `true` if a response depends on a counter.
    #[must_use]
    pub const fn has_counter(&self) -> bool {
        self.has_counter
    }

    /// Returns the format of questions.
    #[must_use]
    pub const fn question(&self) -> QuestionFormat {
        self.question
    }

    /// Returns the hash function of the PIN's hash, if a response depends on a PIN.
    #[must_use]
    pub const fn pin_hash(&self) -> Option<Algorithm> {
        self.pin_hash
    }

    /// Returns the length of the session's data in bytes, if a response depends on a session.
    #[must_use]
    pub fn session_len(&self) -> Option<usize> {
        self.session_len.map(|len| len.get().into())
    }

    /// Returns the length of a time step in seconds, if a response depends on the time.
    #[must_use]
    pub fn time_step_secs(&self) -> Option<u32> {
        self.time_step.map(NonZeroU32::get)
    }

    /// Returns the number of whole time steps from 1970 to this time, or 0 if a response does not depend on the time.
    pub(super) fn step(&self, time: UnixTime) -> Counter {
        Counter::new(self.time_step.map_or(0, |secs| Divisor::new(secs).quotient(time.as_secs())))
    }
}

/// Parses as [`Suite::parse`] does.
impl FromStr for Suite {
    type Err = SuiteError;

    fn from_str(text: &str) -> Result<Self, SuiteError> {
        Self::parse(text)
    }
}

/// Writes the text that was parsed.
impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Suite({self})")
    }
}

/// The number of digits of a response: 4 to 10, or the whole HMAC.
///
/// Ten digits are hardly better than nine, because a truncated value has 31 bits: the first digit is 0, 1 or 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResponseDigits {
    /// No truncation, `0` in a suite. The response is the whole HMAC in hexadecimal, for devices that send it.
    Whole = 0,
    /// Four digits, of which a guess is correct with a probability of 1 in 10,000.
    Four = 4,
    /// Five digits.
    Five = 5,
    /// Six digits.
    Six = 6,
    /// Seven digits.
    Seven = 7,
    /// Eight digits.
    Eight = 8,
    /// Nine digits.
    Nine = 9,
    /// Ten digits.
    Ten = 10,
}

/// The part of a suite that is not parsed yet.
struct Reader<'t> {
    rest: &'t [u8],
    position: usize,
}

impl Reader<'_> {
    fn error(&self, expected: Expected) -> SuiteError {
        SuiteError { position: self.position, expected }
    }

    /// Skips this text. Returns `false` if another one comes next.
    fn skip(&mut self, text: &[u8]) -> bool {
        let Some(rest) = self.rest.strip_prefix(text) else { return false };
        self.rest = rest;
        self.position += text.len();
        true
    }

    fn expect(&mut self, text: &[u8], expected: Expected) -> Result<(), SuiteError> {
        if self.skip(text) { Ok(()) } else { Err(self.error(expected)) }
    }

    fn algorithm(&mut self) -> Result<Algorithm, SuiteError> {
        let found = Algorithm::ALL.iter().copied().find(|algorithm| self.skip(algorithm.name().as_bytes()));
        found.ok_or(self.error(Expected::Hash))
    }

    /// Reads a number of `least` to `most` digits.
    fn number(&mut self, least: usize, most: usize) -> Option<u16> {
        let len = self.rest.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.rest.split_at_checked(len).filter(|_| len >= least)?;
        self.rest = rest;
        self.position += len;
        Some(digits.iter().fold(0, |number, digit| number * 10 + u16::from(digit - b'0')))
    }

    fn digits(&mut self) -> Result<ResponseDigits, SuiteError> {
        let error = self.error(Expected::Digits);
        let starts_with_zero = self.rest.first() == Some(&b'0');
        match self.number(1, if starts_with_zero { 1 } else { 2 }) {
            Some(0) => Ok(ResponseDigits::Whole),
            Some(4) => Ok(ResponseDigits::Four),
            Some(5) => Ok(ResponseDigits::Five),
            Some(6) => Ok(ResponseDigits::Six),
            Some(7) => Ok(ResponseDigits::Seven),
            Some(8) => Ok(ResponseDigits::Eight),
            Some(9) => Ok(ResponseDigits::Nine),
            Some(10) => Ok(ResponseDigits::Ten),
            _ => Err(error),
        }
    }

    fn question(&mut self) -> Result<QuestionFormat, SuiteError> {
        let kind = QuestionKind::ALL.into_iter().find(|kind| self.skip(&[kind.letter()]));
        let kind = kind.ok_or(self.error(Expected::QuestionKind))?;
        let error = self.error(Expected::QuestionLength);
        let max_len = self.number(1, 2).and_then(|len| u8::try_from(len).ok());
        let max_len = max_len.filter(|len| QuestionFormat::MAX_LENS.contains(len)).ok_or(error)?;
        Ok(QuestionFormat::new(kind, max_len))
    }

    fn session_len(&mut self) -> Result<NonZeroU16, SuiteError> {
        let error = self.error(Expected::SessionLength);
        let len = self.number(3, 3).filter(|len| *len <= 512);
        len.and_then(NonZeroU16::new).ok_or(error)
    }

    fn time_step(&mut self) -> Result<NonZeroU32, SuiteError> {
        let error = self.error(Expected::TimeStep);
        // A step that starts with 0 is 0 or has another spelling.
        let starts_with_zero = self.rest.first() == Some(&b'0');
        let number = self.number(1, 2).filter(|_| !starts_with_zero).ok_or(error)?;
        let units: [(&[u8], u32, u16); 3] = [(b"S", 1, 59), (b"M", 60, 59), (b"H", 3600, 48)];
        let unit = units.into_iter().find(|(unit, _, most)| number <= *most && self.skip(unit));
        unit.and_then(|(_, secs, _)| NonZeroU32::new(u32::from(number) * secs)).ok_or(error)
    }
}
