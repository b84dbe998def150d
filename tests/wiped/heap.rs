//! An allocator that looks for a secret in what is freed.

use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::alloc::{GlobalAlloc, Layout, System};

use pollster::block_on;
use secondo::seal::{KeyId, KeyRing, LocalMasterKey, SealingKey};
use secondo::store::{Exchange, Memory, Store, Value};
use secondo::{Algorithm, Authenticator, AuthenticatorId, Policy, Secret, State, Totp, UnixTime, Verifier};

const SECRET: &[u8; 20] = b"a very secret secret";

/// In bytes.
static FREED: AtomicUsize = AtomicUsize::new(0);
static FREED_WITH_SECRET: AtomicUsize = AtomicUsize::new(0);
/// Eight bytes of the secret.
static PART: AtomicU64 = AtomicU64::new(0);

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
        let secret = PART.load(Ordering::Relaxed).to_ne_bytes();
        if bytes.windows(8).any(|part| part == secret) {
            FREED_WITH_SECRET.fetch_add(1, Ordering::Relaxed);
        }
        // SAFETY: the caller's duty, passed on.
        unsafe { System.dealloc(memory, layout) }
    }
}

/// Looks for this from now on. The allocator would notice it.
fn look_for(secret: &[u8]) {
    let (_, part) = secret.split_at(secret.len() / 2 - 4);
    PART.store(u64::from_ne_bytes(*part.first_chunk().unwrap()), Ordering::Relaxed);
    FREED_WITH_SECRET.store(0, Ordering::Relaxed);
    drop(std::hint::black_box(secret.to_vec()));
    assert_eq!(FREED_WITH_SECRET.swap(0, Ordering::Relaxed), 1);
}

#[test]
fn no_freed_memory_holds_a_secret() {
    look_for(SECRET);

    drop(std::hint::black_box(Value::from(SECRET.to_vec())));
    assert_eq!(FREED_WITH_SECRET.load(Ordering::Relaxed), 0, "a value");

    let now = UnixTime::from_secs(1_700_000_000);
    let secret = || Secret::from_bytes(SECRET).unwrap();
    let code = Totp::default().generate(&secondo::Key::new(Algorithm::Sha1, &secret()), now).unwrap();
    let master = LocalMasterKey::from_hex(&"5e".repeat(32)).unwrap();
    let keys = KeyRing::new(SealingKey::derive(KeyId::new(1), &master).unwrap(), []).unwrap();
    for verifier in
        [Verifier::unsealed(Memory::new(), Policy::new()), Verifier::new(Memory::new(), keys, Policy::new())]
    {
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
    }

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

    #[cfg(feature = "png")]
    {
        let png = || secondo::otpauth::Qr::new("otpauth://totp/a?secret=GEZDGNBVGY3TQOJQ").unwrap().png(8).unwrap();
        look_for(png().as_bytes());
        drop(png());
        assert_eq!(FREED_WITH_SECRET.load(Ordering::Relaxed), 0, "a QR code as a PNG file");
    }
}
