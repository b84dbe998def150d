//! Tests of imports from other systems' files: accepted files, and refused lines with their numbers.
#![cfg(feature = "alloc")]

use crate::support::time::at;
use secondo::factor::Method;
use secondo::formats::google_authenticator::{self, StateFile};
use secondo::formats::{ImportError, Imported, MAX_LINE, Note, Problem, usersfile};
use secondo::types::{Counter, Period, SecretError};
use secondo::{Algorithm, Digits, Hotp, State, Totp, UnixTime};

const HEX: &str = "3132333435363738393031323334353637383930";
const BASE32: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const NOW: UnixTime = at(1_795_500_000);

fn one(line: &str) -> Result<Imported, ImportError> {
    let mut lines = usersfile::read(line.as_bytes(), NOW);
    let only = lines.next().unwrap();
    assert!(lines.next().is_none());
    only
}

fn totp(digits: Digits, period: u64) -> Method {
    Totp::new(digits, Period::from_secs(period).unwrap()).into()
}

fn next(counter: u64) -> State {
    State::new().starting_at(Counter::new(counter)).confirmed()
}

#[test]
fn usersfile_types() {
    for (kind, method) in [
        ("HOTP", Hotp::default().into()),
        ("HOTP/E", Hotp::default().into()),
        ("HOTP/E/6", Hotp::default().into()),
        ("HOTP/E/7", Hotp::new(Digits::Seven).into()),
        ("HOTP/E/8", Hotp::new(Digits::Eight).into()),
        ("HOTP/T30", totp(Digits::Six, 30)),
        ("HOTP/T30/6", totp(Digits::Six, 30)),
        ("HOTP/T30/7", totp(Digits::Seven, 30)),
        ("HOTP/T30/8", totp(Digits::Eight, 30)),
        ("HOTP/T60", totp(Digits::Six, 60)),
        ("HOTP/T60/6", totp(Digits::Six, 60)),
        ("HOTP/T60/7", totp(Digits::Seven, 60)),
        ("HOTP/T60/8", totp(Digits::Eight, 60)),
    ] {
        let imported = one(&format!("{kind} alice - {HEX}")).unwrap();
        assert_eq!(imported.authenticator.method(), method, "{kind}");
        assert_eq!(imported.authenticator.algorithm(), Algorithm::Sha1);
        assert_eq!(imported.authenticator.secret().unwrap().expose(), b"12345678901234567890");
        // liboath ignores the digits.
        let note = if kind.ends_with(['6', '7', '8']) { Note::DigitsOfType } else { Note::DigitsUnknown };
        assert!(imported.notes.contains(&note), "{kind}");
    }
    for kind in
        ["hotp", "HOTP/", "HOTP/6", "HOTP/E/5", "HOTP/E/06", "HOTP/E/6/", "HOTP/T15", "HOTP/T", "TOTP", "HOTP//6"]
    {
        let error = one(&format!("{kind} alice - {HEX}")).unwrap_err();
        assert_eq!(error, one_error(1, Problem::Invalid("TYPE")), "{kind}");
    }
}

fn one_error(line: usize, problem: Problem) -> ImportError {
    // The struct is `#[non_exhaustive]`, so a real error is changed.
    let mut error = one("X").unwrap_err();
    error.line = line;
    error.problem = problem;
    error
}

/// The codes are those of RFC 4226, appendix D:
/// 755224 287082 359152 969429 338314 254676 287922 162583 399871 520489.
#[test]
fn usersfile_states() {
    for (rest, state, notes) in [
        ("-", next(0), vec![Note::DigitsUnknown]),
        ("- 5", next(5), vec![Note::DigitsUnknown]),
        ("+ 5", next(5), vec![Note::DigitsUnknown]),
        ("1234 5", next(5), vec![Note::PinNotImported, Note::DigitsUnknown]),
        ("- 7 162583 2026-11-23T20:36:02L", next(8), vec![]),
        ("- 0 755224 2026-11-23T20:36:02L", next(1), vec![]),
    ] {
        let (pin, after) = rest.split_once(' ').unwrap_or((rest, ""));
        let imported = one(&format!("HOTP\talice\t{pin}\t{HEX}\t{after}")).unwrap();
        assert_eq!((imported.line, imported.name.as_str()), (1, "alice"));
        assert_eq!(imported.state, state, "{rest}");
        assert_eq!(imported.notes, notes, "{rest}");
    }
    let short = one("HOTP alice - 31323334353637383930").unwrap();
    assert_eq!(short.notes, [Note::DigitsUnknown, Note::ShortSecret]);

    // The file shows no login so far, but cannot prove that there was none.
    let unused = one(&format!("HOTP/T30 alice - {HEX}")).unwrap();
    assert_eq!(unused.state, next(NOW.as_secs() / 30 + 10 + 1));
    assert_eq!(unused.notes, [Note::DigitsUnknown, Note::LastUseUnknown]);
}

/// liboath takes the number of digits from the typed code, whatever TYPE says. The codes are those of RFC 4226,
/// appendix D, and RFC 6238, appendix B.
#[test]
fn usersfile_digits_are_those_of_the_last_code() {
    for kind in ["HOTP", "HOTP/E/6", "HOTP/E/8"] {
        for (code, digits) in [("162583", 6), ("2162583", 7), ("82162583", 8)] {
            let line = format!("{kind} alice - {HEX} 7 {code} 2026-11-23T20:36:02L");
            let imported = usersfile::read(line.as_bytes(), NOW).with_digits(Digits::Nine).next().unwrap().unwrap();
            assert_eq!(imported.authenticator.method().digits().count(), digits, "{line}");
            assert_eq!((imported.state, imported.notes), (next(8), vec![]), "{line}");
        }
    }
    let imported = one(&format!("HOTP/T30 user - {HEX} 4 07081804 2005-03-18T01:58:29L")).unwrap();
    assert_eq!(imported.authenticator.method(), totp(Digits::Eight, 30));
    assert_eq!(imported.state, next(1_111_111_109 / 30 + 1));
}

/// It has eight digits, and is refused because its code is that of no step near the time.
#[test]
fn usersfile_line_with_last_code_87654321() {
    let line = "HOTP/T30 user - 31323334353637383930313233343536 4 87654321 2024-01-01T00:00:00L";
    assert_eq!(one(line).unwrap_err(), one_error(1, Problem::LastCode));
    // The code of that time is from oathtool.
    let line = line.replace("87654321", "77650966");
    assert_eq!(one(&line).unwrap().authenticator.method(), totp(Digits::Eight, 30));
}

#[test]
fn usersfile_digits_of_an_unused_line_are_those_of_the_caller() {
    for kind in ["HOTP", "HOTP/E/6", "HOTP/T30", "HOTP/T60/7"] {
        let line = format!("{kind} alice - {HEX}");
        let imported = usersfile::read(line.as_bytes(), NOW).with_digits(Digits::Eight).next().unwrap().unwrap();
        assert_eq!(imported.authenticator.method().digits(), Digits::Eight, "{kind}");
        let unsure = |note: &Note| matches!(note, Note::DigitsUnknown | Note::DigitsOfType);
        assert!(!imported.notes.iter().any(unsure), "{kind}");
    }
}

/// The search for last codes stops at the budget, and lines that need no search are read still.
#[test]
fn usersfile_search_has_a_budget() {
    let searched = format!("HOTP/T30 a - {HEX} 0 07081804 2005-03-18T01:58:29L\n");
    let file = format!("{}HOTP b - {HEX} 7 162583 2026-11-23T20:36:02L\n", searched.repeat(3));
    let read = |budget| {
        let lines = usersfile::read(file.as_bytes(), NOW).with_budget(budget);
        lines.map(|line| line.map(|imported| imported.line)).collect::<Vec<_>>()
    };
    let beyond = |line| Err(one_error(line, Problem::Budget));
    assert_eq!(read(usersfile::Reader::BUDGET), [Ok(1), Ok(2), Ok(3), Ok(4)]);
    // A line needs room for 26 hours and 200 steps, and takes what it used: here about half.
    assert_eq!(read(3_321), [Ok(1), beyond(2), beyond(3), Ok(4)]);
    assert_eq!(read(3_320), [beyond(1), beyond(2), beyond(3), Ok(4)]);
    assert_eq!(read(0), [beyond(1), beyond(2), beyond(3), beyond(4)]);
}

/// The time step of the last code is found in every time zone of the host, and at every place in the host's window.
#[test]
fn usersfile_steps() {
    let line = |code: &str, time: &str| one(&format!("HOTP/T30/8 alice - {HEX} 0 {code} {time}"));
    // RFC 6238, appendix B: 1111111109 is 2005-03-18T01:58:29Z.
    let step = 1_111_111_109 / 30;
    for time in [
        "2005-03-18T01:58:29L",
        "2005-03-18T15:58:29L",
        "2005-03-17T13:58:29L",
        "2005-03-17T13:10:00L",
        "2005-03-18T16:45:00L",
    ] {
        assert_eq!(line("07081804", time).unwrap().state, next(step + 1), "{time}");
    }
    for time in ["2005-03-17T13:00:00L", "2005-03-18T17:00:00L", "2026-11-23T20:36:02L", "9999-12-31T23:59:59L"] {
        assert_eq!(line("07081804", time).unwrap_err(), one_error(1, Problem::LastCode), "{time}");
    }
    assert_eq!(line("07081805", "2005-03-18T01:58:29L").unwrap_err(), one_error(1, Problem::LastCode));
}

#[test]
fn usersfile_refusals() {
    let secret = |found| Problem::Secret(SecretError::Length { min: 10, found });
    let long = "31".repeat(129);
    for (line, problem) in [
        ("HOTP", Problem::Missing("USER")),
        ("HOTP alice", Problem::Missing("PIN")),
        ("HOTP alice -", Problem::Missing("SECRET")),
        ("HOTP alice - 313", Problem::Invalid("SECRET")),
        ("HOTP alice - 3132333435363738393g", Problem::Invalid("SECRET")),
        ("HOTP alice - 3132333435363738393é", Problem::Invalid("SECRET")),
        ("HOTP alice - 313233343536373839", secret(9)),
        (&format!("HOTP alice - {long}"), secret(129)),
        (&format!("HOTP alice - {HEX} x"), Problem::Invalid("MOVING_FACTOR")),
        (&format!("HOTP alice - {HEX} -1"), Problem::Invalid("MOVING_FACTOR")),
        (&format!("HOTP alice - {HEX} +1"), Problem::Invalid("MOVING_FACTOR")),
        (&format!("HOTP alice - {HEX} 18446744073709551616"), Problem::Invalid("MOVING_FACTOR")),
        (&format!("HOTP alice - {HEX} 7 162583"), Problem::Missing("LAST_TIMESTAMP")),
        (&format!("HOTP alice - {HEX} 7 62583 2026-11-23T20:36:02L"), Problem::Invalid("LAST_OTP")),
        (&format!("HOTP alice - {HEX} 7 16258x 2026-11-23T20:36:02L"), Problem::Invalid("LAST_OTP")),
        (&format!("HOTP alice - {HEX} 7 082162583 2026-11-23T20:36:02L"), Problem::Invalid("LAST_OTP")),
        (&format!("HOTP alice - {HEX} 7 92162583 2026-11-23T20:36:02L"), Problem::LastCode),
        (&format!("HOTP alice - {HEX} 7 162583 2026-11-23T20:36:02Z"), Problem::Invalid("LAST_TIMESTAMP")),
        (&format!("HOTP alice - {HEX} 7 162583 2026-11-23T20:36:02L x"), Problem::Unknown),
        // The counters before and after the counter of the last code.
        (&format!("HOTP alice - {HEX} 6 162583 2026-11-23T20:36:02L"), Problem::LastCode),
        (&format!("HOTP alice - {HEX} 8 162583 2026-11-23T20:36:02L"), Problem::LastCode),
        (&format!("HOTP {} - {HEX}", "a".repeat(256)), Problem::Invalid("USER")),
        (&format!("HOTP ali\u{99}ce - {HEX}"), Problem::NotText { position: 8 }),
        (&format!("HOTP ali\0ce - {HEX}"), Problem::NotText { position: 8 }),
        (&format!("HOTP ali\u{7f}ce - {HEX}"), Problem::NotText { position: 8 }),
    ] {
        assert_eq!(one(line).unwrap_err(), one_error(1, problem), "{line}");
    }
    // The highest possible counter was used, so there is no next counter.
    let token = one(&format!("HOTP alice - {HEX}")).unwrap();
    let last = Hotp::default().generate(&token.authenticator.key().unwrap(), Counter::new(u64::MAX));
    let line = format!("HOTP alice - {HEX} {} {} 2026-11-23T20:36:02L", u64::MAX, last.as_str());
    assert_eq!(one(&line).unwrap_err(), one_error(1, Problem::Invalid("MOVING_FACTOR")));
}

/// A refused line does not affect the others, and every line is reported by its number.
#[test]
fn usersfile_report() {
    let long = "x".repeat(MAX_LINE + 1);
    let mut file = format!("\u{feff}# users\r\n\n  \t\nHOTP a - {HEX}\r\nHOTP/X b - {HEX}\n{long}\nHOTP a - {HEX} 3\n")
        .into_bytes();
    file.extend(b"HOTP \xe9 - 00\n  # HOTP x\nHOTP last - ");
    file.extend(HEX.as_bytes());
    let report: Vec<_> =
        usersfile::read(&file, NOW).map(|line| line.map(|imported| (imported.line, imported.name))).collect();
    assert_eq!(
        report,
        [
            Ok((4, "a".to_owned())),
            Err(one_error(5, Problem::Invalid("TYPE"))),
            Err(one_error(6, Problem::TooLong(MAX_LINE + 1))),
            Ok((7, "a".to_owned())),
            Err(one_error(8, Problem::NotText { position: 5 })),
            Ok((10, "last".to_owned())),
        ]
    );
    let values = "it must be HOTP, HOTP/E, HOTP/T30 or HOTP/T60, and /6, /7 or /8 may follow the last three";
    assert_eq!(report[1].as_ref().unwrap_err().to_string(), format!("line 5: TYPE has an invalid value: {values}"));
    assert!(usersfile::read(b"", NOW).next().is_none());
}

fn google(rest: &str) -> Result<StateFile, ImportError> {
    google_authenticator::read("alice", format!("{BASE32}\n{rest}").as_bytes(), NOW)
}

#[test]
fn google_options() {
    let read = google("\" TOTP_AUTH\n").unwrap();
    assert_eq!(read.imported.authenticator.method(), Totp::default().into());
    assert_eq!(read.imported.authenticator.secret().unwrap().expose(), b"12345678901234567890");
    assert_eq!((read.imported.name.as_str(), read.window_size, read.rate_limit), ("alice", 3, None));
    assert_eq!(read.imported.notes, [Note::LastUseUnknown]);
    let step = NOW.as_secs() / 30;
    assert_eq!(read.imported.state, next(step + 1 + 1));
    assert!(read.scratch_codes.is_empty());

    let all = "\" RATE_LIMIT 3 30 1795446362 1795446370\r\n\" WINDOW_SIZE 17\r\n\" DISALLOW_REUSE 89749999 89750001 89750000\r\n\
               \" TOTP_AUTH\r\n\" STEP_SIZE 20\r\n\" RESETTING_TIME_SKEW 1+2\r\n\" LAST0 192.0.2.1 7\r\n\" LAST9 ::1 7\r\n\r\n\
               75032147\r\n24249326";
    let read = google(all).unwrap();
    assert_eq!(read.imported.authenticator.method(), totp(Digits::Six, 20));
    assert_eq!(read.imported.state, next(89_750_002));
    assert_eq!(read.imported.notes, [Note::LoginHistoryNotImported, Note::ResynchronizationNotImported]);
    assert_eq!((read.window_size, read.window()), (17, None));
    let limit = read.rate_limit.unwrap();
    assert_eq!((limit.attempts, limit.secs), (3, 30));
    let codes: Vec<_> = read.scratch_codes.iter().map(|code| code.as_str().to_owned()).collect();
    assert_eq!(codes, ["75032147", "24249326"]);

    // The module sets the drift at a login whose step it does not list as used.
    for (skew, drift) in [("-7", -7), ("+7", 7), ("0", 0)] {
        let read =
            google(&format!("\" TOTP_AUTH\n\" TIME_SKEW {skew}\n\" WINDOW_SIZE 9\n\" DISALLOW_REUSE 5")).unwrap();
        let used = step.checked_add_signed(drift.into()).unwrap() + 4;
        assert_eq!(read.imported.state, next(used + 1).with_drift(drift));
        assert_eq!(read.imported.notes, [Note::LastUseUnknown]);
        let listed = google(&format!("\" TOTP_AUTH\n\" TIME_SKEW {skew}\n\" DISALLOW_REUSE {}", step + 100)).unwrap();
        assert_eq!(listed.imported.state, next(step + 101).with_drift(drift));
    }

    // `HOTP_COUNTER` overrides `TOTP_AUTH`.
    for file in ["\" HOTP_COUNTER 1\n", "\" TOTP_AUTH\n\" HOTP_COUNTER 1\n"] {
        let read = google(file).unwrap();
        assert_eq!(read.imported.authenticator.method(), Hotp::default().into());
        assert_eq!((read.imported.state, read.window()), (next(1), None));
    }
    let short = google_authenticator::read("bob", b"GEZDGNBVGY3TQOJQ\n\" HOTP_COUNTER 4\n", NOW).unwrap();
    assert_eq!(short.imported.notes, [Note::ShortSecret]);
}

/// The module reads 0, 1 and 8 as O, L and B.
#[test]
fn google_secret_with_mistyped_symbols() {
    let secret = |text: &str| {
        let file = format!("{text}\n\" TOTP_AUTH\n");
        let read = google_authenticator::read("alice", file.as_bytes(), NOW)?;
        Ok::<_, ImportError>(read.imported.authenticator.secret().unwrap().expose().to_vec())
    };
    let meant = secret("GEZDGNBVGY3TQOJQLBOLBOLB").unwrap();
    for typed in ["GEZDGN8VGY3TQ0JQ18018018", "gezdgn8vgy3tq0jq18018018", "GEZDGN8VGY3TQ0JQL8OL8OLB"] {
        assert_eq!(secret(typed).unwrap(), meant, "{typed}");
    }
    let error = secret("GEZDGN8VGY3TQ0JQ18018019").unwrap_err();
    assert_eq!(error, one_error(1, Problem::Secret(SecretError::Base32Character { position: 23 })));
}

/// Editors begin files with it.
#[test]
fn byte_order_mark_before_a_state_file_is_skipped() {
    let file = format!("\u{feff}{BASE32}\n\" TOTP_AUTH\n");
    let read = google_authenticator::read("alice", file.as_bytes(), NOW).unwrap();
    assert_eq!(read.imported.authenticator.secret().unwrap().expose(), b"12345678901234567890");
    assert_eq!(read.imported.authenticator.method(), Totp::default().into());
}

#[test]
fn google_refusals() {
    let future = format!("\" DISALLOW_REUSE {}\n\" TOTP_AUTH", (NOW.as_secs() + 3 * 86_400) / 30);
    let in_seconds = format!("\" TOTP_AUTH\n\" DISALLOW_REUSE {}", NOW.as_secs());
    for (rest, line, problem) in [
        ("", 1, Problem::Missing("TOTP_AUTH")),
        ("\" DISALLOW_REUSE 5\n12345678", 1, Problem::Missing("TOTP_AUTH")),
        ("\" TOTP_AUTH\n\" TOTP_AUTH", 3, Problem::Duplicate("TOTP_AUTH")),
        ("\" TOTP_AUTH\n\n\" OTP_DISABLED", 4, Problem::Unknown),
        ("\" TOTP_AUTH x", 2, Problem::Invalid("TOTP_AUTH")),
        ("\" totp_auth", 2, Problem::Unknown),
        ("\" ", 2, Problem::Unknown),
        ("\"", 2, Problem::Unknown),
        ("\"TOTP_AUTH", 2, Problem::Unknown),
        (" \" TOTP_AUTH", 2, Problem::Unknown),
        ("\" LAST", 2, Problem::Unknown),
        ("\" LAST10 host 5", 2, Problem::Unknown),
        ("\" HOTP_COUNTER", 2, Problem::Invalid("HOTP_COUNTER")),
        ("\" HOTP_COUNTER 0", 2, Problem::Invalid("HOTP_COUNTER")),
        ("\" HOTP_COUNTER -3", 2, Problem::Invalid("HOTP_COUNTER")),
        ("\" TOTP_AUTH\n\" STEP_SIZE 0", 3, Problem::Invalid("STEP_SIZE")),
        ("\" TOTP_AUTH\n\" STEP_SIZE 61", 3, Problem::Invalid("STEP_SIZE")),
        ("\" TOTP_AUTH\n\" WINDOW_SIZE 0", 3, Problem::Invalid("WINDOW_SIZE")),
        ("\" TOTP_AUTH\n\" WINDOW_SIZE 101", 3, Problem::Invalid("WINDOW_SIZE")),
        ("\" TOTP_AUTH\n\" TIME_SKEW 1.5", 3, Problem::Invalid("TIME_SKEW")),
        ("\" TOTP_AUTH\n\" TIME_SKEW 40000", 3, Problem::Invalid("TIME_SKEW")),
        ("\" TOTP_AUTH\n\" DISALLOW_REUSE 5 x", 3, Problem::Invalid("DISALLOW_REUSE")),
        (&future, 2, Problem::Invalid("DISALLOW_REUSE")),
        (&in_seconds, 3, Problem::Invalid("DISALLOW_REUSE")),
        ("\" TOTP_AUTH\n\" RATE_LIMIT 3", 3, Problem::Invalid("RATE_LIMIT")),
        ("\" TOTP_AUTH\n\" RATE_LIMIT 0 30", 3, Problem::Invalid("RATE_LIMIT")),
        ("\" TOTP_AUTH\n\" RATE_LIMIT 3 3601", 3, Problem::Invalid("RATE_LIMIT")),
        ("\" TOTP_AUTH\n\" RATE_LIMIT 3 30 x", 3, Problem::Invalid("RATE_LIMIT")),
        ("\" TOTP_AUTH\n1234567", 3, Problem::Unknown),
        ("\" TOTP_AUTH\n123456789", 3, Problem::Unknown),
        ("\" TOTP_AUTH\n02345678", 3, Problem::Unknown),
        ("\" TOTP_AUTH\n12345678 9", 3, Problem::Unknown),
        ("\" TOTP_AUTH\n\" WINDOW_SIZE 3\0", 3, Problem::NotText { position: 15 }),
    ] {
        assert_eq!(google(rest).unwrap_err(), one_error(line, problem), "{rest}");
    }
    for (file, line, problem) in [
        (&b""[..], 1, Problem::Missing("secret")),
        (b"\n\" TOTP_AUTH\n", 1, Problem::Missing("secret")),
        (b"\" TOTP_AUTH\n", 1, Problem::Secret(SecretError::Base32Character { position: 0 })),
        (b"GEZDGNBVGY3TQO9Q\n\" TOTP_AUTH\n", 1, Problem::Secret(SecretError::Base32Character { position: 14 })),
        (b"GEZDGNBV\n\" TOTP_AUTH\n", 1, Problem::Secret(SecretError::Length { min: 10, found: 5 })),
        (b"\xff\xfe\n\" TOTP_AUTH\n", 1, Problem::NotText { position: 0 }),
    ] {
        assert_eq!(google_authenticator::read("alice", file, NOW).unwrap_err(), one_error(line, problem));
    }
}

/// Debug output and messages show no secret, code or PIN.
#[test]
fn nothing_secret_is_printed() {
    let imported = one(&format!("HOTP alice 998877 {HEX} 7 162583 2026-11-23T20:36:02L")).unwrap();
    let read = google("\" TOTP_AUTH\n75032147\n").unwrap();
    let refused = one(&format!("HOTP alice 998877 {HEX} 8 162583 2026-11-23T20:36:02L")).unwrap_err();
    let printed = format!("{imported:?} {read:?} {refused:?} {refused}");
    for secret in ["998877", HEX, BASE32, "162583", "75032147", "12345678901234567890", "49, 50, 51"] {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
}
