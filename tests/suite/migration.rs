//! Tests of exports of authenticator apps: read, refused and written.
#![cfg(feature = "alloc")]

use crate::support::cases::cases;
use crate::support::described;
use crate::support::protoc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use described::{parameters, rows};
use proptest::prelude::*;
use secondo::factor::Method;
use secondo::formats::otpauth::{
    Batches, BatchesError, KeyUri, Migration, MigrationAccountError, MigrationError, Parameter, UnknownField,
};
use secondo::types::{Counter, Period, SecretError};
use secondo::{Algorithm, Authenticator, Digits, Hotp, Secret, Totp};

const START: &str = "otpauth-migration://offline?data=";

/// Reads an export with this payload.
fn read(payload: &[u8]) -> Result<Migration, MigrationError> {
    Migration::parse(&format!("{START}{}", STANDARD.encode(payload)))
}

/// Reads an export with one account, which `protoc` encodes from `text`.
fn account(text: &str) -> Result<KeyUri, MigrationAccountError> {
    let migration = read(&protoc::encode(&format!("account {{ {text} }}"))).unwrap();
    let mut accounts = migration.into_accounts();
    assert_eq!(accounts.len(), 1);
    accounts.remove(0)
}

fn payload(text: &str) -> Vec<u8> {
    let base64 = text.strip_prefix(START).unwrap().replace("%2B", "+").replace("%2F", "/").replace("%3D", "=");
    STANDARD.decode(base64).unwrap()
}

#[test]
fn published_exports_are_read() {
    let mut checked = 0;
    for row in rows(include_str!("../vectors/migrations.txt")) {
        let (text, batch, mut rest) = (row[0], row[1], &row[2..]);
        let migration = Migration::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let found = (migration.version(), migration.batch_size(), migration.batch_index(), migration.batch_id());
        assert_eq!(format!("{} {} {} {}", found.0, found.1, found.2, found.3), batch, "{text}");
        assert_eq!(migration.unknown_fields(), []);
        for account in migration.accounts() {
            match account {
                Ok(uri) => {
                    assert_eq!([&parameters(uri), uri.account(), uri.issuer().unwrap_or("-")], rest[..3], "{text}");
                    rest = &rest[3..];
                }
                Err(error) => {
                    assert_eq!(format!("{error:?}"), rest[0], "{text}");
                    rest = &rest[1..];
                }
            }
            checked += 1;
        }
        assert!(rest.is_empty(), "{text}");
    }
    assert_eq!(checked, 8);
}

#[test]
fn every_value_of_every_field() {
    const NAMED: &str = "secret: '1234567890' name: 'alice'";
    let hex = "31323334353637383930";
    for (fields, expected) in [
        ("", "totp SHA1 6 30"),
        ("algorithm: 0 digits: 0 type: 0 counter: 0", "totp SHA1 6 30"),
        ("algorithm: 1 digits: 1 type: 2", "totp SHA1 6 30"),
        ("algorithm: 2 digits: 2 type: 2 unique_id: '0123456789abcdef'", "totp SHA256 8 30"),
        ("algorithm: 3 digits: 3 type: 2 counter: 7", "totp SHA512 7 30"),
        ("type: 1", "hotp SHA1 6 1"),
        ("type: 1 digits: 2 counter: 41", "hotp SHA1 8 42"),
        ("type: 1 counter: 9223372036854775807", "hotp SHA1 6 9223372036854775808"),
    ] {
        let uri = account(&format!("{NAMED} {fields}")).unwrap();
        assert_eq!(parameters(&uri), format!("{expected} {hex}"), "{fields}");
    }
    for (fields, expected) in [
        ("algorithm: 4", MigrationAccountError::Algorithm(4)),
        ("algorithm: 5", MigrationAccountError::Algorithm(5)),
        ("algorithm: -1", MigrationAccountError::Algorithm(-1)),
        ("digits: 4", MigrationAccountError::Digits(4)),
        ("digits: 6", MigrationAccountError::Digits(6)),
        ("digits: 2147483647", MigrationAccountError::Digits(i32::MAX.into())),
        ("type: 3", MigrationAccountError::Type(3)),
        ("type: 1 counter: -1", MigrationAccountError::Counter(-1)),
        ("type: 1 counter: -9223372036854775808", MigrationAccountError::Counter(i64::MIN)),
    ] {
        assert_eq!(account(&format!("{NAMED} {fields}")).unwrap_err(), expected, "{fields}");
    }
    let length = |found| MigrationAccountError::Secret(SecretError::Length { min: 10, found });
    let long = format!("secret: '{}' name: 'alice'", "s".repeat(129));
    let wordy = format!("secret: '1234567890' name: '{}'", "n".repeat(256));
    for (fields, expected) in [
        ("name: 'alice'", length(0)),
        ("secret: '123456789' name: 'alice'", length(9)),
        (&long, length(129)),
        ("secret: '1234567890' name: 'a\\n'", MigrationAccountError::Label),
        ("secret: '1234567890' name: 'a' issuer: 'b\\000'", MigrationAccountError::Label),
        (&wordy, MigrationAccountError::Label),
    ] {
        assert_eq!(account(fields).unwrap_err(), expected, "{fields}");
    }
}

#[test]
fn names() {
    for (name, issuer, expected) in [
        ("alice", "", ("alice", None, None)),
        ("alice", "ACME", ("alice", Some("ACME"), None)),
        ("ACME:alice", "ACME", ("alice", Some("ACME"), None)),
        ("ACME: alice", "", ("alice", Some("ACME"), None)),
        ("Acme:alice", "ACME", ("alice", Some("ACME"), Some("Acme"))),
        ("", "ACME", ("", Some("ACME"), None)),
        ("太郎", "日本", ("太郎", Some("日本"), None)),
    ] {
        let uri = account(&format!("secret: '1234567890' name: '{name}' issuer: '{issuer}'")).unwrap();
        assert_eq!((uri.account(), uri.issuer(), uri.label_issuer()), expected);
    }
}

#[test]
fn one_bad_account_leaves_the_others() {
    let accounts = read(&protoc::encode(
        "account { secret: '1234567890' name: 'a' } account { secret: '1' } account { secret: '1234567890' name: 'c' }",
    ));
    let accounts = accounts.unwrap().into_accounts();
    let names: Vec<_> = accounts.iter().map(|account| account.as_ref().map(KeyUri::account)).collect();
    assert_eq!((names[0], names[2], names.len()), (Ok("a"), Ok("c"), 3));
    assert!(names[1].is_err());
}

#[test]
fn unknown_fields_are_reported() {
    let migration = read(&protoc::encode(
        "account { secret: '1234567890' name: 'a' } account { secret: '1234567890' name: 'b' unknown: 'c' }
        batch_size: 1 unknown_word: 7 unknown_number: 1.5",
    ));
    let migration = migration.unwrap();
    assert!(migration.accounts().iter().all(Result::is_ok));
    let found: Vec<_> =
        migration.unknown_fields().iter().map(|field: &UnknownField| (field.account, field.number)).collect();
    assert_eq!(found, [(Some(1), 100), (None, 6), (None, 2047)]);
}

#[test]
fn every_form_of_base64() {
    // The base64 of this payload has padding, and both characters in which the alphabets differ.
    let payload = protoc::encode("account { secret: '..\\373\\377\\376\\373\\377\\376\\373\\377' name: 'abc' }");
    let standard = STANDARD.encode(&payload);
    assert!(standard.contains('+') && standard.contains('/') && standard.ends_with('='));
    for base64 in [
        standard.clone(),
        STANDARD_NO_PAD.encode(&payload),
        URL_SAFE.encode(&payload),
        URL_SAFE_NO_PAD.encode(&payload),
        standard.replace('+', "%2B").replace('/', "%2f").replace('=', "%3D"),
    ] {
        for start in [START, "OTPAUTH-MIGRATION://OFFLINE?DATA=", "otpauth-migration://offline/?x=y&data="] {
            let migration =
                Migration::parse(&format!("{start}{base64}&x")).unwrap_or_else(|error| panic!("{base64}: {error}"));
            assert_eq!(migration.accounts()[0].as_ref().unwrap().account(), "abc");
        }
    }
    let both = standard.replace('+', "-");
    assert!(matches!(Migration::parse(&format!("{START}{both}")), Err(MigrationError::Base64 { .. })));
}

#[test]
fn what_is_no_export_is_refused() {
    let base64 = |position| MigrationError::Base64 { position };
    let at = START.len();
    for (text, expected) in [
        ("", MigrationError::Scheme),
        ("otpauth://totp/alice?secret=GEZDGNBVGY3TQOJQ", MigrationError::Scheme),
        ("otpauth-migration://online?data=", MigrationError::Scheme),
        ("otpauth-migration://offline/x?data=", MigrationError::Scheme),
        ("otpauth-migration://offline", MigrationError::Missing),
        ("otpauth-migration://offline?", MigrationError::Missing),
        ("otpauth-migration://offline?data", MigrationError::Missing),
        ("otpauth-migration://offline?dat=", MigrationError::Missing),
        ("otpauth-migration://offline?data=&Data=", MigrationError::Duplicate { position: at + 1 }),
        ("otpauth-migration://offline?data=AA%2", MigrationError::Encoding { position: at + 2 }),
        ("otpauth-migration://offline?data=AA%2xAA", MigrationError::Encoding { position: at + 2 }),
        ("otpauth-migration://offline?data=%2BAAA#", base64(at + 6)),
        ("otpauth-migration://offline?data=AA A", base64(at + 2)),
        ("otpauth-migration://offline?data=A", base64(at + 1)),
        ("otpauth-migration://offline?data=AAAA===", base64(at + 4)),
        ("otpauth-migration://offline?data=A=AA", base64(at + 1)),
        ("otpauth-migration://offline?data=AÄAA", base64(at + 1)),
        // Surplus bits that belong to no byte.
        ("otpauth-migration://offline?data=CB", base64(at + 2)),
    ] {
        assert_eq!(Migration::parse(text).unwrap_err(), expected, "{text}");
    }
    let protobuf = |offset| MigrationError::Protobuf { offset };
    for (payload, expected) in [
        (&b"\x0a"[..], protobuf(0)),
        (b"\x10\x01\x0a\x05abcd", protobuf(2)),
        (b"\x10\x01\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", protobuf(2)),
        (b"\x10", protobuf(0)),
        (b"\x10\x80", protobuf(0)),
        (b"\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", protobuf(0)),
        (b"\x10\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", protobuf(0)),
        // Field number 0, a field number of more than 29 bits, a group, an unknown wire type, and truncated numbers.
        (b"\x00\x01", protobuf(0)),
        (b"\x80\x80\x80\x80\x10\x01", protobuf(0)),
        (b"\x10\x01\x3b\x3c", protobuf(2)),
        (b"\x10\x01\x3e", protobuf(2)),
        (b"\x39\0\0\0\0\0\0\0", protobuf(0)),
        (b"\x3d\0\0\0", protobuf(0)),
        // A field that occurs twice, and fields of another wire type.
        (b"\x10\x01\x18\x01\x10\x01", protobuf(4)),
        (b"\x12\x00", protobuf(0)),
        (b"\x08\x01", protobuf(0)),
        (b"\x1d\0\0\0\0", protobuf(0)),
        (b"\x18\x02\x20\x02", MigrationError::Batch { size: 2, index: 2 }),
        (b"\x20\x01", MigrationError::Batch { size: 0, index: 1 }),
        (b"\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", MigrationError::Batch { size: -1, index: 0 }),
        (b"\x18\x80\x80\x04", MigrationError::Batch { size: 65_536, index: 0 }),
    ] {
        assert_eq!(read(payload).unwrap_err(), expected, "{payload:x?}");
    }
    // A defect within an account is an error of that account only.
    for (account, offset) in [
        (&b"\x0a"[..], 4),
        (b"\x0a\x0b1234567890", 4),
        (b"\x12\x01a\x12\x01a", 7),
        (b"\x12\x01a\x08\x01", 7),
        (b"\x12\x01a\x22\x00", 7),
        (b"\x00", 4),
    ] {
        let payload = [&b"\x10\x01\x0a"[..], &[account.len().try_into().unwrap()], account].concat();
        let accounts = read(&payload).unwrap().into_accounts();
        assert_eq!(accounts[0].as_ref().unwrap_err(), &MigrationAccountError::Malformed { offset }, "{account:x?}");
    }
    let not_utf8 = b"\x0a\x11\x0a\x0a1234567890\x12\x03\xff\xff\xff";
    assert_eq!(read(not_utf8).unwrap().accounts()[0].as_ref().unwrap_err(), &MigrationAccountError::Label);
}

#[test]
fn long_exports_are_refused_at_once() {
    let padded = |len| format!("{START}{}", "A".repeat(len - START.len()));
    assert!(!matches!(Migration::parse(&padded(Migration::MAX_LEN)), Err(MigrationError::TooLong { .. })));
    for found in [Migration::MAX_LEN + 1, 1 << 20] {
        assert_eq!(Migration::parse(&padded(found)).unwrap_err(), MigrationError::TooLong { found });
    }
    assert_eq!(read(&b"\x0a\x00".repeat(256)).unwrap().accounts().len(), Migration::MAX_ACCOUNTS);
    assert_eq!(read(&b"\x0a\x00".repeat(257)).unwrap_err(), MigrationError::TooManyAccounts);
}

fn key_uri(n: usize, method: impl Into<Method>) -> KeyUri {
    let secret = Secret::from_bytes(format!("a secret of number {n:08}").as_bytes()).unwrap();
    KeyUri::new(&format!("user{n}"), Authenticator::new(method, Algorithm::Sha1, secret)).unwrap()
}

#[test]
fn what_is_written_is_what_protoc_writes() {
    let accounts = [
        key_uri(0, Totp::default()).with_issuer("Zoë & Söhne").unwrap(),
        key_uri(1, Hotp::new(Digits::Eight)).starting_at(Counter::new(42)),
        key_uri(2, Hotp::new(Digits::Six)),
        KeyUri::parse("otpauth://totp/a:b:c?secret=GEZDGNBVGY3TQOJQ&algorithm=SHA512&issuer=a").unwrap(),
    ];
    let written = Migration::write(&accounts, -7).unwrap();
    assert_eq!(written.len(), 1);
    let text = "
        account {
            secret: 'a secret of number 00000000' name: 'user0' issuer: 'Zoë & Söhne'
            algorithm: 1 digits: 1 type: 2 counter: 0
        }
        account {
            secret: 'a secret of number 00000001' name: 'user1' issuer: '' algorithm: 1 digits: 2 type: 1 counter: 41
        }
        account {
            secret: 'a secret of number 00000002' name: 'user2' issuer: '' algorithm: 1 digits: 1 type: 1 counter: 0
        }
        account {
            secret: '1234567890' name: 'a:b:c' issuer: 'a' algorithm: 3 digits: 1 type: 2 counter: 0
        }
        version: 1 batch_size: 1 batch_index: 0 batch_id: -7";
    let payload = payload(written[0].as_str());
    assert_eq!(protoc::decode(&payload), protoc::decode(&protoc::encode(text)));
    assert_eq!(payload, protoc::encode(text));
    assert!(Migration::write(&[], 1).unwrap().is_empty());
}

#[test]
fn what_the_format_cannot_say_is_not_written() {
    let period = Totp::new(Digits::Six, Period::from_secs(60).unwrap());
    for (uri, parameter) in [
        (key_uri(1, period), Parameter::Period),
        (key_uri(1, Totp::new(Digits::Seven, Period::default())), Parameter::Digits),
        (key_uri(1, Hotp::new(Digits::Nine)), Parameter::Digits),
        (key_uri(1, Hotp::default()).starting_at(Counter::new(u64::MAX)), Parameter::Counter),
        (key_uri(1, Hotp::default()).starting_at(Counter::new((1 << 63) + 1)), Parameter::Counter),
    ] {
        let error = Migration::write(&[key_uri(0, Totp::default()), uri], 1).unwrap_err();
        assert_eq!(error, MigrationError::Inexpressible { account: 1, parameter });
    }
    let last = key_uri(1, Hotp::default()).starting_at(Counter::new(1 << 63));
    assert!(Migration::write(&[last], 1).is_ok());
}

#[test]
fn batches_are_gathered() {
    let accounts: Vec<_> = (0..25).map(|n| key_uri(n, Totp::default())).collect();
    let written = Migration::write(&accounts, 4711).unwrap();
    let parsed = |n: usize| Migration::parse(written[n].as_str()).unwrap();
    let sizes: Vec<_> = (0..written.len()).map(|n| parsed(n).accounts().len()).collect();
    assert_eq!(sizes, [10, 10, 5]);

    let mut batches = Batches::new();
    assert_eq!(batches.missing().count(), 0);
    batches.insert(parsed(2)).unwrap();
    assert_eq!(batches.missing().collect::<Vec<_>>(), [0, 1]);
    assert_eq!(batches.insert(parsed(2)), Err(BatchesError::Duplicate { index: 2 }));
    let other = Migration::write(&accounts, 4712).unwrap();
    let other = Migration::parse(other[0].as_str()).unwrap();
    assert_eq!(batches.insert(other), Err(BatchesError::OtherExport));
    let shorter = Migration::write(&accounts[..11], 4711).unwrap();
    let shorter = Migration::parse(shorter[0].as_str()).unwrap();
    assert_eq!(batches.insert(shorter), Err(BatchesError::OtherExport));
    batches.insert(parsed(0)).unwrap();
    batches.insert(parsed(1)).unwrap();
    assert_eq!(batches.missing().count(), 0);
    let gathered: Vec<_> = batches.into_accounts().into_iter().map(|account| parameters(&account.unwrap())).collect();
    assert_eq!(gathered, accounts.iter().map(parameters).collect::<Vec<_>>());

    // A batch holds fewer long accounts.
    let secret = || Secret::from_bytes(&std::array::from_fn::<u8, 128, _>(|at| at.try_into().unwrap())).unwrap();
    let long = || KeyUri::new(&"é".repeat(127), Authenticator::new(Totp::default(), Algorithm::Sha512, secret()));
    let long = || long().unwrap().with_issuer(&"é".repeat(127)).unwrap();
    let of_long = Migration::write(&[long(), long(), long()], 1).unwrap();
    assert_eq!(of_long.len(), 3);
    for text in of_long.iter().chain(&written) {
        // 1732 bytes are the longest text of a QR code in this library.
        assert!(text.as_str().len() <= 1732, "{} bytes", text.as_str().len());
        #[cfg(feature = "qr")]
        assert!(secondo::formats::otpauth::Qr::new(text.as_str()).is_ok());
    }
}

/// Generates accounts that the format can express.
fn accounts() -> impl Strategy<Value = Vec<KeyUri>> {
    let name = || "[^:\\p{Cc} ]([^:\\p{Cc}]{0,30}[^:\\p{Cc} ])?";
    let account = (
        (name(), prop::option::of(name())),
        prop::sample::select(Algorithm::ALL),
        prop::collection::vec(any::<u8>(), Secret::SHORT_LEN..=Secret::MAX_LEN),
        prop::sample::select(&[Digits::Six, Digits::Eight][..]),
        prop::option::of(1..=1_u64 << 63),
    );
    let account = account.prop_map(|((account, issuer), algorithm, secret, digits, counter)| {
        let method: Method = match counter {
            Some(_) => Hotp::new(digits).into(),
            None => Totp::new(digits, Period::default()).into(),
        };
        let authenticator = Authenticator::new(method, algorithm, Secret::import_short(&secret).unwrap());
        let uri = KeyUri::new(&account, authenticator).unwrap().starting_at(Counter::new(counter.unwrap_or(0)));
        match &issuer {
            Some(issuer) => uri.with_issuer(issuer).unwrap(),
            None => uri,
        }
    });
    prop::collection::vec(account, 0..30)
}

#[test]
fn what_is_written_is_read() {
    proptest!(cases(50), |(accounts in accounts(), id in any::<i32>())| {
        let mut batches = Batches::new();
        for text in Migration::write(&accounts, id).unwrap() {
            let batch = Migration::parse(text.as_str()).unwrap();
            prop_assert_eq!((batch.version(), batch.batch_id()), (1, id));
            prop_assert!(batch.unknown_fields().is_empty());
            batches.insert(batch).unwrap();
        }
        prop_assert_eq!(batches.missing().count(), 0);
        let read: Vec<_> = batches.into_accounts().into_iter().map(Result::unwrap).collect();
        let described = |uri: &KeyUri| (parameters(uri), uri.account().to_owned(), uri.issuer().map(str::to_owned));
        prop_assert_eq!(read.iter().map(described).collect::<Vec<_>>(), accounts.iter().map(described).collect::<Vec<_>>());
    });
}
