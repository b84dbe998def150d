//! Runs of the fuzz targets on their committed seeds, and on random texts similar to valid input.
#![cfg(feature = "std")]

use crate::support::cases::cases;
use crate::support::{targets, texts};

use std::fs;
use std::path::Path;

use proptest::prelude::*;

fn replay(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut seeds = 0;
    for file in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        run(&fs::read(file.unwrap().path()).unwrap());
        seeds += 1;
    }
    assert!(seeds > 0, "{} holds no seeds", folder.display());
}

#[test]
fn code() {
    replay("code", targets::code);
}

#[test]
fn recovery_code() {
    replay("recovery_code", targets::recovery_code);
}

#[test]
fn recovery_sets() {
    replay("recovery_sets", texts::recovery_sets);
}

#[test]
fn short_texts() {
    replay("short_texts", texts::short_texts);
}

#[test]
fn base32() {
    replay("base32", targets::base32);
}

#[test]
fn state() {
    replay("state", targets::state);
}

#[cfg(feature = "serde")]
#[test]
fn serde_types() {
    replay("serde_types", targets::serde_types);
}

#[test]
fn record() {
    replay("record", targets::record);
}

#[test]
fn operations() {
    replay("operations", targets::operations);
}

#[test]
fn usersfile() {
    replay("usersfile", targets::usersfile);
}

#[test]
fn google_authenticator() {
    replay("google_authenticator", targets::google_authenticator);
}

#[cfg(feature = "json")]
#[test]
fn json_import() {
    replay("json_import", targets::json_import);
}

#[test]
fn ocra() {
    replay("ocra", targets::ocra);
}

#[test]
fn key_uri() {
    replay("key_uri", targets::key_uri);
}

#[test]
fn migration() {
    replay("migration", targets::migration);
}

#[cfg(feature = "pskc")]
#[test]
fn pskc() {
    replay("pskc", targets::pskc);
}

#[cfg(feature = "pskc")]
#[test]
fn pskc_values() {
    replay("pskc_values", targets::pskc_values);
}

#[cfg(feature = "push")]
#[test]
fn push_answer() {
    replay("push_answer", targets::push_answer);
}

#[cfg(feature = "push")]
#[test]
fn push_activation() {
    replay("push_activation", targets::push_activation);
}

#[cfg(feature = "push")]
#[test]
fn push_challenge() {
    replay("push_challenge", targets::push_challenge);
}

#[cfg(feature = "push")]
#[test]
fn push_device() {
    replay("push_device", targets::push_device);
}

/// Generates texts of 0 to 60 random characters from `alphabet`.
fn text_of(alphabet: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(alphabet), 0..60)
}

#[test]
fn codes_of_random_characters() {
    proptest!(cases(500), |(digits in text_of(b"0123456789"), any in text_of(b"0123456789 -+/:\0"))| {
        for len in 5..=10 {
            targets::code(&digits[..len.min(digits.len())]);
        }
        targets::code(&any);
    });
}

#[test]
fn responses_of_random_characters() {
    proptest!(cases(500), |(digits in text_of(b"0123456789abcdefABCDEF"), any in text_of(b"0123456789 -+/:gG\0"))| {
        for suite in ["OCRA-1:HOTP-SHA1-6:QN08", "OCRA-1:HOTP-SHA1-0:QN08"] {
            for response in [&digits[..6.min(digits.len())], &digits[..40.min(digits.len())], &any] {
                targets::ocra(&[suite.as_bytes(), b"\n", response].concat());
            }
        }
    });
}

#[test]
fn recovery_codes_of_random_characters() {
    proptest!(cases(500), |(
        symbols in prop::collection::vec(prop::sample::select(b"0123456789ABCDEFGHJKMNPQRSTVWXYZiloIUu".as_slice()), 25),
        any in text_of(b"0123456789abcdefXYZiloU- \x7f"),
    )| {
        targets::recovery_code(&symbols);
        targets::recovery_code(&any);
    });
}

#[test]
fn base32_of_random_characters() {
    proptest!(cases(500), |(
        symbols in text_of(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567abcdefghijklmnopqrstuvwxyz"), padding in 0..9_usize,
        any in text_of(b"ABYZabyz234567=- 01@[`{\x7f"),
    )| {
        targets::base32(&symbols);
        targets::base32(&[&symbols[..], &b"=".repeat(padding)].concat());
        targets::base32(&any);
    });
}

/// Secrets of every length are read as the `base32` crate writes them, in every accepted form.
#[test]
fn base32_of_every_length() {
    use secondo::Secret;

    let upper = |padding| base32::Alphabet::Rfc4648 { padding };
    let lower = |padding| base32::Alphabet::Rfc4648Lower { padding };
    for len in Secret::MIN_LEN..=Secret::MAX_LEN {
        let seed: Vec<u8> = (0..len).map(|at| u8::try_from(at * 151 % 256).unwrap()).collect();
        for alphabet in [upper(true), upper(false), lower(true), lower(false)] {
            let text = base32::encode(alphabet, &seed);
            assert_eq!(Secret::from_base32(&text).unwrap().expose(), seed);
            let groups: Vec<&str> = text.as_bytes().chunks(4).map(|group| str::from_utf8(group).unwrap()).collect();
            for separator in [" ", "-"] {
                assert_eq!(Secret::from_base32_grouped(&groups.join(separator)).unwrap().expose(), seed);
            }
        }
        assert_eq!(Secret::from_bytes(&seed).unwrap().to_base32().as_str(), base32::encode(upper(false), &seed));
    }
    let longer = base32::encode(upper(false), &[7; Secret::MAX_LEN + 1]);
    assert!(Secret::from_base32(&longer).is_err());
}
