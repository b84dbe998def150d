//! Tests that a dropped secret leaves nothing of itself in memory.
#![expect(unsafe_code, reason = "the check reads memory after a drop")]

use core::mem::MaybeUninit;
use core::ptr;

use secondo::types::Counter;
use secondo::{Algorithm, Hotp, Key, Secret};

#[cfg(feature = "std")]
mod heap;
#[cfg(feature = "std")]
#[path = "../suite/support/watching.rs"]
mod watching;

/// Returns the bytes of a value before and after it is dropped in place.
fn around_drop<T>(value: T) -> (Vec<u8>, Vec<u8>) {
    let mut slot = MaybeUninit::<T>::zeroed();
    slot.write(value);
    let bytes = slot.as_ptr().cast::<u8>();
    // SAFETY: the reads are within the slot, which outlives the closure. They are volatile, so that the compiler does
    // not reason about the dropped value.
    let look = || (0..size_of::<T>()).map(|at| unsafe { ptr::read_volatile(bytes.add(at)) }).collect::<Vec<u8>>();
    let before = look();
    // SAFETY: the value was written above, and is not used afterwards.
    unsafe { ptr::drop_in_place(slot.as_mut_ptr()) };
    (before, look())
}

fn has_part_of(memory: &[u8], secret: &[u8]) -> bool {
    memory.windows(4).any(|part| secret.windows(4).any(|of| of == part))
}

#[test]
fn secrets_keys_codes_and_their_text() {
    let seed: Vec<u8> = (100..=227).collect();
    let secret = || Secret::from_bytes(&seed).unwrap();
    let (before, after) = around_drop(secret());
    assert!(has_part_of(&before, &seed) && !has_part_of(&after, &seed));

    let text = secret().to_base32();
    let symbols = text.as_str().as_bytes().to_vec();
    let (before, after) = around_drop(text);
    assert!(has_part_of(&before, &symbols) && !has_part_of(&after, &symbols));

    for algorithm in Algorithm::ALL.iter().copied() {
        let (before, after) = around_drop(Key::new(algorithm, &secret()));
        // The algorithm remains, and at most three bytes of padding after it.
        assert!(before.iter().filter(|byte| **byte != 0).count() > 30);
        assert!(after.iter().filter(|byte| **byte != 0).count() <= 4, "{algorithm}: {after:?}");
    }

    let code = Hotp::default().generate(&Key::new(Algorithm::Sha1, &secret()), Counter::new(0));
    let digits = code.as_str().as_bytes().to_vec();
    let (before, after) = around_drop(code);
    assert!(has_part_of(&before, &digits) && !has_part_of(&after, &digits));
}

#[cfg(feature = "verifier")]
#[test]
fn master_keys_and_what_a_module_computes() {
    use secondo::hsm::Hmac;
    use secondo::seal::LocalMasterKey;

    let master = || LocalMasterKey::from_hex(&"5e".repeat(32)).unwrap();
    let (before, after) = around_drop(master());
    assert!(has_part_of(&before, &[0x5e; 4]) && !has_part_of(&after, &[0x5e; 4]));

    let (before, after) = around_drop(Hmac::from_bytes(&[0x5e; 32]).unwrap());
    assert!(has_part_of(&before, &[0x5e; 4]) && !has_part_of(&after, &[0x5e; 4]));
}

#[cfg(feature = "qr")]
#[test]
fn qr_codes() {
    let text = "otpauth://totp/Example:ann?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example";
    let (before, after) = around_drop(secondo::formats::otpauth::Qr::new(text).unwrap());
    assert!(before.iter().filter(|byte| **byte != 0).count() > 100);
    assert!(after.iter().all(|byte| *byte == 0));
}

/// The check itself must notice a value that is not wiped.
#[test]
fn values_that_are_not_wiped_are_noticed() {
    struct Leaky([u8; 16]);
    impl Drop for Leaky {
        fn drop(&mut self) {
            self.0[0] = 0;
        }
    }
    let (before, after) = around_drop(Leaky(*b"0123456789abcdef"));
    assert!(has_part_of(&before, b"0123456789abcdef") && has_part_of(&after, b"0123456789abcdef"));
}
