//! Tests of secrets generated with a caller's random number generator.
#![cfg(feature = "rand")]

use std::convert::Infallible;

use rand::rngs::{StdRng, SysRng};
use rand::{Rng, SeedableRng, TryCryptoRng, TryRng};
use secondo::{Algorithm, Secret};

#[test]
fn a_secret_is_as_long_as_the_algorithms_output_and_all_of_it_random() {
    for algorithm in Algorithm::ALL.iter().copied() {
        let mut expected = vec![0; algorithm.output_len()];
        StdRng::seed_from_u64(7).fill_bytes(&mut expected);
        let secret: Result<Secret, Infallible> = Secret::generate(&mut StdRng::seed_from_u64(7), algorithm);
        assert_eq!(secret.unwrap().expose(), expected);
        let (one, other) = (Secret::generate(&mut SysRng, algorithm), Secret::generate(&mut SysRng, algorithm));
        assert_ne!(one.unwrap().expose(), other.unwrap().expose());
    }
}

/// A generator that writes one byte and then fails.
struct Broken;

impl TryRng for Broken {
    type Error = std::fmt::Error;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Err(std::fmt::Error)
    }
    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Err(std::fmt::Error)
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        bytes[0] = 1;
        Err(std::fmt::Error)
    }
}

impl TryCryptoRng for Broken {}

/// Another library returned a secret although its generator had failed.
#[test]
fn no_secret_comes_from_a_generator_that_fails() {
    for algorithm in Algorithm::ALL.iter().copied() {
        assert_eq!(Secret::generate(&mut Broken, algorithm).unwrap_err(), std::fmt::Error);
    }
}
