use core::fmt;

use crate::types::Level;

/// A framework that gives levels names of its own.
///
/// | level | SPID | ISO/IEC 29115 | eIDAS | NIST SP 800-63B-4 |
/// |---|---|---|---|---|
/// | [`Level::One`] | `https://www.spid.gov.it/SpidL1` | `LoA2` | `http://eidas.europa.eu/LoA/low` | `AAL1` |
/// | [`Level::Two`] | `https://www.spid.gov.it/SpidL2` | `LoA3` | `http://eidas.europa.eu/LoA/substantial` | `AAL2` |
/// | [`Level::Three`] | `https://www.spid.gov.it/SpidL3` | `LoA4` | `http://eidas.europa.eu/LoA/high` | `AAL3` |
///
/// The levels of ISO/IEC 29115 are those of article 6 of the DPCM of 24 October 2014, which defines SPID. Those of
/// eIDAS are the ones at which Italy notified SPID. NIST has requirements of its own for each AAL: a provider that
/// names one must meet them, for example offer a phishing-resistant option at AAL2 (section 2.2).
///
/// ```
/// use secondo::assurance::Framework;
/// use secondo::types::Level;
///
/// assert_eq!(Framework::Eidas.name(Level::Two), "http://eidas.europa.eu/LoA/substantial");
/// assert_eq!(Framework::Spid.parse("https://www.spid.gov.it/SpidL3"), Ok(Level::Three));
/// assert!(Framework::Spid.parse("https://www.spid.gov.it/spidl3").is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Framework {
    /// SPID, Italy's public digital identity system.
    Spid,
    /// ISO/IEC 29115.
    Iso29115,
    /// Regulation (EU) 910/2014, with the URIs of its technical specifications.
    Eidas,
    /// NIST SP 800-63B-4.
    Nist,
}

impl Framework {
    /// Returns the name of a level in this framework.
    #[must_use]
    pub const fn name(self, level: Level) -> &'static str {
        let [one, two, three] = match self {
            Self::Spid => {
                ["https://www.spid.gov.it/SpidL1", "https://www.spid.gov.it/SpidL2", "https://www.spid.gov.it/SpidL3"]
            }
            Self::Iso29115 => ["LoA2", "LoA3", "LoA4"],
            Self::Eidas => [
                "http://eidas.europa.eu/LoA/low",
                "http://eidas.europa.eu/LoA/substantial",
                "http://eidas.europa.eu/LoA/high",
            ],
            Self::Nist => ["AAL1", "AAL2", "AAL3"],
        };
        match level {
            Level::One => one,
            Level::Two => two,
            Level::Three => three,
        }
    }

    /// Returns the level with this name, which must be written exactly as [`Self::name`] writes it.
    ///
    /// # Errors
    ///
    /// Returns [`LevelNameError`] for any other text.
    pub fn parse(self, name: &str) -> Result<Level, LevelNameError> {
        let levels = [Level::One, Level::Two, Level::Three];
        levels.into_iter().find(|level| self.name(*level) == name).ok_or(LevelNameError)
    }
}

/// A text that is not the name of a level in the [`Framework`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelNameError;

impl LevelNameError {
    /// Returns a short name of the error, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        "level_name"
    }
}

impl fmt::Display for LevelNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the text is not the name of a level of assurance")
    }
}

impl core::error::Error for LevelNameError {}
