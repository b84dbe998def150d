//! What the fuzzer runs, and what the replay of its seeds runs on stable Rust: each takes bytes and panics on a defect.

use std::collections::BTreeMap;

use secondo::{Code, Digits, MalformedCode, Secret, SecretError, State};

/// The code parsers accept what is a code, unchanged, and nothing else.
pub fn code(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for digits in [Digits::Six, Digits::Seven, Digits::Eight, Digits::Nine] {
        let is_code = |text: &str| text.len() == digits.count() && text.bytes().all(|byte| byte.is_ascii_digit());
        same(Code::parse(text, digits), is_code(text).then_some(text));
        let bare = text.replace([' ', '-'], "");
        same(Code::parse_typed(text, digits), (text.len() <= 64 && is_code(&bare)).then_some(&bare));
    }
}

fn same(parsed: Result<Code, MalformedCode>, expected: Option<&str>) {
    match (parsed, expected) {
        (Ok(code), Some(text)) => assert_eq!(code.as_str(), text),
        (Err(MalformedCode::Length { expected, found }), None) => assert_ne!(expected, found),
        (Err(MalformedCode::Character { .. }), None) => {}
        (parsed, expected) => panic!("{parsed:?}, but expected {expected:?}"),
    }
}

/// What decodes as base32 is what the `base32` crate decodes, and is written and read back; the rest is refused for a
/// reason that holds.
pub fn base32(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    check_base32(text, text, Secret::MIN_LEN, Secret::from_base32(text));
    let bare = text.replace([' ', '-'], "");
    check_base32(text, &bare, Secret::MIN_LEN, Secret::from_base32_grouped(text));
    check_base32(text, &bare, Secret::SHORT_LEN, Secret::import_short_base32(text));
}

fn check_base32(text: &str, bare: &str, min: usize, parsed: Result<Secret, SecretError>) {
    let symbols = bare.trim_end_matches('=');
    let padding = bare.len() - symbols.len();
    let is_symbol = |c: char| c.is_ascii_alphabetic() || ('2'..='7').contains(&c);
    let well_formed = symbols.chars().all(is_symbol)
        && matches!(symbols.len() % 8, 0 | 2 | 4 | 5 | 7)
        && (padding == 0 || padding == 8 - symbols.len() % 8 && padding < 8);
    let len = symbols.len() * 5 / 8;
    match parsed {
        Ok(secret) => {
            assert!(well_formed && (min..=Secret::MAX_LEN).contains(&len));
            let alphabet = base32::Alphabet::Rfc4648 { padding: false };
            let expected = base32::decode(alphabet, &symbols.to_ascii_uppercase()).unwrap();
            assert_eq!(secret.expose(), expected);
            let written = secret.to_base32();
            assert_eq!(written.as_str(), base32::encode(alphabet, &expected));
            let read = Secret::import_short_base32(written.as_str()).unwrap();
            assert_eq!(read.expose(), expected);
        }
        Err(SecretError::Base32Character { position }) => {
            assert!(!well_formed);
            assert!(!text[position..].starts_with(is_symbol), "position {position} is well-formed");
        }
        Err(SecretError::Base32Length) => assert!(!well_formed || len > Secret::MAX_LEN),
        Err(SecretError::Length { found, .. }) => {
            assert!(well_formed && found == len && !(min..=Secret::MAX_LEN).contains(&len));
        }
        Err(other) => panic!("{other:?}"),
    }
}

/// Bytes are a state if and only if they are what that state is written as.
pub fn state(bytes: &[u8]) {
    if let Ok(state) = State::from_bytes(bytes) {
        assert_eq!(state.to_bytes(), bytes);
    }
}

/// Sequences of operations come out as in the model.
pub fn operations(bytes: &[u8]) {
    super::model::run(bytes, &mut BTreeMap::new());
}

/// Tokens that are read from a key file are written to another one, plain and encrypted, and are the same when they are
/// read from there.
#[cfg(feature = "pskc")]
pub fn pskc(bytes: &[u8]) {
    use secondo::import::pskc::{Credential, Protection, Reader, Token};

    // Those of RFC 6030.
    let key = [0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x34, 0x56, 0x78, 0x90, 0x12];
    let is_slow = |text: &[u8]| text.iter().take(30).filter(|byte| byte.is_ascii_digit()).count() > 4;
    let marks = b"IterationCount>";
    let slow =
        bytes.windows(marks.len()).zip(0..).any(|(part, at)| part == marks && is_slow(&bytes[at + marks.len()..]));
    let passphrase = if slow { Credential::None } else { Credential::Passphrase("qwerty") };
    for credential in [Credential::None, Credential::Key(&key), passphrase] {
        let mut reader = Reader::new(bytes, credential);
        let mut tokens: Vec<Token> = Vec::new();
        while let Some(item) = reader.next() {
            match item {
                Ok(token) => tokens.push(token),
                Err(error) => {
                    assert!(error.position() <= bytes.len() as u64);
                    assert!(!error.ends_document() || reader.next().is_none());
                }
            }
        }
        assert!(reader.next().is_none());
        rewrite(&tokens, Protection::Plain, Credential::None);
        rewrite(&tokens, Protection::Key { name: "name", key: &key }, Credential::Key(&key));
    }
}

#[cfg(feature = "pskc")]
fn rewrite(
    tokens: &[secondo::import::pskc::Token],
    protection: secondo::import::pskc::Protection<'_>,
    credential: secondo::import::pskc::Credential<'_>,
) {
    use rand::SeedableRng;
    use secondo::import::pskc::{Reader, Writer};

    let mut writer = Writer::new(Vec::new(), protection, rand::rngs::StdRng::seed_from_u64(0)).unwrap();
    for token in tokens {
        writer.write(token).unwrap();
    }
    let document = writer.finish().unwrap();
    let read: Vec<_> = Reader::new(&document[..], credential).map(Result::unwrap).collect();
    assert_eq!(format!("{read:?}"), format!("{tokens:?}"));
    for (read, token) in read.iter().zip(tokens) {
        let [a, b] = [read, token].map(|token| token.authenticator.secret().unwrap().expose());
        assert_eq!(a, b);
    }
}
