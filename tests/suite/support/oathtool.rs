//! Codes from `oathtool`, a program that none of us wrote.

use std::process::{Command, Output};

/// Fails at once where `oathtool` is missing, before anything tries to find the smallest input that fails.
pub(crate) fn must_be_there() {
    let _version = run(&["--version".to_owned()]);
}

/// Runs `oathtool` to its end.
pub(crate) fn run(arguments: &[String]) -> Output {
    Command::new("oathtool").args(arguments).output().unwrap_or_else(|error| {
        panic!("oathtool cannot be run ({error}); `apt-get install oathtool` brings it, or run tests/run")
    })
}

/// What `oathtool` prints with these arguments, a code a line.
pub(crate) fn oathtool(arguments: &[String]) -> Vec<String> {
    let output = run(arguments);
    assert!(output.status.success(), "oathtool {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}
