//! A test of the enrollment example: it reads the QR code from the terminal, and submits codes from `oathtool`.
#![cfg(all(feature = "qr", feature = "rand", feature = "std"))]

use crate::support::hex::hex;
use crate::support::oathtool;
use crate::support::pictures;
use crate::support::programs;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::Command;

use oathtool::oathtool;

/// Returns a command that runs the example with a master key.
fn example(master_key: &str) -> Command {
    let mut example = programs::example("enroll");
    example.env("SECONDO_MASTER_KEY", master_key);
    example
}

#[test]
fn scanning_the_code_enrolls_and_the_stored_record_is_sealed() {
    oathtool::must_be_there();
    let mut example = example(&"5e".repeat(32)).spawn().unwrap();
    let mut input = example.stdin.take().unwrap();
    let mut output = BufReader::new(example.stdout.take().unwrap());

    let mut shown = String::new();
    while !shown.ends_with("\n\n") {
        assert_ne!(output.read_line(&mut shown).unwrap(), 0, "{shown}");
    }
    let picture = Path::new(env!("CARGO_TARGET_TMPDIR")).join("enroll.pgm");
    fs::write(&picture, pictures::screen(shown.trim_end()).on_black_page().pgm()).unwrap();
    let uri = pictures::read(&picture);
    let secret = uri.strip_prefix("otpauth://totp/Secondo:rossi?secret=").expect(&uri);
    let secret = secret.strip_suffix("&issuer=Secondo").expect(&uri);

    let arguments = ["--totp", "--base32", secret];
    let code = oathtool(&arguments.map(str::to_owned)).remove(0);
    writeln!(input, "12345\n{code}").unwrap();
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    let lines: Vec<_> = rest.lines().collect();
    assert_eq!(lines[0], "The code that the app shows: Enter a code of 6 digits.");
    assert_eq!(lines[1], "The code that the app shows: Confirmed, and logged in with authenticator 1.");
    assert_eq!(lines[2], "This is what is stored, sealed with key 1:");
    let record = lines[3];
    // Version 1, a sealed account, revision 2 after the enrollment and the confirmation, and key 1.
    assert!(record.starts_with("0181000000000000000200000001"), "{record}");
    let seed = hex(&base32::decode(base32::Alphabet::Rfc4648 { padding: false }, secret).unwrap());
    assert!(!seed.as_bytes().windows(8).any(|part| record.contains(std::str::from_utf8(part).unwrap())), "{record}");
    assert!(example.wait().unwrap().success());
}

#[test]
fn without_a_master_key_nobody_is_enrolled() {
    for wrong in ["", "5e", &"5g".repeat(32)] {
        let output = example(wrong).output().unwrap();
        assert!(!output.status.success());
        assert_eq!(output.stdout, b"");
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(message.contains(&format!("Text {{ len: {} }}", wrong.len())), "{message}");
    }
}
