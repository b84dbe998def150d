//! Tests of OCRA (RFC 6287): published vectors, those of another implementation, and bad input.

use crate::support::hex::unhex;

use std::collections::BTreeSet;

use proptest::prelude::*;
use secondo::factor::ocra::{
    Expected, Input, InputError, Inputs, PinHash, PinHashError, Question, QuestionError, QuestionKind, ResponseDigits,
    ResponseError, Suite, SuiteError,
};
use secondo::policy::Window;
use secondo::types::{Counter, MalformedCode};
use secondo::{Algorithm, Key, Policy, Secret};

use crate::support::cases::cases;
use crate::support::time::at;

const RFC_KEY: &[u8; 20] = b"12345678901234567890";

fn suite(text: &str) -> Suite {
    Suite::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn key() -> Key {
    Key::new(Algorithm::Sha1, &Secret::from_bytes(RFC_KEY).unwrap())
}

fn question(suite: &Suite, text: &str) -> Question {
    Question::new(suite.question(), text).unwrap()
}

/// Returns a policy that accepts the next counter and the current time step only.
fn strict() -> Policy {
    Policy::new().with_window(Window::new(0, 0).unwrap()).with_look_ahead(0).unwrap()
}

/// Computes and verifies the response of each row that this build has the hash functions for, and returns their number.
fn check(file: &str) -> usize {
    let mut checked = 0;
    for row in file.lines().filter(|row| !row.starts_with('#')) {
        let fields: Vec<_> = row.split(' ').collect();
        let &[text, key, questions, counter, pin, session, time, expected] = &fields[..] else { panic!("{row}") };
        let is_known = |name: &str| Algorithm::ALL.iter().any(|algorithm| algorithm.to_string() == name);
        let names = text.split(['-', ':']).filter_map(|part| part.find("SHA").map(|at| &part[at..]));
        if !names.into_iter().all(is_known) {
            continue;
        }
        let suite = suite(text);
        let key = Key::new(suite.algorithm(), &Secret::from_bytes(&unhex(key)).unwrap());
        let (first, next) = questions.split_once('+').unwrap_or((questions, ""));
        let first = question(&suite, first);
        let next = (!next.is_empty()).then(|| question(&suite, next));
        let mut inputs = next.as_ref().map_or(Inputs::one_way(&first), |next| Inputs::of_server(&first, next));
        if counter != "-" {
            inputs = inputs.with_counter(Counter::new(counter.parse().unwrap()));
        }
        let pin_hash = suite.pin_hash().map(|algorithm| PinHash::new(algorithm, pin));
        if let Some(pin_hash) = &pin_hash {
            inputs = inputs.with_pin_hash(pin_hash);
        }
        let session = unhex(if session == "-" { "" } else { session });
        if !session.is_empty() {
            inputs = inputs.with_session(&session);
        }
        if time != "-" {
            inputs = inputs.with_time(at(time.parse().unwrap()));
        }
        assert_eq!(suite.response(&key, &inputs).unwrap().as_str(), expected, "{row}");
        assert!(suite.verify(&key, &inputs, expected, &strict()).is_ok(), "{row}");
        let mut wrong = expected.to_owned();
        let last = wrong.pop().unwrap();
        wrong.push(if last == '0' { '1' } else { '0' });
        assert_eq!(suite.verify(&key, &inputs, &wrong, &strict()), Err(ResponseError::Wrong), "{row}");
        checked += 1;
    }
    checked
}

#[test]
fn rfc6287_appendix_c() {
    let all = cfg!(feature = "sha2");
    assert_eq!(check(include_str!("../vectors/ocra-rfc6287-appendix-c.txt")), if all { 70 } else { 10 });
}

#[test]
fn responses_of_oath() {
    let all = cfg!(feature = "sha2");
    assert_eq!(check(include_str!("../vectors/ocra-oath-1.4.5.txt")), if all { 144 } else { 36 });
}

/// Every combination of parts is a suite, says what its parts say, and is written as it was.
#[test]
fn every_suite() {
    let hashes: Vec<_> = Algorithm::ALL.iter().map(|algorithm| (algorithm.to_string(), *algorithm)).collect();
    let digits = ["0", "4", "5", "6", "7", "8", "9", "10"];
    let steps = [("", None), ("-T1S", Some(1)), ("-T59S", Some(59)), ("-T1M", Some(60)), ("-T48H", Some(172_800))];
    let sessions = [("", None), ("-S001", Some(1)), ("-S064", Some(64)), ("-S512", Some(512))];
    let mut pins = vec![(String::new(), None)];
    pins.extend(hashes.iter().map(|(name, algorithm)| (format!("-P{name}"), Some(*algorithm))));
    let questions = [
        ("QN08", QuestionKind::Numeric, 8),
        ("QA04", QuestionKind::Alphanumeric, 4),
        ("QH64", QuestionKind::Hexadecimal, 64),
        ("QH8", QuestionKind::Hexadecimal, 8),
    ];
    for number in 0..hashes.len() * 8 * 2 * 4 * pins.len() * 4 * 5 {
        // Each part is a digit of the number, in a base of its own.
        let mut rest = number;
        let mut next = |count| {
            let index = rest % count;
            rest /= count;
            index
        };
        let (hash, algorithm) = &hashes[next(hashes.len())];
        let count = digits[next(8)];
        let counter = ["", "C-"][next(2)];
        let (question, kind, max_len) = questions[next(4)];
        let (pin, pin_hash) = &pins[next(pins.len())];
        let (session, session_len) = sessions[next(4)];
        let (step, secs) = steps[next(5)];
        let text = format!("OCRA-1:HOTP-{hash}-{count}:{counter}{question}{pin}{session}{step}");
        let suite = suite(&text);
        assert_eq!(suite.to_string(), text);
        assert_eq!((suite.algorithm(), suite.digits() as u8), (*algorithm, count.parse().unwrap()));
        assert_eq!(suite.has_counter(), !counter.is_empty());
        assert_eq!((suite.question().kind(), suite.question().max_len()), (kind, max_len));
        assert_eq!(suite.pin_hash(), *pin_hash);
        assert_eq!((suite.session_len(), suite.time_step_secs()), (session_len, secs));
        assert!(text.len() <= Suite::MAX_LEN);
    }
    assert_eq!(suite("OCRA-1:HOTP-SHA1-0:QN08").digits(), ResponseDigits::Whole);
    assert_eq!(format!("{:?}", suite("OCRA-1:HOTP-SHA1-6:QN08")), "Suite(OCRA-1:HOTP-SHA1-6:QN08)");
}

#[test]
fn bad_suites() {
    let others = [
        "version\t^\0",
        "version\t^OCRA-1\u{2010}:HOTP-SHA1-6:QN08",
        "end\tOCRA-1:HOTP-SHA1-6:QN08^ ",
        "end\tOCRA-1:HOTP-SHA1-6:QN08^\n",
        "end\tOCRA-1:HOTP-SHA1-6:QN08^\0",
    ];
    let rows = include_str!("../vectors/ocra-suites-refused.txt").lines().filter(|row| !row.starts_with('#'));
    let mut seen = BTreeSet::new();
    for row in rows.chain(others) {
        let (label, marked) = row.split_once('\t').unwrap();
        let position = marked.find('^').unwrap();
        let text = marked.replacen('^', "", 1);
        let error = Suite::parse(&text).unwrap_err();
        assert_eq!((error.label(), error.position), (label, position), "{text}");
        assert!(error.to_string().ends_with(&format!("at byte {position}")), "{error}");
        assert!(seen.insert(text), "{row}");
    }
    assert_eq!(seen.len(), 158);
    let long = format!("OCRA-1:HOTP-SHA1-6:QN08{}", "-T1M".repeat(1 << 16));
    assert_eq!(Suite::parse(&long), Err(SuiteError { position: 27, expected: Expected::End }));
    let error = Suite::parse("OCRA-1:HOTP-SHA1-3:QN08").unwrap_err();
    assert_eq!(error.to_string(), "an OCRA suite must have 0 or 4 to 10 at byte 17");
    let error = Suite::parse("OCRA-1:HOTP-MD5-6:QN08").unwrap_err();
    let hashes = if cfg!(feature = "sha2") { "SHA1, SHA256 or SHA512" } else { "SHA1" };
    assert_eq!(error.to_string(), format!("an OCRA suite must have {hashes} at byte 12"));
}

#[test]
fn any_text_is_a_suite_as_it_stands_or_refused() {
    const LIKE: &str = "OCRA-1:HOTP-SHA1-(0|[4-9]|10):(C-)?Q[ANH][0-9]{1,2}(-PSHA1)?(-S[0-9]{3})?(-T[0-9]{1,2}[SMH])?";

    proptest!(cases(500), |(text: String, like in LIKE)| {
        for text in [&text, &like] {
            match Suite::parse(text) {
                Ok(suite) => prop_assert_eq!(suite.as_str(), text),
                Err(error) => prop_assert!(text.is_char_boundary(error.position)),
            }
        }
    });
}

/// A suite of which one byte is changed is refused, or is another suite with another text.
#[test]
fn no_changed_suite_is_the_same() {
    let text = "OCRA-1:HOTP-SHA1-6:C-QN08-PSHA1-S064-T1M";
    let original = suite(text);
    let mut accepted = 0;
    for position in 0..text.len() {
        for byte in 0..128_u8 {
            let mut changed = text.as_bytes().to_vec();
            changed[position] = byte;
            let changed = String::from_utf8(changed).unwrap();
            if let Ok(suite) = Suite::parse(&changed) {
                assert_eq!(suite.to_string(), changed);
                assert_eq!(suite == original, changed == text);
                accepted += 1;
            }
        }
    }
    // 40 times the text itself; 7 other digits of a response, 2 kinds of question, and so on.
    assert!(accepted > 60, "{accepted}");
}

/// The text of the suite is part of the message: the same parameters in another spelling have another response.
#[test]
fn another_spelling_is_another_suite() {
    let [short, long] = ["OCRA-1:HOTP-SHA1-8:QH8", "OCRA-1:HOTP-SHA1-8:QH08"].map(suite);
    assert_eq!(short.question(), long.question());
    let question = question(&short, "12345678");
    let [short, long] = [short, long].map(|suite| suite.response(&key(), &Inputs::one_way(&question)).unwrap());
    assert_ne!(short.as_str(), long.as_str());
}

#[test]
fn questions() {
    let [numeric, alphanumeric, hexadecimal] =
        ["QN08", "QA08", "QH08"].map(|format| suite(&format!("OCRA-1:HOTP-SHA1-6:{format}")).question());
    let length = |found| QuestionError::Length { max: 8, found };
    let character = |position| QuestionError::Character { position };
    let megabyte = "1".repeat(1 << 20);
    for (format, text, expected) in [
        (numeric, "", length(0)),
        (numeric, "123", length(3)),
        (numeric, "123456789", length(9)),
        (numeric, &megabyte, length(1 << 20)),
        (numeric, "1234567a", character(7)),
        (numeric, "-1234567", character(0)),
        (numeric, "1234 678", character(4)),
        (numeric, "１２３４", character(0)),
        (alphanumeric, "ABC", length(3)),
        (alphanumeric, "ABCD-FGH", character(4)),
        (alphanumeric, "ABCDEFGé", character(7)),
        (hexadecimal, "1234567g", character(7)),
        (hexadecimal, "0x123456", character(1)),
    ] {
        let error = Question::new(format, text).unwrap_err();
        assert_eq!(error, expected, "{text:.20}");
        assert!(text.is_empty() || !error.to_string().contains(text));
    }
    for (format, text) in [(numeric, "1234"), (alphanumeric, "aB3d"), (hexadecimal, "0aF4567f")] {
        assert_eq!(Question::new(format, text).unwrap().as_str(), text);
    }
}

/// RFC 6287 pads questions at their end, so that some have the same response. The docs say so.
#[test]
fn questions_with_the_same_response() {
    let response = |format: &str, text: &str| {
        let suite = suite(&format!("OCRA-1:HOTP-SHA1-10:{format}"));
        suite.response(&key(), &Inputs::one_way(&question(&suite, text))).unwrap().as_str().to_owned()
    };
    assert_eq!(response("QN08", "00000010"), response("QN08", "00000160"));
    assert_eq!(response("QN08", "0010"), response("QN08", "00000010"));
    assert_eq!(response("QH08", "12345"), response("QH08", "123450"));
    assert_eq!(response("QH08", "abcdef12"), response("QH08", "ABCDEF12"));
    assert_ne!(response("QA08", "abcdef12"), response("QA08", "ABCDEF12"));
    assert_ne!(response("QN08", "00000010"), response("QN08", "00000011"));
}

#[test]
fn random_questions_are_the_digits_of_a_fraction() {
    let of = |format: &str, bytes: &[u8; 32]| {
        let format = suite(&format!("OCRA-1:HOTP-SHA1-6:{format}")).question();
        let made = Question::from_random(format, bytes);
        assert_eq!(Question::new(format, made.as_str()), Ok(made));
        assert_eq!(made.as_str().len(), format.max_len());
        made.as_str().to_owned()
    };
    let mut half = [0; 32];
    half[0] = 0x80;
    assert_eq!(of("QN08", &half), "50000000");
    assert_eq!(of("QA04", &half), "I000");
    assert_eq!(of("QN64", &[0xff; 32]), "9".repeat(64));
    let bytes: [u8; 32] = std::array::from_fn(|at| u8::try_from(at * 7 + 1).unwrap());
    let hex = bytes.map(|byte| format!("{byte:02X}")).concat();
    assert_eq!(of("QH64", &bytes), hex);
    assert_eq!(of("QH09", &bytes), hex[..9]);
    // Computed with Python's integers.
    assert_eq!(of("QN64", &bytes), PYTHON_DECIMAL);
    assert_eq!(of("QA64", &bytes), PYTHON_BASE_36);
}

const PYTHON_DECIMAL: &str = "0040292195309496347558631295655517108804306036139946174548250672";
const PYTHON_BASE_36: &str = "057ZJHWI2S3BTNTYLEYO3TRF41U0DZOVMOPCO5MC5BKOYBJSNTGSGM2TUOZUX1IA";

const FULL: &str = "OCRA-1:HOTP-SHA1-6:C-QN08-PSHA1-S064-T1M";

#[test]
fn inputs_that_do_not_fit() {
    let (full, none) = (suite(FULL), suite("OCRA-1:HOTP-SHA1-6:QN08"));
    let asked = question(&full, "12345678");
    let (session, pin_hash) = ([7; 64], PinHash::new(Algorithm::Sha1, "1234"));
    let empty = Inputs::one_way(&asked);
    let with = |missing: Option<Input>| {
        let mut inputs = empty;
        for input in [Input::Counter, Input::PinHash, Input::Session, Input::Time] {
            inputs = match input {
                _ if Some(input) == missing => inputs,
                Input::Counter => inputs.with_counter(Counter::new(1)),
                Input::PinHash => inputs.with_pin_hash(&pin_hash),
                Input::Session => inputs.with_session(&session),
                Input::Time => inputs.with_time(at(60)),
            };
        }
        inputs
    };
    let refused = |suite: &Suite, inputs: &Inputs<'_>, expected: InputError| {
        assert_eq!(suite.response(&key(), inputs).unwrap_err(), expected);
        // An error of the caller is reported before the response is looked at.
        assert_eq!(suite.verify(&key(), inputs, "x", &strict()), Err(ResponseError::Input(expected)));
    };
    assert!(full.response(&key(), &with(None)).is_ok());
    for input in [Input::Counter, Input::PinHash, Input::Session, Input::Time] {
        refused(&full, &with(Some(input)), InputError::Missing(input));
    }
    refused(&none, &empty.with_counter(Counter::new(1)), InputError::Unexpected(Input::Counter));
    refused(&none, &empty.with_pin_hash(&pin_hash), InputError::Unexpected(Input::PinHash));
    refused(&none, &empty.with_session(&session), InputError::Unexpected(Input::Session));
    refused(&none, &empty.with_time(at(60)), InputError::Unexpected(Input::Time));
    for len in [0, 1, 63, 65, 513, 1 << 20] {
        let session = vec![7; len];
        let inputs = with(None).with_session(&session);
        refused(&full, &inputs, InputError::SessionLength { expected: 64, found: len });
    }

    // A question of another suite, alone or as either of two.
    let other = Question::new(suite("OCRA-1:HOTP-SHA1-6:QN09").question(), "12345678").unwrap();
    for inputs in [Inputs::one_way(&other), Inputs::of_server(&other, &asked), Inputs::of_client(&other, &asked)] {
        refused(&none, &inputs, InputError::Question);
    }
    #[cfg(feature = "sha2")]
    {
        let other = PinHash::new(Algorithm::Sha256, "1234");
        refused(&full, &with(None).with_pin_hash(&other), InputError::PinHash);
        let key = Key::new(Algorithm::Sha256, &Secret::from_bytes(RFC_KEY).unwrap());
        assert_eq!(none.response(&key, &empty).unwrap_err(), InputError::Key);
        assert_eq!(none.verify(&key, &empty, "123456", &strict()), Err(ResponseError::Input(InputError::Key)));
    }
}

/// Each input changes the response. One that was left out of the message would go unnoticed otherwise.
#[test]
fn every_input_counts() {
    let full = suite("OCRA-1:HOTP-SHA1-0:C-QN08-PSHA1-S064-T1M");
    let [asked, other] = ["12345678", "12345679"].map(|text| question(&full, text));
    let [pin, other_pin] = ["1234", "1235"].map(|pin| PinHash::new(Algorithm::Sha1, pin));
    let mut session = [7; 64];
    let of = |inputs: Inputs<'_>| full.response(&key(), &inputs).unwrap().as_str().to_owned();
    let common = |asked| Inputs::one_way(asked).with_counter(Counter::new(1)).with_pin_hash(&pin).with_time(at(60));
    let first = session;
    session[63] = 8;
    let responses = BTreeSet::from([
        of(common(&asked).with_session(&first)),
        of(common(&other).with_session(&first)),
        of(common(&asked).with_session(&session)),
        of(common(&asked).with_session(&first).with_counter(Counter::new(2))),
        of(common(&asked).with_session(&first).with_pin_hash(&other_pin)),
        of(common(&asked).with_session(&first).with_time(at(120))),
    ]);
    assert_eq!(responses.len(), 6);
    assert_eq!(of(common(&asked).with_session(&first)), of(common(&asked).with_session(&first).with_time(at(119))));
}

#[test]
fn hashes_of_pins() {
    let hash = PinHash::new(Algorithm::Sha1, "1234");
    // RFC 6287, appendix C.
    assert_eq!(hash.expose(), unhex("7110eda4d09e062aa5e4a390b0a572ac0d2c0220"));
    assert_eq!(PinHash::from_bytes(Algorithm::Sha1, hash.expose()).unwrap().expose(), hash.expose());
    for found in [0, 19, 21, 64, 65] {
        let error = PinHash::from_bytes(Algorithm::Sha1, &vec![7; found]).unwrap_err();
        assert_eq!(error, PinHashError { expected: 20, found });
    }
}

#[test]
fn a_look_ahead_finds_the_counter() {
    let suite = suite("OCRA-1:HOTP-SHA1-8:C-QN08");
    let question = question(&suite, "12345678");
    let of = |counter| Inputs::one_way(&question).with_counter(Counter::new(counter));
    let policy = strict().with_look_ahead(3).unwrap();
    for counter in 0..20 {
        let response = suite.response(&key(), &of(counter)).unwrap();
        let verdict = suite.verify(&key(), &of(10), response.as_str(), &policy);
        let expected = if (10..=13).contains(&counter) { Ok(Counter::new(counter)) } else { Err(ResponseError::Wrong) };
        assert_eq!(verdict, expected, "counter {counter}");
    }
    // The counter ends at the largest number.
    let last = suite.response(&key(), &of(u64::MAX)).unwrap();
    assert_eq!(suite.verify(&key(), &of(u64::MAX - 1), last.as_str(), &policy), Ok(Counter::new(u64::MAX)));
}

#[test]
fn a_window_finds_the_time_step() {
    let suite = suite("OCRA-1:HOTP-SHA1-8:QN08-T2H");
    let question = question(&suite, "12345678");
    let of = |step: u64| Inputs::one_way(&question).with_time(at(step * 7200 + 7199));
    let policy = strict().with_window(Window::new(2, 1).unwrap());
    for step in 0..20 {
        let response = suite.response(&key(), &of(step)).unwrap();
        let verdict = suite.verify(&key(), &of(10), response.as_str(), &policy);
        let expected = if (8..=11).contains(&step) { Ok(Counter::new(step)) } else { Err(ResponseError::Wrong) };
        assert_eq!(verdict, expected, "step {step}");
    }
    let first = suite.response(&key(), &of(0)).unwrap();
    assert_eq!(suite.verify(&key(), &of(1), first.as_str(), &policy), Ok(Counter::new(0)));
}

#[test]
fn counter_and_time_are_searched_together() {
    let suite = suite("OCRA-1:HOTP-SHA1-8:C-QN08-T1M");
    let question = question(&suite, "12345678");
    let of =
        |counter, step: u64| Inputs::one_way(&question).with_counter(Counter::new(counter)).with_time(at(step * 60));
    let policy = strict().with_look_ahead(2).unwrap().with_window(Window::new(1, 1).unwrap());
    for counter in 3..=9 {
        for step in 97..=103 {
            let response = suite.response(&key(), &of(counter, step)).unwrap();
            let is_near = (5..=7).contains(&counter) && (99..=101).contains(&step);
            let expected = if is_near { Ok(Counter::new(counter)) } else { Err(ResponseError::Wrong) };
            assert_eq!(suite.verify(&key(), &of(5, 100), response.as_str(), &policy), expected, "{counter} {step}");
        }
    }
}

#[test]
fn submitted_responses() {
    let [six, whole] = ["OCRA-1:HOTP-SHA1-6:QN08", "OCRA-1:HOTP-SHA1-0:QN08"].map(suite);
    let question = question(&six, "11111111");
    let inputs = Inputs::one_way(&question);
    let verify = |suite: &Suite, text: &str| suite.verify(&key(), &inputs, text, &strict());
    for text in ["243178", " 243-178 ", "2 4 3 1 7 8", "２４３１７８\n"] {
        assert_eq!(verify(&six, text), Ok(Counter::new(0)));
    }
    let right = whole.response(&key(), &inputs).unwrap();
    for text in [right.as_str(), &right.as_str().to_uppercase(), &right.as_str().replace('a', " A-")] {
        assert_eq!(verify(&whole, text), Ok(Counter::new(0)));
    }
    let length = |expected, found| Err(ResponseError::Malformed(MalformedCode::Length { expected, found }));
    let character = |position| Err(ResponseError::Malformed(MalformedCode::Character { position }));
    let megabyte = "1".repeat(1 << 20);
    for (suite, text, expected) in [
        (&six, "", length(6, 0)),
        (&six, "24317", length(6, 5)),
        (&six, "2431780", length(6, 7)),
        (&six, &megabyte, length(6, 1 << 20)),
        (&six, "24317a", character(5)),
        (&six, "24317\u{11}", character(5)),
        (&six, "٢٤٣١٧٨", character(0)),
        (&six, right.as_str(), character(right.as_str().find(|c: char| c.is_ascii_lowercase()).unwrap())),
        (&whole, "243178", length(40, 6)),
        (&whole, &megabyte, length(40, 1 << 20)),
        (&whole, &"g".repeat(40), character(0)),
        (&whole, &"\u{11}".repeat(40), character(0)),
        (&whole, &right.as_str()[1..], length(40, 39)),
    ] {
        assert_eq!(verify(suite, text), expected, "{text:.50}");
    }
    // 256 bytes are read, and no more.
    assert_eq!(verify(&six, &format!("{:>256}", "243178")), Ok(Counter::new(0)));
    assert_eq!(verify(&six, &format!("{:>257}", "243178")), length(6, 257));
}

/// Both sides of a mutual exchange: neither response can be sent back as the other.
#[test]
fn mutual_responses_are_not_reflected() {
    let suite = suite("OCRA-1:HOTP-SHA1-8:QA08");
    let [client, server] = ["CLI22220", "SRV11110"].map(|text| question(&suite, text));
    let [of_server, of_client] = [Inputs::of_server(&client, &server), Inputs::of_client(&client, &server)];
    let from_server = suite.response(&key(), &of_server).unwrap();
    let from_client = suite.response(&key(), &of_client).unwrap();
    let verify = |inputs, response: &str| suite.verify(&key(), inputs, response, &strict());
    assert!(verify(&of_server, from_server.as_str()).is_ok() && verify(&of_client, from_client.as_str()).is_ok());
    assert!(verify(&of_client, from_server.as_str()).is_err() && verify(&of_server, from_client.as_str()).is_err());
    let alone = suite.response(&key(), &Inputs::signature(&client)).unwrap();
    assert!(verify(&of_server, alone.as_str()).is_err());
}

/// The server answers with a key of its own (RFC 6287 section 8.2 IC7).
#[test]
fn the_key_of_one_side_does_not_answer_for_the_other() {
    let suite = suite("OCRA-1:HOTP-SHA1-8:QA08");
    let [client, server] = ["CLI22220", "SRV11110"].map(|text| question(&suite, text));
    let of_server = Inputs::of_server(&client, &server);
    let server_key = Key::new(Algorithm::Sha1, &Secret::from_bytes(b"09876543210987654321").unwrap());
    let from_server = suite.response(&server_key, &of_server).unwrap();
    assert!(suite.verify(&server_key, &of_server, from_server.as_str(), &strict()).is_ok());
    assert!(suite.verify(&key(), &of_server, from_server.as_str(), &strict()).is_err());
}

#[test]
fn nothing_secret_is_shown() {
    let suite = suite(FULL);
    let (question, pin_hash) = (question(&suite, "12345678"), PinHash::new(Algorithm::Sha1, "1234"));
    let inputs = Inputs::one_way(&question).with_counter(Counter::new(1)).with_pin_hash(&pin_hash);
    let inputs =
        inputs.with_session(b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef").with_time(at(60));
    let response = suite.response(&key(), &inputs).unwrap();
    assert_eq!(
        format!("{response:?} {pin_hash:?} {inputs:?} {question:?}"),
        "Response(..) PinHash(..) Inputs(..) Question(QN08, ..)"
    );
    for error in [
        ResponseError::Wrong.to_string(),
        ResponseError::Input(InputError::Missing(Input::PinHash)).to_string(),
        ResponseError::Malformed(MalformedCode::Length { expected: 6, found: 5 }).to_string(),
    ] {
        assert!(!error.contains(response.as_str()), "{error}");
    }
}

#[cfg(feature = "sha2")]
mod transactions {
    use secondo::factor::ocra::{Detail, TransactionDetails, TransactionDetailsError};

    use super::*;

    const NONCE: [u8; 16] = *b"0123456789abcdef";

    fn details<'a>(amount: &'a str, payee: &'a str, text: &'a str) -> TransactionDetails<'a> {
        TransactionDetails::new(amount, payee, text).unwrap()
    }

    fn asked(details: TransactionDetails<'_>, nonce: &[u8; 16]) -> String {
        details.question(suite("OCRA-1:HOTP-SHA1-6:QH64").question(), nonce).as_str().to_owned()
    }

    /// The expected texts were computed with Python's `hashlib` from the docs of [`TransactionDetails::question`].
    #[test]
    fn the_question_is_a_hash() {
        let transfer = details("1250.00 EUR", "IT60X0542811101000000123456 Società Rossi", "affitto");
        assert_eq!(asked(transfer, &NONCE), PYTHON_HASH);
        let short = transfer.question(suite("OCRA-1:HOTP-SHA1-6:QN08").question(), &NONCE);
        assert_eq!(short.as_str(), PYTHON_SHORT);
    }

    const PYTHON_HASH: &str = "4BBC9E611B054E57235F803C8524F68417C61ADAB646F66CE08989CE56DEE38A";
    const PYTHON_SHORT: &str = "29584684";

    #[test]
    fn no_two_transactions_have_the_same_question() {
        let mut questions = BTreeSet::new();
        for (amount, payee, text) in [
            ("1", "22", "333"),
            ("12", "2", "333"),
            ("1", "22333", ""),
            ("1", "2", "2333"),
            ("122", "333", ""),
            ("1", "22", "3330"),
            ("1 ", "22", "333"),
            ("1", "\u{e9}", ""),
            ("1", "e\u{301}", ""),
        ] {
            assert!(questions.insert(asked(details(amount, payee, text), &NONCE)));
        }
        assert!(questions.insert(asked(details("1", "22", "333"), b"0123456789abcdeg")));
    }

    #[test]
    fn details_that_are_not_accepted() {
        let long = "é".repeat(70);
        assert!(TransactionDetails::new("1", &long, &long).is_ok());
        let longer = format!("{long}x");
        let length = |detail, min, max, found| TransactionDetailsError::Length { detail, min, max, found };
        let character = |detail, position| TransactionDetailsError::Character { detail, position };
        for (amount, payee, text, expected) in [
            ("", "p", "t", length(Detail::Amount, 1, 35, 0)),
            (&longer[..36], "p", "t", length(Detail::Amount, 1, 35, 36)),
            ("1", "", "t", length(Detail::Payee, 1, 140, 0)),
            ("1", &longer, "t", length(Detail::Payee, 1, 140, 141)),
            ("1", "p", &longer, length(Detail::Text, 0, 140, 141)),
            ("1\n2", "p", "t", character(Detail::Amount, 1)),
            ("1", "é\u{202e}", "t", character(Detail::Payee, 2)),
            ("1", "p", "\0", character(Detail::Text, 0)),
        ] {
            assert_eq!(TransactionDetails::new(amount, payee, text).unwrap_err(), expected);
        }
        assert_eq!(format!("{:?}", details("1", "p", "t")), "TransactionDetails(..)");
    }
}
