//! An allocator that looks for a secret in what is freed.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::alloc::{GlobalAlloc, Layout, System};

use pollster::block_on;
use secondo::import::{google_authenticator, usersfile};
use secondo::store::{Exchange, Memory, Store, Value};
use secondo::{Algorithm, Authenticator, AuthenticatorId, Policy, Secret, State, Totp, UnixTime, Verifier};

const SECRET: &[u8; 20] = b"a very secret secret";
const BASE32: &str = "MEQHMZLSPEQHGZLDOJSXIIDTMVRXEZLU";
const SCRATCH_CODE: &str = "75032147";

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
        let secrets = [&SECRET[4..12], &BASE32.as_bytes()[4..12], SCRATCH_CODE.as_bytes()];
        if bytes.windows(8).any(|part| secrets.contains(&part)) {
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
    assert_eq!(FREED_WITH_SECRET.swap(0, Ordering::Relaxed), 1);

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

    imports();
    assert_eq!(FREED_WITH_SECRET.load(Ordering::Relaxed), 0, "imported authenticators");

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

/// What is read and written leaves nothing behind; the files are not on the heap.
fn imports() {
    let now = UnixTime::from_secs(1_795_500_000);
    let usersfile = b"HOTP/T30 a 1234 6120766572792073656372657420736563726574 0\n";
    drop(usersfile::read(usersfile, now).map(Result::unwrap).collect::<Vec<_>>());

    let file = b"MEQHMZLSPEQHGZLDOJSXIIDTMVRXEZLU\n\" TOTP_AUTH\n75032147\n75032147\n75032147\n75032147\n75032147\n";
    let read = google_authenticator::read("a", file, now).unwrap();
    assert_eq!(read.imported.authenticator.secret().unwrap().to_base32().as_str(), BASE32);
    assert_eq!(read.scratch_codes[4].as_str(), SCRATCH_CODE);
    drop(read);

    #[cfg(feature = "json")]
    {
        use secondo::import::json;

        let authenticator = Authenticator::new(Totp::default(), Algorithm::Sha1, Secret::from_bytes(SECRET).unwrap());
        for name in ["n", &"name ".repeat(50)] {
            drop(json::write(name, &authenticator, &State::new()).unwrap());
        }
        let end = r#","last_step":-1,"confirmed":true,"suspended":false}"#;
        for secret in
            [r#""a very secret secret","encoding":"text""#, r#""YSB2ZXJ5IHNlY3JldCBzZWNyZXQ=","encoding":"base64""#]
        {
            // On the heap, but not dropped before all is looked at.
            let line = core::mem::ManuallyDrop::new(format!(r#"{{"name":"a","type":"totp","secret":{secret}{end}"#));
            drop(json::read(line.as_bytes(), now).map(Result::unwrap).collect::<Vec<_>>());
        }
    }
}
