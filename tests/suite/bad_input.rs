//! Tests of bad input. Each bad input causes a typed error that names the defect.
//!
//! No input causes a panic or a change of state, and no message shows a secret or code.

use crate::support::commit;
use crate::support::time::at;

use commit::commit;
use secondo::decision::{CommitError, StateError};
use secondo::policy::Window;
use secondo::types::PeriodError;
use secondo::types::{BeforeT0, Counter, MalformedCode, Period, SecretError};
use secondo::{Algorithm, Digits, Hotp, Key, Method, Policy, Refusal, Secret, State, SubmittedCode, Totp, UnixTime};

const NOW: UnixTime = at(1_700_000_000);

fn key() -> Key {
    Key::new(Algorithm::Sha1, &Secret::from_bytes(b"12345678901234567890").unwrap())
}

/// Verifies a TOTP code, and returns the refusal and the state after it.
fn verify(totp: Totp, text: &str, now: UnixTime) -> (Refusal, State) {
    let mut state = State::new().confirmed();
    let decision = Method::Totp(totp).verify(&key(), &Policy::new(), &state, &SubmittedCode::new(text), now);
    let refusal = commit(decision, &mut state).unwrap_err();
    (refusal, state)
}

#[test]
fn malformed_codes() {
    let megabyte = "1".repeat(1 << 20);
    let length = |found| MalformedCode::Length { expected: 6, found };
    let character = |position| MalformedCode::Character { position };
    for (text, expected) in [
        ("", length(0)),
        ("      ", length(0)),
        ("12345", length(5)),
        ("1234567", length(7)),
        (&megabyte, length(1 << 20)),
        ("١٢٣٤٥٦", character(0)),
        ("123456\0", character(6)),
        ("12345a", character(5)),
        ("12:456", character(2)),
        ("12/456", character(2)),
        ("-1.5e9", character(2)),
    ] {
        let (refusal, state) = verify(Totp::default(), text, NOW);
        assert_eq!(refusal, Refusal::Malformed(expected));
        assert_eq!(state, State::new().confirmed());
        assert_eq!(SubmittedCode::new(text).code(Digits::Six).unwrap_err(), expected);
        for message in [refusal.to_string(), refusal.public().to_string(), format!("{refusal:?}")] {
            assert!(text.trim().is_empty() || !message.contains(text), "{message}");
        }
    }
    assert_eq!(length(5).to_string(), "a code has 6 digits, not 5");
    assert_eq!(character(3).to_string(), "the character at position 3 is not a digit");
    // A text with separators may have up to 64 bytes.
    assert!(SubmittedCode::new(&format!("{:>64}", "123456")).code(Digits::Six).is_ok());
    assert!(SubmittedCode::new(&format!("{}123456", "　".repeat(19))).code(Digits::Six).is_ok());
    assert_eq!(SubmittedCode::new(&"　".repeat(22)).code(Digits::Six).unwrap_err(), length(66));
    assert_eq!(SubmittedCode::new(&format!("{:>65}", "123456")).code(Digits::Six).unwrap_err(), length(65));
    for separated in ["123 456", " 123456", "123456 ", "123-456", "１２３４５６"] {
        assert_eq!(SubmittedCode::new(separated).code(Digits::Six).unwrap().as_str(), "123456");
    }
}

#[test]
fn parameters() {
    let period = Period::from_secs(0).unwrap_err();
    assert_eq!(period, PeriodError(0));
    let messages = [
        (period.to_string(), "a period must be 1 to 86400 s, not 0"),
        (Digits::try_from(10).unwrap_err().to_string(), "a code must have 6 to 9 digits, not 10"),
        (
            Window::new(6, 5).unwrap_err().to_string(),
            "a window must have at most 10 steps besides the current one, not 6 past and 5 future",
        ),
        (Policy::new().with_look_ahead(11).unwrap_err().to_string(), "the look-ahead must be at most 10, not 11"),
    ];
    for (error, message) in messages {
        assert_eq!(error, message);
    }
}

#[test]
fn a_time_before_t0() {
    let totp = Totp::default().with_t0(NOW);
    let before = UnixTime::from_secs(NOW.as_secs() - 1).unwrap();
    assert_eq!(totp.step(before), Err(BeforeT0));
    assert_eq!(totp.seconds_remaining(before), Err(BeforeT0));
    assert_eq!(totp.generate(&key(), before).unwrap_err(), BeforeT0);
    assert_eq!(verify(totp, "123456", before), (Refusal::ClockBehind, State::new().confirmed()));
    assert_eq!(totp.step(NOW), Ok(Counter::new(0)));
}

#[test]
fn secrets() {
    let length = |min, found| SecretError::Length { min, found };
    let character = |position| SecretError::Base32Character { position };
    for len in [0, 1, 15, 129, 1 << 20] {
        assert_eq!(Secret::from_bytes(&vec![7; len]).unwrap_err(), length(16, len));
    }
    assert_eq!(Secret::import_short(&[7; 9]).unwrap_err(), length(10, 9));
    assert!(Secret::import_short(&[7; 10]).is_ok());

    let good = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    assert!(Secret::from_base32(good).is_ok() && Secret::from_base32(&good.to_lowercase()).is_ok());
    let megabyte = "A".repeat(1 << 20);
    for (text, expected) in [
        ("", length(16, 0)),
        ("JBSWY3DPEHPK3PXP", length(16, 10)),
        (&megabyte, SecretError::Base32Length),
        ("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ0", character(31)),
        ("GEZDGNBVGY3TQOJ1GEZDGNBVGY3TQOJQ", character(15)),
        ("GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ", character(4)),
        ("ÄEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", character(0)),
        ("=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ", character(0)),
        ("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQ=OJ", character(29)),
        ("GEZDGNBVGY3TQOJQGEZDGNBVGY3", SecretError::Base32Length),
        ("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQ=", SecretError::Base32Length),
        ("GEZDGNBVGY3TQOJQGEZDGNBVG=======", SecretError::Base32Length),
    ] {
        let error = Secret::from_base32(text).unwrap_err();
        assert_eq!(error, expected, "{text:.40}");
        assert!(text.is_empty() || !error.to_string().contains(&text[text.len() / 2..]));
    }
    // Only the constructors for grouped or imported text accept separators.
    assert!(Secret::from_base32_grouped("gezd-gnbv gy3t-qojq gezd-gnbv gy3t-qojq").is_ok());
    assert_eq!(Secret::from_base32_grouped("gezd gnbv 1").unwrap_err(), character(10));
    assert_eq!(Secret::import_short_base32("JBSW Y3DP EHPK 3PXP").unwrap().expose(), b"Hello!\xde\xad\xbe\xef");
    // Surplus bits of the last character are ignored.
    let spare = Secret::from_base32("GEZDGNBVGY3TQOJQGEZDGNBVGZ").unwrap();
    assert_eq!(spare.expose(), b"1234567890123456");
}

#[test]
fn corrupt_state_bytes() {
    let mut bytes = State::new().confirmed().to_bytes();
    bytes[2] = 200;
    assert_eq!(State::from_bytes(&bytes), Err(StateError::Field { offset: 2 }));
    assert_eq!(State::from_bytes(&bytes).unwrap_err().to_string(), "the state's field at byte 2 has an invalid value");
}

/// A code of another length is refused, and no state is stored.
#[test]
fn a_code_of_another_width() {
    let state = State::new().confirmed();
    let eight = SubmittedCode::new("12345678");
    let decision = Method::Hotp(Hotp::default()).verify(&key(), &Policy::new(), &state, &eight, NOW);
    let verdict = decision.commit(|_| -> Result<(), &str> { panic!("a malformed code must not be stored") });
    let malformed = MalformedCode::Length { expected: 6, found: 8 };
    assert_eq!(verdict.unwrap_err(), CommitError::Refused(Refusal::Malformed(malformed)));
}

#[cfg(feature = "std")]
#[test]
fn identifiers_and_unknown_ones() {
    use secondo::store::Memory;
    use secondo::{AccountId, Transaction, Verifier, VerifierError};

    for (text, expected) in [
        (String::new(), secondo::types::IdError::Length(0)),
        ("x".repeat(65), secondo::types::IdError::Length(65)),
        ("x".repeat(1 << 20), secondo::types::IdError::Length(1 << 20)),
        ("rossi mario".into(), secondo::types::IdError::Character { position: 5 }),
        ("rossi\n".into(), secondo::types::IdError::Character { position: 5 }),
        ("rossì".into(), secondo::types::IdError::Character { position: 4 }),
        ("\u{7f}".into(), secondo::types::IdError::Character { position: 0 }),
    ] {
        assert_eq!(AccountId::new(&text), Err(expected));
    }
    assert_eq!(AccountId::new(&"x".repeat(64)).unwrap().as_str().len(), 64);

    let store = Memory::new();
    let verifier = Verifier::unsealed(&store, Policy::new());
    let unknown = AccountId::new("nobody").unwrap();
    let login = Transaction::new(&[7; 16]).unwrap();
    let result = pollster::block_on(verifier.verify(&unknown, &login, "123456", NOW));
    assert!(matches!(result, Err(VerifierError::Unknown)));
    assert!(store.is_empty(), "an unknown id must not be stored");
}
