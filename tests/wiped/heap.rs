//! An allocator that looks for a secret in what is freed.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::alloc::{GlobalAlloc, Layout, System};

use pollster::block_on;
use secondo::otpauth::{Batches, KeyUri, Migration};
use secondo::store::{Exchange, Memory, Store, Value};
use secondo::{
    Algorithm, Authenticator, AuthenticatorId, Counter, Digits, Hotp, Method, Policy, Secret, State, Totp, UnixTime,
    Verifier,
};

const SECRET: &[u8; 20] = b"a very secret secret";

/// A part of it as it is, in base32, and in base64 at each place that it can have there.
const PARTS: [&[u8; 8]; 5] = [b"ry secre", b"MZLSPEQH", b"IHNlY3Jl", b"eSBzZWNy", b"cnkgc2Vj"];

/// In bytes.
static FREED: AtomicUsize = AtomicUsize::new(0);
static FREED_WITH_SECRET: AtomicUsize = AtomicUsize::new(0);

struct Watching;

#[global_allocator]
static ALLOCATOR: Watching = Watching;

// SAFETY: the system's allocator; memory is only read before it is freed. Growing goes through these two as well.
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's duty, passed on. Zeroed, so that all of it can be looked at.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        FREED.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: allocated with this layout, and all of it written at first.
        let bytes = unsafe { core::slice::from_raw_parts(memory, layout.size()) };
        if bytes.windows(8).any(|part| PARTS.iter().any(|of| part == *of)) {
            FREED_WITH_SECRET.fetch_add(1, Ordering::Relaxed);
        }
        // SAFETY: the caller's duty, passed on.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[test]
fn no_freed_memory_holds_a_secret() {
    // The allocator would notice.
    drop(std::hint::black_box(SECRET.to_vec()));
    for text in
        ["MEQHMZLSPEQHGZLDOJSXIIDTMVRXEZLU", "YSB2ZXJ5IHNlY3JldCBz", "AGEgdmVyeSBzZWNyZXQg", "AABhIHZlcnkgc2VjcmV0"]
    {
        drop(std::hint::black_box(text.to_owned()));
    }
    assert_eq!(FREED_WITH_SECRET.swap(0, Ordering::Relaxed), 5);

    key_uris_and_exports();
    assert_eq!(FREED_WITH_SECRET.load(Ordering::Relaxed), 0, "key URIs and exports");

    drop(std::hint::black_box(Value::from(SECRET.to_vec())));
    assert_eq!(FREED_WITH_SECRET.load(Ordering::Relaxed), 0, "a value");

    let now = UnixTime::from_secs(1_700_000_000);
    let secret = || Secret::from_bytes(SECRET).unwrap();
    let code = Totp::default().generate(&secondo::Key::new(Algorithm::Sha1, &secret()), now).unwrap();
    let verifier = Verifier::new(Memory::new(), Policy::new());
    for n in 0..100 {
        let id = AuthenticatorId::new(&format!("id/{n}")).unwrap();
        let authenticator = Box::new(Authenticator::new(Totp::default(), Algorithm::Sha1, secret()));
        block_on(verifier.enroll(&id, &authenticator, State::new().confirmed())).unwrap();
        assert!(block_on(verifier.verify(&id, "000000", now)).is_err());
        assert!(block_on(verifier.verify(&id, code.as_str(), now)).is_ok());
        assert!(block_on(verifier.resync(&id, &["000000", "000000"], now)).is_err());
        block_on(verifier.suspend(&id)).unwrap();
        if n % 2 == 0 {
            block_on(verifier.revoke(&id)).unwrap();
        }
    }
    drop(verifier);
    assert_eq!(FREED_WITH_SECRET.load(Ordering::Relaxed), 0, "a store of authenticators");

    // Half of it expires, and the other half moves to memory of its own.
    let store = Memory::new();
    for n in 0..10_000 {
        let id = AuthenticatorId::new(&format!("id/{n}")).unwrap();
        let expiry = (n % 2 == 0).then_some(now);
        let exchange = block_on(store.compare_exchange(&id, None, Value::from(SECRET.as_slice()), expiry));
        assert_eq!(exchange.unwrap(), Exchange::Stored);
    }
    let freed = FREED.load(Ordering::Relaxed);
    store.purge(now);
    assert_eq!(store.len(), 5_000);
    assert!(FREED.load(Ordering::Relaxed) - freed > 100_000, "what was moved left memory behind");
    assert_eq!(FREED_WITH_SECRET.load(Ordering::Relaxed), 0, "a purged store");
    drop(store);
    assert_eq!(FREED_WITH_SECRET.load(Ordering::Relaxed), 0, "a dropped store");
}

/// The longest that can be written, and every way to read.
fn key_uris_and_exports() {
    let hotp = Hotp::new(Digits::Nine);
    let secret = |len| Secret::from_bytes(&std::array::from_fn::<u8, 128, _>(|at| SECRET[at % 20])[..len]).unwrap();
    let uri = |len, method: Method| {
        let authenticator = Authenticator::new(method, Algorithm::Sha512, secret(len));
        let uri = KeyUri::new(&"/".repeat(255), authenticator).unwrap().with_issuer(&"/".repeat(255)).unwrap();
        Box::new(uri.with_image(&"/".repeat(255)).unwrap().starting_at(Counter::new(u64::MAX)))
    };
    for len in [20, 128] {
        let uri = uri(len, hotp.into());
        for written in [uri.to_uri(), uri.to_short_uri()] {
            drop(Box::new(KeyUri::parse(written.as_str()).unwrap()));
        }
        drop(uri);
    }
    drop(Box::new(KeyUri::parse("otpauth://totp/a?secret=%4dEQH+MZLS-PEQH%20GZLDOJSXIIDTMVRXEZLU").unwrap()));
    assert!(KeyUri::parse("otpauth://totp/a?secret=MEQHMZLSPEQHGZLD%4fJSXI!!").is_err());
    assert!(KeyUri::parse("otpauth://totp/a?secret=MEQHMZLSPEQHGZLD%4fJSXI%ff").is_err());

    let totp = |len| *uri(len, Totp::default().into());
    let accounts: Vec<_> = (0..15).map(|n| totp(if n < 12 { 20 } else { 128 })).collect();
    let mut batches = Batches::new();
    for text in Migration::write(&accounts, 1).unwrap() {
        let text = text.as_str();
        batches.insert(Migration::parse(text).unwrap()).unwrap();
        assert!(Migration::parse(&text[..text.len() / 2]).is_err());
    }
    drop(Migration::write(&accounts[14..], -1).unwrap());
    drop(accounts);
    assert_eq!(batches.into_accounts().len(), 15);
}
