//! The number of random cases of a test.

use proptest::test_runner::Config;

/// Returns a configuration with this number of cases, or ten times as many if `TESTS_FULL` is set.
pub(crate) fn cases(usual: u32) -> Config {
    let cases = if std::env::var_os("TESTS_FULL").is_some() { 10 * usual } else { usual };
    Config { failure_persistence: None, ..Config::with_cases(cases) }
}
