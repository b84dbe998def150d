//! The examples as programs.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

/// Returns a command that runs this example, with pipes.
///
/// The example is built with the features of `cargo test --workspace --all-features`, or of the packages that `tests/run`
/// tests, so that nothing is built twice.
pub(crate) fn example(name: &str) -> Command {
    let packages = env::var("TESTS_PACKAGES").unwrap_or_else(|_| "--workspace".to_owned());
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--all-features", "--example", name])
        .args(packages.split_whitespace())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    assert!(built.expect("cargo should run").success());
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let mut example = Command::new(target.join("debug/examples").join(name));
    example.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    example
}
