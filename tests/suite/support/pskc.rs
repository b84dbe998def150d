//! PSKC documents for tests, and calls that read them.

use super::time::at;
use secondo::UnixTime;
use secondo::formats::pskc::{Credential, PskcError, PskcErrorKind, Reader, Token};

/// The time of the import, at which no key in the figures has expired.
pub(crate) const NOW: UnixTime = at(1_142_380_800);

/// The secret in the figures of RFC 6030.
pub(crate) const SECRET: &[u8] = b"12345678901234567890";

/// Returns the document in a figure of RFC 6030.
pub(crate) fn figure(number: usize) -> String {
    let path = format!("{}/tests/vectors/pskc/rfc6030-figure{number}.xml", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The pre-shared key of RFC 6030, figure 6.
pub(crate) const PRE_SHARED: &[u8] =
    &[0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x34, 0x56, 0x78, 0x90, 0x12];

pub(crate) fn read(document: &str, credential: Credential<'_>) -> Vec<Result<Token, PskcError>> {
    Reader::new(document.as_bytes(), credential, NOW).collect()
}

/// Reads a document with exactly one token, and returns the token.
pub(crate) fn read_one(document: &str, credential: Credential<'_>) -> Token {
    let mut tokens = read(document, credential);
    assert_eq!(tokens.len(), 1);
    tokens.remove(0).unwrap()
}

/// Reads a document that yields a single error, of a token or of the document, and returns its kind.
pub(crate) fn refusal(document: &str, credential: Credential<'_>) -> PskcErrorKind {
    let mut tokens = read(document, credential);
    assert_eq!(tokens.len(), 1);
    tokens.remove(0).unwrap_err().kind()
}

/// Returns figure 3 with these replacements.
pub(crate) fn with(replacements: &[(&str, &str)]) -> String {
    let mut document = figure(3);
    for (from, to) in replacements {
        assert!(document.contains(from), "{from}");
        document = document.replacen(from, to, 1);
    }
    document
}

/// Returns a plain value in an element with this name.
pub(crate) fn value(name: &str, value: &str) -> String {
    format!("<{name}><PlainValue>{value}</PlainValue></{name}>")
}

/// Returns figure 3 with a TOTP key that has these values.
pub(crate) fn totp(data: &str) -> String {
    let data = format!("</Secret>{data}<Counter>");
    with(&[("pskc:hotp", "pskc:totp"), ("</Secret>\n                <Counter>", &data)])
}
