use core::fmt;

use sha1::Digest;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::joined::joined;
use super::mac::Mac;
#[cfg(feature = "verifier")]
use crate::ct::declassify::public;
#[cfg(feature = "verifier")]
use crate::ct::select::is_not_zero;
use crate::ct::truncate::truncate;
use crate::types::{Algorithm, Counter, Secret};

/// A [`Secret`] prepared for computing codes: the hash states after HMAC's inner and outer padded keys.
///
/// Preparing a key costs two compressions of the hash. Each code then costs two more. A secret longer than the hash's
/// block is hashed first (RFC 2104 section 2).
///
/// A key is as secret as the secret itself, because every code can be computed from it. It is wiped on drop.
///
/// ```
/// use secondo::types::Counter;
/// use secondo::{Algorithm, Hotp, Key, Secret};
///
/// let secret = Secret::from_bytes(b"12345678901234567890")?;
/// let key = Key::new(Algorithm::Sha1, &secret);
/// assert_eq!(Hotp::default().generate(&key, Counter::new(1)).as_str(), "287082"); // RFC 4226, appendix D
/// # Ok::<(), secondo::types::SecretError>(())
/// ```
pub struct Key {
    algorithm: Algorithm,
    // The words of the hash state, then zeros. A 64-bit word of SHA-512 takes two slots. An enum with one variant for
    // each hash would leave bytes unused in the smaller variants: these could hold old stack contents, and would not be
    // wiped.
    pub(crate) inner: [u32; 16],
    pub(crate) outer: [u32; 16],
}

impl Key {
    /// Creates a key from a secret, for codes with this algorithm.
    #[must_use]
    pub fn new(algorithm: Algorithm, secret: &Secret) -> Self {
        match algorithm {
            Algorithm::Sha1 => hmac_sha1::prepare(secret),
            #[cfg(feature = "sha2")]
            Algorithm::Sha256 => hmac_sha256::prepare(secret),
            #[cfg(feature = "sha2")]
            Algorithm::Sha512 => hmac_sha512::prepare(secret),
        }
    }

    /// Returns the algorithm that the key was prepared for.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(crate) const fn copied(&self) -> Self {
        Self { algorithm: self.algorithm, inner: self.inner, outer: self.outer }
    }

    /// Returns the words of both hash states that the algorithm uses, the inner state's first.
    #[cfg(feature = "verifier")]
    pub(crate) fn words(&self) -> impl Iterator<Item = u32> {
        let count = Self::words_each(self.algorithm);
        self.inner.iter().take(count).chain(self.outer.iter().take(count)).copied()
    }

    /// Creates a key from its [`Self::words`] in big-endian order. Returns `None` if their number is wrong.
    #[cfg(feature = "verifier")]
    pub(crate) fn from_words(algorithm: Algorithm, bytes: &[u8]) -> Option<Self> {
        let (words, rest) = bytes.as_chunks();
        let (inner, outer) = words.split_at_checked(Self::words_each(algorithm))?;
        if inner.len() != outer.len() || !rest.is_empty() {
            return None;
        }
        let mut key = Self { algorithm, inner: [0; 16], outer: [0; 16] };
        for (state, words) in [(&mut key.inner, inner), (&mut key.outer, outer)] {
            for (slot, word) in state.iter_mut().zip(words) {
                *slot = u32::from_be_bytes(*word);
            }
        }
        Some(key)
    }

    /// Returns `true` if both compute the same codes. Only this answer is public.
    #[cfg(feature = "verifier")]
    pub(crate) fn is_equal(&self, other: &Self) -> bool {
        let words = self.inner.iter().chain(&self.outer).zip(other.inner.iter().chain(&other.outer));
        let differences = words.fold(0, |differences, (a, b)| differences | (a ^ b));
        self.algorithm == other.algorithm && public(is_not_zero(differences) == 0)
    }

    /// Returns the number of words that a hash state has, out of the 16 that are stored.
    fn words_each(algorithm: Algorithm) -> usize {
        algorithm.output_len() / 4
    }

    /// Computes `DT(HMAC(K, C))` of RFC 4226 section 5.3, a value of 31 bits.
    pub(crate) fn truncated(&self, counter: Counter) -> u32 {
        let mut value = [0];
        Self::truncated_in_stages(self.algorithm, [(self, counter)], &mut value);
        let [value] = value;
        value
    }

    /// Computes [`Self::truncated`] of each key and counter. All keys must be of this algorithm.
    ///
    /// First come all inner hashes and then all outer ones, because those of one stage do not wait for each other.
    #[inline]
    pub(super) fn truncated_in_stages<const N: usize>(
        algorithm: Algorithm,
        jobs: [(&Self, Counter); N],
        values: &mut [u32; N],
    ) {
        match algorithm {
            Algorithm::Sha1 => hmac_sha1::truncated(jobs, values),
            #[cfg(feature = "sha2")]
            Algorithm::Sha256 => hmac_sha256::truncated(jobs, values),
            #[cfg(feature = "sha2")]
            Algorithm::Sha512 => hmac_sha512::truncated(jobs, values),
        }
    }

    /// Computes the HMAC of a message of any length.
    pub(crate) fn mac_of(&self, message: &[u8]) -> Mac {
        let words = match self.algorithm {
            Algorithm::Sha1 => hmac_sha1::mac_of(self, message),
            #[cfg(feature = "sha2")]
            Algorithm::Sha256 => hmac_sha256::mac_of(self, message),
            #[cfg(feature = "sha2")]
            Algorithm::Sha512 => hmac_sha512::mac_of(self, message),
        };
        Mac::new(words, Self::words_each(self.algorithm))
    }
}

#[cfg(feature = "sha2")]
pub(crate) fn high(word: u64) -> u32 {
    (word >> 32) as u32
}

#[cfg(feature = "sha2")]
#[expect(clippy::cast_possible_truncation, reason = "only the lower half is wanted")]
pub(crate) fn low(word: u64) -> u32 {
    word as u32
}

fn load<const N: usize>(words: &[u32; 16]) -> [u32; N] {
    let mut state = [0; N];
    for (word, held) in state.iter_mut().zip(words) {
        *word = *held;
    }
    state
}

#[cfg(feature = "sha2")]
fn load_wide(words: &[u32; 16]) -> [u64; 8] {
    let mut state = [0; 8];
    for (word, [high, low]) in state.iter_mut().zip(words.as_chunks().0) {
        *word = u64::from(*high) << 32 | u64::from(*low);
    }
    state
}

fn store<const N: usize>(state: &[u32; N]) -> [u32; 16] {
    let mut words = [0; 16];
    for (held, word) in words.iter_mut().zip(state) {
        *held = *word;
    }
    words
}

#[cfg(feature = "sha2")]
fn store_wide(state: &[u64; 8]) -> [u32; 16] {
    let mut words = [0; 16];
    for (held, word) in words.as_chunks_mut().0.iter_mut().zip(state) {
        *held = [high(*word), low(*word)];
    }
    words
}

/// Defines a module that computes HMAC from prepared hash states.
///
/// For a message of 8 bytes both hashes, the inner and the outer one, have to process exactly one more block.
macro_rules! hmac {
    (
        $name:ident, $algorithm:expr, $hash:ty, $compress:path, $initial:expr,
        $word:ty, $words:literal, $block:literal, $load:path, $store:path, |$mac:ident| $reached:expr
    ) => {
        mod $name {
            use core::slice;

            use super::*;

            type State = [$word; $words];

            pub(super) fn prepare(secret: &Secret) -> Key {
                let mut block = [0_u8; $block];
                if secret.expose().len() <= block.len() {
                    // Copies the zeros after the secret as well, so that the number of copied bytes does not depend
                    // on its length.
                    for (slot, byte) in block.iter_mut().zip(secret.padded()) {
                        *slot = *byte;
                    }
                } else {
                    let mut hashed = <$hash>::digest(secret.expose());
                    for (slot, byte) in block.iter_mut().zip(&hashed) {
                        *slot = *byte;
                    }
                    hashed.as_mut_slice().zeroize();
                }
                let mut states = [$initial; 2];
                for (pad, state) in [0x36, 0x36 ^ 0x5c].into_iter().zip(&mut states) {
                    for byte in &mut block {
                        *byte ^= pad;
                    }
                    $compress(state, slice::from_ref(&block));
                }
                let [inner, outer] = &states;
                let key = Key { algorithm: $algorithm, inner: $store(inner), outer: $store(outer) };
                states.as_flattened_mut().zeroize();
                block.as_mut_slice().zeroize();
                key
            }

            pub(super) fn truncated<const N: usize>(jobs: [(&Key, Counter); N], values: &mut [u32; N]) {
                let mut blocks = jobs.map(|(_, counter)| counter_block(counter));
                // Each state is written in its place, at once: `joined` explains why.
                let mut states: [State; N] = [[0; _]; N];
                for (((key, _), block), state) in jobs.iter().zip(&blocks).zip(&mut states) {
                    *state = $load(&key.inner);
                    $compress(state, slice::from_ref(block));
                }
                for (((key, _), block), state) in jobs.iter().zip(&mut blocks).zip(&mut states) {
                    digest(block, state);
                    *state = $load(&key.outer);
                    $compress(state, slice::from_ref(block));
                }
                for (state, value) in states.iter().zip(values) {
                    let $mac = *state;
                    let (words, last) = $reached;
                    *value = truncate(words, last);
                }
                blocks.as_flattened_mut().zeroize();
                states.as_flattened_mut().zeroize();
            }

            /// Returns the block of the inner hash, which is the counter with its padding.
            #[inline(always)]
            fn counter_block(counter: Counter) -> [u8; $block] {
                const COUNTER: [u8; $block] = padding(8);

                let mut block = COUNTER;
                if let Some(message) = block.first_chunk_mut() {
                    *message = joined(counter.get(), 1 << 63);
                }
                block
            }

            pub(super) fn mac_of(key: &Key, message: &[u8]) -> [u32; 16] {
                const LENGTH: usize = 2 * size_of::<$word>();

                let (whole, rest) = message.as_chunks();
                let mut inner: State = $load(&key.inner);
                $compress(&mut inner, whole);
                // The rest of the message and the padding fill one block or two.
                let mut last = [[0_u8; $block]; 2];
                for (slot, byte) in last.as_flattened_mut().iter_mut().zip(rest.iter().chain(&[0x80])) {
                    *slot = *byte;
                }
                let count = if rest.len() + 1 + LENGTH <= $block { 1 } else { 2 };
                let (padded, _) = last.split_at_mut(count);
                if let Some(end) = padded.as_flattened_mut().last_chunk_mut() {
                    *end = (($block + message.len()) as u64 * 8).to_be_bytes();
                }
                $compress(&mut inner, padded);
                let [first, second] = &mut last;
                let mut mac = outer(key, &mut inner, first);
                let words = $store(&mac);
                mac.as_mut_slice().zeroize();
                second.as_mut_slice().zeroize();
                words
            }

            /// Computes the outer hash, and wipes the inner one and the block.
            fn outer(key: &Key, inner: &mut State, block: &mut [u8; $block]) -> State {
                digest(block, inner);
                let mut outer = $load(&key.outer);
                $compress(&mut outer, slice::from_ref(block));
                block.as_mut_slice().zeroize();
                inner.as_mut_slice().zeroize();
                outer
            }

            /// Writes the block of the outer hash, which is the inner one with its padding.
            #[inline(always)]
            fn digest(block: &mut [u8; $block], inner: &State) {
                const DIGEST: [u8; $block] = padding(size_of::<State>());

                *block = DIGEST;
                for (message, word) in block.as_chunks_mut().0.iter_mut().zip(*inner) {
                    *message = word.to_be_bytes();
                }
                // The fifth word of SHA-1 and the padding after it lie in 16 bytes that the hash crates load at once.
                // They are written at once too; `joined` explains why.
                if inner.len() == 5
                    && let [.., last] = *inner
                    && let Some(end) = block.as_chunks_mut().0.get_mut(1)
                {
                    *end = joined(u64::from(last) << 32 | 1 << 31, 0);
                }
            }

            /// Returns a block that holds the padding of a message of `len` bytes: a 1 bit, zeros, the length in bits.
            ///
            /// The message's own bytes are 0. The length includes the block of the padded key before this one.
            #[expect(clippy::indexing_slicing, reason = "evaluated at compile time")]
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

hmac! {
    hmac_sha1, Algorithm::Sha1, sha1::Sha1, sha1::block_api::compress, SHA1_INITIAL,
    u32, 5, 64, load, store, |mac| (mac, mac[4])
}
#[cfg(feature = "sha2")]
hmac! {
    hmac_sha256, Algorithm::Sha256, sha2::Sha256, sha2::block_api::compress256, SHA256_INITIAL,
    u32, 8, 64, load, store, |mac| ([mac[0], mac[1], mac[2], mac[3], mac[4]], mac[7])
}
#[cfg(feature = "sha2")]
hmac! {
    hmac_sha512, Algorithm::Sha512, sha2::Sha512, sha2::block_api::compress512, SHA512_INITIAL,
    u64, 8, 128, load_wide, store_wide,
    |mac| ([high(mac[0]), low(mac[0]), high(mac[1]), low(mac[1]), high(mac[2])], low(mac[7]))
}

// Initial hash values: FIPS 180-4 sections 5.3.1, 5.3.3 and 5.3.5.
const SHA1_INITIAL: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
#[cfg(feature = "sha2")]
const SHA256_INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];
#[cfg(feature = "sha2")]
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

    /// Checks the HMACs and the truncated values of RFC 4226 appendix D, from which its codes are made.
    #[test]
    fn intermediate_values() {
        let secret = Secret::from_bytes(b"12345678901234567890").unwrap();
        let key = Key::new(Algorithm::Sha1, &secret);
        let rows =
            include_str!("../../tests/vectors/rfc4226-appendix-d.txt").lines().filter(|row| !row.starts_with('#'));
        let mut checked = 0;
        for row in rows {
            let [counter, mac, truncated, _] = row.split(' ').collect::<Vec<_>>()[..] else { panic!("bad row: {row}") };
            let counter = Counter::new(counter.parse().unwrap());
            let mac: Vec<_> = (0..40).step_by(8).map(|at| u32::from_str_radix(&mac[at..at + 8], 16).unwrap()).collect();
            assert_eq!(*key.mac_of(&counter.get().to_be_bytes()).words(), mac);
            assert_eq!(key.truncated(counter), truncated.parse::<u32>().unwrap());
            checked += 1;
        }
        assert_eq!(checked, 10);
    }

    /// Compares HMACs of messages that end at every place in a block, where the padding takes one block or two.
    #[test]
    fn messages_of_every_length() {
        use hmac::{Hmac, KeyInit, Mac};

        fn mac<M: Mac + KeyInit>(secret: &[u8], message: &[u8]) -> Vec<u8> {
            <M as KeyInit>::new_from_slice(secret).unwrap().chain_update(message).finalize().into_bytes().to_vec()
        }

        let secret = Secret::from_bytes(b"12345678901234567890").unwrap();
        let message: Vec<u8> = (0..800_u32).map(|at| (at * 37).to_le_bytes()[0]).collect();
        for algorithm in Algorithm::ALL.iter().copied() {
            let key = Key::new(algorithm, &secret);
            for message in (0..message.len()).map(|len| &message[..len]) {
                let expected = match algorithm {
                    Algorithm::Sha1 => mac::<Hmac<sha1::Sha1>>(secret.expose(), message),
                    #[cfg(feature = "sha2")]
                    Algorithm::Sha256 => mac::<Hmac<sha2::Sha256>>(secret.expose(), message),
                    #[cfg(feature = "sha2")]
                    Algorithm::Sha512 => mac::<Hmac<sha2::Sha512>>(secret.expose(), message),
                };
                let found: Vec<u8> = key.mac_of(message).words().iter().flat_map(|word| word.to_be_bytes()).collect();
                assert_eq!(found, expected, "{algorithm}, {} bytes", message.len());
            }
            let counter = key.mac_of(&7_u64.to_be_bytes());
            assert_eq!(counter.truncated(), key.truncated(Counter::new(7)));
        }
    }
}
