use core::fmt::Write;

/// Counts checks, and shows those that failed.
pub struct Tally<'c> {
    console: &'c mut dyn Write,
    passed: u32,
    failed: u32,
}

impl<'c> Tally<'c> {
    pub fn new(console: &'c mut dyn Write) -> Self {
        Self { console, passed: 0, failed: 0 }
    }

    /// One check: `of` says what is checked, `case` which of its cases.
    pub fn check(&mut self, of: &str, case: u64, holds: bool) {
        if holds {
            self.passed += 1;
        } else {
            self.failed += 1;
            let _ = writeln!(self.console, "FAILED: {of}, {case}");
        }
    }

    /// Says in the words of cargo how many passed; whether all did.
    pub fn finish(self) -> bool {
        let Self { console, passed, failed } = self;
        let verdict = if failed == 0 { "ok" } else { "FAILED" };
        writeln!(console, "test result: {verdict}. {passed} passed; {failed} failed").is_ok() && failed == 0
    }
}
