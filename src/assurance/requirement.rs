use core::fmt;

use crate::types::{Level, UnixTime};

/// A level that a service requires from a date on, with the names of the exceptions that it admits.
///
/// ```
/// use secondo::UnixTime;
/// use secondo::assurance::{Basis, Exception, Requirement};
/// use secondo::types::Level;
///
/// // Level 2 from 3 May 2023 in Rome. Minors keep their PIN, and so does everybody until the PIN expires.
/// let from = UnixTime::from_secs(1_683_064_800)?;
/// let requirement = Requirement::new(Level::Two, from, &["minor", "pin"]);
///
/// let (before, after) = (UnixTime::from_secs(1_680_000_000)?, UnixTime::from_secs(1_700_000_000)?);
/// assert_eq!(requirement.check(Level::One, None, before)?, Basis::BeforeDate);
/// assert_eq!(requirement.check(Level::Two, None, after)?, Basis::Level);
/// assert!(requirement.check(Level::One, None, after).is_err());
///
/// let pin = Exception::new("pin").until(UnixTime::from_secs(1_710_000_000)?);
/// assert_eq!(requirement.check(Level::One, Some(pin), after)?, Basis::Exception("pin"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requirement<'a> {
    level: Level,
    from: UnixTime,
    exceptions: &'a [&'a str],
}

impl<'a> Requirement<'a> {
    /// Creates the requirement of a level from this time on.
    #[must_use]
    pub const fn new(level: Level, from: UnixTime, exceptions: &'a [&'a str]) -> Self {
        Self { level, from, exceptions }
    }

    /// Checks a login that reached this level, of a person to whom this exception applies, and returns the basis on
    /// which it is permitted.
    ///
    /// # Errors
    ///
    /// Returns [`LevelRequired`] if the level is too low, the date has come, and the exception is missing, has ended,
    /// or is not one of those that the requirement names.
    pub fn check(
        &self,
        reached: Level,
        exception: Option<Exception<'_>>,
        now: UnixTime,
    ) -> Result<Basis<'a>, LevelRequired> {
        if reached >= self.level {
            return Ok(Basis::Level);
        }
        if now < self.from {
            return Ok(Basis::BeforeDate);
        }
        let in_force = exception.filter(|exception| exception.until.is_none_or(|until| now < until));
        let named = in_force.and_then(|exception| self.exceptions.iter().find(|name| **name == exception.name));
        named.map(|name| Basis::Exception(name)).ok_or(LevelRequired { required: self.level, reached })
    }
}

/// An exception that applies to one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exception<'a> {
    name: &'a str,
    until: Option<UnixTime>,
}

impl<'a> Exception<'a> {
    /// Creates an exception without an end.
    #[must_use]
    pub const fn new(name: &'a str) -> Self {
        Self { name, until: None }
    }

    /// Sets the time at which the exception ends for the person, for example the expiry of a PIN.
    #[must_use]
    pub const fn until(mut self, until: UnixTime) -> Self {
        self.until = Some(until);
        self
    }
}

/// The basis on which a login is permitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis<'a> {
    /// The login reached the required level.
    Level,
    /// The level is not required yet.
    BeforeDate,
    /// The requirement names this exception, which applies to the person.
    Exception(&'a str),
}

/// The refusal of a login that did not reach a required level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelRequired {
    /// The required level.
    pub required: Level,
    /// The level that the login reached.
    pub reached: Level,
}

impl LevelRequired {
    /// Returns a short name of the refusal, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        "level_required"
    }
}

impl fmt::Display for LevelRequired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (required, reached) = (self.required as u8, self.reached as u8);
        write!(f, "level {required} is required, and the login reached level {reached}")
    }
}

impl core::error::Error for LevelRequired {}
