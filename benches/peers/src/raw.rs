//! The raw limit: the compressions that the work needs, and nothing else. The blocks for them are not built, and
//! nothing is truncated, compared or wiped.
//!
//! As in the work itself, the second compression of an HMAC waits for the first, and the steps of a window and the
//! codes of different people are independent. Vectors that compute several hashes at once can take less time than this
//! limit.

use std::hint::black_box;

use secondo::Algorithm;

use crate::work::{Library, Login, People, Run, Search};

/// The compressions alone, measured like a library.
pub(crate) struct RawLimit;

impl Library for RawLimit {
    fn name(&self) -> &'static str {
        "raw limit"
    }

    fn code<'a>(&self, login: &'a Login) -> Run<'a> {
        hmacs(login.algorithm, 0, 1)
    }

    fn code_from_secret<'a>(&self, login: &'a Login) -> Run<'a> {
        hmacs(login.algorithm, 1, 1)
    }

    fn verify<'a>(&self, login: &'a Login) -> Run<'a> {
        hmacs(login.algorithm, 0, login.steps().count())
    }

    fn verify_from_secret<'a>(&self, login: &'a Login) -> Run<'a> {
        hmacs(login.algorithm, 1, login.steps().count())
    }

    fn search<'a>(&self, search: &'a Search) -> Run<'a> {
        hmacs(search.algorithm, 0, search.counters().count())
    }

    fn codes<'a>(&self, people: &'a People) -> Run<'a> {
        hmacs(people.algorithm, 0, people.secrets.len())
    }

    fn verify_all<'a>(&self, people: &'a People) -> Run<'a> {
        hmacs(people.algorithm, 0, 3 * people.secrets.len())
    }
}

/// Runs two compressions for each key that is prepared, and two for each HMAC.
fn hmacs(algorithm: Algorithm, keys: usize, hmacs: usize) -> Run<'static> {
    let work: Box<dyn FnMut()> = match algorithm {
        Algorithm::Sha1 => Box::new(move || sha1(keys, hmacs)),
        Algorithm::Sha256 => Box::new(move || sha256(keys, hmacs)),
        _ => Box::new(move || sha512(keys, hmacs)),
    };
    Run::new(work, |()| "")
}

macro_rules! raw {
    ($name:ident, $state:expr, $block:literal, $compress:path) => {
        fn $name(keys: usize, hmacs: usize) {
            let block = [[0x36; $block]];
            for _ in 0..2 * keys {
                let mut state = black_box($state);
                $compress(&mut state, black_box(&block));
                black_box(&state);
            }
            for _ in 0..hmacs {
                let mut state = black_box($state);
                $compress(&mut state, black_box(&block));
                $compress(&mut state, black_box(&block));
                black_box(&state);
            }
        }
    };
}

raw!(sha1, [0x36_u32; 5], 64, sha1::block_api::compress);
raw!(sha256, [0x36_u32; 8], 64, sha2::block_api::compress256);
raw!(sha512, [0x36_u64; 8], 128, sha2::block_api::compress512);
