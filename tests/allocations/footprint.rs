//! Tests of the memory that the in-memory store takes, with a counting allocator.

use crate::counting::{in_use, peak_of};
use pollster::block_on;
use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
use secondo::store::{Exchange, Memory, Store, Value};
use secondo::types::MalformedCode;
use secondo::{
    AccountId, Algorithm, Authenticator, Policy, Refusal, Secret, State, Totp, UnixTime, Verifier, VerifierError,
};

const ENTRIES: u32 = 200_000;
/// The number of bytes that the test runner may allocate meanwhile.
const OTHERS: isize = 10_000;

/// Returns the id of number `n`, in the form of a UUID.
fn id(n: u32) -> AccountId {
    AccountId::new(&format!("{n:08x}-7dec-4000-a765-00a0c91e6bf6")).unwrap()
}

#[test]
fn memory_is_small_reused_and_returned() {
    let _alone = crate::alone();
    let store = Memory::new();
    let master = LocalMasterKey::from_hex(&"5e".repeat(32)).unwrap();
    let keys =
        KeyRing::new(SealingKey::derive(&Deployment::new("tests").unwrap(), KeyId::new(1), &master).unwrap(), [])
            .unwrap();
    let verifier = Verifier::new(&store, keys, Policy::new());
    let empty = in_use();
    let secret = Secret::from_bytes(b"12345678901234567890").unwrap();
    let authenticator = Authenticator::new(Totp::default(), Algorithm::Sha1, secret);
    for n in 0..ENTRIES {
        block_on(verifier.enroll(&id(n), &authenticator, State::new())).unwrap();
    }
    let each = (in_use() - empty) / ENTRIES.cast_signed() as isize;
    assert!((150..=170).contains(&each), "{each} bytes per authenticator");

    let replace_all = |len: usize, expiry: Option<UnixTime>| {
        for n in 0..ENTRIES {
            let revision = block_on(store.load(&id(n))).unwrap().unwrap().revision;
            let value = Value::from(vec![1; len]);
            let exchange = block_on(store.compare_exchange(&id(n), Some(revision), value, expiry));
            assert_eq!(exchange.unwrap(), Exchange::Stored);
        }
    };
    let sizes = [2, 110, 104];
    for len in sizes {
        replace_all(len, None);
    }
    let grown = in_use();
    for len in sizes {
        replace_all(len, None);
    }
    assert!(in_use() - grown < OTHERS, "{grown} bytes, then {}", in_use());

    store.purge(UnixTime::from_secs(0).unwrap());
    let each = (in_use() - empty) / ENTRIES.cast_signed() as isize;
    assert!((150..=170).contains(&each), "{each} bytes per authenticator after unused memory was returned");

    replace_all(104, Some(UnixTime::from_secs(1).unwrap()));
    store.purge(UnixTime::from_secs(1).unwrap());
    assert!(store.is_empty());
    assert!(in_use() - empty < OTHERS, "{empty} bytes when empty, then {}", in_use());

    codes_that_are_too_many_are_not_read();
}

/// A resynchronization must count the submitted codes before it parses them.
fn codes_that_are_too_many_are_not_read() {
    let verifier = Verifier::unsealed(Memory::new(), Policy::new());
    let secret = Secret::from_bytes(b"12345678901234567890").unwrap();
    let authenticator = Authenticator::new(Totp::default(), Algorithm::Sha1, secret);
    block_on(verifier.enroll(&id(0), &authenticator, State::new().confirmed())).unwrap();
    let entries = vec!["123456"; 1_000_000];
    let peak = peak_of(|| match block_on(verifier.resync(&id(0), &entries, UnixTime::EPOCH)) {
        Err(VerifierError::Refused(Refusal::Malformed(found))) => {
            assert_eq!(found, MalformedCode::Count { expected: 2, found: entries.len() });
        }
        other => panic!("{other:?}"),
    });
    assert!(peak < OTHERS, "{peak} bytes");
}
