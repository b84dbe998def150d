//! The variables of the environment, which come before the configuration.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// Returns the program with a configuration that names another origin and another store.
fn command(folder: &TempDir) -> Command {
    let (config, data) = (folder.path().join("idp.toml"), folder.path().join("idp.redb"));
    fs::write(&config, "origin = \"https://file.example\"\nstore = \"rediss://file.example\"\n").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_idp"));
    command.env("IDP_CONFIG", config).env("IDP_DATA", data).env("IDP_LISTEN", "127.0.0.1:0");
    command
}

#[test]
fn variables_come_before_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let variables = [("IDP_ORIGIN", "https://variable.example"), ("IDP_STORE", "file")];
    let mut process = command(&folder).envs(variables).stdout(Stdio::piped()).spawn().unwrap();
    let line = BufReader::new(process.stdout.take().unwrap()).lines().next();
    process.kill().unwrap();
    process.wait().unwrap();
    assert_eq!(line.unwrap().unwrap(), "Open https://variable.example/gepi");
    assert!(folder.path().join("idp.redb").exists());

    let other_program = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = other_program.local_addr().unwrap().to_string();
    for (variable, value, reason) in [
        ("IDP_LISTEN", taken.as_str(), taken.as_str()),
        ("IDP_STORE", "postgres://idp@192.0.2.1/idp", "TLS"),
        ("IDP_STORE", "drawer", "store"),
        ("IDP_LISTEN", "here", "IDP_LISTEN must be an address with a port"),
    ] {
        let output = command(&folder).env(variable, value).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && error.contains(reason), "{variable}={value}: {error}");
    }
}
