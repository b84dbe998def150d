//! Tests of periods beyond an hour, which some hardware tokens have.
#![cfg(all(feature = "json", feature = "pskc", feature = "verifier"))]

use crate::support::enrolled::{SECRET, authenticator};
use crate::support::logins::Logins;
use crate::support::pskc::{self, figure};
use crate::support::refusals::refusal;
use crate::support::time::at;

use pollster::block_on;
use secondo::formats::otpauth::{KeyUri, KeyUriError};
use secondo::formats::pskc::{Credential, PskcError, PskcErrorKind, Token};
use secondo::formats::{ImportError, Imported, json};
use secondo::store::{Memory, Store};
use secondo::types::Period;
use secondo::{AccountId, Digits, Policy, Refusal, State, Totp, UnixTime, Verifier};

const DAY: u64 = 86_400;
const NOW: UnixTime = at(1_700_000_000);

fn later(days: u64) -> UnixTime {
    at(NOW.as_secs() + days * DAY)
}

fn totp(secs: u64) -> Totp {
    Totp::new(Digits::Six, Period::from_secs(secs).unwrap())
}

/// The codes are from Python's `hmac` with the steps 19674 to 19676.
#[test]
fn a_code_of_a_day_is_accepted_once_within_its_window() {
    let (verifier, id) = (Verifier::unsealed(Memory::new(), Policy::new()), AccountId::new("rossi").unwrap());
    verifier.add(&id, authenticator(totp(DAY)), State::new().confirmed()).unwrap();
    assert_eq!(totp(DAY).seconds_remaining(NOW), Ok(6400));
    assert!(verifier.log_in(&id, "764538", NOW).is_ok()); // of yesterday
    assert!(matches!(refusal(verifier.log_in(&id, "764538", NOW)), Refusal::Replayed { .. }));
    assert!(verifier.log_in(&id, "523690", NOW).is_ok());
    assert!(verifier.log_in(&id, "196541", later(1)).is_ok());
    assert!(matches!(refusal(verifier.log_in(&id, "523690", later(1))), Refusal::Replayed { .. }));
    assert!(matches!(refusal(verifier.log_in(&id, "196541", later(2))), Refusal::Replayed { .. }));
    assert!(matches!(refusal(verifier.log_in(&id, "196541", later(9))), Refusal::Wrong { .. }));
}

/// A period takes two bytes before `T0`, and the highest bit of the flags adds 65,536 s. The form of shorter periods is
/// as it was before there were longer ones.
#[test]
fn records_keep_every_period() {
    for (secs, flags, period) in [
        (30, 0b1, [0, 30]),
        (3600, 0b1, [14, 16]),
        (65_535, 0b1, [255, 255]),
        (65_536, 0b1000_0001, [0, 0]),
        (DAY, 0b1000_0001, [0x51, 0x80]),
    ] {
        let store = Memory::new();
        let (verifier, id) = (Verifier::unsealed(&store, Policy::new()), AccountId::new("rossi").unwrap());
        verifier.add(&id, authenticator(totp(secs)), State::new().confirmed()).unwrap();
        let record = block_on(store.load(&id)).unwrap().unwrap();
        let bytes: &[u8] = record.value.as_ref();
        let at = bytes.windows(SECRET.len()).position(|bytes| bytes == SECRET).unwrap();
        assert_eq!(bytes[at - 19..at - 15], [flags, 6, period[0], period[1]], "{secs}");
        let code = totp(secs).generate(&crate::support::enrolled::key(), NOW).unwrap();
        assert!(verifier.log_in(&id, code.as_str(), NOW).is_ok(), "{secs}");
    }
}

/// The sample of a vendor says 172800.
#[test]
fn period_of_172800_is_refused_with_the_range() {
    refuse(172_800);
}

#[test]
fn periods_are_at_most_a_day() {
    for secs in [1, 3601, DAY] {
        assert_eq!(uri(secs).unwrap().authenticator().method(), totp(secs).into());
        assert_eq!(line(secs).unwrap().authenticator.method(), totp(secs).into());
        assert!(key(secs).is_ok());
    }
    for secs in [0, DAY + 1, u64::from(u32::MAX) + 31] {
        refuse(secs);
    }
}

fn uri(secs: u64) -> Result<KeyUri, KeyUriError> {
    KeyUri::parse(&format!("otpauth://totp/a?secret=GEZDGNBVGY3TQOJQ&period={secs}"))
}

fn line(secs: u64) -> Result<Imported, ImportError> {
    let line = format!(
        r#"{{"name":"a","type":"totp","secret":"GEZDGNBVGY3TQOJQ","encoding":"base32","period":{secs},"last_step":-1,"confirmed":true,"suspended":false}}"#
    );
    json::read(line.as_bytes(), NOW).next().unwrap()
}

fn key(secs: u64) -> Result<Token, PskcError> {
    let interval = format!("</Secret><TimeInterval><PlainValue>{secs}</PlainValue></TimeInterval><Counter>");
    let document =
        figure(3).replace("pskc:hotp", "pskc:totp").replacen("</Secret>\n                <Counter>", &interval, 1);
    pskc::read(&document, Credential::None).remove(0)
}

/// Asserts that every reader refuses this period, and names the range.
fn refuse(secs: u64) {
    let error = key(secs).unwrap_err();
    assert_eq!(error.kind(), PskcErrorKind::Value("TimeInterval"), "{secs}");
    let range = "1 to 86400";
    assert!(error.to_string().ends_with(range), "{error}");
    assert!(uri(secs).unwrap_err().to_string().contains(range));
    assert!(line(secs).unwrap_err().to_string().ends_with(range));
    assert!(Period::from_secs(secs).unwrap_err().to_string().contains("1 to 86400 s"));
}
