//! Tests of sealed records and of the rotation of sealing keys.
#![cfg(feature = "std")]

use crate::support::enrolled;
use crate::support::hex::unhex;
use crate::support::logins;
use crate::support::refusals;

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Debug;
use std::fs;
use std::path::PathBuf;

use enrolled::{NOW, SECRET, after, authenticator, code_at, enroll, wrong_code};
use logins::{DESK, Logins, fresh};
use pollster::block_on;
use refusals::account_error;
use secondo::account::seal::DuplicateKeyId;
use secondo::account::{AccountError, RecordError};
use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, MasterKeyError, SealError, SealingKey};
use secondo::store::{Exchange, Memory, Store, Value};
use secondo::types::IdError;
use secondo::verifier::KeyCheckError;
use secondo::{
    AccountId, Algorithm, Authenticator, Digits, Hotp, Key, Policy, Refusal, Secret, State, Totp, UnixTime, Verifier,
    VerifierError,
};

fn key(id: u32) -> SealingKey {
    key_of(id, "5e")
}

fn key_of(id: u32, byte: &str) -> SealingKey {
    SealingKey::derive(
        &Deployment::new("tests").unwrap(),
        KeyId::new(id),
        &LocalMasterKey::from_hex(&byte.repeat(32)).unwrap(),
    )
    .unwrap()
}

fn ring(active: u32, others: &[u32]) -> KeyRing {
    KeyRing::new(key(active), others.iter().copied().map(key)).unwrap()
}

fn sealing(store: &Memory, ring: KeyRing) -> Verifier<&Memory> {
    Verifier::new(store, ring, Policy::new())
}

fn id(text: &str) -> AccountId {
    AccountId::new(text).unwrap()
}

fn stored(store: &Memory, id: &AccountId) -> Vec<u8> {
    block_on(store.load(id)).unwrap().unwrap().value.as_ref().to_vec()
}

fn replace(store: &Memory, id: &AccountId, bytes: &[u8]) {
    let revision = block_on(store.load(id)).unwrap().map(|entry| entry.revision);
    let exchange = block_on(store.compare_exchange(id, revision, Value::from(bytes), None));
    assert_eq!(exchange.unwrap(), Exchange::Stored);
}

fn record_error<T: Debug, E: Debug>(result: Result<T, VerifierError<E>>) -> RecordError {
    match result {
        Err(VerifierError::Record(error)) => error,
        other => panic!("expected an unreadable record, not {other:?}"),
    }
}

fn seal_error<T, E>(result: &Result<T, VerifierError<E>>) -> Option<SealError> {
    match *result {
        Err(VerifierError::Record(RecordError::Seal(error))) => Some(error),
        _ => None,
    }
}

/// The lengths that the guide and the benchmarks state.
#[test]
fn a_record_with_one_app_has_the_length_that_the_guide_states() {
    let store = Memory::new();
    let (verifier, id) = (sealing(&store, ring(1, &[])), id("f81d4fae-7dec-11d0-a765-00a0c91e6bf6"));
    let app = authenticator(Totp::default());
    block_on(verifier.import(&id, &[(app.into(), State::new().confirmed())], DESK, NOW)).unwrap();
    let imported = stored(&store, &id).len();
    let _accepted = block_on(verifier.verify(&id, &fresh(), &code_at(0), NOW)).unwrap();
    let lengths = format!("{imported} bytes after an import, {} after a login", stored(&store, &id).len());
    assert!(include_str!("../../src/guide/adopting.md").contains(&lengths), "{lengths}");
}

/// An independent implementation of the documented format sealed these records, so the description is complete.
#[test]
fn records_sealed_by_another_implementation_open() {
    let rows = include_str!("../vectors/sealed-records.txt").lines().filter(|row| !row.starts_with('#'));
    let mut checked = 0;
    for row in rows {
        let [method, digits, time, code, record] = row.split(' ').collect::<Vec<_>>()[..] else { panic!("{row}") };
        let bytes = unhex(record);
        let master = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
        let key = SealingKey::derive(
            &Deployment::new("idp.example.it").unwrap(),
            KeyId::new(7),
            &LocalMasterKey::from_hex(master).unwrap(),
        )
        .unwrap();
        let store = Memory::new();
        let id = id("f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
        replace(&store, &id, &bytes);
        let verifier = sealing(&store, KeyRing::new(key, []).unwrap());
        let accepted = verifier.log_in(&id, code, UnixTime::from_secs(time.parse().unwrap()).unwrap());
        match method {
            "closed" => assert!(matches!(accepted, Err(VerifierError::Refused(Refusal::Closed))), "{accepted:?}"),
            _ => assert!(accepted.is_ok() && digits.parse() == Ok(code.len()), "{accepted:?}"),
        }
        checked += 1;
    }
    assert_eq!(checked, 4);
}

#[test]
fn what_is_stored_shows_no_secret_unless_asked_to() {
    let holds = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    let store = Memory::new();
    let verifier = sealing(&store, ring(1, &[]));
    let id = enroll(&verifier, "rossi", Totp::default());
    let mut seen = BTreeSet::new();
    for steps in 0..20 {
        let bytes = stored(&store, &id);
        // No part of the secret may appear, and no two records may be equal.
        assert!(!SECRET.windows(4).any(|part| holds(&bytes, part)));
        assert!(seen.insert(bytes), "two states gave the same bytes");
        assert!(verifier.log_in(&id, &code_at(steps), after(steps * 30)).is_ok());
    }

    let plain = Verifier::unsealed(&store, Policy::new());
    let id = enroll(&plain, "verdi", Totp::default());
    assert!(holds(&stored(&store, &id), SECRET));
}

#[test]
fn any_byte_that_was_changed_is_noticed() {
    let store = Memory::new();
    let verifier = sealing(&store, ring(1, &[3]));
    for id in [enroll(&verifier, "totp", Totp::default()), enroll(&verifier, "hotp", Hotp::default())] {
        let good = stored(&store, &id);
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut bytes = good.clone();
                bytes[at] ^= 1 << bit;
                replace(&store, &id, &bytes);
                for entry in [code_at(0), wrong_code()] {
                    let error = record_error(verifier.log_in(&id, &entry, NOW));
                    let altered = RecordError::Seal(SealError::Altered);
                    let noticed = match (at, bytes[at]) {
                        (0, version) => error == RecordError::Version(version),
                        (1, 0..0x80) => error == RecordError::Seal(SealError::NotSealed),
                        (13, 3) => error == altered,
                        (10..=13, _) => matches!(error, RecordError::Seal(SealError::UnknownKey(_))),
                        _ => error == altered,
                    };
                    assert!(noticed, "byte {at}: {error:?}");
                }
                assert_eq!(stored(&store, &id), bytes, "a record that does not open must not be changed");
            }
        }
        for len in 0..good.len() {
            replace(&store, &id, &good[..len]);
            assert!(matches!(
                verifier.log_in(&id, &code_at(0), NOW),
                Err(VerifierError::Record(RecordError::Length(_) | RecordError::Seal(SealError::Altered)))
            ));
        }
        replace(&store, &id, &good);
        assert!(verifier.state(&id).is_ok());
    }
}

#[test]
fn a_record_cannot_be_passed_off_as_another_persons() {
    let store = Memory::new();
    let verifier = sealing(&store, ring(1, &[]));
    let attacker = enroll(&verifier, "attacker", Totp::default());
    for name in ["victim", "attacke", "attackers"] {
        let victims = id(name);
        let victim = Authenticator::new(Totp::default(), Algorithm::Sha1, Secret::from_bytes(&[9; 20]).unwrap());
        verifier.add(&victims, victim, State::new().confirmed()).unwrap();
        replace(&store, &victims, &stored(&store, &attacker));
        let result = verifier.log_in(&victims, &code_at(0), NOW);
        assert_eq!(seal_error(&result), Some(SealError::Altered), "{name}");
    }
}

#[test]
fn what_is_sealed_otherwise_is_refused() {
    let store = Memory::new();
    let (plain, sealed) = (Verifier::unsealed(&store, Policy::new()), sealing(&store, ring(1, &[])));
    let in_clear = enroll(&plain, "plain", Totp::default());
    let id = enroll(&sealed, "sealed", Totp::default());
    let code = code_at(0);

    assert_eq!(seal_error(&sealed.log_in(&in_clear, &code, NOW)), Some(SealError::NotSealed));
    assert_eq!(seal_error(&block_on(sealed.reseal(&in_clear))), Some(SealError::NotSealed));
    assert_eq!(seal_error(&plain.log_in(&id, &code, NOW)), Some(SealError::NoKeys));

    let other = sealing(&store, ring(2, &[3]));
    let unknown = Some(SealError::UnknownKey(KeyId::new(1)));
    assert_eq!(seal_error(&other.log_in(&id, &code, NOW)), unknown);
    let enrolled = block_on(other.enroll(&id, &fresh(), authenticator(Totp::default()), NOW));
    assert_eq!(seal_error(&enrolled), unknown, "an enrollment must not replace an unreadable record");
    let imported = other.add(&id, authenticator(Totp::default()), State::new().confirmed());
    assert_eq!(seal_error(&imported), unknown, "an import must not replace an unreadable record");

    let same_id = sealing(&store, KeyRing::new(key_of(1, "5f"), []).unwrap());
    assert_eq!(seal_error(&same_id.log_in(&id, &code, NOW)), Some(SealError::Altered));

    assert!(sealed.log_in(&id, &code, NOW).is_ok(), "no code was used up, and no failure counted");
    // An account whose sealing key is lost can still be closed.
    block_on(other.close(&id, None, DESK, NOW)).unwrap();
    assert!(matches!(other.state(&id), Err(VerifierError::Refused(Refusal::Closed))));
    assert_eq!(seal_error(&sealed.state(&id)), Some(SealError::UnknownKey(KeyId::new(2))));
}

/// A production system and a test system may share a master key and have equal ids.
#[test]
fn deployments_under_one_master_key_share_nothing() {
    let master = LocalMasterKey::from_hex(&"5e".repeat(32)).unwrap();
    let ring = |name: &str| {
        let key = SealingKey::derive(&Deployment::new(name).unwrap(), KeyId::new(1), &master).unwrap();
        KeyRing::new(key, []).unwrap()
    };
    let store = Memory::new();
    let id = enroll(&sealing(&store, ring("production")), "1", Totp::default());
    for other in ["test", "productio", "production1", "Production"] {
        let result = sealing(&store, ring(other)).log_in(&id, &code_at(0), NOW);
        assert_eq!(seal_error(&result), Some(SealError::Altered), "{other}");
    }
    assert!(sealing(&store, ring("production")).log_in(&id, &code_at(0), NOW).is_ok());
    for (name, error) in
        [("", IdError::Length(0)), (&"n".repeat(65), IdError::Length(65)), ("a b", IdError::Character { position: 1 })]
    {
        assert_eq!(Deployment::new(name).unwrap_err(), error);
    }
}

/// An unsealed tombstone, which anyone with access to the store can write, must not close an account.
#[test]
fn a_tombstone_that_is_not_sealed_is_not_believed() {
    let store = Memory::new();
    let verifier = sealing(&store, ring(1, &[]));
    let [one, other] = ["one", "other"].map(|name| enroll(&verifier, name, Totp::default()));
    let good = stored(&store, &one);
    block_on(verifier.close(&other, None, DESK, NOW)).unwrap();
    let tombstone = stored(&store, &other);
    let (mut as_account, mut in_clear) = (tombstone.clone(), vec![0; 15]);
    as_account[1] = 129;
    in_clear[..2].copy_from_slice(&[1, 2]);
    let plain = Verifier::unsealed(&store, Policy::new());
    for (bytes, expected) in [
        (&[1, 2][..], RecordError::Length(2)),
        (&[1, 130, 0], RecordError::Length(3)),
        (&[1, 130, 0, 0, 0, 0, 0, 0, 0, 0], RecordError::Length(10)),
        (&in_clear, RecordError::Seal(SealError::NotSealed)),
        // The tombstone of another account.
        (&tombstone, RecordError::Seal(SealError::Altered)),
        (&as_account, RecordError::Seal(SealError::Altered)),
    ] {
        replace(&store, &one, bytes);
        assert_eq!(record_error(verifier.log_in(&one, &code_at(0), NOW)), expected);
    }
    assert_eq!(seal_error(&plain.state(&other)), Some(SealError::NoKeys));
    replace(&store, &one, &good);
    assert!(verifier.log_in(&one, &code_at(0), NOW).is_ok());
    // A change of any byte of a valid tombstone is noticed.
    for at in 0..tombstone.len() {
        let mut bytes = tombstone.clone();
        bytes[at] ^= 1;
        replace(&store, &other, &bytes);
        assert!(matches!(verifier.state(&other), Err(VerifierError::Record(_))), "byte {at}");
    }
    replace(&store, &other, &tombstone);
    assert!(matches!(verifier.state(&other), Err(VerifierError::Refused(Refusal::Closed))));
}

#[test]
fn a_ring_has_no_id_twice() {
    let twice = |others: &[u32]| KeyRing::new(key(1), others.iter().copied().map(key)).err();
    assert_eq!(twice(&[2, 1]), Some(DuplicateKeyId(KeyId::new(1))));
    assert_eq!(twice(&[2, 3, 2]), Some(DuplicateKeyId(KeyId::new(2))));
    assert_eq!(twice(&[2, 3]), None);
}

#[test]
fn an_attempt_seals_with_the_active_key_and_a_batch_does_the_rest() {
    let store = Memory::new();
    let old = sealing(&store, ring(1, &[]));
    let ids: Vec<_> = (0..50).map(|n| enroll(&old, &format!("id/{n}"), Totp::default())).collect();
    block_on(old.close(&ids[3], None, DESK, NOW)).unwrap();
    let replayed = code_at(0);
    assert!(old.log_in(&ids[0], &replayed, NOW).is_ok());

    let both = sealing(&store, ring(2, &[1]));
    let new = sealing(&store, ring(2, &[]));
    assert!(seal_error(&new.state(&ids[1])).is_some());
    // An attempt that changes the state seals with the active key: here a correct code, and a wrong one.
    assert!(both.log_in(&ids[1], &code_at(0), NOW).is_ok());
    assert!(both.log_in(&ids[2], &wrong_code(), NOW).is_err());
    assert_eq!(new.state(&ids[1]).unwrap().failures(), 0);
    assert_eq!(new.state(&ids[2]).unwrap().failures(), 1);

    // The store also has a record whose sealing key is lost.
    let lost = sealing(&store, ring(9, &[]));
    let mut all: Vec<_> = ids.iter().copied().chain([enroll(&lost, "lost", Totp::default())]).collect();
    let mut progress = Vec::new();
    let resealed = block_on(both.reseal_all(|id, resealed| progress.push((*id, format!("{resealed:?}")))));
    assert_eq!(resealed, Ok(1));
    progress.sort();
    all.sort();
    assert!(progress.iter().map(|(id, _)| id).eq(&all), "every id is reported once");
    let became = |text: &str| progress.iter().filter(|(_, resealed)| resealed == text).count();
    assert_eq!((became("Ok(true)"), became("Ok(false)")), (48, 2));
    assert_eq!(became("Err(Record(Seal(UnknownKey(KeyId(9)))))"), 1);
    block_on(lost.close(&id("lost"), None, DESK, NOW)).unwrap();
    let knowing = sealing(&store, ring(2, &[1, 9]));
    let mut resealed = 0;
    assert_eq!(block_on(knowing.reseal_all(|_, result| resealed += usize::from(matches!(result, Ok(true))))), Ok(0));
    assert_eq!(resealed, 1);

    // Without the old key, used codes stay used, and closed accounts stay closed.
    assert!(matches!(new.state(&ids[3]), Err(VerifierError::Refused(Refusal::Closed))));
    assert!(matches!(new.log_in(&ids[0], &replayed, NOW), Err(VerifierError::Refused(Refusal::Replayed { .. }))));
    for id in &ids[4..] {
        assert!(new.log_in(id, &code_at(0), NOW).is_ok());
    }
    assert_eq!(seal_error(&old.state(&ids[5])), Some(SealError::UnknownKey(KeyId::new(2))));
}

/// A canary finds a key that differs from the key of the same id, before it seals an account.
#[test]
fn a_wrong_key_is_found_before_it_is_used() {
    let store = Memory::new();
    let check = |ring: KeyRing| block_on(sealing(&store, ring).check_keys());
    let wrong_key = |ring: KeyRing| {
        let error = check(ring).unwrap_err();
        assert_eq!(error.source().unwrap().to_string(), error.error.to_string());
        let KeyCheckError { key, error } = error;
        assert_eq!(seal_error(&Err::<(), _>(error)), Some(SealError::Altered));
        key.get()
    };
    // The first check creates the canary, and the others open it.
    for _ in 0..3 {
        check(ring(1, &[])).unwrap();
        assert_eq!(store.len(), 1);
    }
    let of_other_master = || KeyRing::new(key_of(1, "7f"), []).unwrap();
    let of_other_deployment = || {
        let master = LocalMasterKey::from_hex(&"5e".repeat(32)).unwrap();
        let key = SealingKey::derive(&Deployment::new("test").unwrap(), KeyId::new(1), &master).unwrap();
        KeyRing::new(key, []).unwrap()
    };
    for wrong in [of_other_master, of_other_deployment as fn() -> KeyRing] {
        assert_eq!(wrong_key(wrong()), 1);
    }

    // The canary of a new key is created when the key is active, and that of the old key stays.
    check(ring(1, &[2])).unwrap();
    assert_eq!(store.len(), 1);
    check(ring(2, &[1])).unwrap();
    assert_eq!(store.len(), 2);
    assert_eq!(wrong_key(KeyRing::new(key_of(2, "7f"), [key(1)]).unwrap()), 2);
    assert_eq!(wrong_key(KeyRing::new(key(2), [key_of(1, "7f")]).unwrap()), 1);
    let rossi = enroll(&sealing(&store, ring(1, &[])), "rossi", Totp::default());
    assert_eq!(block_on(sealing(&store, ring(2, &[1])).reseal_all(|listed, _| assert_eq!(*listed, rossi))), Ok(0));
    check(ring(1, &[])).unwrap();
    check(ring(2, &[])).unwrap();
    check(ring(0xabcd_ef09, &[])).unwrap();
    let of_abcdef09 = id("secondo-canary-abcdef09");
    assert!(block_on(store.load(&of_abcdef09)).unwrap().is_some());
    // Another key's canary in its place checks nothing.
    replace(&store, &of_abcdef09, &stored(&store, &id("secondo-canary-00000001")));
    assert_eq!(wrong_key(ring(0xabcd_ef09, &[1])), 0xabcd_ef09);
}

/// An account in the place of a canary would keep every machine from starting.
#[test]
fn nobody_becomes_a_canary() {
    let store = Memory::new();
    let verifier = sealing(&store, ring(1, &[]));
    let reserved = id("secondo-canary-00000002");
    let other = id("secondo-canary-x");
    assert_eq!(
        account_error(verifier.add(&other, authenticator(Totp::default()), State::new())),
        AccountError::ReservedId
    );
    for is_checked in [false, true] {
        let enrolled = block_on(verifier.enroll(&reserved, &fresh(), authenticator(Totp::default()), NOW));
        assert_eq!(account_error(enrolled), AccountError::ReservedId);
        let imported = verifier.add(&reserved, authenticator(Totp::default()), State::new().confirmed());
        assert_eq!(account_error(imported), AccountError::ReservedId);
        assert_eq!(store.len(), usize::from(is_checked));
        block_on(sealing(&store, ring(2, &[])).check_keys()).unwrap();
    }
    assert!(!block_on(sealing(&store, ring(1, &[2])).reseal(&reserved)).unwrap());
    assert!(matches!(sealing(&store, ring(2, &[])).state(&reserved), Err(VerifierError::Refused(Refusal::Closed))));
    assert_eq!(account_error(block_on(verifier.close(&reserved, None, DESK, NOW))), AccountError::ReservedId);
    for other in ["secondo", "secondo_canary-00000002", "Secondo-canary-00000002"] {
        enroll(&verifier, other, Totp::default());
    }
}

/// While two threads reseal, every code is accepted exactly once.
#[test]
fn resealing_beside_verifications_loses_nothing() {
    let store = Memory::new();
    let id = enroll(&sealing(&store, ring(1, &[2])), "rossi", Totp::default());
    std::thread::scope(|scope| {
        for active in [1, 2] {
            let store = &store;
            scope.spawn(move || {
                let verifier = sealing(store, ring(active, &[3 - active]));
                for _ in 0..2_000 {
                    match block_on(verifier.reseal(&id)) {
                        Ok(_) | Err(VerifierError::Contended) => {}
                        Err(other) => panic!("{other:?}"),
                    }
                }
            });
        }
        let verifier = sealing(&store, ring(1, &[2]));
        for steps in 0..500 {
            while let Err(error) = verifier.log_in(&id, &code_at(steps), after(steps * 30)) {
                assert!(matches!(error, VerifierError::Contended), "{error:?}");
            }
            let again = verifier.log_in(&id, &code_at(steps), after(steps * 30));
            assert!(
                matches!(again, Err(VerifierError::Refused(Refusal::Replayed { .. }) | VerifierError::Contended)),
                "{again:?}"
            );
            while block_on(verifier.unlock(&id, DESK, NOW)).is_err() {}
        }
    });
}

/// An authenticator with a prepared key accepts the same codes, and its record does not hold the secret.
#[test]
fn prepared_keys_verify_as_secrets_do() {
    for algorithm in Algorithm::ALL {
        for seed in [&SECRET[..16], SECRET, &[7; 64], &[8; 128]] {
            let secret = || Secret::from_bytes(seed).unwrap();
            let store = Memory::new();
            let totp = Totp::new(Digits::Eight, secondo::types::Period::from_secs(60).unwrap());
            let from_key = || Authenticator::from_key(totp, Key::new(*algorithm, &secret()));
            assert!(from_key().secret().is_none());
            assert_eq!((from_key().algorithm(), from_key().method()), (*algorithm, totp.into()));

            let plain = Verifier::unsealed(&store, Policy::new());
            plain.add(&id("plain"), from_key(), State::new().confirmed()).unwrap();
            let bytes = stored(&store, &id("plain"));
            assert!(!bytes.windows(16).any(|window| window == &seed[..16]));

            let sealed = sealing(&store, ring(1, &[]));
            sealed.add(&id("sealed"), from_key(), State::new().confirmed()).unwrap();
            let with_secret = Authenticator::new(totp, *algorithm, secret());
            let code = totp.generate(&with_secret.key().unwrap(), NOW).unwrap();
            assert!(plain.log_in(&id("plain"), code.as_str(), NOW).is_ok());
            assert!(sealed.log_in(&id("sealed"), code.as_str(), NOW).is_ok());
            assert_eq!(totp.generate(&from_key().key().unwrap(), NOW).unwrap().as_str(), code.as_str());
        }
    }
}

#[test]
fn a_key_of_a_wrong_length_is_not_read() {
    let store = Memory::new();
    let plain = Verifier::unsealed(&store, Policy::new());
    let secret = Secret::from_bytes(SECRET).unwrap();
    let of_sha256 = Authenticator::from_key(Hotp::default(), Key::new(Algorithm::Sha256, &secret));
    plain.add(&id("rossi"), of_sha256, State::new().confirmed()).unwrap();
    let good = stored(&store, &id("rossi"));
    // The kind's own state, whose length is at this offset, ends with the key.
    let (len, key) = (51..53, 65);
    for key_len in [0, 9, 32, 63, 65, 128] {
        let mut bytes = good.clone();
        bytes.resize(key + key_len, 7);
        bytes[len.clone()].copy_from_slice(&u16::try_from(key + key_len - len.end).unwrap().to_be_bytes());
        replace(&store, &id("rossi"), &bytes);
        assert_eq!(record_error(plain.log_in(&id("rossi"), "123456", NOW)), RecordError::Field { offset: key });
    }
    for bytes in [&good[..good.len() - 1], &good[..good.len() - 4], &[&good[..], &[0; 8]].concat()] {
        replace(&store, &id("rossi"), bytes);
        assert_eq!(record_error(plain.log_in(&id("rossi"), "123456", NOW)), RecordError::Length(bytes.len()));
    }
    // A key has more words for SHA-256 than for SHA-1, and fewer than for SHA-512.
    for algorithm in [0, 2] {
        let mut other = good.clone();
        other[len.end] = other[len.end] & !0b1100 | algorithm << 2;
        replace(&store, &id("rossi"), &other);
        assert_eq!(record_error(plain.state(&id("rossi"))), RecordError::Field { offset: key });
    }
    replace(&store, &id("rossi"), &good);
    assert!(plain.state(&id("rossi")).is_ok());
}

struct Folder(PathBuf);

impl Folder {
    /// Returns a new folder, whose name no other test has.
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("secondo-seal-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn an_all_zero_master_key_is_refused() {
    let folder = Folder::new("zero");
    let path = folder.0.join("master");
    for text in ["0".repeat(64), format!(" {}\n", "0".repeat(64))] {
        let refused = LocalMasterKey::from_hex(&text).err().unwrap();
        assert_eq!(refused, MasterKeyError::Zero);
        assert!(refused.to_string().contains("openssl rand -hex 32") && refused.label() == "zero", "{refused}");
        fs::write(&path, &text).unwrap();
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        assert_eq!(LocalMasterKey::from_file(&path).err(), Some(MasterKeyError::Zero));
    }
}

/// A container mounts secrets with this mode by default, and nobody can run `chmod` there.
#[test]
fn a_mount_with_mode_0444_is_refused_with_advice_for_containers() {
    let folder = Folder::new("mount");
    let path = folder.0.join("master");
    fs::write(&path, "5e".repeat(32)).unwrap();
    let mode = |mode| fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    mode(0o444);
    let refused = LocalMasterKey::from_file(&path).err().unwrap();
    assert_eq!(refused, MasterKeyError::Exposed);
    assert!(refused.to_string().contains("`defaultMode: 0440` and `fsGroup`"), "{refused}");
    mode(0o440);
    LocalMasterKey::from_file(&path).unwrap();
}

#[test]
fn a_master_key_is_64_hexadecimal_digits_that_others_cannot_read() {
    let folder = Folder::new("digits");
    let path = folder.0.join("master");
    let good = "0123456789abcdefABCDEF".repeat(3)[..64].to_owned();
    let too_long = format!("{good}{}", " ".repeat(100));
    for (text, expected) in [
        (good.clone(), None),
        (format!("{good}\n"), None),
        (format!(" {good}\r\n"), None),
        (String::new(), Some(MasterKeyError::Text { len: 0 })),
        (good[..62].to_owned(), Some(MasterKeyError::Text { len: 62 })),
        (good[..63].to_owned(), Some(MasterKeyError::Text { len: 63 })),
        (format!("{good}00"), Some(MasterKeyError::Text { len: 66 })),
        (format!("0x{}", &good[2..]), Some(MasterKeyError::Text { len: 64 })),
        (format!("{} {}", &good[..31], &good[32..]), Some(MasterKeyError::Text { len: 64 })),
        ("é".repeat(32), Some(MasterKeyError::Text { len: 64 })),
        (format!("{}1", "0".repeat(63)), None),
        (format!("1{}", "0".repeat(63)), None),
    ] {
        assert_eq!(LocalMasterKey::from_hex(&text).err(), expected, "{text:?}");
        fs::write(&path, &text).unwrap();
        let mode = |mode| fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
        for allowed in [0o400, 0o440, 0o600] {
            mode(allowed);
            assert_eq!(LocalMasterKey::from_file(&path).err(), expected, "{text:?}");
        }
        for open in [0o644, 0o604, 0o602, 0o601, 0o444] {
            mode(open);
            assert_eq!(LocalMasterKey::from_file(&path).err(), Some(MasterKeyError::Exposed));
        }
        mode(0o600);
    }
    // Only the beginning of a file is read, but a key followed by more text is refused.
    fs::write(&path, format!("{too_long}ff")).unwrap();
    assert!(LocalMasterKey::from_file(&path).is_err());
    fs::write(&path, [0xff; 64]).unwrap();
    assert_eq!(LocalMasterKey::from_file(&path).err(), Some(MasterKeyError::File(std::io::ErrorKind::InvalidData)));
    let missing = LocalMasterKey::from_file(folder.0.join("none")).err();
    assert_eq!(missing, Some(MasterKeyError::File(std::io::ErrorKind::NotFound)));
    assert_eq!(LocalMasterKey::from_env("SECONDO_NO_SUCH_VARIABLE").err(), Some(MasterKeyError::Variable));
}
