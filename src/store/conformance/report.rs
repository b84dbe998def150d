use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::NotApplicable;

/// What was checked, and what does not apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report(pub(super) Vec<(&'static str, Result<(), NotApplicable>)>);

impl Report {
    /// The checks that hold.
    pub fn passed(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().filter(|(_, result)| result.is_ok()).map(|(name, _)| *name)
    }

    /// The checks that the harness declared not to apply, and why.
    pub fn not_applicable(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.0.iter().filter_map(|(name, result)| result.err().map(|NotApplicable(why)| (*name, why)))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, result) in &self.0 {
            match result {
                Ok(()) => writeln!(f, "{name}: holds")?,
                Err(NotApplicable(why)) => writeln!(f, "{name}: does not apply: {why}")?,
            }
        }
        Ok(())
    }
}

/// The contract is broken: by which check, and what was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub(super) check: &'static str,
    pub(super) seen: String,
}

impl Violation {
    /// The name of the check, as in [`Report`].
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
