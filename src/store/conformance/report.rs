use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::NotApplicable;

/// The results of all checks of a store that keeps its contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report(pub(super) Vec<(&'static str, Result<(), NotApplicable>)>);

impl Report {
    /// Returns the names of the checks that passed.
    pub fn passed(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().filter(|(_, result)| result.is_ok()).map(|(name, _)| *name)
    }

    /// Returns the names of the checks that the harness declared not applicable, each with the reason.
    pub fn not_applicable(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.0.iter().filter_map(|(name, result)| result.err().map(|NotApplicable(why)| (*name, why)))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, result) in &self.0 {
            match result {
                Ok(()) => writeln!(f, "{name}: passed")?,
                Err(NotApplicable(why)) => writeln!(f, "{name}: not applicable: {why}")?,
            }
        }
        Ok(())
    }
}

/// A violation of the contract: the check that failed, and the behavior that it observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub(super) check: &'static str,
    pub(super) seen: String,
}

impl Violation {
    /// Returns the name of the check that failed, as in [`Report`].
    #[must_use]
    pub fn check(&self) -> &'static str {
        self.check
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.check, self.seen)
    }
}

impl core::error::Error for Violation {}
