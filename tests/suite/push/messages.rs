//! Messages between the verifier and apps, and the state that each of them keeps.

use std::collections::BTreeSet;
use std::error::Error;
use std::io;
use std::time::Duration;

use pollster::block_on;
use secondo::push::device::{Device, DeviceError, PersonalCode, Unlock};
use secondo::push::{Activation, Answer, Details, DeviceKey, MessageError, SoftwareKey};
use secondo::store::Memory;
use secondo::{Policy, Verifier};

use super::{base64_url, field_of, to_base64_url};
use crate::support::enrolled::{NOW, after, keys};
use crate::support::logins::fresh;
use crate::support::push::{CODE, accept, activation, ask, bind_phone, device_error, key};
use crate::support::subscriber::{id, roomy, stored};

#[test]
fn a_device_is_unlocked_by_its_owner() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    let (mut app, number) = bind_phone(&verifier, 7, NOW);
    let sent = ask(&verifier, &fresh(), number, NOW).unwrap();
    let challenge = app.read(&sent.message, NOW).unwrap();
    let recognized = |is_recognized| Unlock::Biometrics { is_recognized };
    for remaining in (0..5).rev() {
        let refused = device_error(app.accept(&challenge, &sent.number, recognized(false), NOW));
        assert_eq!(refused, DeviceError::NotUnlocked { remaining });
    }
    assert_eq!(device_error(app.accept(&challenge, &sent.number, recognized(true), NOW)), DeviceError::Blocked);
    // The personal code makes biometrics available again.
    assert!(app.accept(&challenge, &sent.number, CODE, NOW).is_ok());
    assert!(app.accept(&challenge, &sent.number, recognized(true), NOW).is_ok());
    for remaining in (0..5).rev() {
        let refused = device_error(app.accept(&challenge, &sent.number, Unlock::Code("271829"), NOW));
        assert_eq!(refused, DeviceError::NotUnlocked { remaining });
        // The stored state keeps the count.
        app = Device::decode(&app.encode(), key(7)).unwrap();
    }
    for unlock in [CODE, recognized(true)] {
        assert_eq!(device_error(app.accept(&challenge, &sent.number, unlock, NOW)), DeviceError::Blocked);
    }
    // It can still deny.
    assert!(app.deny(&challenge, NOW).is_ok());
    assert_eq!((app.account(), app.issuer(), app.user()), ("rossi", "idp.example.it", "Maria Rossi"));

    let (mut without_code, _) = Device::activate(&activation(), key(9), None).unwrap();
    assert_eq!(device_error(without_code.read(&sent.message, NOW)), DeviceError::OtherDevice);
    assert_eq!(device_error(without_code.accept(&challenge, "", CODE, NOW)), DeviceError::OtherDevice);
    for code in ["", "12345", "1234567", "12345a", "１２３４"] {
        assert!(PersonalCode::new(code, [9; 16]).is_err(), "{code}");
    }
}

#[test]
fn a_device_reads_its_own_challenges_in_time() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    let (mut app, number) = bind_phone(&verifier, 7, NOW);
    let sent = ask(&verifier, &fresh(), number, NOW).unwrap();
    assert!(app.read(&sent.message, after(60 + 29)).is_ok());
    assert_eq!(device_error(app.read(&sent.message, after(60 + 30))), DeviceError::Expired);
    let challenge = app.read(&sent.message, NOW).unwrap();
    let late = app.accept(&challenge, &sent.number, CODE, after(90));
    assert_eq!(device_error(late), DeviceError::Expired);
    for number in ["", "12345", "1234567", "12345a"] {
        assert_eq!(device_error(app.accept(&challenge, number, CODE, NOW)), DeviceError::Number);
    }
    let other = sent.message.replace("rossi", "verdi");
    assert_eq!(device_error(app.read(&other, NOW)), DeviceError::OtherDevice);
}

#[test]
fn bad_messages_are_refused_with_the_field() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    let (mut app, number) = bind_phone(&verifier, 7, NOW);
    let sent = ask(&verifier, &fresh(), number, NOW).unwrap();
    let good = accept(&mut app, &sent.message, &sent.number, NOW);
    let with = |from: &str, to: &str| good.replacen(from, to, 1);
    let field = |name: &str| field_of(&good, name).to_owned();
    for (message, expected) in [
        (String::new(), MessageError::NotJson { column: 0 }),
        ("[1]".into(), MessageError::NotJson { column: 0 }),
        (with("{", "["), MessageError::NotJson { column: 0 }),
        (format!("{good}x"), MessageError::NotJson { column: good.len() + 1 }),
        ("x".repeat(2048), MessageError::NotJson { column: 0 }),
        ("x".repeat(2049), MessageError::TooLong(2049)),
        (with("\"v\":1", "\"v\":2"), MessageError::Version),
        (with("\"v\":1", "\"v\":\"1\""), MessageError::Version),
        (with("\"v\":1,", ""), MessageError::Version),
        (with("\"answer\"", "\"challenge\""), MessageError::Invalid("type")),
        (with("\"number\"", "\"nummer\""), MessageError::UnknownField { column: 0 }),
        (
            with("\"verdict\":\"accept\"", "\"verdict\":\"accept\",\"verdict\":\"accept\""),
            MessageError::Duplicate("verdict"),
        ),
        (with("\"verdict\"", "\"v\":1,\"verdict\""), MessageError::Duplicate("v")),
        (with("\"verdict\":\"accept\",", ""), MessageError::Missing("verdict")),
        (with("\"accept\"", "\"yes\""), MessageError::Invalid("verdict")),
        (with("\"accept\"", "null"), MessageError::Invalid("verdict")),
        (with("\"accept\"", "[[[]]]"), MessageError::Invalid("verdict")),
        (with(&sent.number, "1234567"), MessageError::Invalid("number")),
        (with(&sent.number, "-12345"), MessageError::Invalid("number")),
        (with(&field("id"), &field("id")[1..]), MessageError::Invalid("id")),
        (with(&field("digest"), &field("id")), MessageError::Invalid("digest")),
        (with(&field("signature"), &format!("{}=", field("signature"))), MessageError::Invalid("signature")),
        (with("rossi", "ros si"), MessageError::Invalid("account")),
    ] {
        let error = Answer::parse(&message).unwrap_err();
        match expected {
            MessageError::NotJson { column: 0 } => assert_eq!(error.label(), expected.label(), "{message}"),
            MessageError::UnknownField { .. } => {
                let MessageError::UnknownField { column } = error else { panic!("{error:?}: {message}") };
                assert!(message[..column].ends_with("\"nummer\""), "{column}: {message}");
            }
            _ => assert_eq!(error, expected, "{message}"),
        }
        assert!(!error.to_string().contains(&sent.number) && !format!("{error:?}").contains(&sent.number));
    }
    // Space around the object is no part of it.
    assert_eq!(Answer::parse(&format!(" {good}\n")), Answer::parse(&good));
    for (from, to, expected) in [
        ("INPS", "", MessageError::Invalid("relying_party")),
        ("INPS", "IN\\u202ePS", MessageError::Invalid("relying_party")),
        ("INPS", &*"x".repeat(129), MessageError::Invalid("relying_party")),
        ("type-6", "type-7", MessageError::Invalid("matching")),
        ("type-6", "compare", MessageError::Missing("number")),
        ("\"matching\"", "\"number\":\"123456\",\"matching\"", MessageError::Invalid("number")),
        ("\"expires\":1", "\"expires\":-1", MessageError::Invalid("expires")),
        ("\"expires\":1", "\"expires\":1000000000000", MessageError::Invalid("expires")),
    ] {
        let message = sent.message.replacen(from, to, 1);
        assert_eq!(device_error(app.read(&message, NOW)), DeviceError::Message(expected), "{message}");
    }
    let link = activation().link().to_string();
    let mut other_version = base64_url(link.strip_prefix("secondo-push:").unwrap());
    other_version[0] = 2;
    for (link, expected) in [
        ("otpauth://totp/x".to_owned(), MessageError::NotActivation),
        (format!("{link}="), MessageError::NotActivation),
        (format!("secondo-push:{}", to_base64_url(&other_version)), MessageError::Version),
        (format!("{link}AAAA"), MessageError::UnknownField { column: 0 }),
        ("secondo-push:".into(), MessageError::Version),
        ("secondo-push:Ag".into(), MessageError::Version),
        (link[..41].into(), MessageError::Missing("secret")),
        ("secondo-push:".to_owned() + &"A".repeat(499), MessageError::Version),
        ("secondo-push:".to_owned() + &"A".repeat(500), MessageError::TooLong(513)),
    ] {
        let error = Activation::parse(&link).unwrap_err();
        match expected {
            MessageError::UnknownField { .. } => assert_eq!(error.label(), expected.label()),
            _ => assert_eq!(error, expected, "{link}"),
        }
    }
    let device = app.encode();
    for len in 0..device.len() {
        assert!(Device::decode(&device[..len], key(7)).is_err());
    }
    assert!(Device::decode(&[&device[..], &[0]].concat(), key(7)).is_err());
    // The attempts that are left, with the code and with biometrics, are five at most.
    for at in [1, 2] {
        let with = |attempts| {
            let mut changed = device.clone();
            changed[at] = attempts;
            Device::decode(&changed, key(7))
        };
        assert!(with(5).is_ok());
        assert_eq!(with(6).unwrap_err(), MessageError::Invalid("attempts"));
    }
    let (without_code, _) = Device::activate(&activation(), key(9), None).unwrap();
    assert_eq!(Device::decode(&without_code.encode(), key(9)).unwrap().encode(), without_code.encode());
    assert!(Details::new("INPS", "Bari", "09:30").unwrap().lasting(Duration::from_secs(541)).is_err());
}

/// A record with a byte changed in an app's own state is an error or another state, and never a panic.
#[test]
fn stored_states_are_read_back() {
    let store = Memory::new();
    let verifier = Verifier::unsealed(&store, roomy());
    let (_, number) = bind_phone(&verifier, 7, NOW);
    for _ in 0..3 {
        ask(&verifier, &fresh(), number, NOW).unwrap();
    }
    let bytes = stored(&store);
    let mut refused = BTreeSet::new();
    for at in 10..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] = 0xff;
        let other = Memory::new();
        let value = secondo::store::Value::from(&changed[..]);
        let _stored = block_on(secondo::store::Store::compare_exchange(&other, &id(), None, value, None)).unwrap();
        let verifier = Verifier::unsealed(&other, roomy());
        if let Err(error) = ask(&verifier, &fresh(), number, NOW) {
            refused.insert(error.label());
        }
    }
    assert!(refused.contains("record") && refused.contains("too_many_pushes"), "{refused:?}");
}

/// A key whose hardware is gone.
struct Broken;

impl DeviceKey for Broken {
    type Error = io::Error;

    fn public_key(&self) -> io::Result<[u8; 65]> {
        Err(io::ErrorKind::NotConnected.into())
    }

    fn sign(&self, _: &[u8]) -> io::Result<[u8; 64]> {
        Err(io::ErrorKind::NotConnected.into())
    }
}

#[test]
fn an_error_of_the_keys_hardware_is_kept() {
    let error = Device::activate(&activation(), Broken, None).err().unwrap();
    let source = error.source().unwrap().downcast_ref::<io::Error>().unwrap();
    assert_eq!(source.kind(), io::ErrorKind::NotConnected);
    assert!(DeviceError::<io::Error>::Blocked.source().is_none());
}

#[test]
fn a_key_in_memory_is_kept_by_its_bytes() {
    let kept = SoftwareKey::from_bytes(&key(7).to_bytes()).unwrap();
    assert_eq!(kept.public_key(), key(7).public_key());
    assert_ne!(kept.public_key(), key(8).public_key());
}
