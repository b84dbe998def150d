//! The measured work, and the trait by which each library does it.

use std::hint::black_box;
use std::time::{Duration, Instant};

use secondo::Algorithm;
use totp_lite::{Sha1, Sha256, Sha512, totp_custom};

pub(crate) const DIGITS: u8 = 6;
pub(crate) const PERIOD: u64 = 30;
/// The first second of the step of RFC 6238's third test time.
pub(crate) const NOW: u64 = 1_111_111_110;
pub(crate) const WRONG: &str = "000000";

/// The input for one code, or for one decision about a code.
pub(crate) struct Login {
    pub(crate) algorithm: Algorithm,
    pub(crate) secret: Vec<u8>,
    pub(crate) typed: String,
    pub(crate) now: u64,
    pub(crate) past: u8,
    pub(crate) future: u8,
}

impl Login {
    pub(crate) fn step(&self) -> u64 {
        self.now / PERIOD
    }

    pub(crate) fn code_at(&self, step: u64) -> String {
        code_at(self.algorithm, &self.secret, step)
    }

    pub(crate) fn steps(&self) -> std::ops::RangeInclusive<u64> {
        self.step() - u64::from(self.past)..=self.step() + u64::from(self.future)
    }
}

/// The input for a look-ahead over the counters 0 to `ahead`, of which the last has the right code.
pub(crate) struct Search {
    pub(crate) algorithm: Algorithm,
    pub(crate) secret: Vec<u8>,
    pub(crate) ahead: u16,
}

impl Search {
    pub(crate) fn code_at(&self, counter: u64) -> String {
        code_at(self.algorithm, &self.secret, counter)
    }

    pub(crate) fn last_code(&self) -> String {
        self.code_at(self.ahead.into())
    }

    pub(crate) fn counters(&self) -> std::ops::RangeInclusive<u64> {
        0..=self.ahead.into()
    }
}

/// Many people, each with a different secret and the right code at `NOW`.
pub(crate) struct People {
    pub(crate) algorithm: Algorithm,
    pub(crate) secrets: Vec<Vec<u8>>,
    pub(crate) typed: Vec<String>,
}

impl People {
    pub(crate) fn new(algorithm: Algorithm, count: u32) -> Self {
        let secrets: Vec<_> = (0..count)
            .map(|n| {
                let mut secret = rfc_secret(algorithm);
                for (byte, of_person) in secret.iter_mut().zip(n.to_be_bytes()) {
                    *byte ^= of_person;
                }
                secret
            })
            .collect();
        let typed = secrets.iter().map(|secret| code_at(algorithm, secret, NOW / PERIOD)).collect();
        Self { algorithm, secrets, typed }
    }

    /// Creates a person's devices. The typed code is that of the last one.
    pub(crate) fn devices(algorithm: Algorithm, count: u32) -> Self {
        let mut devices = Self::new(algorithm, count);
        if let Some(last) = devices.typed.last().cloned() {
            devices.typed.fill(last);
        }
        devices
    }

    pub(crate) fn attempts(&self) -> impl Iterator<Item = (&Vec<u8>, &String)> {
        self.secrets.iter().zip(&self.typed)
    }
}

/// Returns the secret of RFC 6238, appendix B.
pub(crate) fn rfc_secret(algorithm: Algorithm) -> Vec<u8> {
    b"1234567890".iter().copied().cycle().take(algorithm.output_len()).collect()
}

/// Returns the code that all libraries must return. Its first one is compared with RFC 6238 before a row is measured.
pub(crate) fn code_at(algorithm: Algorithm, secret: &[u8], counter: u64) -> String {
    let generate = match algorithm {
        Algorithm::Sha1 => totp_custom::<Sha1>,
        Algorithm::Sha256 => totp_custom::<Sha256>,
        _ => totp_custom::<Sha512>,
    };
    generate(1, DIGITS.into(), secret, counter)
}

/// A library that is measured.
pub(crate) trait Library {
    fn name(&self) -> &'static str;

    fn supports(&self, _algorithm: Algorithm) -> bool {
        true
    }

    /// Generates a code with an object that the library lets its user keep, such as a prepared key.
    fn code<'a>(&self, login: &'a Login) -> Run<'a>;

    /// Generates a code from the secret, without a kept object.
    fn code_from_secret<'a>(&self, login: &'a Login) -> Run<'a> {
        self.code(login)
    }

    /// Verifies the code in the window of the login, with a kept object.
    fn verify<'a>(&self, login: &'a Login) -> Run<'a>;

    /// Verifies the code in the window of the login, without a kept object.
    fn verify_from_secret<'a>(&self, login: &'a Login) -> Run<'a> {
        self.verify(login)
    }

    /// Searches a look-ahead for the code of its last counter.
    fn search<'a>(&self, search: &'a Search) -> Run<'a>;

    /// Generates the code of each person at `NOW`.
    fn codes<'a>(&self, people: &'a People) -> Run<'a>;

    /// Verifies the code of each person at `NOW`, with one step each way, and counts the accepted ones.
    fn verify_all<'a>(&self, people: &'a People) -> Run<'a>;
}

/// Work that is ready to be repeated, and the outcome of doing it once.
pub(crate) struct Run<'a> {
    pub(crate) outcome: String,
    /// `true` if the library has no call for the work, and it is done in a loop as a user would write it.
    pub(crate) is_loop: bool,
    /// The function that repeats the work, and returns the time that it took.
    repeat: Box<dyn FnMut(u32) -> Duration + 'a>,
}

impl<'a> Run<'a> {
    /// Creates a run of `work`. `read` turns its result into the outcome, and is not measured.
    pub(crate) fn new<T, S: ToString>(mut work: impl FnMut() -> T + 'a, read: impl FnOnce(T) -> S) -> Self {
        let outcome = read(work()).to_string();
        Self::timed(outcome, move |times| {
            let start = Instant::now();
            for _ in 0..times {
                black_box(work());
            }
            start.elapsed()
        })
    }

    /// Creates a run of work that measures itself.
    pub(crate) fn timed(outcome: String, repeat: impl FnMut(u32) -> Duration + 'a) -> Self {
        Self { outcome, is_loop: false, repeat: Box::new(repeat) }
    }

    /// Creates a run of work whose result is the outcome.
    pub(crate) fn of<T: ToString>(work: impl FnMut() -> T + 'a) -> Self {
        Self::new(work, |outcome| outcome)
    }

    /// Creates a run like [`Self::of`], for work that the library has no call for.
    pub(crate) fn by_loop<T: ToString>(work: impl FnMut() -> T + 'a) -> Self {
        Self::of(work).looped()
    }

    pub(crate) fn looped(self) -> Self {
        Self { is_loop: true, ..self }
    }

    pub(crate) fn repeat(&mut self, times: u32) -> Duration {
        (self.repeat)(times)
    }
}
