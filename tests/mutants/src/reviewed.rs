//! The list of mutants that no test notices and that are left on purpose: `reviewed.txt`.

use std::collections::BTreeSet;

use crate::mutant::Mutant;

/// The keys in the list.
pub(crate) struct Reviewed<'t>(BTreeSet<&'t str>);

impl<'t> Reviewed<'t> {
    pub(crate) fn parse(text: &'t str) -> Self {
        Self(text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect())
    }

    /// Compares the list with the mutants of these files that no test notices. Returns the differences.
    pub(crate) fn differences(&self, files: &[String], unnoticed: &[&Mutant]) -> Vec<String> {
        let unnoticed: BTreeSet<_> = unnoticed.iter().map(ToString::to_string).collect();
        let missing = unnoticed.iter().filter(|key| !self.0.contains(key.as_str()));
        let missing = missing.map(|key| format!("not reviewed: {key}"));
        let is_of_files = |key: &str| key.split(' ').next().is_some_and(|file| files.iter().any(|other| other == file));
        let stale = self.0.iter().filter(|&&key| is_of_files(key) && !unnoticed.contains(key));
        missing.chain(stale.map(|key| format!("a test notices it now, or it is gone: {key}"))).collect()
    }
}
