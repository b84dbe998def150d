//! The count of passed and failed checks.

use core::fmt::Write;

/// A count of passed and failed checks, which prints each failure.
pub struct Tally<'c> {
    console: &'c mut dyn Write,
    passed: u32,
    failed: u32,
}

impl<'c> Tally<'c> {
    pub fn new(console: &'c mut dyn Write) -> Self {
        Self { console, passed: 0, failed: 0 }
    }

    /// Counts one check, and prints its name and case if it failed. `of` is the name of the check, `case` the number of
    /// its case.
    pub fn check(&mut self, of: &str, case: u64, holds: bool) {
        if holds {
            self.passed += 1;
        } else {
            self.failed += 1;
            let _ = writeln!(self.console, "FAILED: {of}, {case}");
        }
    }

    /// Prints the totals in the form that cargo prints, and returns `true` if all checks passed.
    pub fn finish(self) -> bool {
        let Self { console, passed, failed } = self;
        let verdict = if failed == 0 { "ok" } else { "FAILED" };
        writeln!(console, "test result: {verdict}. {passed} passed; {failed} failed").is_ok() && failed == 0
    }
}
