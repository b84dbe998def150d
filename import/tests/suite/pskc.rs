//! PSKC files that are encrypted, read as one of the formats that are recognized.

use std::fs;

use secondo::formats::pskc::PskcErrorKind;
use secondo_import::{Problem, Unlock};

use crate::support::{SECRET, read_with, secret};

/// The key of RFC 6030, figure 6.
const KEY: &[u8] = &[0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x34, 0x56, 0x78, 0x90, 0x12];

/// Returns the document in a figure of RFC 6030.
pub(crate) fn figure(number: usize) -> String {
    let path = format!("{}/../tests/vectors/pskc/rfc6030-figure{number}.xml", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn problem(number: usize, unlock: &Unlock<'_>) -> PskcErrorKind {
    let read = read_with(figure(number), unlock);
    assert_eq!(read.len(), 1);
    match read[0].as_ref().unwrap_err().problem {
        Problem::Pskc { kind, .. } => kind,
        problem => panic!("{problem}"),
    }
}

#[test]
fn a_key_that_both_sides_share_opens_a_file() {
    assert_eq!(secret(read_with(figure(6), &Unlock::new().with_key(KEY))[0].as_ref().unwrap()), SECRET);
    let missing = PskcErrorKind::KeyMissing;
    assert_eq!(problem(6, &Unlock::new()), missing);
    assert_eq!(missing.to_string(), "the document is encrypted: the key that both sides share is needed");
    // The last one that is set counts.
    assert!(read_with(figure(6), &Unlock::new().with_passphrase("qwerty").with_key(KEY))[0].is_ok());
    let passphrase = Unlock::new().with_key(KEY).with_passphrase("qwerty");
    assert_eq!(problem(6, &passphrase), PskcErrorKind::Credential);
    assert_eq!(problem(6, &Unlock::new().with_key(&KEY[1..])), PskcErrorKind::Credential);
    assert_eq!(problem(6, &Unlock::new().with_key(&[0; 16])), PskcErrorKind::Authentication);
}

#[test]
fn a_passphrase_opens_a_file() {
    assert_eq!(secret(read_with(figure(7), &Unlock::new().with_passphrase("qwerty"))[0].as_ref().unwrap()), SECRET);
    let missing = PskcErrorKind::PassphraseMissing;
    assert_eq!(problem(7, &Unlock::new()), missing);
    assert_eq!(missing.to_string(), "the document is encrypted: its passphrase is needed");
}

#[test]
fn plain_secrets_beside_a_key_are_taken_on_request() {
    for unlock in [Unlock::new().with_key(KEY), Unlock::new().with_passphrase("qwerty")] {
        assert_eq!(problem(3, &unlock), PskcErrorKind::PlainSecret);
        assert_eq!(secret(read_with(figure(3), &unlock.with_plain_secrets())[0].as_ref().unwrap()), SECRET);
    }
}
