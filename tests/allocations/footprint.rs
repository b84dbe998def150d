//! Tests of the memory that the in-memory store takes, with a counting allocator.

use crate::counting::{in_use, peak_of};
use pollster::block_on;
use secondo::audit::Operator;
use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
use secondo::store::{Exchange, Memory, Store, Value};
use secondo::types::MalformedCode;
use secondo::{
    AccountId, Algorithm, Authenticator, AuthenticatorNumber, Policy, Refusal, Secret, State, Totp, Transaction,
    UnixTime, Verifier, VerifierError,
};

const ENTRIES: u32 = 200_000;
/// The number of bytes that the test runner may allocate meanwhile.
const OTHERS: isize = 10_000;

/// Returns the id of number `n`, in the form of a UUID.
fn id(n: u32) -> AccountId {
    AccountId::new(&format!("{n:08x}-7dec-4000-a765-00a0c91e6bf6")).unwrap()
}

/// Adds a confirmed authenticator to account number `n`.
fn add<S: Store>(verifier: &Verifier<S>, n: u32) {
    let secret = Secret::from_bytes(b"12345678901234567890").unwrap();
    let authenticator = Authenticator::new(Totp::default(), Algorithm::Sha1, secret);
    let added = [(authenticator.into(), State::new().confirmed())];
    block_on(verifier.import(&id(n), &added, Operator::new("desk", "test"), UnixTime::EPOCH)).unwrap();
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
    for n in 0..ENTRIES {
        add(&verifier, n);
    }
    let each = (in_use() - empty) / ENTRIES.cast_signed() as isize;
    assert!((150..=180).contains(&each), "{each} bytes per account");

    let replace_all = |len: usize, expiry: Option<UnixTime>| {
        for n in 0..ENTRIES {
            let revision = block_on(store.load(&id(n))).unwrap().unwrap().revision;
            let value = Value::from(vec![1; len]);
            let exchange = block_on(store.compare_exchange(&id(n), Some(revision), value, expiry));
            assert_eq!(exchange.unwrap(), Exchange::Stored);
        }
    };
    let sizes = [2, 110, 107];
    for len in sizes {
        replace_all(len, None);
    }
    let grown = in_use();
    for len in sizes {
        replace_all(len, None);
    }
    assert!(in_use() < grown + grown / 10, "{grown} bytes, then {}", in_use());

    // Every account grows, as by a login. Without moving entries together, the memory would more than double.
    replace_all(141, None);
    let each = (in_use() - empty) / ENTRIES.cast_signed() as isize;
    assert!(each < 290, "{each} bytes per account after all have grown");
    replace_all(107, None);

    store.purge(UnixTime::from_secs(0).unwrap());
    let each = (in_use() - empty) / ENTRIES.cast_signed() as isize;
    // At most a quarter of the memory is left unused.
    assert!((150..=220).contains(&each), "{each} bytes per account after unused memory was returned");

    replace_all(107, Some(UnixTime::from_secs(1).unwrap()));
    store.purge(UnixTime::from_secs(1).unwrap());
    assert!(store.is_empty());
    assert!(in_use() - empty < OTHERS, "{empty} bytes when empty, then {}", in_use());

    codes_that_are_too_many_are_not_read();
}

/// A resynchronization must count the submitted codes before it parses them.
fn codes_that_are_too_many_are_not_read() {
    let verifier = Verifier::unsealed(Memory::new(), Policy::new());
    add(&verifier, 0);
    let (login, number) = (Transaction::new(&[7; 16]).unwrap(), AuthenticatorNumber::new(1));
    let entries = vec!["123456"; 1_000_000];
    let peak = peak_of(|| match block_on(verifier.resync(&id(0), &login, number, &entries, UnixTime::EPOCH)) {
        Err(VerifierError::Refused(Refusal::Malformed(found))) => {
            assert_eq!(found, MalformedCode::Count { expected: 2, found: entries.len() });
        }
        other => panic!("{other:?}"),
    });
    assert!(peak < OTHERS, "{peak} bytes");
}
