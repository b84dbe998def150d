//! An allocator that looks for a secret in what is freed.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::alloc::{GlobalAlloc, Layout, System};

use pollster::block_on;
use secondo::store::{Exchange, Memory, Store, Value};
use secondo::{Algorithm, Authenticator, AuthenticatorId, Policy, Secret, State, Totp, UnixTime, Verifier};

const SECRET: &[u8; 20] = b"a very secret secret";
/// As it stands in key files.
const BASE64: &[u8; 28] = b"YSB2ZXJ5IHNlY3JldCBzZWNyZXQ=";

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
        if bytes.windows(8).any(|part| part == &SECRET[4..12] || part == &BASE64[4..12]) {
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
    drop(std::hint::black_box(BASE64.to_vec()));
    assert_eq!(FREED_WITH_SECRET.swap(0, Ordering::Relaxed), 2);

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

    #[cfg(feature = "pskc")]
    key_files();
}

#[cfg(feature = "pskc")]
fn key_files() {
    use rand::SeedableRng;
    use rand::rngs::StdRng;
    use secondo::import::pskc::{Credential, Protection, Reader, Token, Writer};

    let key = &[7; 16];
    for (protection, credential) in
        [(Protection::Plain, Credential::None), (Protection::Key { name: "k", key }, Credential::Key(key))]
    {
        let authenticator = Authenticator::new(Totp::default(), Algorithm::Sha1, Secret::from_bytes(SECRET).unwrap());
        let mut token = Token::new("1", authenticator, State::new());
        token.user_id = Some("\"".repeat(4096));
        // What the caller reads from and writes to is the caller's.
        let mut document = zeroize::Zeroizing::new(vec![0; 100_000]);
        let mut writer = Writer::new(&mut document[..], protection, StdRng::seed_from_u64(1)).unwrap();
        writer.write(&token).unwrap();
        let left = writer.finish().unwrap().len();
        let document = &document[..document.len() - left];
        let read = Reader::new(document, credential).next().unwrap().unwrap();
        assert_eq!(read.authenticator.secret().unwrap().expose(), SECRET);

        // Text in pieces and with line ends that are not as read, a secret that is not used, a document that ends early.
        let at = document.windows(4).position(|part| part == b"IHNl").unwrap_or(document.len());
        let mut other = zeroize::Zeroizing::new(Vec::with_capacity(document.len() + 100));
        other.extend_from_slice(&document[..at]);
        other.extend_from_slice(b"\r\n<!-- -->&#13;");
        other.extend_from_slice(&document[at..]);
        for cut in other.len() - 1_000..=other.len() {
            for token in Reader::new(&other[..cut], credential) {
                drop(token);
            }
        }
    }
    assert_eq!(FREED_WITH_SECRET.load(Ordering::Relaxed), 0, "key files");
}
