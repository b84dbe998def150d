use core::fmt;

use sha1::Digest;
use subtle::{Choice, ConditionallySelectable};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{Algorithm, Counter, Secret};

/// A [`Secret`] made ready for computing codes: the hash states after HMAC's inner and outer padded key.
///
/// Preparing it costs two compressions of the hash, each code then two more. A secret longer than the hash's block is
/// hashed first (RFC 2104 section 2). As secret as the secret itself: it gives every code, and is wiped on drop.
///
/// ```
/// use secondo::{Algorithm, Counter, Hotp, Key, Secret};
///
/// let secret = Secret::from_bytes(b"12345678901234567890")?;
/// let key = Key::new(Algorithm::Sha1, &secret);
/// assert_eq!(Hotp::default().generate(&key, Counter::new(1)).as_str(), "287082"); // RFC 4226, appendix D
/// # Ok::<(), secondo::SecretError>(())
/// ```
pub struct Key {
    algorithm: Algorithm,
    // The state's words, then zeros; a word of SHA-512 takes two. No variants: bytes that one leaves unused could hold
    // what the stack held, and would not be wiped.
    inner: [u32; 16],
    outer: [u32; 16],
}

impl Key {
    /// Prepares the secret for this algorithm.
    #[must_use]
    pub fn new(algorithm: Algorithm, secret: &Secret) -> Self {
        let mut key = Self { algorithm, inner: [0; 16], outer: [0; 16] };
        match algorithm {
            Algorithm::Sha1 => hmac_sha1::prepare(secret.expose(), &mut key, store),
            Algorithm::Sha256 => hmac_sha256::prepare(secret.expose(), &mut key, store),
            Algorithm::Sha512 => hmac_sha512::prepare(secret.expose(), &mut key, store_wide),
        }
        key
    }

    /// The algorithm that the key was prepared for.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// `DT(HMAC(K, C))` of RFC 4226 section 5.3: 31 bits.
    pub(crate) fn truncated(&self, counter: Counter) -> u32 {
        let Self { algorithm, inner, outer } = self;
        match algorithm {
            Algorithm::Sha1 => {
                let mut mac = hmac_sha1::mac(load(inner), load(outer), counter);
                let truncated = truncate(mac, mac[4]);
                mac.as_mut_slice().zeroize();
                truncated
            }
            Algorithm::Sha256 => {
                let mut mac = hmac_sha256::mac(load(inner), load(outer), counter);
                let truncated = truncate([mac[0], mac[1], mac[2], mac[3], mac[4]], mac[7]);
                mac.as_mut_slice().zeroize();
                truncated
            }
            Algorithm::Sha512 => {
                let mut mac = hmac_sha512::mac(load_wide(inner), load_wide(outer), counter);
                let first = [high(mac[0]), low(mac[0]), high(mac[1]), low(mac[1]), high(mac[2])];
                let truncated = truncate(first, low(mac[7]));
                mac.as_mut_slice().zeroize();
                truncated
            }
        }
    }
}

/// The four bytes at the offset that the last byte's low half names, without an address that depends on it.
///
/// The offset is at most 15, so the bytes lie in the first five words; each bit of it moves them by a fixed distance
/// or leaves them.
fn truncate(mut words: [u32; 5], last: u32) -> u32 {
    let bit = |n: u32| Choice::from((last >> n & 1).to_le_bytes()[0]);

    for (distance, by) in [(2, bit(3)), (1, bit(2))] {
        let moved = words;
        for (word, next) in words.iter_mut().zip(moved.iter().skip(distance)) {
            word.conditional_assign(next, by);
        }
    }
    let [mut high, mut low, ..] = words;
    high.conditional_assign(&(high << 16 | low >> 16), bit(1));
    low.conditional_assign(&(low << 16), bit(1));
    high.conditional_assign(&(high << 8 | low >> 24), bit(0));
    high & 0x7fff_ffff
}

fn high(word: u64) -> u32 {
    (word >> 32) as u32
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half")]
fn low(word: u64) -> u32 {
    word as u32
}

fn load<const N: usize>(words: &[u32; 16]) -> [u32; N] {
    let mut state = [0; N];
    for (word, held) in state.iter_mut().zip(words) {
        *word = *held;
    }
    state
}

fn load_wide(words: &[u32; 16]) -> [u64; 8] {
    let mut state = [0; 8];
    for (word, [high, low]) in state.iter_mut().zip(words.as_chunks().0) {
        *word = u64::from(*high) << 32 | u64::from(*low);
    }
    state
}

fn store<const N: usize>(state: &[u32; N], words: &mut [u32; 16]) {
    for (held, word) in words.iter_mut().zip(state) {
        *held = *word;
    }
}

fn store_wide(state: &[u64; 8], words: &mut [u32; 16]) {
    for (held, word) in words.as_chunks_mut().0.iter_mut().zip(state) {
        *held = [high(*word), low(*word)];
    }
}

/// HMAC over an 8-byte message, from prepared states. Both padded messages fill exactly one block.
macro_rules! hmac {
    ($name:ident, $hash:ty, $word:ty, $words:literal, $block:literal, $compress:path, $initial:expr) => {
        mod $name {
            use core::slice;

            use super::{Counter, Digest, Key, Zeroize};

            type State = [$word; $words];

            pub(super) fn prepare(secret: &[u8], key: &mut Key, store: fn(&State, &mut [u32; 16])) {
                let mut block = [0_u8; $block];
                if let Some(slot) = block.get_mut(..secret.len()) {
                    slot.copy_from_slice(secret);
                } else {
                    let mut hashed = <$hash>::digest(secret);
                    for (slot, byte) in block.iter_mut().zip(&hashed) {
                        *slot = *byte;
                    }
                    hashed.as_mut_slice().zeroize();
                }
                for (pad, words) in [(0x36, &mut key.inner), (0x36 ^ 0x5c, &mut key.outer)] {
                    for byte in &mut block {
                        *byte ^= pad;
                    }
                    let mut state = $initial;
                    $compress(&mut state, slice::from_ref(&block));
                    store(&state, words);
                    state.as_mut_slice().zeroize();
                }
                block.as_mut_slice().zeroize();
            }

            pub(super) fn mac(mut inner: State, mut outer: State, counter: Counter) -> State {
                const COUNTER: [u8; $block] = padding(8);
                const DIGEST: [u8; $block] = padding(size_of::<State>());

                let mut block = COUNTER;
                if let Some(message) = block.first_chunk_mut() {
                    *message = counter.get().to_be_bytes();
                }
                $compress(&mut inner, slice::from_ref(&block));
                block = DIGEST;
                for (message, word) in block.as_chunks_mut().0.iter_mut().zip(inner) {
                    *message = word.to_be_bytes();
                }
                $compress(&mut outer, slice::from_ref(&block));
                block.as_mut_slice().zeroize();
                inner.as_mut_slice().zeroize();
                outer
            }

            /// What follows a message of so many bytes in the only block after the key's: a 1 bit, zeros, the length in bits.
            #[expect(clippy::indexing_slicing, reason = "computed by the compiler")]
            const fn padding(len: usize) -> [u8; $block] {
                let mut block = [0; $block];
                block[len] = 0x80;
                let bits = (($block + len) * 8).to_be_bytes();
                let mut at = bits.len();
                while at > 0 {
                    at -= 1;
                    block[$block - bits.len() + at] = bits[at];
                }
                block
            }
        }
    };
}

hmac!(hmac_sha1, sha1::Sha1, u32, 5, 64, sha1::block_api::compress, super::SHA1_INITIAL);
hmac!(hmac_sha256, sha2::Sha256, u32, 8, 64, sha2::block_api::compress256, super::SHA256_INITIAL);
hmac!(hmac_sha512, sha2::Sha512, u64, 8, 128, sha2::block_api::compress512, super::SHA512_INITIAL);

// FIPS 180-4, sections 5.3.1, 5.3.3 and 5.3.5.
const SHA1_INITIAL: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
const SHA256_INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];
const SHA512_INITIAL: [u64; 8] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];

impl Drop for Key {
    fn drop(&mut self) {
        self.inner.as_mut_slice().zeroize();
        self.outer.as_mut_slice().zeroize();
    }
}

impl ZeroizeOnDrop for Key {}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4226 appendix D: the HMAC and the truncated value before they become a code.
    #[test]
    fn intermediate_values() {
        let secret = Secret::from_bytes(b"12345678901234567890").unwrap();
        let key = Key::new(Algorithm::Sha1, &secret);
        let rows = include_str!("../tests/vectors/rfc4226-appendix-d.txt").lines().filter(|row| !row.starts_with('#'));
        let mut checked = 0;
        for row in rows {
            let [counter, mac, truncated, _] = row.split(' ').collect::<Vec<_>>()[..] else { panic!("bad row: {row}") };
            let counter = Counter::new(counter.parse().unwrap());
            let mac: Vec<_> = (0..40).step_by(8).map(|at| u32::from_str_radix(&mac[at..at + 8], 16).unwrap()).collect();
            assert_eq!(hmac_sha1::mac(load(&key.inner), load(&key.outer), counter)[..], mac);
            assert_eq!(key.truncated(counter), truncated.parse().unwrap());
            checked += 1;
        }
        assert_eq!(checked, 10);
    }

    /// Every offset that the last half byte can name, against plain indexing.
    #[test]
    fn truncation_at_every_offset() {
        let words = [0x0001_0203, 0x0405_0607, 0x8889_8a8b, 0x0c0d_0e0f, 0xf0f1_f2f3];
        let bytes: Vec<u8> = words.iter().flat_map(|word: &u32| word.to_be_bytes()).collect();
        for last in 0..=0xff_u32 {
            let offset = (last & 0xf) as usize;
            let expected = u32::from_be_bytes(bytes[offset..offset + 4].try_into().unwrap()) & 0x7fff_ffff;
            assert_eq!(truncate(words, last), expected, "offset {offset}");
        }
    }
}
