//! Tests of the PSKC writer: its documents are read back unchanged.
#![cfg(feature = "pskc")]

use crate::support::cases::cases;
use crate::support::time::at;

use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;
use secondo::factor::Method;
use secondo::formats::pskc::{Credential, DeviceInfo, KeyPolicy, Protection, PskcWriteError, Reader, Token, Writer};
use secondo::types::{Counter, Period};
use secondo::{Algorithm, Authenticator, Digits, Hotp, Secret, State, Totp, UnixTime};

/// The year 2500, after all time steps that are written.
const NOW: UnixTime = at(16_725_225_600);

fn text() -> impl Strategy<Value = Option<String>> {
    let trimmed = "[!-~àßя字😀][ -~\t\n\ràßя字😀]{0,20}[!-~àßя字😀]|[<&\"'>]";
    prop_oneof![Just(None), trimmed.prop_map(Some)]
}

fn date() -> impl Strategy<Value = Option<UnixTime>> {
    prop::option::of((0..=253_402_300_799_u64).prop_map(|secs| UnixTime::from_secs(secs).unwrap()))
}

/// Expired keys are not read.
fn expiry() -> impl Strategy<Value = Option<UnixTime>> {
    date().prop_map(|date| date.map(|date| date.max(NOW)))
}

fn method_and_state() -> impl Strategy<Value = (Method, State)> {
    let digits = (6..=9_u8).prop_map(|digits| Digits::try_from(digits).unwrap());
    let hotp = (digits.clone(), 0..=u64::MAX >> 1)
        .prop_map(|(digits, next)| (Hotp::new(digits).into(), State::new().starting_at(Counter::new(next))));
    let totp = (digits, 1..=86_400_u64, 0..=u64::from(u32::MAX >> 1), -5_000..=5_000_i16).prop_map(
        |(digits, secs, next, drift)| {
            let totp = Totp::new(digits, Period::from_secs(secs).unwrap());
            // A step after the year 2499 is refused.
            let next = next.min(16_725_225_600 / secs - 1);
            (totp.into(), State::new().starting_at(Counter::new(next)).with_drift(drift))
        },
    );
    prop_oneof![hotp, totp]
}

fn device() -> impl Strategy<Value = DeviceInfo> {
    (text(), text(), text(), text(), text(), text(), date(), expiry()).prop_map(
        |(manufacturer, serial, model, issue_no, binding, user_id, start, expiry)| DeviceInfo {
            manufacturer,
            serial,
            model,
            issue_no,
            binding,
            start,
            expiry,
            user_id,
        },
    )
}

fn policy() -> impl Strategy<Value = KeyPolicy> {
    (date(), expiry(), any::<Option<u64>>(), any::<bool>())
        .prop_map(|(start, expiry, transactions, device_pin)| KeyPolicy { start, expiry, transactions, device_pin })
}

fn token() -> impl Strategy<Value = Token> {
    let secret = prop::collection::vec(any::<u8>(), 10..=128);
    let texts = (text(), text(), text(), text());
    let algorithm = prop::sample::select(Algorithm::ALL);
    (text(), method_and_state(), algorithm, secret, device(), texts, policy()).prop_map(
        |(id, (method, state), algorithm, secret, device, texts, policy)| {
            let authenticator = Authenticator::new(method, algorithm, Secret::import_short(&secret).unwrap());
            let mut token = Token::new(id.unwrap_or("id".to_owned()), authenticator, state);
            token.device = device;
            (token.crypto_module, token.issuer, token.friendly_name, token.user_id) = texts;
            token.policy = policy;
            token
        },
    )
}

/// Notes are of the reader.
fn must_be_same(read: &mut Token, written: &Token) {
    read.notes.clear();
    assert_eq!(format!("{read:?}"), format!("{written:?}"));
    let secret = |token: &Token| token.authenticator.secret().unwrap().expose().to_vec();
    assert_eq!(secret(read), secret(written));
}

fn written(tokens: &[Token], protection: Protection<'_>, seed: u64) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), protection, StdRng::seed_from_u64(seed)).unwrap();
    for token in tokens {
        writer.write(token).unwrap();
    }
    writer.finish().unwrap()
}

#[test]
fn what_is_written_is_read() {
    proptest!(cases(30), |(tokens in prop::collection::vec(token(), 0..4), seed: u64, key: [u8; 32], len in 2..=4_usize)| {
        let key = &key[..len * 8];
        let passphrase = "pass<&> pass";
        for (protection, credential) in [
            (Protection::Plain, Credential::None),
            (Protection::Key { name: "a <key>", key }, Credential::Key(key)),
            (Protection::Passphrase { passphrase, iterations: 3 }, Credential::Passphrase(passphrase)),
        ] {
            let document = written(&tokens, protection, seed);
            let read: Result<Vec<Token>, _> = Reader::new(&document[..], credential, NOW).collect();
            let mut read = read.unwrap();
            assert_eq!(read.len(), tokens.len());
            read.iter_mut().zip(&tokens).for_each(|(read, token)| must_be_same(read, token));
        }
    });
}

fn simple() -> Token {
    let secret = Secret::from_bytes(b"12345678901234567890").unwrap();
    Token::new("1", Authenticator::new(Hotp::default(), Algorithm::Sha1, secret), State::new())
}

/// An encrypted secret does not appear in the document, and no IV occurs twice.
#[test]
fn secrets_are_encrypted() {
    let document = written(&[simple(), simple()], Protection::Key { name: "k", key: &[7; 16] }, 1);
    let document = String::from_utf8(document).unwrap();
    assert!(!document.contains("MTIzNDU2Nzg5MDEyMzQ1Njc4OTA="));
    let values: Vec<_> = document.split("<xenc:CipherValue>").skip(1).map(|rest| &rest[..22]).collect();
    assert_eq!(values.len(), 3);
    assert!(values[0] != values[1] && values[1] != values[2]);
}

#[test]
fn each_document_has_a_salt_of_its_own() {
    let salt = |seed| {
        let protection = Protection::Passphrase { passphrase: "a passphrase", iterations: 3 };
        let document = String::from_utf8(written(&[simple()], protection, seed)).unwrap();
        let (_, rest) = document.split_once("<Salt><Specified>").unwrap();
        rest.split_once('<').unwrap().0.to_owned()
    };
    let salts = [salt(1), salt(2)];
    // 16 bytes in base64.
    assert!(salts[0] != salts[1] && salts.iter().all(|salt| salt.len() == 24), "{salts:?}");
}

#[test]
fn values_that_pskc_cannot_express_are_refused() {
    let rng = || StdRng::seed_from_u64(0);
    let with = |change: &dyn Fn(&mut Token)| {
        let mut token = simple();
        change(&mut token);
        token
    };
    let timed = |totp: Totp, state: State| {
        let secret = Secret::from_bytes(&[7; 20]).unwrap();
        Token::new("1", Authenticator::new(totp, Algorithm::Sha1, secret), state)
    };
    let text = |text: &str| with(&|token| token.issuer = Some(text.to_owned()));
    let mut writer = Writer::new(Vec::new(), Protection::Plain, rng()).unwrap();
    for (name, token) in [
        ("Issuer", text("a\0")),
        ("Issuer", text("\u{ffff}")),
        ("Issuer", text(" a")),
        ("Issuer", text("")),
        ("Issuer", text(&"a".repeat(4097))),
        ("Id", with(&|token| token.key_id = String::new())),
        ("Counter", with(&|token| token.state = State::new().starting_at(Counter::new(1 << 63)))),
        ("Time", timed(Totp::default().with_t0(UnixTime::from_secs(1).unwrap()), State::new())),
        ("Time", timed(Totp::default(), State::new().starting_at(Counter::new(1 << 31)))),
        ("Time", timed(Totp::default(), State::new().starting_at(Counter::new(1_795_446_400)))),
    ] {
        assert!(matches!(writer.write(&token), Err(PskcWriteError::Value(found)) if found == name), "{name}");
    }
    let without_secret = Authenticator::from_key(Totp::default(), simple().authenticator.key().unwrap());
    let token = Token::new("1", without_secret, State::new());
    assert!(matches!(writer.write(&token), Err(PskcWriteError::NoSecret)));
    writer.write(&simple()).unwrap();
    let document = writer.finish().unwrap();
    let mut read: Vec<_> = Reader::new(&document[..], Credential::None, NOW).collect();
    assert_eq!(read.len(), 1);
    must_be_same(read[0].as_mut().unwrap(), &simple());

    for len in [0, 15, 17, 33] {
        let protection = Protection::Key { name: "k", key: &[0; 33][..len] };
        assert!(
            matches!(Writer::new(Vec::new(), protection, rng()), Err(PskcWriteError::KeyLength(found)) if found == len)
        );
    }
    for iterations in [0, 10_000_001] {
        let protection = Protection::Passphrase { passphrase: "p", iterations };
        assert!(matches!(Writer::new(Vec::new(), protection, rng()), Err(PskcWriteError::Value("IterationCount"))));
    }
}
