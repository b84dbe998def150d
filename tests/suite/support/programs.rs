//! The examples as programs.

use std::path::Path;
use std::process::{Command, Stdio};

/// Returns a command that runs this example, with pipes.
///
/// The example is built with the features of `cargo test --workspace --all-features`, which `tests/run` uses, so that
/// nothing is built twice.
pub(crate) fn example(name: &str) -> Command {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--workspace", "--all-features", "--example", name])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    assert!(built.expect("cargo should run").success());
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let mut example = Command::new(target.join("debug/examples").join(name));
    example.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    example
}
