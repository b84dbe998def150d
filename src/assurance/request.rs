use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use super::framework::Framework;
use crate::types::Level;

/// The levels that a service requests in `acr_values`, in order of preference (OIDC Core section 3.1.2.1).
///
/// ```
/// use secondo::assurance::{AcrValues, Framework};
/// use secondo::types::Level;
///
/// let text = "https://www.spid.gov.it/SpidL2 https://www.spid.gov.it/SpidL1";
/// let requested = AcrValues::parse(text, Framework::Spid)?;
/// // The subscriber has a password and a phone, or only a password, or only a passkey.
/// assert_eq!(requested.choose(&[Level::One, Level::Two]), Some(Level::Two));
/// assert_eq!(requested.choose(&[Level::One]), Some(Level::One));
/// assert_eq!(requested.choose(&[Level::Three]), Some(Level::Three));
/// # Ok::<(), secondo::assurance::AcrValuesError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcrValues {
    /// Different levels, at least one.
    preferred: Vec<Level>,
}

impl AcrValues {
    /// Reads the names of levels of this framework, with one space between them.
    ///
    /// A level that is named again counts once.
    ///
    /// # Errors
    ///
    /// Returns [`AcrValuesError`] for a text with another value, or without any.
    pub fn parse(text: &str, framework: Framework) -> Result<Self, AcrValuesError> {
        let mut preferred = Vec::with_capacity(3);
        let mut position = 0;
        for name in text.split(' ') {
            let level = framework.parse(name).map_err(|_| AcrValuesError { position })?;
            if !preferred.contains(&level) {
                preferred.push(level);
            }
            position += name.len() + 1;
        }
        Ok(Self { preferred })
    }

    /// Returns the requested levels, the preferred one first.
    #[must_use]
    pub fn levels(&self) -> &[Level] {
        &self.preferred
    }

    /// Returns the level to reach, if the subscriber can reach these levels.
    ///
    /// It is the lowest available level that is at least the first requested one, or else the second, and so on. A
    /// provider may answer with a higher level than the requested one. If the result is `None`, the subscriber has no
    /// credential for the request: [`OutcomeCode::NoCredential`](crate::assurance::OutcomeCode::NoCredential).
    #[must_use]
    pub fn choose(&self, available: &[Level]) -> Option<Level> {
        let lowest = |requested: &Level| available.iter().copied().filter(|level| level >= requested).min();
        self.preferred.iter().find_map(lowest)
    }
}

/// A text that is not a list of the names of levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcrValuesError {
    /// The position of the first byte of the value that is not the name of a level, from 0.
    pub position: usize,
}

impl AcrValuesError {
    /// Returns a short name of the error, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        "acr_values"
    }
}

impl fmt::Display for AcrValuesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the value at byte {} of acr_values is not the name of a level of assurance", self.position)
    }
}

impl core::error::Error for AcrValuesError {}

/// The comparison of the reached level with the requested one (SAML 2.0 Core section 3.3.2.2.1).
///
/// ```
/// use secondo::assurance::{Comparison, Framework};
/// use secondo::types::Level;
///
/// let comparison: Comparison = "exact".parse()?;
/// assert!(!comparison.permits(Framework::Eidas, Level::One, Level::Two));
/// assert!(comparison.permits(Framework::Spid, Level::One, Level::Two));
/// # Ok::<(), secondo::assurance::ComparisonError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// The requested level. This is the default of SAML.
    #[default]
    Exact,
    /// The requested level or a higher one.
    Minimum,
    /// A higher level than the requested one.
    Better,
    /// The requested level or a lower one.
    Maximum,
}

impl Comparison {
    /// Returns `true` if a login that reached this level answers a request of this framework.
    ///
    /// In SPID, a provider may always answer with a level above those that the comparison selects. [`Self::Exact`]
    /// therefore permits a higher level there, and [`Self::Maximum`] permits every level.
    #[must_use]
    pub fn permits(self, framework: Framework, requested: Level, reached: Level) -> bool {
        let may_exceed = framework == Framework::Spid;
        match self {
            Self::Exact => reached == requested || may_exceed && reached > requested,
            Self::Minimum => reached >= requested,
            Self::Better => reached > requested,
            Self::Maximum => reached <= requested || may_exceed,
        }
    }
}

impl FromStr for Comparison {
    type Err = ComparisonError;

    /// Reads the value of the attribute `Comparison`, exactly as SAML writes it.
    fn from_str(text: &str) -> Result<Self, ComparisonError> {
        match text {
            "exact" => Ok(Self::Exact),
            "minimum" => Ok(Self::Minimum),
            "better" => Ok(Self::Better),
            "maximum" => Ok(Self::Maximum),
            _ => Err(ComparisonError),
        }
    }
}

/// A text that is not a [`Comparison`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComparisonError;

impl ComparisonError {
    /// Returns a short name of the error, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        "comparison"
    }
}

impl fmt::Display for ComparisonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a comparison must be exact, minimum, better or maximum")
    }
}

impl core::error::Error for ComparisonError {}
