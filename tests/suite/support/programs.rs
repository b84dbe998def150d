//! The examples as programs.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

/// Returns a command that runs this example, with pipes.
///
/// The example is built, with the features of `cargo test --workspace --all-features`, so that nothing is built twice.
/// `tests/run` has built it before.
pub(crate) fn example(name: &str) -> Command {
    if env::var_os("TESTS_ARE_BUILT").is_none() {
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--locked", "--workspace", "--all-features", "--example", name])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status();
        assert!(built.expect("cargo should run").success());
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let mut example = Command::new(target.join("debug/examples").join(name));
    example.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    example
}
