//! Encrypted backups, which `tests/samples/make.py` wrote.

use secondo_import::{Problem, Unlock};

use crate::support::{SECRET, parameters, read_with, secret};

pub(crate) const AEGIS: &[u8] = include_bytes!("../samples/aegis-encrypted.json");
pub(crate) const TWO_FAS: &[u8] = include_bytes!("../samples/2fas-encrypted.json");
pub(crate) const ANDOTP: &[u8] = include_bytes!("../samples/andotp.json.aes");
pub(crate) const ALL: [&[u8]; 3] = [AEGIS, TWO_FAS, ANDOTP];

fn unlock() -> Unlock<'static> {
    Unlock::new().with_passphrase("correct horse")
}

fn problem(file: &[u8], unlock: &Unlock<'_>) -> Problem {
    let read = read_with(file, unlock);
    assert_eq!(read.len(), 1);
    let error = read[0].as_ref().unwrap_err();
    assert!(error.ends_file);
    error.problem
}

#[test]
fn the_passphrase_opens_them() {
    for file in ALL {
        let records: Vec<_> = read_with(file, &unlock()).into_iter().map(Result::unwrap).collect();
        assert_eq!((records[0].name.as_str(), records[0].issuer.as_deref()), ("rossi", Some("Example")));
        assert_eq!((parameters(&records[0]), secret(&records[0])), ("TOTP SHA256 8 60 s".into(), SECRET));
    }
    let second = read_with(AEGIS, &unlock()).remove(1).unwrap();
    assert_eq!(parameters(&second), "HOTP SHA1 6 next 8");
}

#[test]
fn a_wrong_or_missing_passphrase() {
    for file in ALL {
        assert_eq!(problem(file, &Unlock::new()), Problem::PassphraseMissing);
        assert_eq!(problem(file, &Unlock::new().with_passphrase("wrong")), Problem::Authentication);
    }
}

#[test]
fn an_altered_file_is_refused() {
    let altered = [
        String::from_utf8(AEGIS.to_vec()).unwrap().replace("\"db\": \"", "\"db\": \"AAAA").into_bytes(),
        String::from_utf8(TWO_FAS.to_vec())
            .unwrap()
            .replace("\"servicesEncrypted\": \"", "\"servicesEncrypted\": \"AAAA")
            .into_bytes(),
        [ANDOTP, b"x"].concat(),
    ];
    for file in altered {
        assert_eq!(problem(&file, &unlock()), Problem::Authentication);
    }
    for len in 5..ANDOTP.len() {
        assert_eq!(problem(&ANDOTP[..len], &unlock()), Problem::Authentication);
    }
}

#[test]
fn costs_beyond_the_limit_are_refused() {
    // Two slots of 1024·8·1 each: the second one is the passphrase's.
    let limit = |cost| unlock().with_max_scrypt(cost);
    assert_eq!(problem(AEGIS, &limit(16_383)), Problem::Cost { found: 16_384, max: 16_383 });
    assert!(read_with(AEGIS, &limit(16_384))[0].is_ok());
    assert_eq!(problem(ANDOTP, &unlock().with_max_iterations(1_499)), Problem::Cost { found: 1_500, max: 1_499 });
    assert!(read_with(ANDOTP, &unlock().with_max_iterations(1_500))[0].is_ok());
    assert_eq!(problem(TWO_FAS, &unlock().with_max_iterations(9_999)), Problem::Cost { found: 10_000, max: 9_999 });

    let text = String::from_utf8(AEGIS.to_vec()).unwrap();
    let huge = text.replace("\"n\": 1024", "\"n\": 2147483648");
    assert!(matches!(problem(huge.as_bytes(), &unlock()), Problem::Cost { .. }));
    for wrong in ["\"n\": 1000", "\"n\": 0"] {
        let file = text.replace("\"n\": 1024", wrong);
        assert!(matches!(problem(file.as_bytes(), &unlock()), Problem::Field(_)), "{wrong}");
    }
    let mut iterations = ANDOTP.to_vec();
    iterations[1] = 0xff;
    assert!(matches!(problem(&iterations, &unlock()), Problem::Cost { .. }));
}
