//! Codes from `oathtool`, an independent implementation.

use std::process::{Command, Output};

/// Panics at once if `oathtool` is missing, before a property test tries to shrink its input.
pub(crate) fn must_be_there() {
    let _version = run(&["--version".to_owned()]);
}

/// Runs `oathtool` to its end.
pub(crate) fn run(arguments: &[String]) -> Output {
    Command::new("oathtool").args(arguments).output().unwrap_or_else(|error| {
        panic!("oathtool cannot be run ({error}); install it with `apt-get install oathtool`, or run tests/run")
    })
}

/// Returns the codes that `oathtool` prints with these arguments.
pub(crate) fn oathtool(arguments: &[String]) -> Vec<String> {
    let output = run(arguments);
    assert!(output.status.success(), "oathtool {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}
