use secondo::formats::Note;
use secondo_import::{Format, Place};

use crate::support::{HEX, SECRET, errors, parameters, read, records, secret};

#[test]
fn tokens_have_the_parameters_of_their_rows() {
    let long = format!("{HEX}{}", "31".repeat(12));
    let longest = "32".repeat(64);
    let file = format!(
        "# OATH\nOATH1, {HEX}, hotp, 6, 7\nOATH2,{HEX},TOTP,8,60\nOATH3,{long},totp,6,30\nOATH4,{longest},totp,6,30\n\
         OATH5,{HEX},totp,6,30,sha256\nOATH6,{HEX}\nOATH7,{HEX},totp\n"
    );
    let tokens = records(&file);
    let all: Vec<_> = tokens.iter().map(parameters).collect();
    assert_eq!(
        all,
        [
            "HOTP SHA1 6 next 7",
            "TOTP SHA1 8 60 s",
            "TOTP SHA256 6 30 s",
            "TOTP SHA512 6 30 s",
            "TOTP SHA256 6 30 s",
            "HOTP SHA1 6 next 0",
            "TOTP SHA1 6 30 s",
        ]
    );
    assert_eq!((tokens[0].place, tokens[0].serial.as_deref()), (Place::Line(2), Some("OATH1")));
    assert_eq!(secret(&tokens[0]), SECRET);
    assert_eq!(tokens[0].notes, []);
    assert_eq!(tokens[5].notes, [Note::DigitsUnknown]);
}

/// `LinOTP` reads the fifth field of TOTP rows only, and its files may have a period in rows of HOTP.
#[test]
fn a_counter_that_may_be_a_period_has_a_note() {
    let tokens = records(format!(
        "OATH1,{HEX},hotp,6,30,sha1\nOATH2,{HEX},,6,60\nOATH3,{HEX},hotp,6,31\nOATH4,{HEX},totp,6,30,sha1\n"
    ));
    let all: Vec<_> = tokens.iter().map(|token| (parameters(token), token.notes.as_slice())).collect();
    let codes = |next: u8| format!("HOTP SHA1 6 next {next}");
    assert_eq!(all[0], (codes(30), &[Note::CounterMayBePeriod][..]));
    assert_eq!(all[1], (codes(60), &[Note::CounterMayBePeriod][..]));
    assert_eq!(all[2], (codes(31), &[][..]));
    assert_eq!(all[3], ("TOTP SHA1 6 30 s".into(), &[Note::LastUseUnknown][..]));
}

#[test]
fn version_2_has_users_before_the_tokens() {
    let tokens = records(format!("# version: 2\nrossi,ldap,realm,OATH1,{HEX},hotp,6,0\n,,,OATH2,{HEX}\n"));
    assert_eq!((tokens[0].name.as_str(), tokens[0].serial.as_deref()), ("rossi", Some("OATH1")));
    assert_eq!((tokens[1].name.as_str(), tokens[1].serial.as_deref()), ("OATH2", Some("OATH2")));
}

#[test]
fn rows_that_are_not_readable() {
    let file = format!(
        "OATH0,{HEX}\nOATH1,{HEX},ocra,OCRA-1:HOTP-SHA1-6:QN08\n,{HEX}\nOATH2,313,hotp\nOATH3,zz{HEX},hotp\n\
         OATH4,{HEX},hotp,5\nOATH5,{HEX},hotp,6,-1\nOATH6,{HEX},totp,6,0\nOATH7,{HEX},totp,6,30,md5\n\
         OATH8,{HEX},totp,6,30,sha1,x\nOATH9,{},hotp\nOATH10\n",
        "31".repeat(129)
    );
    assert_eq!(
        errors(&file),
        [
            "line 2: a type that is neither hotp nor totp: not supported",
            "line 3: serial number is missing",
            "line 4: key has an invalid value: it must be hexadecimal, with two digits for each byte",
            "line 5: key has an invalid value: it must be hexadecimal, with two digits for each byte",
            "line 6: digits has an invalid value: it must be 6 to 9",
            "line 7: counter or period has an invalid value: it must be 0 to 18446744073709551614",
            "line 8: period has an invalid value: it must be 1 to 86400",
            "line 9: algorithm has an invalid value: it must be SHA1, SHA256 or SHA512",
            "line 10: the row has 7 fields instead of 6",
            "line 11: a secret must have 10 to 128 bytes, not 129",
            "line 12: key is missing",
        ]
    );
    assert_eq!(read(&file).len(), 12);
    assert_eq!(errors(format!("# version: 3\nOATH1,{HEX}\n")), ["line 1: this version of the format: not supported"]);
}

/// Other programs take these lengths and names for SHA-224 and SHA-384, whose codes are others than those of SHA-1.
#[test]
fn hashes_that_are_not_supported_are_refused_by_name() {
    let (short, long) = ("31".repeat(28), "31".repeat(48));
    let file = format!(
        "OATH0,{HEX}\nOATH1,{short},totp,6\nOATH2,{long},totp,6\nOATH3,{HEX},totp,6,30,sha224\n\
         OATH4,{HEX},totp,6,30,HMAC-SHA-384\n"
    );
    assert_eq!(
        errors(&file),
        [
            "line 2: a secret of 28 bytes without an algorithm, which may mean SHA-224: not supported",
            "line 3: a secret of 48 bytes without an algorithm, which may mean SHA-384: not supported",
            "line 4: SHA-224: not supported",
            "line 5: SHA-384: not supported",
        ]
    );
    assert_eq!(records(format!("OATH1,{short},totp,6,30,sha1\n")).len(), 1);
}

/// The first row decides what the file is. In rows of privacyIDEA's documentation, the seed may be short or absent.
#[test]
fn a_file_whose_first_seed_is_too_short_or_absent_is_read_row_by_row() {
    let length = |bytes: u32| format!("line 1: a secret must have 10 to 128 bytes, not {bytes}");
    for (row, reason) in [
        ("OATH0, 1212", length(2)),
        ("\"OATH0\",\"1212\"", length(2)),
        ("OATH0, 31323334, hotp, 6", length(4)),
        ("OATH0, 31323334, TOTP, 8, 60", length(4)),
        ("OATH0", "line 1: key is missing".into()),
        ("OATH0,", "line 1: key is missing".into()),
        ("OATH0, , totp, 6", "line 1: key is missing".into()),
        (
            "OATH0, xyz, hotp",
            "line 1: key has an invalid value: it must be hexadecimal, with two digits for each byte".into(),
        ),
        ("OATH0, , ocra", "line 1: key is missing".into()),
    ] {
        let file = format!("{row}\nOATH1,{HEX},hotp,6,7\n");
        assert_eq!(Format::recognize(file.as_bytes()), Some(Format::OathCsv), "{row}");
        assert_eq!(errors(&file), [reason], "{row}");
        assert_eq!(parameters(read(&file)[1].as_ref().unwrap()), "HOTP SHA1 6 next 7", "{row}");
    }
    for row in ["rossi, ldap, realm, OATH0, 1212", "rossi, ldap, realm, OATH0, , hotp", "rossi, ldap, realm, OATH0"] {
        let file = format!("# version: 2\n{row}\nrossi,ldap,realm,OATH1,{HEX},hotp,6,7\n");
        assert_eq!((errors(&file).len(), read(&file).len()), (1, 2), "{row}");
        assert!(errors(&file)[0].starts_with("line 2: "), "{row}");
    }
}

#[test]
fn a_file_with_short_seeds_only_is_reported_row_by_row() {
    let reasons = errors("# a comment\nOATH0, 1212\nOATH1, 3434, totp\n\nOATH2, , hotp\nOATH3\n");
    assert_eq!(
        reasons,
        [
            "line 2: a secret must have 10 to 128 bytes, not 2",
            "line 3: a secret must have 10 to 128 bytes, not 2",
            "line 5: key is missing",
            "line 6: key is missing",
        ]
    );
}
