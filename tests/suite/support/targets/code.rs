//! Targets of what people type: codes, secrets in base32, recovery codes.

use pollster::block_on;
use secondo::audit::Operator;
use secondo::factor::{NewAuthenticator, RecoveryCodes};
use secondo::store::Memory;
use secondo::types::{MalformedCode, SecretError};
use secondo::{
    AccountId, Code, Digits, Policy, Refusal, Secret, State, SubmittedCode, Transaction, Verifier, VerifierError,
};

use super::MOVED_AT;

/// Checks that a text is a code if and only if it has at most 64 bytes and, besides separators, the required digits.
pub fn code(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for digits in [Digits::Six, Digits::Seven, Digits::Eight, Digits::Nine] {
        let is_code = |text: &str| text.len() == digits.count() && text.bytes().all(|byte| byte.is_ascii_digit());
        let bare = bare(text);
        same(SubmittedCode::new(text).code(digits), (text.len() <= 64 && is_code(&bare)).then_some(&bare));
    }
}

/// Returns what a person typed without separators, in compatibility form.
pub(in super::super) fn bare(text: &str) -> String {
    text.chars().filter(|c| !is_separator(*c)).map(compatible).collect()
}

pub(super) fn is_separator(character: char) -> bool {
    const OTHERS: &str = "-\u{ad}\u{61c}\u{200b}\u{200c}\u{200d}\u{200e}\u{200f}\u{2010}\u{2011}\u{2012}\u{2013}\u{2014}\u{2015}\
        \u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2060}\u{2061}\u{2062}\u{2063}\u{2064}\u{2065}\u{2066}\u{2067}\u{2068}\u{2069}\
        \u{2212}\u{fe63}\u{feff}\u{ff0d}";
    character.is_whitespace() || OTHERS.contains(character)
}

/// Returns the digits that the vectors have for this character, the letter for a full-width letter, or the character.
pub(super) fn compatible(character: char) -> String {
    const WIDE: u32 = 'Ａ' as u32 - 'A' as u32;
    if let 'Ａ'..='Ｚ' | 'ａ'..='ｚ' = character {
        return char::from_u32(u32::from(character) - WIDE).unwrap().into();
    }
    let code_point = format!("{:X}", u32::from(character));
    let mut rows = include_str!("../../../vectors/nfkc-digits.txt").lines().filter_map(|row| row.split_once(' '));
    rows.find(|(row, _)| **row == *code_point).map_or(character.into(), |(_, digits)| digits.to_owned())
}

fn same(parsed: Result<Code, MalformedCode>, expected: Option<&str>) {
    match (parsed, expected) {
        (Ok(code), Some(text)) => assert_eq!(code.as_str(), text),
        (Err(MalformedCode::Length { expected, found }), None) => assert_ne!(expected, found),
        (Err(MalformedCode::Character { .. }), None) => {}
        (parsed, expected) => panic!("{parsed:?}, but expected {expected:?}"),
    }
}

/// Checks that base32 decodes to the same bytes as with the `base32` crate, and is written and read back.
///
/// All other texts must be refused, with an error that names the true defect.
pub fn base32(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    check_base32(text, text, Secret::MIN_LEN, Secret::from_base32(text));
    let bare = text.replace([' ', '-'], "");
    check_base32(text, &bare, Secret::MIN_LEN, Secret::from_base32_grouped(text));
    check_base32(text, &bare, Secret::SHORT_LEN, Secret::import_short_base32(text));
}

/// A text for at least the shortest imported secret may have bits after the last whole byte.
fn check_base32(text: &str, bare: &str, min: usize, parsed: Result<Secret, SecretError>) {
    let symbols = bare.trim_end_matches('=');
    let padding = bare.len() - symbols.len();
    let is_symbol = |c: char| c.is_ascii_alphabetic() || ('2'..='7').contains(&c);
    let well_formed = symbols.chars().all(is_symbol)
        && (min == Secret::SHORT_LEN || matches!(symbols.len() % 8, 0 | 2 | 4 | 5 | 7))
        && (padding == 0 || padding == 8 - symbols.len() % 8 && padding < 7);
    let len = symbols.len() * 5 / 8;
    match parsed {
        Ok(secret) => {
            assert!(well_formed && (min..=Secret::MAX_LEN).contains(&len));
            let alphabet = base32::Alphabet::Rfc4648 { padding: false };
            let whole = symbols.len() - usize::from(matches!(symbols.len() % 8, 1 | 3 | 6));
            let expected = base32::decode(alphabet, &symbols[..whole].to_ascii_uppercase()).unwrap();
            assert_eq!(secret.expose(), expected);
            let written = secret.to_base32();
            assert_eq!(written.as_str(), base32::encode(alphabet, &expected));
            let read = Secret::import_short_base32(written.as_str()).unwrap();
            assert_eq!(read.expose(), expected);
        }
        Err(SecretError::Base32Character { position }) => {
            assert!(!well_formed);
            assert!(
                !text[position..].starts_with(is_symbol),
                "the character at position {position} is a base32 symbol"
            );
        }
        Err(SecretError::Base32Length) => assert!(!well_formed || len > Secret::MAX_LEN),
        Err(SecretError::Length { found, .. }) => {
            assert!(well_formed && found == len && !(min..=Secret::MAX_LEN).contains(&len));
        }
        Err(other) => panic!("{other:?}"),
    }
}

/// Checks that a text is read as a recovery code if and only if it is one by a naive reading, and that only a code of
/// the set is accepted.
pub fn recovery_code(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (store, id) = (Memory::new(), AccountId::new("rossi").unwrap());
    let verifier = Verifier::unsealed(&store, Policy::new());
    // Long codes have a fast hash.
    let codes = RecoveryCodes::long(&[7; 32]);
    let (desk, login) = (Operator::new("desk", "test"), Transaction::new(&[7; 16]).unwrap());
    let imported = [(NewAuthenticator::from(&codes), State::new().confirmed())];
    block_on(verifier.import(&id, &imported, desk, MOVED_AT)).unwrap();

    let symbols = recovery_symbols(text);
    let is_right =
        |symbols: &Vec<u8>| codes.texts().any(|code| recovery_symbols(code.as_str()).as_ref() == Ok(symbols));
    match (block_on(verifier.recover(&id, &login, text, MOVED_AT)), symbols) {
        (Ok(accepted), Ok(symbols)) => {
            assert!(is_right(&symbols));
            assert_eq!(accepted.recovery_codes_left().unwrap().get(), 9);
        }
        (Err(VerifierError::Refused(Refusal::Wrong { remaining: 4, .. })), Ok(symbols)) => assert!(!is_right(&symbols)),
        (Err(VerifierError::Refused(Refusal::Malformed(found))), Err(expected)) => assert_eq!(found, expected),
        (found, expected) => panic!("{found:?}, but {expected:?}"),
    }
}

/// Reads the values of the symbols of a long recovery code, and checks them by multiplication in the field of 32
/// elements.
fn recovery_symbols(text: &str) -> Result<Vec<u8>, MalformedCode> {
    const LEN: usize = 25;

    let product = |a: u8, b: u8| {
        let mut product = (0..5).filter(|at| b >> at & 1 == 1).fold(0_u16, |sum, at| sum ^ u16::from(a) << at);
        for at in (5..=8).rev() {
            if product >> at & 1 == 1 {
                product ^= 0b10_0101 << (at - 5);
            }
        }
        u8::try_from(product).unwrap()
    };
    let bare = bare(text);
    let found = if text.len() > 64 { text.len() } else { bare.len() };
    if found != LEN {
        return Err(MalformedCode::RecoveryLength { expected: LEN, found });
    }
    let value = |character: u8| match character.to_ascii_uppercase() {
        b'O' => Some(0),
        b'I' | b'L' => Some(1),
        other => b"0123456789ABCDEFGHJKMNPQRSTVWXYZ".iter().position(|symbol| *symbol == other),
    };
    let mut symbols = Vec::new();
    for (position, character) in bare.bytes().enumerate() {
        let value = value(character).ok_or(MalformedCode::RecoveryCharacter { position })?;
        symbols.push(u8::try_from(value).unwrap());
    }
    let mut power = 1;
    let mut sum = 0;
    for symbol in symbols.iter().rev() {
        sum ^= product(*symbol, power);
        power = product(power, 2);
    }
    if sum == 0 { Ok(symbols) } else { Err(MalformedCode::RecoveryCheck) }
}
