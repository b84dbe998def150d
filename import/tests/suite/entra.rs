use secondo::UnixTime;
use secondo::formats::Note;
use secondo_import::{MAX_ROW, Place, Problem, entra};

use crate::support::{BASE32, SECRET, errors, moved_at, parameters, read, records, secret};

const HEADER: &str = "upn,serial number,secret key,time interval,manufacturer,model";

#[test]
fn tokens_have_sha_1_and_six_digits() {
    let file =
        format!("{HEADER}\nrossi@example.com,2300000001,{BASE32},30,Example,T1\nb@example.com,2,{BASE32},60,E,T\n");
    let tokens = records(file);
    assert_eq!(tokens.len(), 2);
    let token = &tokens[0];
    assert_eq!((token.place, token.name.as_str()), (Place::Line(2), "rossi@example.com"));
    assert_eq!(token.serial.as_deref(), Some("2300000001"));
    assert_eq!(parameters(token), "TOTP SHA1 6 30 s");
    assert_eq!(secret(token), SECRET);
    assert_eq!(token.notes, [Note::LastUseUnknown]);
    assert!(!token.state.is_confirmed());
    assert_eq!(parameters(&tokens[1]), "TOTP SHA1 6 60 s");
}

#[test]
fn the_name_of_a_token_without_upn_is_its_serial_number() {
    let tokens = records(format!("{HEADER}\n,2300000001,{BASE32},30,Example,T1\n"));
    assert_eq!((tokens[0].name.as_str(), tokens[0].serial.as_deref()), ("2300000001", Some("2300000001")));
}

#[test]
fn columns_may_be_quoted_in_another_order_and_with_a_byte_order_mark() {
    let file = format!(
        "\u{feff}\"Serial Number\",\"UPN\",\"Secret Key\",\"Time Interval\"\r\n\"23\",\"o'neil, \"\"x\"\"\",\" {} \",\"30\"\r\n",
        BASE32.to_lowercase()
    );
    let tokens = records(file);
    assert_eq!((tokens[0].name.as_str(), tokens[0].serial.as_deref()), ("o'neil, \"x\"", Some("23")));
    assert_eq!((tokens[0].place, secret(&tokens[0])), (Place::Line(2), SECRET));
}

#[test]
fn a_bad_row_is_reported_with_its_line_and_reading_continues() {
    let file = format!(
        "{HEADER}\n\na,1,{BASE32},30,E,T\nb,2,GEZD1NBVGY3TQOJQ,30,E,T\nc,3,GEZDGNBV,30,E,T\nd,4,{BASE32},0,E,T\n\
         e,,{BASE32},30,E,T\nf,6,,30,E,T\ng,7,{BASE32},+30,E,T\nh,8,{BASE32},30,E\ni,9,{BASE32},30,E,T,x\n\
         j,10,{BASE32},86401,E,T\nk,11\0,{BASE32},30,E,T\nl,12,{BASE32},30,E,T\n"
    );
    assert_eq!(
        errors(&file),
        [
            "line 4: the secret's character at position 4 is not a base32 character",
            "line 5: a secret must have 10 to 128 bytes, not 5",
            "line 6: time interval has an invalid value: it must be 1 to 86400",
            "line 7: serial number is missing",
            "line 8: secret key is missing",
            "line 9: time interval has an invalid value: it must be 1 to 86400",
            "line 10: the row has 5 fields instead of 6",
            "line 11: the row has 7 fields instead of 6",
            "line 12: time interval has an invalid value: it must be 1 to 86400",
            "line 13: serial number has an invalid value: it must be a text of at most 255 bytes without control characters",
        ]
    );
    let places: Vec<_> = read(&file).into_iter().flatten().map(|token| token.place).collect();
    assert_eq!(places, [Place::Line(3), Place::Line(14)]);
}

#[test]
fn a_header_that_is_not_understood_ends_the_file() {
    for (header, reason) in [
        ("upn,serial number,secret key,time interval,digits", "line 1: the line has an unknown field"),
        ("upn,serial number,secret key,serial number,time interval", "line 1: serial number occurs twice"),
        ("upn,serial number,secret key", "line 1: time interval is missing"),
    ] {
        let read = read(format!("{header}\na,1,{BASE32},30,8\n"));
        assert_eq!(read.len(), 1, "{header}");
        let error = read[0].as_ref().unwrap_err();
        assert_eq!(error.to_string(), reason);
        assert!(error.ends_file);
    }
    let other: Vec<_> = entra::read(&b"name,age\na,7\n"[..], moved_at()).collect();
    assert_eq!(other[0].as_ref().unwrap_err().problem, Problem::NotThisFormat("a CSV of Entra ID"));
}

#[test]
fn a_quotation_mark_that_is_not_closed_is_an_error() {
    let file = format!("{HEADER}\na,1,{BASE32},30,E,T\n\"b,2,{BASE32},30,E,T\nc,3,{BASE32},30,E,T");
    assert_eq!(
        errors(file),
        [
            "line 3: a quotation mark in the row is not at the end of a field, or not closed: the rows after it are then not read"
        ]
    );
    // A file that was cut off would otherwise give a shorter secret.
    let cut = format!("{HEADER}\na,1,{BASE32},30,E,\"T");
    assert_eq!(
        errors(cut),
        [
            "line 2: a quotation mark in the row is not at the end of a field, or not closed: the rows after it are then not read"
        ]
    );
}

#[test]
fn a_row_that_is_too_long_is_an_error_and_the_next_row_is_read() {
    let huge = "x".repeat(3 * MAX_ROW);
    let commas = ",".repeat(1000);
    let file = format!("{HEADER}\n{huge},1,{BASE32},30,E,T\na{commas}\nc,3,{BASE32},30,E,T\n");
    let read = read(file);
    let problems: Vec<_> =
        read.iter().map(|item| item.as_ref().map_or_else(|error| error.problem, |_| Problem::Quotes)).collect();
    assert_eq!(problems, [Problem::TooLong(MAX_ROW), Problem::TooLong(MAX_ROW), Problem::Quotes]);
    assert_eq!(read[2].as_ref().unwrap().place, Place::Line(4));
}

#[test]
fn a_row_that_is_not_utf_8_is_an_error() {
    let mut file = format!("{HEADER}\nros").into_bytes();
    file.extend_from_slice(b"\xff\xfe");
    file.extend_from_slice(format!(",1,{BASE32},30,E,T\nb,2,{BASE32},30,E,T\n").as_bytes());
    assert_eq!(
        errors(&file),
        ["line 2: upn has an invalid value: it must be a text of at most 255 bytes without control characters"]
    );
    assert_eq!(read(&file).len(), 2);
}

#[test]
fn short_secrets_have_a_note() {
    let tokens = records(format!("{HEADER}\na,1,GEZDGNBVGY3TQOJQ,30,E,T\n"));
    assert_eq!(tokens[0].notes, [Note::LastUseUnknown, Note::ShortSecret]);
}

#[test]
fn codes_until_the_move_are_rejected() {
    let file = format!("{HEADER}\na,1,{BASE32},30,E,T\n");
    let early = entra::read(file.as_bytes(), UnixTime::from_secs(59).unwrap()).next().unwrap().unwrap();
    // RFC 6238: 59 s is in step 1.
    assert_eq!(early.state.watermark().unwrap().get(), 11);
}
