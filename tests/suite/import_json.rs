//! Tests of the JSON lines format: imports, refused lines, and written lines that are read back.
#![cfg(feature = "json")]

use crate::support::cases::cases;
use crate::support::commit;
use crate::support::time::at;

use commit::commit;
use proptest::prelude::*;
use secondo::decision::{Hold, Verified};
use secondo::factor::Method;
use secondo::formats::{ImportError, Imported, Note, Problem, json};
use secondo::types::{Counter, Period, SecretError};
use secondo::{Algorithm, Authenticator, Digits, Hotp, Policy, Refusal, Secret, State, SubmittedCode, Totp, UnixTime};

const NOW: UnixTime = at(1_795_500_000);
const TOTP: &str = r#""name":"alice","type":"totp","secret":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ","encoding":"base32""#;
const HOTP: &str = r#""name":"alice","type":"hotp","secret":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ","encoding":"base32""#;
const IN_USE: &str = r#""confirmed":true,"suspended":false"#;

fn one(line: &str) -> Result<Imported, Problem> {
    let mut lines = json::read(line.as_bytes(), NOW);
    let only = lines.next().unwrap();
    assert!(lines.next().is_none());
    only.map_err(|ImportError { problem, .. }| problem)
}

fn with_totp(fields: &str) -> Result<Imported, Problem> {
    one(&format!("{{{TOTP},{IN_USE},{fields}}}"))
}

fn with_hotp(fields: &str) -> Result<Imported, Problem> {
    one(&format!("{{{HOTP},{IN_USE},{fields}}}"))
}

#[test]
fn defaults() {
    let imported = with_totp(r#""last_step":59848212"#).unwrap();
    assert_eq!((imported.line, imported.name.as_str(), &imported.notes[..]), (1, "alice", &[][..]));
    assert_eq!(imported.authenticator.method(), Totp::default().into());
    assert_eq!(imported.authenticator.algorithm(), Algorithm::Sha1);
    assert_eq!(imported.authenticator.secret().unwrap().expose(), b"12345678901234567890");
    assert_eq!(imported.state, State::new().starting_at(Counter::new(59_848_213)).confirmed());

    let imported = with_hotp(r#""counter":0"#).unwrap();
    assert_eq!(imported.authenticator.method(), Hotp::default().into());
    assert_eq!(imported.state, State::new().confirmed());
}

#[test]
fn a_byte_order_mark_before_json_lines_is_skipped() {
    let line = format!("{{{HOTP},{IN_USE},\"counter\":7}}\n");
    let file = format!("\u{feff}{line}{line}\u{feff}{line}");
    let lines: Vec<_> = json::read(file.as_bytes(), NOW).collect();
    assert_eq!(lines.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, true, false]);
    let first = lines[0].as_ref().unwrap();
    assert_eq!((first.line, first.state.watermark()), (1, Some(Counter::new(6))));
}

#[test]
fn every_field() {
    let imported =
        one(r#" { "throttled" : 1795500009, "failures": 3, "suspended": true, "confirmed": false, "drift": -4,
        "last_step": 20, "t0": 1795400000, "period": 60, "digits": 8, "algorithm": "SHA512",
        "encoding": "hex", "secret": "3132333435363738393031323334353637383930", "type": "totp", "name": "\u00e8/2" } "#
            .replace('\n', "")
            .as_str())
        .unwrap();
    assert_eq!(imported.name, "è/2");
    assert_eq!(imported.authenticator.algorithm(), Algorithm::Sha512);
    let totp =
        Totp::new(Digits::Eight, Period::from_secs(60).unwrap()).with_t0(UnixTime::from_secs(1_795_400_000).unwrap());
    assert_eq!(imported.authenticator.method(), Method::Totp(totp));
    let state = imported.state;
    assert_eq!(state.watermark(), Some(Counter::new(20)));
    assert_eq!((state.drift(), state.failures()), (-4, 3));
    assert_eq!(state.hold(), Hold::Throttled(UnixTime::from_secs(1_795_500_009).unwrap()));
    assert!(state.is_suspended() && !state.is_confirmed());

    let hold = |fields: &str| with_hotp(&format!(r#""counter":7,{fields}"#)).unwrap().state.hold();
    assert_eq!(hold(r#""locked":true"#), Hold::Locked);
    assert_eq!(hold(r#""locked":false"#), Hold::None);
    assert_eq!(hold(r#""locked":false,"throttled":5"#), Hold::Throttled(UnixTime::from_secs(5).unwrap()));
    // Ten failures in the other system count as ten here: no code is evaluated before the lock that they require.
    let policy = Policy::new();
    let remaining =
        |fields: &str| policy.remaining(&with_hotp(&format!(r#""counter":7,{fields}"#)).unwrap().state, NOW);
    assert_eq!(remaining(r#""failures":10"#), 0);
    assert_eq!(remaining(r#""failures":10,"failures_since_lock":3"#), 2);
    assert_eq!(remaining(r#""failures":10,"locked":5"#), 5);
    for failures in [100, 255] {
        let imported = with_hotp(&format!(r#""counter":0,"failures":{failures}"#)).unwrap();
        assert_eq!(policy.remaining(&imported.state, NOW), 0);
        assert_eq!(login(&imported, 0, NOW).unwrap_err(), Refusal::Locked { until: None });
    }
    let more = with_hotp(r#""counter":7,"failures":2,"failures_since_lock":3"#);
    assert_eq!(more.unwrap_err(), Problem::Invalid("failures_since_lock"));
    assert_eq!(hold(r#""locked":5"#), Hold::LockedUntil(UnixTime::from_secs(5).unwrap()));
    // A time in milliseconds is refused.
    for field in ["locked", "throttled"] {
        let fields = format!(r#""counter":7,"{field}":1795500009000"#);
        assert_eq!(with_hotp(&fields).unwrap_err(), Problem::Invalid(field));
    }
}

#[test]
fn encodings() {
    for (encoding, secret, notes) in [
        ("base32", "gezd gnbv gy3t qojq gezd gnbv gy3t qojq", &[][..]),
        ("base32", "GEZDGNBVGY3TQOJQ", &[Note::ShortSecret]),
        ("hex", "3132333435363738393031323334353637383930", &[]),
        ("base64", "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=", &[]),
        ("base64", "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA", &[]),
        ("text", "12345678901234567890", &[]),
        ("text", r"1234567890123456789\u0030", &[]),
    ] {
        let line =
            format!(r#"{{"name":"a","type":"hotp","secret":"{secret}","encoding":"{encoding}","counter":1,{IN_USE}}}"#);
        let imported = one(&line).unwrap();
        assert!(b"12345678901234567890".starts_with(imported.authenticator.secret().unwrap().expose()), "{secret}");
        assert_eq!(imported.notes, notes);
    }
    let length = |found| Problem::Secret(SecretError::Length { min: 10, found });
    let long = "ab".repeat(200);
    for (encoding, secret, problem) in [
        ("base32", "GEZDGNBVGY3TQOJ1", Problem::Secret(SecretError::Base32Character { position: 15 })),
        ("base32", "GEZDGNBV", length(5)),
        ("hex", "0x31323334353637383930", Problem::Invalid("secret")),
        ("hex", "313", Problem::Invalid("secret")),
        ("hex", &long, length(200)),
        ("base64", "MTIzNDU2Nzg5MDEyMzQ1Njc4OT_-", Problem::Invalid("secret")),
        ("base64", "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA==", Problem::Invalid("secret")),
        ("base64", &long, length(300)),
        ("text", "123456789", length(9)),
        ("text", &long, length(400)),
        ("BASE32", "GEZDGNBVGY3TQOJQ", Problem::Invalid("encoding")),
    ] {
        let line =
            format!(r#"{{"name":"a","type":"hotp","secret":"{secret}","encoding":"{encoding}","counter":1,{IN_USE}}}"#);
        assert_eq!(one(&line).unwrap_err(), problem, "{encoding} {secret}");
    }
}

/// The field `last_step` always decides which time steps count as used.
#[test]
fn last_steps() {
    let step = NOW.as_secs() / 30;
    let unknown = with_totp(r#""last_step":null,"drift":-3"#).unwrap();
    assert_eq!(unknown.notes, [Note::LastUseUnknown]);
    assert_eq!(unknown.state.watermark(), Some(Counter::new(step - 3 + 10)));
    let never = with_totp(r#""last_step":-1"#).unwrap();
    assert_eq!((never.state.watermark(), &never.notes[..]), (None, &[][..]));
    assert_eq!(with_totp(r#""last_step":0"#).unwrap().state.watermark(), Some(Counter::new(0)));

    let ahead = |secs: u64| with_totp(&format!(r#""last_step":{}"#, (NOW.as_secs() + secs) / 30)).map(|_| ());
    assert_eq!(ahead(2 * 86_400), Ok(()));
    assert_eq!(ahead(2 * 86_400 + 30), Err(Problem::Invalid("last_step")));
    let before_t0 = format!(r#""last_step":5,"t0":{}"#, NOW.as_secs() + 3 * 86_400);
    assert_eq!(with_totp(&before_t0).unwrap_err(), Problem::Invalid("last_step"));
    let before_t0 = format!(r#""last_step":null,"t0":{}"#, NOW.as_secs() + 1);
    assert_eq!(with_totp(&before_t0).unwrap().state.watermark(), None);
}

#[test]
fn refusals() {
    for (fields, problem) in [
        (r#""drift":0"#, Problem::Missing("last_step")),
        (r#""last_stp":5"#, Problem::Unknown),
        (r#""last_step":5,"last_step":5"#, Problem::Duplicate("last_step")),
        (r#""last_step":5,"name":"bob""#, Problem::Duplicate("name")),
        (r#""last_step":5,"last_st\u0065p":4"#, Problem::Duplicate("last_step")),
        (r#""last_step":5,"counter":5"#, Problem::Misplaced("counter")),
        (r#""last_step":5,"locked":true,"throttled":5"#, Problem::Misplaced("throttled")),
        (r#""last_step":-2"#, Problem::Invalid("last_step")),
        (r#""last_step":5.0"#, Problem::Invalid("last_step")),
        (r#""last_step":"5""#, Problem::Invalid("last_step")),
        (r#""last_step":true"#, Problem::Invalid("last_step")),
        (r#""last_step":[5]"#, Problem::Invalid("last_step")),
        (r#""last_step":{"a":5}"#, Problem::Invalid("last_step")),
        (r#""last_step":18446744073709551616"#, Problem::Invalid("last_step")),
        (r#""last_step":5,"digits":5"#, Problem::Invalid("digits")),
        (r#""last_step":5,"digits":262"#, Problem::Invalid("digits")),
        (r#""last_step":5,"period":0"#, Problem::Invalid("period")),
        (r#""last_step":5,"period":86401"#, Problem::Invalid("period")),
        (r#""last_step":5,"t0":-1"#, Problem::Invalid("t0")),
        (r#""last_step":5,"t0":null"#, Problem::Invalid("t0")),
        (r#""last_step":5,"drift":5001"#, Problem::Invalid("drift")),
        (r#""last_step":5,"drift":-5001"#, Problem::Invalid("drift")),
        (r#""last_step":5,"algorithm":"sha1""#, Problem::Invalid("algorithm")),
        (r#""last_step":5,"algorithm":"MD5""#, Problem::Invalid("algorithm")),
        (r#""last_step":5,"failures":256"#, Problem::Invalid("failures")),
        (r#""last_step":5,"locked":"no""#, Problem::Invalid("locked")),
    ] {
        assert_eq!(with_totp(fields).unwrap_err(), problem, "{fields}");
    }
    for (fields, problem) in [
        (r#""digits":6"#, Problem::Missing("counter")),
        (r#""counter":null"#, Problem::Invalid("counter")),
        (r#""counter":-1"#, Problem::Invalid("counter")),
        (r#""counter":5,"period":30"#, Problem::Misplaced("period")),
        (r#""counter":5,"t0":0"#, Problem::Misplaced("t0")),
        (r#""counter":5,"last_step":5"#, Problem::Misplaced("last_step")),
        (r#""counter":5,"drift":0"#, Problem::Misplaced("drift")),
    ] {
        assert_eq!(with_hotp(fields).unwrap_err(), problem, "{fields}");
    }
    // Each required field in turn is left out.
    let fields = [r#""name":"a""#, r#""type":"hotp""#, r#""secret":"GEZDGNBVGY3TQOJQ""#, r#""encoding":"text""#];
    let fields = [&fields[..], &[r#""counter":5"#, r#""confirmed":true"#, r#""suspended":false"#]].concat();
    assert!(one(&format!("{{{}}}", fields.join(","))).is_ok());
    for (at, name) in
        ["name", "type", "secret", "encoding", "counter", "confirmed", "suspended"].into_iter().enumerate()
    {
        let mut fields = fields.clone();
        fields.remove(at);
        assert_eq!(one(&format!("{{{}}}", fields.join(","))).unwrap_err(), Problem::Missing(name));
    }
    let long = "x".repeat(256);
    for name in ["", r"a\u0000", r"a\n", r"a\u0085", &long] {
        let line = format!("{{{HOTP},{IN_USE},\"counter\":5}}").replacen("alice", name, 1);
        assert_eq!(one(&line).unwrap_err(), Problem::Invalid("name"), "{name}");
    }
}

#[test]
fn what_is_no_object() {
    let good = format!("{{{HOTP},{IN_USE},\"counter\":5}}");
    assert!(one(&good).is_ok());
    for line in ["{", "}", "null", "5", "[]", "\"\"", "x", "{}x", "{\"name\"}", "{\"name\":}", "{\"name\":\"\\ud800\"}"]
    {
        assert!(matches!(one(line), Err(Problem::NotJson { .. })), "{line}: {:?}", one(line));
    }
    for line in
        [format!("{good},"), format!("{good}{good}"), format!("[{good}]"), good.replace(':', "="), good[1..].into()]
    {
        assert!(matches!(one(&line), Err(Problem::NotJson { .. })), "{line}");
    }
    assert_eq!(one("{}").unwrap_err(), Problem::Missing("name"));
    // Deep nesting costs no more than any other invalid value.
    let deep = format!("{{\"name\":{}", "[".repeat(4000));
    assert_eq!(one(&deep).unwrap_err(), Problem::Invalid("name"));

    let file = format!("\n{good}\r\n{{\n\n{good}");
    let report: Vec<_> = json::read(file.as_bytes(), NOW).map(|line| line.map(|imported| imported.line)).collect();
    assert_eq!(report[0], Ok(2));
    assert_eq!(report[1].unwrap_err().line, 3);
    assert_eq!(report[2], Ok(5));
    assert_eq!(report.len(), 3);
}

#[test]
fn what_cannot_be_written() {
    let secret = Secret::from_bytes(&[7; 16]).unwrap();
    let token = Authenticator::new(Hotp::default(), Algorithm::Sha1, secret);
    for name in ["", "a\0", &"x".repeat(256)] {
        assert_eq!(json::write(name, &token, &State::new()).unwrap_err(), Problem::Invalid("name"));
    }
    // After the highest possible watermark, which only a stored state can have, there is no next counter.
    let mut bytes = State::new().starting_at(Counter::new(u64::MAX)).to_bytes();
    bytes[8..16].copy_from_slice(&u64::MAX.to_be_bytes());
    let exhausted = State::from_bytes(&bytes).unwrap();
    assert_eq!(json::write("a", &token, &exhausted).unwrap_err(), Problem::Invalid("counter"));
    let without_secret = Authenticator::from_key(Hotp::default(), token.key().unwrap());
    assert_eq!(json::write("a", &without_secret, &State::new()).unwrap_err(), Problem::Missing("secret"));
    let line = json::write("a", &token, &State::new()).unwrap();
    assert_eq!(format!("{line:?}"), "SecretText(..)");
}

/// Checks that the code of the time step `used` is refused as replayed and the next one accepted.
///
/// Each code is submitted at the time at which the authenticator, with its drift, shows it.
fn check_totp(imported: &Imported, used: u64, drift: i64) {
    let Method::Totp(totp) = imported.authenticator.method() else { panic!("not a TOTP authenticator") };
    let when = |step: u64| {
        let start = step.checked_add_signed(-drift).unwrap() * u64::from(totp.period().as_secs());
        UnixTime::from_secs(totp.t0().as_secs() + start).unwrap()
    };
    assert!(matches!(login(imported, used, when(used)), Err(Refusal::Replayed { .. })));
    assert!(matches!(login(imported, used, when(used + 1)), Err(Refusal::Replayed { .. })));
    let accepted = login(imported, used + 1, when(used + 1)).unwrap();
    assert_eq!((accepted.counter(), accepted.drift()), (Counter::new(used + 1), drift));
}

fn exported(file: &[u8], moved_at: u64) -> Vec<Imported> {
    let imported: Vec<_> = json::read(file, UnixTime::from_secs(moved_at).unwrap()).map(Result::unwrap).collect();
    assert!(imported.iter().all(|imported| imported.notes.is_empty()));
    imported
}

/// The README of the test vectors lists the codes that were used.
#[test]
fn from_django_otp() {
    let file = include_bytes!("../vectors/import/django-otp-1.7.5.jsonl");
    let [now, next, ahead, behind, never, failed, token, fresh] = &exported(file, 1_795_447_868)[..] else {
        panic!("expected eight authenticators")
    };
    assert_eq!(now.name, "used-now/1");
    check_totp(now, 59_848_262, 0);
    check_totp(next, 59_848_263, 1);
    check_totp(ahead, 59_848_265, 3);
    check_totp(behind, 13_257_462, -2);
    assert_eq!(never.state, State::new());
    assert!(failed.state.is_confirmed() && failed.state.is_suspended() && failed.state.failures() == 1);
    assert!(matches!(login(token, 3, NOW), Err(Refusal::Replayed { .. })));
    assert!(login(token, 4, NOW).is_ok());
    assert_eq!(fresh.authenticator.method(), Hotp::new(Digits::Eight).into());
    assert!(login(fresh, 0, NOW).is_ok());
}

/// The README of the test vectors lists the codes that were used.
#[test]
fn from_privacyidea() {
    let file = include_bytes!("../vectors/import/privacyidea-3.14.jsonl");
    let [now, ahead, behind, resynced, never, failed, token, fresh] = &exported(file, 1_795_448_056)[..] else {
        panic!("expected eight authenticators")
    };
    assert_eq!(now.name, "used-now");
    check_totp(now, 59_848_268, 0);
    check_totp(ahead, 59_848_272, 4);
    check_totp(behind, 29_924_132, -2);
    assert_eq!(behind.authenticator.algorithm(), Algorithm::Sha256);
    // After a resynchronization, privacyIDEA reports the step after the second code as used.
    assert_eq!(resynced.state.watermark(), Some(Counter::new(59_848_289 + 1)));
    assert_eq!(resynced.state.drift(), 21);
    assert_eq!(never.state, State::new().starting_at(Counter::new(1)).confirmed());
    assert!(failed.state.is_suspended() && failed.state.failures() == 2);
    assert!(matches!(login(token, 4, NOW), Err(Refusal::Replayed { .. })));
    assert!(login(token, 5, NOW).is_ok());
    assert_eq!(fresh.authenticator.method(), Hotp::new(Digits::Eight).into());
    assert!(login(fresh, 0, NOW).is_ok());
}

/// Logs in with the code of a counter or time step, on a copy of the imported state.
fn login(imported: &Imported, counter: u64, now: UnixTime) -> Result<Verified, Refusal> {
    let (method, key) = (imported.authenticator.method(), imported.authenticator.key().unwrap());
    let code = SubmittedCode::from(&Hotp::new(method.digits()).generate(&key, Counter::new(counter)));
    commit(method.verify(&key, &Policy::new(), &imported.state, &code, now), &mut imported.state.clone())
}

fn methods() -> impl Strategy<Value = Method> {
    let digits = (6..=9_u8).prop_map(|count| Digits::try_from(count).unwrap());
    let totp = (digits.clone(), 1..=86_400_u64, 0..=NOW.as_secs()).prop_map(|(digits, period, t0)| {
        Totp::new(digits, Period::from_secs(period).unwrap()).with_t0(UnixTime::from_secs(t0).unwrap()).into()
    });
    prop_oneof![totp, digits.prop_map(|digits| Hotp::new(digits).into())]
}

/// Returns a state of revision 0 with these fields, from the layout in `State::to_bytes`.
fn state(flags: u8, hold: u8, counts: [u8; 3], drift: i16, watermark: u64, times: [u64; 2]) -> State {
    let mut bytes = State::new().to_bytes();
    bytes[1] = flags;
    bytes[2] = hold;
    bytes[3..6].copy_from_slice(&[counts[0], counts[1].min(counts[0]), counts[2]]);
    bytes[6..8].copy_from_slice(&drift.to_be_bytes());
    bytes[8..16].copy_from_slice(&(if flags & 0b100 == 0 { 0 } else { watermark }).to_be_bytes());
    let [until, ended] = times.map(|secs| secs % UnixTime::MAX.as_secs());
    bytes[16..24].copy_from_slice(&(if matches!(hold, 1 | 2) { until } else { 0 }).to_be_bytes());
    bytes[24..32].copy_from_slice(&ended.to_be_bytes());
    State::from_bytes(&bytes).unwrap()
}

#[test]
fn what_is_written_is_read() {
    proptest!(cases(1_000), |(
        method in methods(), secret in prop::collection::vec(any::<u8>(), Secret::SHORT_LEN..=Secret::MAX_LEN),
        name in "[^\\p{Cc}]{1,60}", algorithm in prop::sample::select(Algorithm::ALL),
        flags in 0..8_u8, hold in 0..4_u8, rest in any::<([u8; 3], i16, u64, [u64; 2])>(),
    )| {
        let (counts, drift, watermark, times) = rest;
        let (drift, latest) = match method {
            Method::Totp(totp) => (drift % 5_001, totp.step(NOW).unwrap().get() + 1),
            _ => (0, u64::MAX),
        };
        let state = state(flags, hold, counts, drift, watermark % latest, times);
        let authenticator = Authenticator::new(method, algorithm, Secret::import_short(&secret).unwrap());
        let line = json::write(&name, &authenticator, &state).unwrap();
        let imported = one(line.as_str()).unwrap();
        prop_assert_eq!(&imported.name, &name);
        prop_assert_eq!(imported.authenticator.method(), method);
        prop_assert_eq!(imported.authenticator.algorithm(), algorithm);
        prop_assert_eq!(imported.authenticator.secret().unwrap().expose(), secret);
        prop_assert_eq!(imported.state, state);
        prop_assert!(imported.notes == Note::of(&authenticator, &state));
        // Another JSON reader accepts the line.
        let value: serde_json::Value = serde_json::from_str(line.as_str()).unwrap();
        prop_assert_eq!(value["name"].as_str(), Some(name.as_str()));
    });
}
