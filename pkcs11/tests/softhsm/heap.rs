//! An allocator that looks for secrets in what this program frees; the module frees by other means.
#![expect(unsafe_code, reason = "only a look at memory before it is freed can tell")]

use core::sync::atomic::{AtomicUsize, Ordering};
use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;

use secondo::Algorithm;
use secondo::seal::MasterKey;

use crate::store::{PIN, open, with_softhsm};
use crate::{hmacs, name, one_worker, rfc_secret};

/// Counter 0 of RFC 4226 appendix D.
const HMAC: [u8; 8] = 0xcc93_cf18_508d_9493_u64.to_be_bytes();

/// What must not be found: parts of the PIN, the seed, and the HMAC.
const SECRETS: [&[u8]; 3] = [PIN.as_bytes(), b"1234567890", &HMAC];

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
        // SAFETY: allocated with this layout, and all of it written at first.
        let bytes = unsafe { core::slice::from_raw_parts(memory, layout.size()) };
        if SECRETS.iter().any(|secret| bytes.windows(8).any(|part| part == &secret[..8])) {
            FREED_WITH_SECRET.fetch_add(1, Ordering::Relaxed);
        }
        // SAFETY: the caller's duty, passed on.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[test]
fn no_freed_memory_holds_a_pin_a_seed_or_an_hmac() {
    with_softhsm(|| {
        let secret = rfc_secret(Algorithm::Sha1);
        FREED_WITH_SECRET.store(0, Ordering::Relaxed);
        for secret in SECRETS {
            drop(black_box(secret.to_vec()));
        }
        assert_eq!(FREED_WITH_SECRET.swap(0, Ordering::Relaxed), SECRETS.len(), "the allocator is blind");

        let token = open().unwrap();
        token.import(&name("rossi"), &secret, Algorithm::Sha1).unwrap();
        assert!(token.import(&name("rossi"), &secret, Algorithm::Sha1).is_err());
        token.import(&name("master"), &secret, Algorithm::Sha256).unwrap();
        let hsm = one_worker(&token);
        drop(hmacs(&hsm, "rossi").unwrap());
        token.master_key(name("master")).hmac_sha256(b"message", &mut [0; 32]).unwrap();
        drop((hsm, token));
        assert_eq!(FREED_WITH_SECRET.load(Ordering::Relaxed), 0);
    });
}
