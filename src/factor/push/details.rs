use alloc::string::String;
use core::fmt;
use core::time::Duration;

use super::json::{MAX_TEXT, shown};
use super::matching::Matching;

/// The details of a login that the app shows to the person.
///
/// ```
/// use core::time::Duration;
/// use secondo::push::{Details, DetailsError, Matching};
///
/// let details = Details::new("INPS", "Bari, Italia", "25 novembre 2026, 09:30")?.lasting(Duration::from_secs(90))?;
/// assert_eq!(details.matching(), Matching::SixDigits);
/// assert_eq!(Details::new("INPS", "", "09:30").unwrap_err(), DetailsError::Text("place"));
/// # Ok::<(), DetailsError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Details {
    pub(super) relying_party: String,
    pub(super) place: String,
    pub(super) time: String,
    pub(super) matching: Matching,
    pub(super) secs: u16,
}

impl fmt::Debug for Details {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Details({:?}, {} s)", self.matching, self.secs)
    }
}

impl Details {
    /// The maximum length of a text in bytes.
    pub const MAX_LEN: usize = MAX_TEXT;
    /// The maximum time in seconds that a challenge lasts: nine minutes. With the minute in which the page fetches the
    /// login, these are the ten minutes of NIST SP 800-63B-4 section 3.1.3.2.
    pub const MAX_SECS: u16 = 540;

    /// Creates the details from the name of the service, the place and the time of the login, as texts.
    ///
    /// A repeated request shows the same number again only if its details are the same, so give the time in minutes.
    ///
    /// # Errors
    ///
    /// Returns [`DetailsError::Text`] if a text does not have 1 to [`Self::MAX_LEN`] bytes, or has control characters
    /// or marks that change the direction of text.
    pub fn new(relying_party: &str, place: &str, time: &str) -> Result<Self, DetailsError> {
        Ok(Self {
            relying_party: shown(relying_party).ok_or(DetailsError::Text("relying party"))?,
            place: shown(place).ok_or(DetailsError::Text("place"))?,
            time: shown(time).ok_or(DetailsError::Text("time"))?,
            matching: Matching::SixDigits,
            secs: 60,
        })
    }

    /// Sets the way in which the person confirms the number; six typed digits by default.
    #[must_use]
    pub fn with_matching(mut self, matching: Matching) -> Self {
        self.matching = matching;
        self
    }

    /// Sets the time that the challenge lasts, in whole seconds; 60 s by default.
    ///
    /// # Errors
    ///
    /// Returns [`DetailsError::Time`] if the time is not 1 to [`Self::MAX_SECS`] seconds.
    pub fn lasting(mut self, time: Duration) -> Result<Self, DetailsError> {
        let secs = u16::try_from(time.as_secs()).ok().filter(|secs| (1..=Self::MAX_SECS).contains(secs));
        self.secs = secs.ok_or(DetailsError::Time { found: time })?;
        Ok(self)
    }

    /// Returns the way in which the person confirms the number.
    #[must_use]
    pub const fn matching(&self) -> Matching {
        self.matching
    }
}

/// A text or a time of [`Details`] that is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DetailsError {
    /// This text is empty, has more than 128 bytes, or has a character that disguises others.
    Text(&'static str),
    /// The time is not 1 to 540 seconds.
    Time {
        /// The time.
        found: Duration,
    },
}

impl DetailsError {
    /// Returns a short name of the variant, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Time { .. } => "time",
        }
    }
}

impl fmt::Display for DetailsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(name) => {
                write!(
                    f,
                    "the {name} must have 1 to {MAX_TEXT} bytes, without control characters or marks of direction"
                )
            }
            Self::Time { found } => write!(f, "a challenge must last 1 to {} s, not {found:?}", Details::MAX_SECS),
        }
    }
}

impl core::error::Error for DetailsError {}
