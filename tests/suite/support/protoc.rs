//! Messages encoded and decoded by `protoc`, an independent implementation.

use std::io::Write;
use std::process::{Command, Stdio};

/// Returns the payload that `protoc` encodes from a text, with `tests/vectors/migration.proto`.
pub(crate) fn encode(text: &str) -> Vec<u8> {
    run("--encode=Payload", text.as_bytes())
}

/// Returns the text that `protoc` decodes from a payload.
pub(crate) fn decode(payload: &[u8]) -> String {
    String::from_utf8(run("--decode=Payload", payload)).unwrap()
}

fn run(argument: &str, input: &[u8]) -> Vec<u8> {
    let mut protoc = Command::new("protoc")
        .args([argument, "--proto_path", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors"), "migration.proto"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| {
            panic!(
                "protoc cannot be run ({error}); install it with `apt-get install protobuf-compiler`, or run tests/run"
            )
        });
    protoc.stdin.take().unwrap().write_all(input).unwrap();
    let output = protoc.wait_with_output().unwrap();
    assert!(output.status.success(), "protoc {argument} failed");
    output.stdout
}
