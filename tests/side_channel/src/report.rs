//! Test results in the form that cargo prints.

pub(crate) struct Report {
    passed: u32,
    failed: u32,
}

impl Report {
    pub(crate) fn new(of: &str) -> Self {
        println!("\nrunning {of}");
        Self { passed: 0, failed: 0 }
    }

    pub(crate) fn test(&mut self, name: &str, found: Result<(), String>) {
        match found {
            Ok(()) => self.passed += 1,
            Err(found) => {
                self.failed += 1;
                println!("test {name} ... FAILED: {found}");
            }
        }
    }

    /// Prints the summary, and returns `true` if there was at least one test and all passed.
    pub(crate) fn finish(self) -> bool {
        let Self { passed, failed } = self;
        let ok = failed == 0 && passed > 0;
        println!("test result: {}. {passed} passed; {failed} failed", if ok { "ok" } else { "FAILED" });
        ok
    }
}
