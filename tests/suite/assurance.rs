//! Tests of levels of assurance: those that logins reach, those that services request, and their names.
#![cfg(feature = "std")]

use crate::support::enrolled;
use crate::support::failing;
use crate::support::logins;
use crate::support::ocra;
use crate::support::refusals;
use crate::support::subscriber;

use std::sync::Mutex;

use enrolled::{FIRST, NOW, after, code_at, keys, verifier, wrong_code};
use failing::{Fault, failing};
use logins::{DESK, Logins, fresh};
use ocra::Device;
use pollster::block_on;
use refusals::refusal;
use secondo::assurance::{
    AcrValues, AcrValuesError, Basis, Comparison, ComparisonError, Exception, FirstFactor, Framework, LevelNameError,
    LevelRequired, OutcomeCode, Requirement, acr, amr, level,
};
use secondo::audit::{Event, Sink};
use secondo::factor::{ImportedRecoveryCodes, Kind};
use secondo::store::Memory;
use secondo::types::{Counter, Level, Period};
use secondo::{
    Accepted, AccountId, Algorithm, Authenticator, Digits, Hotp, Policy, Secret, State, Totp, UnixTime, Verifier,
};
use subscriber::{code_of, id, passkey, phone};

const LEVELS: [Level; 3] = [Level::One, Level::Two, Level::Three];
const FRAMEWORKS: [Framework; 4] = [Framework::Spid, Framework::Iso29115, Framework::Eidas, Framework::Nist];

#[test]
fn a_password_and_a_code_reach_level_two() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    let token = enrolled::another(7, Hotp::default());
    let code = token.hotp_code(Counter::new(0)).unwrap();
    verifier.add(&id(), token, State::new().confirmed()).unwrap();
    verifier.add(&id(), phone(1), State::new().confirmed()).unwrap();
    block_on(verifier.enroll(&id(), &fresh(), passkey(b"credential"), NOW)).unwrap();
    for (code, kind) in [(code_of(1, NOW), Kind::Totp), (code.as_str().to_owned(), Kind::Hotp)] {
        let accepted = verifier.log_in(&id(), &code, NOW).unwrap();
        assert_eq!(accepted.kind(), kind);
        assert_eq!(level(FirstFactor::Password, &accepted), Level::Two);
        assert_eq!(amr(FirstFactor::Password, &accepted), ["pwd", "otp", "mfa"]);
        // A code alone is one factor, even if its device is the only one that the person has.
        assert_eq!(level(FirstFactor::None, &accepted), Level::One);
        assert_eq!(amr(FirstFactor::None, &accepted), ["otp"]);
    }
}

/// Asserts whether a login counts as AAL2. Under SPID it has level 2 in either case.
fn assert_counts(accepted: &Accepted, counts: bool, what: &str) {
    assert_eq!(accepted.counts_for_aal2(), counts, "{what}");
    assert_eq!(acr(Framework::Nist, FirstFactor::Password, accepted), if counts { "AAL2" } else { "AAL1" }, "{what}");
    assert_eq!(acr(Framework::Spid, FirstFactor::Password, accepted), "https://www.spid.gov.it/SpidL2");
}

#[test]
fn short_secrets_and_long_time_steps_never_count_as_aal2() {
    let of_secs = |secs| Totp::new(Digits::Six, Period::from_secs(secs).unwrap());
    let from = |len: usize| Secret::import_short(&[len.to_le_bytes()[0]; 20][..len]).unwrap();
    let rows = [
        (Authenticator::new(of_secs(120), Algorithm::Sha1, from(20)), true),
        (Authenticator::new(of_secs(121), Algorithm::Sha1, from(20)), false),
        (Authenticator::new(of_secs(86_400), Algorithm::Sha1, from(20)), false),
        (Authenticator::new(of_secs(30), Algorithm::Sha1, from(14)), true),
        (Authenticator::new(of_secs(30), Algorithm::Sha512, from(13)), false),
        (Authenticator::new(Hotp::default(), Algorithm::Sha1, from(14)), true),
        (Authenticator::new(Hotp::default(), Algorithm::Sha1, from(10)), false),
    ];
    for (new, counts) in rows {
        let what = format!("{new:?}");
        let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
        let code = new.totp_code(NOW).or_else(|| new.hotp_code(Counter::new(0))).unwrap();
        verifier.add(&id(), new, State::new().confirmed()).unwrap();
        assert_counts(&verifier.log_in(&id(), code.as_str(), NOW).unwrap(), counts, &what);
    }
}

/// Two phones side by side: the answer is that of the phone whose code it was.
#[test]
fn the_phone_of_the_code_decides_whether_it_counts_as_aal2() {
    let short = || Authenticator::new(Totp::default(), Algorithm::Sha1, Secret::import_short(&[9; 13]).unwrap());
    let code = short().totp_code(NOW).unwrap();
    for is_first in [true, false] {
        let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
        let (first, second) = if is_first { (short(), phone(1)) } else { (phone(1), short()) };
        verifier.add(&id(), first, State::new().confirmed()).unwrap();
        verifier.add(&id(), second, State::new().confirmed()).unwrap();
        assert_counts(&verifier.log_in(&id(), code.as_str(), NOW).unwrap(), false, "the short secret's code");
        assert_counts(&verifier.log_in(&id(), &code_of(1, NOW), NOW).unwrap(), true, "the other's code");
    }
}

#[test]
fn weak_tokens_and_recovery_codes_never_count_as_aal2() {
    for (suite, len, counts) in [
        ("OCRA-1:HOTP-SHA256-8:QN08-T2M", 32, true),
        ("OCRA-1:HOTP-SHA256-8:QN08-T3M", 32, false),
        ("OCRA-1:HOTP-SHA256-8:QN08", 14, true),
        ("OCRA-1:HOTP-SHA256-8:QN08", 13, false),
    ] {
        let mut device = Device::with_secret(suite, vec![7; len]);
        let verifier = ocra::confirmed(Memory::new(), Policy::new(), &device);
        let login = fresh();
        let asked = ocra::challenge(&verifier, &login, FIRST, NOW).unwrap();
        let response = device.respond(asked.question(), NOW);
        assert_counts(&block_on(verifier.verify(&id(), &login, &response, NOW)).unwrap(), counts, suite);
    }
    for (bits, counts) in [(19, false), (20, true)] {
        let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
        verifier.add(&id(), phone(1), State::new().confirmed()).unwrap();
        let codes = ImportedRecoveryCodes::from_texts(["750321", "111111"], bits, &[7; 16]).unwrap();
        verifier.add(&id(), codes, State::new().confirmed()).unwrap();
        let accepted = block_on(verifier.recover(&id(), &fresh(), "750321", NOW)).unwrap();
        assert_counts(&accepted, counts, "recovery codes");
    }
}

#[test]
fn a_confirmation_that_is_a_login_has_its_kind() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new().with_confirmation_login(true));
    let login = fresh();
    let number = block_on(verifier.enroll(&id(), &login, phone(1), NOW)).unwrap().number;
    let confirmed = block_on(verifier.confirm(&id(), &login, number, &code_of(1, NOW), NOW)).unwrap();
    assert_eq!(confirmed.into_login().unwrap().kind(), Kind::Totp);
}

#[test]
fn a_name_is_read_as_the_level_that_has_it() {
    let mut names: Vec<&str> = Vec::new();
    for framework in FRAMEWORKS {
        for level in LEVELS {
            let name = framework.name(level);
            assert_eq!(framework.parse(name), Ok(level));
            for other in FRAMEWORKS.into_iter().filter(|other| *other != framework) {
                assert_eq!(other.parse(name), Err(LevelNameError));
            }
            for almost in [
                format!(" {name}"),
                format!("{name} "),
                format!("{name}/"),
                format!("{name}\0"),
                name.to_lowercase(),
                name.to_uppercase().replace("AAL", "aal"),
                name[..name.len() - 1].to_owned(),
                name.replace("https://www.spid.gov.it/", "http://www.spid.gov.it/")
                    .replace("http://eidas", "https://eidas"),
            ] {
                assert!(framework.parse(&almost) == Err(LevelNameError) || almost == name, "{almost:?}");
            }
            names.push(name);
        }
        assert_eq!(framework.parse(""), Err(LevelNameError));
    }
    // SPID's first level is LoA2, and neither LoA1 nor AAL0.
    assert_eq!(Framework::Iso29115.parse("LoA1"), Err(LevelNameError));
    assert_eq!(
        names,
        [
            "https://www.spid.gov.it/SpidL1",
            "https://www.spid.gov.it/SpidL2",
            "https://www.spid.gov.it/SpidL3",
            "LoA2",
            "LoA3",
            "LoA4",
            "http://eidas.europa.eu/LoA/low",
            "http://eidas.europa.eu/LoA/substantial",
            "http://eidas.europa.eu/LoA/high",
            "AAL1",
            "AAL2",
            "AAL3",
        ]
    );
}

/// A row for each requested level, a column for each reached one.
#[test]
fn only_spid_always_permits_a_higher_level() {
    for (text, comparison, in_spid, elsewhere) in [
        ("exact", Comparison::Exact, ["yyy", "-yy", "--y"], ["y--", "-y-", "--y"]),
        ("minimum", Comparison::Minimum, ["yyy", "-yy", "--y"], ["yyy", "-yy", "--y"]),
        ("better", Comparison::Better, ["-yy", "--y", "---"], ["-yy", "--y", "---"]),
        ("maximum", Comparison::Maximum, ["yyy", "yyy", "yyy"], ["y--", "yy-", "yyy"]),
    ] {
        assert_eq!(text.parse(), Ok(comparison));
        for framework in FRAMEWORKS {
            let permitted = if framework == Framework::Spid { in_spid } else { elsewhere };
            for (requested, row) in LEVELS.into_iter().zip(permitted) {
                let permits = |reached| comparison.permits(framework, requested, reached);
                let found = LEVELS.map(|reached| if permits(reached) { 'y' } else { '-' });
                assert_eq!(String::from_iter(found), row, "{text} {framework:?} {requested:?}");
            }
        }
    }
    assert_eq!(Comparison::default(), Comparison::Exact);
    for text in ["", "Exact", "minimum ", "MAXIMUM", "least"] {
        assert_eq!(text.parse::<Comparison>(), Err(ComparisonError), "{text:?}");
    }
}

#[test]
fn acr_values_are_read_in_order_and_completely() {
    let levels = |text: &str| AcrValues::parse(text, Framework::Nist).map(|values| values.levels().to_vec());
    assert_eq!(levels("AAL2"), Ok(vec![Level::Two]));
    assert_eq!(levels("AAL3 AAL1 AAL2"), Ok(vec![Level::Three, Level::One, Level::Two]));
    assert_eq!(levels("AAL2 AAL1 ".repeat(10_000).trim_end()), Ok(vec![Level::Two, Level::One]));
    for (text, position) in [("", 0), (" AAL2", 0), ("AAL2 ", 5), ("AAL2  AAL1", 5), ("AAL2 AAL1,AAL3", 5), ("aal2", 0)]
    {
        assert_eq!(levels(text), Err(AcrValuesError { position }), "{text:?}");
    }
    assert_eq!(AcrValues::parse("AAL2", Framework::Spid), Err(AcrValuesError { position: 0 }));
}

#[test]
fn the_preferred_level_is_chosen_among_the_available_ones() {
    use Level::{One, Three, Two};

    for (text, available, chosen) in [
        ("AAL1", &[One, Two, Three][..], Some(One)),
        ("AAL2 AAL1", &[One, Two], Some(Two)),
        ("AAL2 AAL1", &[One], Some(One)),
        ("AAL1 AAL2", &[Two], Some(Two)),
        // The first preference is answered with a higher level before the second one is considered.
        ("AAL2 AAL1", &[Three, One], Some(Three)),
        ("AAL1", &[Three, Two], Some(Two)),
        ("AAL2", &[One], None),
        ("AAL3 AAL2", &[One], None),
        ("AAL1", &[], None),
    ] {
        let requested = AcrValues::parse(text, Framework::Nist).unwrap();
        assert_eq!(requested.choose(available), chosen, "{text} {available:?}");
    }
}

#[test]
fn a_requirement_begins_at_its_date_and_names_its_exceptions() {
    let requirement = Requirement::new(Level::Two, NOW, &["minor", "pin"]);
    let refused = |reached| Err(LevelRequired { required: Level::Two, reached });
    let check = |reached, exception: Option<Exception<'_>>, now| requirement.check(reached, exception, now);
    let (minor, pin) = (Exception::new("minor"), Exception::new("pin").until(after(60)));

    assert_eq!(check(Level::One, None, after(-1)), Ok(Basis::BeforeDate));
    assert_eq!(check(Level::One, None, NOW), refused(Level::One));
    assert_eq!(check(Level::One, None, UnixTime::MAX), refused(Level::One));
    for now in [after(-1), NOW, UnixTime::MAX] {
        assert_eq!(check(Level::Two, None, now), Ok(Basis::Level));
        assert_eq!(check(Level::Three, Some(minor), now), Ok(Basis::Level));
    }
    assert_eq!(check(Level::One, Some(minor), UnixTime::MAX), Ok(Basis::Exception("minor")));
    assert_eq!(check(Level::One, Some(pin), after(59)), Ok(Basis::Exception("pin")));
    assert_eq!(check(Level::One, Some(pin), after(60)), refused(Level::One));
    for name in ["", "Minor", "minor ", "non-EU"] {
        assert_eq!(check(Level::One, Some(Exception::new(name)), NOW), refused(Level::One));
    }
    let without_exceptions = Requirement::new(Level::Three, NOW, &[]);
    let required = LevelRequired { required: Level::Three, reached: Level::Two };
    assert_eq!(without_exceptions.check(Level::Two, Some(minor), NOW), Err(required));
    assert_eq!(required.to_string(), "level 3 is required, and the login reached level 2");
    assert_eq!(OutcomeCode::from(required).number(), 20);
}

/// The sink that keeps the outcome of the last event.
struct Outcomes(&'static Mutex<Option<OutcomeCode>>);

impl Sink for Outcomes {
    fn record(&self, event: &Event<'_>) {
        *self.0.lock().unwrap() = OutcomeCode::of_event(event);
    }
}

#[test]
fn a_refused_login_has_the_number_of_its_outcome() {
    static LAST: Mutex<Option<OutcomeCode>> = Mutex::new(None);

    let store = Memory::new();
    let (verifier, id) = verifier(&store, Policy::new());
    let verifier = verifier.with_sink(Outcomes(&LAST));
    let number_of = |code: &str| {
        let outcome = OutcomeCode::of(&verifier.log_in(&id, code, NOW).unwrap_err());
        assert_eq!(*LAST.lock().unwrap(), outcome);
        outcome.map(OutcomeCode::number)
    };
    // The person can try again until the attempt that locks the account.
    let wrong = wrong_code();
    let numbers = [(); 6].map(|()| number_of(&wrong));
    assert_eq!(numbers, [None, None, None, None, Some(19), Some(19)]);
    assert_eq!(number_of("12345"), Some(19));
    block_on(verifier.unlock(&id, DESK, NOW)).unwrap();
    assert_eq!(number_of("12345"), None);

    block_on(verifier.suspend(&id, DESK, NOW)).unwrap();
    assert_eq!(number_of(&code_at(0)), Some(23));
    block_on(verifier.resume(&id, DESK, NOW)).unwrap();
    block_on(verifier.enroll(&id, &fresh(), passkey(b"credential"), NOW)).unwrap();
    block_on(verifier.revoke(&id, FIRST, DESK, NOW)).unwrap();
    // The person has a credential, which has no codes.
    assert_eq!(number_of(&code_at(0)), None);
    let unconfirmed = AccountId::new("verdi").unwrap();
    block_on(verifier.enroll(&unconfirmed, &fresh(), phone(1), NOW)).unwrap();
    let refused = verifier.log_in(&unconfirmed, &code_of(1, NOW), NOW).unwrap_err();
    assert_eq!(OutcomeCode::of(&refused), Some(OutcomeCode::NoCredential));
    block_on(verifier.close(&id, None, DESK, NOW)).unwrap();
    assert_eq!(number_of(&code_at(0)), Some(23));
    assert_eq!(OutcomeCode::of_refusal(&refusal(verifier.log_in(&id, "1", NOW))), Some(OutcomeCode::Suspended));
}

/// SPID would count an outage that has a number as a failure of the person.
#[test]
fn an_outage_has_no_outcome_code() {
    let store = Memory::new();
    let (_, id) = verifier(&store, Policy::new());
    for fault in [Fault::Load, Fault::Exchange, Fault::AfterExchange, Fault::AlwaysConflict] {
        let verifier = Verifier::new(failing(&store, fault), keys(), Policy::new());
        let error = verifier.log_in(&id, &wrong_code(), NOW).unwrap_err();
        assert!(error.is_outage());
        assert_eq!(OutcomeCode::of(&error), None, "{error:?}");
    }
    let elsewhere = Verifier::new(Memory::new(), keys(), Policy::new());
    assert_eq!(OutcomeCode::of(&elsewhere.log_in(&id, &code_at(0), NOW).unwrap_err()), None);
    let plain = Verifier::unsealed(&store, Policy::new());
    assert_eq!(OutcomeCode::of(&plain.log_in(&id, &code_at(0), NOW).unwrap_err()), None);
}
