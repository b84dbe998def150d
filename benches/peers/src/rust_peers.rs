//! The other Rust crates, each measured by the fastest call that its documentation has for the work.
//!
//! None of them prepares a key. A kept object saves its construction, but not the two compressions for the key of HMAC.

use std::hint::black_box;

use libreauth::hash::HashFunction;
use libreauth::oath::{HOTPBuilder, TOTP as LibreauthTotp, TOTPBuilder};
use secondo::Algorithm;
use totp_lite::{Sha1, Sha256, Sha512, totp_custom};

use crate::work::{DIGITS, Library, Login, NOW, PERIOD, People, Run, Search};

/// The crate totp-rfc, whose `Secret` borrows the bytes, so that keeping one saves almost nothing.
pub(crate) struct TotpRfc;

impl TotpRfc {
    fn totp(algorithm: Algorithm, period: u64) -> totp_rfc::Totp {
        let algorithm = match algorithm {
            Algorithm::Sha1 => totp_rfc::Algorithm::Sha1,
            Algorithm::Sha256 => totp_rfc::Algorithm::Sha256,
            _ => totp_rfc::Algorithm::Sha512,
        };
        totp_rfc::Totp::new(algorithm, totp_rfc::Digits::SIX, period, 0).expect("valid parameters")
    }

    fn secret(bytes: &[u8]) -> totp_rfc::Secret<'_> {
        totp_rfc::Secret::new(black_box(bytes)).expect("long enough")
    }

    fn window(past: u16, future: u16) -> totp_rfc::ValidationWindow {
        totp_rfc::ValidationWindow::new(past, future)
    }
}

impl Library for TotpRfc {
    fn name(&self) -> &'static str {
        "totp-rfc"
    }

    fn code<'a>(&self, login: &'a Login) -> Run<'a> {
        let totp = Self::totp(login.algorithm, PERIOD);
        Run::of(move || totp.generate(&Self::secret(&login.secret), black_box(login.now)).expect("after T0"))
    }

    fn verify<'a>(&self, login: &'a Login) -> Run<'a> {
        let totp = Self::totp(login.algorithm, PERIOD);
        let window = Self::window(login.past.into(), login.future.into());
        Run::of(move || {
            let secret = Self::secret(&login.secret);
            totp.verify_window(&secret, black_box(login.now), window, black_box(&login.typed))
                .expect("a code")
                .is_some()
        })
    }

    /// Searches with HOTP for SHA-1, and otherwise with TOTP of one-second steps at time 0: the crate's HOTP is SHA-1
    /// only.
    fn search<'a>(&self, search: &'a Search) -> Run<'a> {
        let typed = search.last_code();
        if search.algorithm == Algorithm::Sha1 {
            let hotp = totp_rfc::Hotp::new(totp_rfc::Digits::SIX);
            return Run::of(move || {
                let secret = Self::secret(&search.secret);
                hotp.verify_window(&secret, 0, search.ahead, black_box(&typed)).expect("a code").is_some()
            });
        }
        let totp = Self::totp(search.algorithm, 1);
        let window = Self::window(0, search.ahead);
        Run::of(move || {
            let secret = Self::secret(&search.secret);
            totp.verify_window(&secret, 0, window, black_box(&typed)).expect("a code").is_some()
        })
    }

    fn codes<'a>(&self, people: &'a People) -> Run<'a> {
        let totp = Self::totp(people.algorithm, PERIOD);
        let generate = move || {
            let generate = |secret: &Vec<u8>| totp.generate(&Self::secret(secret), NOW).expect("after T0");
            people.secrets.iter().map(generate).collect()
        };
        Run::new(generate, |codes: Vec<_>| joined(&codes))
    }

    fn verify_all<'a>(&self, people: &'a People) -> Run<'a> {
        let totp = Self::totp(people.algorithm, PERIOD);
        let window = Self::window(1, 1);
        Run::of(move || {
            let is_right = |(secret, typed): &(&Vec<u8>, &String)| {
                totp.verify_window(&Self::secret(secret), NOW, window, typed).expect("a code").is_some()
            };
            people.attempts().filter(is_right).count()
        })
    }
}

/// The crate totp-lite, which has one function and only generates codes.
pub(crate) struct TotpLite;

impl TotpLite {
    fn generate(algorithm: Algorithm) -> impl Fn(&[u8], u64) -> String {
        let generate = match algorithm {
            Algorithm::Sha1 => totp_custom::<Sha1>,
            Algorithm::Sha256 => totp_custom::<Sha256>,
            _ => totp_custom::<Sha512>,
        };
        move |secret, time| generate(PERIOD, DIGITS.into(), secret, time)
    }
}

impl Library for TotpLite {
    fn name(&self) -> &'static str {
        "totp-lite"
    }

    fn code<'a>(&self, login: &'a Login) -> Run<'a> {
        let generate = Self::generate(login.algorithm);
        Run::of(move || generate(black_box(&login.secret), black_box(login.now)))
    }

    fn verify<'a>(&self, login: &'a Login) -> Run<'a> {
        let generate = Self::generate(login.algorithm);
        Run::by_loop(move || {
            let (secret, typed) = black_box((&login.secret, &login.typed));
            black_box(login.steps()).any(|step| generate(secret, step * PERIOD) == *typed)
        })
    }

    fn search<'a>(&self, search: &'a Search) -> Run<'a> {
        let generate = Self::generate(search.algorithm);
        let typed = search.last_code();
        Run::by_loop(move || {
            let (secret, typed) = black_box((&search.secret, &typed));
            search.counters().any(|counter| generate(secret, counter * PERIOD) == *typed)
        })
    }

    fn codes<'a>(&self, people: &'a People) -> Run<'a> {
        let generate = Self::generate(people.algorithm);
        let all = move || black_box(&people.secrets).iter().map(|secret| generate(secret, NOW)).collect();
        Run::new(all, |codes: Vec<String>| codes.join(" "))
    }

    fn verify_all<'a>(&self, people: &'a People) -> Run<'a> {
        let generate = Self::generate(people.algorithm);
        Run::by_loop(move || {
            let is_right = |(secret, typed): &(&Vec<u8>, &String)| {
                [NOW - PERIOD, NOW, NOW + PERIOD].iter().any(|time| generate(secret, *time) == **typed)
            };
            people.attempts().filter(is_right).count()
        })
    }
}

/// The crate libreauth, whose TOTP follows the system's clock at a fixed distance.
///
/// A kept TOTP is built when a row begins, at the first second of a step, and stays in that step while the row is
/// measured.
pub(crate) struct Libreauth;

impl Libreauth {
    fn hash(algorithm: Algorithm) -> HashFunction {
        match algorithm {
            Algorithm::Sha1 => HashFunction::Sha1,
            Algorithm::Sha256 => HashFunction::Sha256,
            _ => HashFunction::Sha512,
        }
    }

    fn of(login: &Login) -> LibreauthTotp {
        let mut builder = TOTPBuilder::new();
        let builder = builder.key(black_box(&login.secret)).hash_function(Self::hash(login.algorithm));
        let builder = builder.timestamp(black_box(login.now).cast_signed());
        let builder = builder.negative_tolerance(login.past.into()).positive_tolerance(login.future.into());
        builder.finalize().expect("valid parameters")
    }

    fn all(people: &People) -> Vec<LibreauthTotp> {
        let totp = |secret: &Vec<u8>| {
            let mut builder = TOTPBuilder::new();
            let builder = builder.key(secret).hash_function(Self::hash(people.algorithm));
            builder.timestamp(NOW.cast_signed()).tolerance(1).finalize().expect("valid parameters")
        };
        people.secrets.iter().map(totp).collect()
    }
}

impl Library for Libreauth {
    fn name(&self) -> &'static str {
        "libreauth"
    }

    fn code<'a>(&self, login: &'a Login) -> Run<'a> {
        let totp = Self::of(login);
        Run::of(move || black_box(&totp).generate())
    }

    fn code_from_secret<'a>(&self, login: &'a Login) -> Run<'a> {
        Run::of(|| Self::of(login).generate())
    }

    fn verify<'a>(&self, login: &'a Login) -> Run<'a> {
        let totp = Self::of(login);
        Run::of(move || black_box(&totp).is_valid(black_box(&login.typed)))
    }

    fn verify_from_secret<'a>(&self, login: &'a Login) -> Run<'a> {
        Run::of(|| Self::of(login).is_valid(black_box(&login.typed)))
    }

    fn search<'a>(&self, search: &'a Search) -> Run<'a> {
        let mut builder = HOTPBuilder::new();
        let builder = builder.key(&search.secret).hash_function(Self::hash(search.algorithm));
        let hotp = builder.look_ahead(search.ahead.into()).finalize().expect("valid parameters");
        let typed = search.last_code();
        Run::of(move || black_box(&hotp).is_valid(black_box(&typed)))
    }

    fn codes<'a>(&self, people: &'a People) -> Run<'a> {
        let totps = Self::all(people);
        let generate = move || black_box(&totps).iter().map(LibreauthTotp::generate).collect();
        Run::new(generate, |codes: Vec<String>| codes.join(" "))
    }

    fn verify_all<'a>(&self, people: &'a People) -> Run<'a> {
        let totps = Self::all(people);
        Run::of(move || {
            let attempts = black_box(&totps).iter().zip(&people.typed);
            attempts.filter(|(totp, typed)| totp.is_valid(typed)).count()
        })
    }
}

/// The crate otpauth, which has SHA-1 only and takes codes as numbers. Its TOTP checks one step.
pub(crate) struct Otpauth;

impl Otpauth {
    fn accepts(totp: &otpauth::TOTP, typed: &str, mut steps: impl Iterator<Item = u64>) -> bool {
        typed.parse().is_ok_and(|code| steps.any(|step| totp.verify(code, PERIOD, step * PERIOD)))
    }

    fn of(login: &Login) -> otpauth::TOTP {
        otpauth::TOTP::from_bytes(black_box(&login.secret))
    }

    fn all(people: &People) -> Vec<otpauth::TOTP> {
        people.secrets.iter().map(|secret| otpauth::TOTP::from_bytes(secret)).collect()
    }
}

impl Library for Otpauth {
    fn name(&self) -> &'static str {
        "otpauth"
    }

    fn supports(&self, algorithm: Algorithm) -> bool {
        algorithm == Algorithm::Sha1
    }

    fn code<'a>(&self, login: &'a Login) -> Run<'a> {
        let totp = Self::of(login);
        Run::new(move || black_box(&totp).generate(PERIOD, black_box(login.now)), six_digits)
    }

    fn code_from_secret<'a>(&self, login: &'a Login) -> Run<'a> {
        Run::new(|| Self::of(login).generate(PERIOD, black_box(login.now)), six_digits)
    }

    fn verify<'a>(&self, login: &'a Login) -> Run<'a> {
        let totp = Self::of(login);
        Run::by_loop(move || Self::accepts(black_box(&totp), black_box(&login.typed), black_box(login.steps())))
    }

    fn verify_from_secret<'a>(&self, login: &'a Login) -> Run<'a> {
        Run::by_loop(|| Self::accepts(&Self::of(login), black_box(&login.typed), black_box(login.steps())))
    }

    /// Searches the counters 1 to `ahead + 1`, because the crate begins after the last used counter.
    fn search<'a>(&self, search: &'a Search) -> Run<'a> {
        let hotp = otpauth::HOTP::from_bytes(&search.secret);
        let trials = u64::from(search.ahead) + 1;
        let typed = search.code_at(trials);
        Run::of(move || black_box(&typed).parse().is_ok_and(|code| hotp.verify(code, black_box(0), trials)))
    }

    fn codes<'a>(&self, people: &'a People) -> Run<'a> {
        let totps = Self::all(people);
        let generate = move || black_box(&totps).iter().map(|totp| totp.generate(PERIOD, NOW)).collect();
        Run::new(generate, |codes: Vec<_>| joined(&codes.into_iter().map(six_digits).collect::<Vec<_>>()))
    }

    fn verify_all<'a>(&self, people: &'a People) -> Run<'a> {
        let totps = Self::all(people);
        let step = NOW / PERIOD;
        Run::by_loop(move || {
            let attempts = black_box(&totps).iter().zip(&people.typed);
            attempts.filter(|(totp, typed)| Self::accepts(totp, typed, step - 1..=step + 1)).count()
        })
    }
}

fn six_digits(code: u32) -> String {
    format!("{code:06}")
}

fn joined(codes: &[impl ToString]) -> String {
    codes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
