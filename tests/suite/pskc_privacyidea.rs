//! Tests of PSKC as privacyIDEA writes it: an HTML parser has put the names of elements and attributes in lower case,
//! and the drift is in seconds.
#![cfg(feature = "pskc")]

use crate::support::pskc::{PRE_SHARED, SECRET, figure, read, read_one};

use secondo::formats::Note;
use secondo::formats::pskc::{Credential, PskcErrorKind};
use secondo::types::Counter;
use secondo::{Algorithm, Digits, Method, State};

const STEP: u64 = 1_142_380_800 / 30;

/// Returns the document of figure 6 with what privacyIDEA adds, and in lower case.
fn written(kind: &str, counter: u64, drift: &str) -> String {
    let values = [("Time", "0"), ("TimeInterval", "30"), ("TimeDrift", drift)];
    let values = values.map(|(name, value)| format!("<{name}><PlainValue>{value}</PlainValue></{name}>")).concat();
    let document = figure(6)
        .replace("pskc:hotp", &format!("pskc:{kind}"))
        .replace("</AlgorithmParameters>", "<Suite hashalgo=\"sha256\"></Suite></AlgorithmParameters>")
        .replace("<PlainValue>0<", &format!("<PlainValue>{counter}<"))
        .replace("</Data>", &format!("{values}</Data>"));
    lower(document.split_once("?>").unwrap().1)
}

/// Returns a document with all names of elements and attributes in lower case.
fn lower(document: &str) -> String {
    let (mut in_tag, mut in_quotes) = (false, false);
    let lowered = document.chars().map(|c| {
        match c {
            '<' => in_tag = true,
            '>' => in_tag = false,
            '"' if in_tag => in_quotes = !in_quotes,
            _ => {}
        }
        if in_tag && !in_quotes { c.to_ascii_lowercase() } else { c }
    });
    lowered.collect()
}

#[test]
fn names_in_lower_case_are_read() {
    let document = written("hotp", 7, "0");
    assert!(document.trim_start().starts_with("<keycontainer version=\"1.0\""), "{document}");
    let token = read_one(&document, Credential::Key(PRE_SHARED));
    assert_eq!(token.authenticator.secret().unwrap().expose(), SECRET);
    assert_eq!(token.authenticator.algorithm(), Algorithm::Sha256);
    assert_eq!(token.authenticator.method().digits(), Digits::Eight);
    assert!(matches!(token.authenticator.method(), Method::Hotp(_)));
    assert_eq!((token.key_id.as_str(), token.device.serial.as_deref()), ("12345678", Some("987654321")));
    assert_eq!((token.state, token.notes), (State::new().starting_at(Counter::new(7)), vec![]));
}

/// The drift is that of the JSON which the documentation takes from its database.
#[test]
fn drift_in_seconds_becomes_steps() {
    for (seconds, steps) in [
        ("0", 0),
        ("0.0", 0),
        ("30", 1),
        ("17.25", 1),
        ("-17.25", 0),
        ("-1e-05", 0),
        ("-60.5", -2),
        ("150000", 5_000),
        ("-150000", -5_000),
    ] {
        let token = read_one(&written("totp", STEP, seconds), Credential::Key(PRE_SHARED));
        let state = State::new().starting_at(Counter::new(STEP + 1)).with_drift(steps);
        assert_eq!((token.state, token.notes), (state, vec![Note::CounterIsLastStep]), "{seconds}");
    }
    for seconds in ["150000.5", "-150030", "1e300", "inf", "NaN", "None", ""] {
        let error = read(&written("totp", STEP, seconds), Credential::Key(PRE_SHARED)).remove(0).unwrap_err();
        assert_eq!(error.kind(), PskcErrorKind::Value("TimeDrift"), "{seconds}");
    }
    let reason = PskcErrorKind::Value("TimeDrift").to_string();
    assert_eq!(reason, "the value of TimeDrift is invalid: it must be -5000 to 5000 time steps");
}

/// Names are in lower case in all of a document or in none of it: an element in the other spelling is not recognized.
#[test]
fn names_in_lower_case_are_not_mixed_with_others() {
    let mixed = figure(6).replace("KeyPackage", "keypackage");
    assert!(matches!(
        read(&mixed, Credential::Key(PRE_SHARED))[0].as_ref().unwrap_err().kind(),
        PskcErrorKind::Unknown(_)
    ));
    let mixed = written("hotp", 7, "0").replace("<secret>", "<Secret>").replace("</secret>", "</Secret>");
    let error = read(&mixed, Credential::Key(PRE_SHARED)).remove(0).unwrap_err();
    assert_eq!(error.kind().to_string(), "Secret is not known in this place");
}
