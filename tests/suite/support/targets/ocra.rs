//! The target of OCRA suites and responses.

use secondo::factor::ocra::{Inputs, PinHash, Question, ResponseDigits, ResponseError, Suite};
use secondo::policy::Window;
use secondo::types::{Counter, MalformedCode};
use secondo::{Key, Policy, Secret};

use super::MOVED_AT;
use super::code::{bare, compatible, is_separator};

/// Checks that a suite is kept as it is written or refused, and that it accepts its own response only.
///
/// The first line is the suite, the rest is a submitted response.
pub fn ocra(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (suite, submitted) = text.split_once('\n').unwrap_or((text, ""));
    match Suite::parse(suite) {
        Ok(parsed) => {
            assert_eq!(parsed.as_str(), suite);
            check_responses(&parsed, submitted);
        }
        Err(error) => assert!(suite.is_char_boundary(error.position)),
    }
}

fn check_responses(suite: &Suite, submitted: &str) {
    let key = Key::new(suite.algorithm(), &Secret::from_bytes(&[7; 20]).unwrap());
    let question = Question::from_random(suite.question(), &[0x5e; 32]);
    let session = vec![7; suite.session_len().unwrap_or_default()];
    let pin_hash = suite.pin_hash().map(|algorithm| PinHash::new(algorithm, "1234"));
    let mut inputs = Inputs::one_way(&question);
    if suite.has_counter() {
        inputs = inputs.with_counter(Counter::new(9));
    }
    if let Some(pin_hash) = &pin_hash {
        inputs = inputs.with_pin_hash(pin_hash);
    }
    if !session.is_empty() {
        inputs = inputs.with_session(&session);
    }
    if suite.time_step_secs().is_some() {
        inputs = inputs.with_time(MOVED_AT);
    }
    let policy = Policy::new().with_window(Window::new(0, 0).unwrap()).with_look_ahead(0).unwrap();
    let right = suite.response(&key, &inputs).unwrap();
    assert!(suite.verify(&key, &inputs, right.as_str(), &policy).is_ok());

    let is_whole = suite.digits() == ResponseDigits::Whole;
    let is_digit = |byte: u8| byte.is_ascii_digit() || is_whole && byte.is_ascii_hexdigit();
    let bare = bare(submitted).to_ascii_lowercase();
    match suite.verify(&key, &inputs, submitted, &policy) {
        Ok(_) => assert_eq!(bare, right.as_str()),
        Err(ResponseError::Wrong) => {
            assert!(bare != right.as_str() && bare.len() == right.as_str().len() && bare.bytes().all(is_digit));
        }
        Err(ResponseError::Malformed(MalformedCode::Length { expected, found })) => {
            assert!(expected == right.as_str().len() && (expected != found || submitted.len() > 256));
        }
        Err(ResponseError::Malformed(MalformedCode::Character { position })) => {
            let found = submitted[position..].chars().next().unwrap();
            assert!(!is_separator(found) && !compatible(found).bytes().all(is_digit));
        }
        Err(other) => panic!("{other:?}"),
    }
}
