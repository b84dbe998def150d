//! The raw limit: the compressions that the work needs, one after the other, and nothing else. Not truncated, not
//! compared, not wiped.
//!
//! The second compression of an HMAC waits for the first; the steps of a window and the codes of different people are
//! independent, as in the work itself. What many lanes at once can do is below this.

use std::hint::black_box;

use secondo::Algorithm;

use crate::work::{Library, Login, NOW, PERIOD, People, Run, Search};

pub(crate) struct RawLimit;

macro_rules! by_algorithm {
    ($of:ident . $work:ident) => {
        match $of.algorithm {
            Algorithm::Sha1 => sha1::$work($of),
            Algorithm::Sha256 => sha256::$work($of),
            Algorithm::Sha512 => sha512::$work($of),
        }
    };
}

impl Library for RawLimit {
    fn name(&self) -> &'static str {
        "raw limit"
    }

    fn code<'a>(&self, login: &'a Login) -> Run<'a> {
        by_algorithm!(login.code)
    }

    fn code_from_secret<'a>(&self, login: &'a Login) -> Run<'a> {
        by_algorithm!(login.code_from_secret)
    }

    fn verify<'a>(&self, login: &'a Login) -> Run<'a> {
        by_algorithm!(login.verify)
    }

    fn verify_from_secret<'a>(&self, login: &'a Login) -> Run<'a> {
        by_algorithm!(login.verify_from_secret)
    }

    fn search<'a>(&self, search: &'a Search) -> Run<'a> {
        by_algorithm!(search.search)
    }

    fn codes<'a>(&self, people: &'a People) -> Run<'a> {
        by_algorithm!(people.codes)
    }

    fn verify_all<'a>(&self, people: &'a People) -> Run<'a> {
        by_algorithm!(people.verify_all)
    }
}

/// The code in a MAC (RFC 4226 section 5.3), to check the compressions by; not measured.
fn truncated(mac: &[u8]) -> String {
    let offset = usize::from(mac[mac.len() - 1] & 0xf);
    let [first, second, third, fourth] = [0, 1, 2, 3].map(|at| mac[offset + at]);
    let value = u32::from_be_bytes([first & 0x7f, second, third, fourth]);
    format!("{:06}", value % 1_000_000)
}

macro_rules! raw {
    ($name:ident, $word:ty, $words:literal, $block:literal, $compress:path, $initial:expr) => {
        mod $name {
            use super::{Login, NOW, PERIOD, People, Run, Search, black_box, truncated};

            type State = [$word; $words];

            #[derive(Clone, Copy)]
            struct Key {
                inner: State,
                outer: State,
            }

            fn prepare(secret: &[u8]) -> Key {
                let half = |pad| {
                    let mut block = [pad; $block];
                    for (byte, of_secret) in block.iter_mut().zip(secret) {
                        *byte ^= of_secret;
                    }
                    let mut state = $initial;
                    $compress(&mut state, &[block]);
                    state
                };
                Key { inner: half(0x36), outer: half(0x5c) }
            }

            fn mac(key: &Key, counter: u64) -> State {
                let Key { mut inner, mut outer } = *key;
                let mut block = padding(8);
                block[..8].copy_from_slice(&counter.to_be_bytes());
                $compress(&mut inner, &[block]);
                block = padding(size_of::<State>());
                for (bytes, word) in block.as_chunks_mut().0.iter_mut().zip(inner) {
                    *bytes = word.to_be_bytes();
                }
                $compress(&mut outer, &[block]);
                outer
            }

            const fn padding(len: usize) -> [u8; $block] {
                let mut block = [0; $block];
                block[len] = 0x80;
                let [.., high, low] = (($block + len) * 8).to_be_bytes();
                block[$block - 2] = high;
                block[$block - 1] = low;
                block
            }

            fn shown(mac: State) -> String {
                truncated(&mac.map(<$word>::to_be_bytes).concat())
            }

            fn macs(key: &Key, counters: impl Iterator<Item = u64>) {
                for counter in counters {
                    black_box(mac(key, counter));
                }
            }

            pub(super) fn code(login: &Login) -> Run<'_> {
                let key = prepare(&login.secret);
                Run::new(move || mac(black_box(&key), black_box(login.step())), shown)
            }

            pub(super) fn code_from_secret(login: &Login) -> Run<'_> {
                Run::new(|| mac(&prepare(black_box(&login.secret)), black_box(login.step())), shown)
            }

            // Whether the code is right remains unsaid, so there is nothing to check but the code above.

            pub(super) fn verify(login: &Login) -> Run<'_> {
                let key = prepare(&login.secret);
                Run::new(move || macs(black_box(&key), black_box(login.steps())), |()| "")
            }

            pub(super) fn verify_from_secret(login: &Login) -> Run<'_> {
                Run::new(|| macs(&prepare(black_box(&login.secret)), black_box(login.steps())), |()| "")
            }

            pub(super) fn search(search: &Search) -> Run<'_> {
                let key = prepare(&search.secret);
                Run::new(move || macs(black_box(&key), black_box(search.counters())), |()| "")
            }

            pub(super) fn codes(people: &People) -> Run<'_> {
                let keys = keys(people);
                let step = NOW / PERIOD;
                let macs = move || black_box(&keys).iter().map(|key| mac(key, step)).collect();
                Run::new(macs, |macs: Vec<_>| macs.into_iter().map(shown).collect::<Vec<_>>().join(" "))
            }

            pub(super) fn verify_all(people: &People) -> Run<'_> {
                let keys = keys(people);
                let step = NOW / PERIOD;
                let all = move || black_box(&keys).iter().for_each(|key| macs(key, step - 1..=step + 1));
                Run::new(all, |()| "")
            }

            fn keys(people: &People) -> Vec<Key> {
                people.secrets.iter().map(|secret| prepare(secret)).collect()
            }
        }
    };
}

raw!(sha1, u32, 5, 64, sha1::block_api::compress, super::SHA1_INITIAL);
raw!(sha256, u32, 8, 64, sha2::block_api::compress256, super::SHA256_INITIAL);
raw!(sha512, u64, 8, 128, sha2::block_api::compress512, super::SHA512_INITIAL);

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
