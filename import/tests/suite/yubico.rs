use secondo::formats::Note;
use secondo_import::Place;

use crate::support::{HEX, SECRET, errors, parameters, read, records, secret};

#[test]
fn the_traditional_format() {
    let file = format!(
        "LOGGING START,11/27/26 10:30\nOATH-HOTP,11/27/26 10:31,1,cccccccccccc,,{HEX},,,0,0,0,8,3,0,0,0,0,0\n\
         OATH-HOTP,11/27/26 10:32,2,,,{HEX},,,0,0,0,6,0,0,0,0,0,0\n"
    );
    let keys = records(file);
    assert_eq!((keys[0].place, keys[0].serial.as_deref()), (Place::Line(2), Some("cccccccccccc")));
    assert_eq!((parameters(&keys[0]), secret(&keys[0])), ("HOTP SHA1 8 next 3".into(), SECRET));
    assert_eq!((parameters(&keys[1]), keys[1].serial.as_deref()), ("HOTP SHA1 6 next 0".into(), None));
    assert_eq!(keys[0].notes, []);
}

#[test]
fn a_log_that_begins_with_other_configurations_is_recognized() {
    let file = format!(
        "  LOGGING START,11/27/26 10:30\n  Static Password: Scan Code,11/27/26 10:31,1,0b0c0d,,,,,0,0,0,0,0,0,0,0,0,0\n\
         OATH-HOTP,11/27/26 10:32,2,,,{HEX},,,0,0,0,6,0,0,0,0,0,0\n"
    );
    let keys = read(file);
    assert_eq!(
        keys[0].as_ref().unwrap_err().to_string(),
        "line 2: a configuration other than OATH-HOTP: not supported"
    );
    assert_eq!(parameters(keys[1].as_ref().unwrap()), "HOTP SHA1 6 next 0");
}

#[test]
fn the_format_of_yubico_itself() {
    let file = format!("# ykksm 1\n508326,,0,{HEX},,2026-11-27T08:41:07,\n1382042,,16,{HEX},,2026-11-27T08:41:17,\n");
    let keys = records(file);
    assert_eq!((keys[0].serial.as_deref(), parameters(&keys[0])), (Some("508326"), "HOTP SHA1 6 next 0".into()));
    assert_eq!(keys[0].notes, [Note::DigitsUnknown]);
    assert_eq!(parameters(&keys[1]), "HOTP SHA1 6 next 16");
}

#[test]
fn other_configurations_are_reported() {
    let file = format!(
        "Yubico OTP,11/27/26 10:31,1,vvccccccbcbc,0123456789ab,{0},,,0,0,0,0,0,0,0,0,0,0\n\
         Static Password,11/27/26 10:31,1,,0123456789ab,{0},,,0,0,0,0,0,0,0,0,0,0\n\
         OATH-HOTP,11/27/26 10:31,1,cccccccccccc,,{HEX},,,0,0,0,6\n\
         OATH-HOTP,11/27/26 10:31,1,cccccccccccc,,{HEX},,,0,0,0,0,0,0,0,0,0,0\n\
         508326,cccccccccccc,0123456789ab,{0},,2026-11-27T08:43:17,\n508326,,,{0},,2026-11-27T08:44:34,\n\
         508326,,x,{HEX},,2026-11-27T08:44:34,\n508326,,0,{0}00,,2026-11-27T08:44:34\n",
        "00".repeat(16),
    );
    assert_eq!(
        errors(file),
        [
            "line 1: a configuration other than OATH-HOTP: not supported",
            "line 2: a configuration other than OATH-HOTP: not supported",
            "line 3: the row has 12 fields instead of 18",
            "line 4: digits has an invalid value: it must be 6 to 9",
            "line 5: a configuration other than OATH-HOTP: not supported",
            "line 6: a configuration other than OATH-HOTP: not supported",
            "line 7: counter has an invalid value: it must be 0 to 18446744073709551614",
        ]
    );
}

/// A key whose slot is empty has a line of zeros.
#[test]
fn a_log_that_begins_with_an_empty_slot_is_read_row_by_row() {
    let file = format!("1,,0,0,000000000000,2026-11-27T08:41:07,\n508326,,0,{HEX},,2026-11-27T08:41:07,\n");
    assert_eq!(
        errors(&file),
        ["line 1: secret has an invalid value: it must be hexadecimal, or in the encoding that the record names"]
    );
    assert_eq!(parameters(read(&file)[1].as_ref().unwrap()), "HOTP SHA1 6 next 0");
}
