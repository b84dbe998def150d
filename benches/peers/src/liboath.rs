//! liboath of the OATH Toolkit, a C library with which PAM modules and command line tools verify codes.
#![expect(unsafe_code, reason = "calls a C library; this package is not published")]

use std::ffi::{CStr, CString, c_char, c_int, c_uint};
use std::hint::black_box;
use std::ptr;

use secondo::Algorithm;

use crate::work::{DIGITS, Library, Login, NOW, PERIOD, People, Run, Search};

// `time_t` is 64 bits wide on the measured targets.
#[link(name = "oath")]
unsafe extern "C" {
    fn oath_init() -> c_int;
    fn oath_check_version(wanted: *const c_char) -> *const c_char;
    fn oath_totp_generate2(
        secret: *const c_char,
        secret_length: usize,
        now: i64,
        time_step_size: c_uint,
        start_offset: i64,
        digits: c_uint,
        flags: c_int,
        output_otp: *mut c_char,
    ) -> c_int;
    fn oath_totp_validate4(
        secret: *const c_char,
        secret_length: usize,
        now: i64,
        time_step_size: c_uint,
        start_offset: i64,
        window: usize,
        otp_pos: *mut c_int,
        otp_counter: *mut u64,
        flags: c_int,
        otp: *const c_char,
    ) -> c_int;
    fn oath_hotp_validate(
        secret: *const c_char,
        secret_length: usize,
        start_moving_factor: u64,
        window: usize,
        otp: *const c_char,
    ) -> c_int;
}

pub(crate) fn version() -> String {
    // SAFETY: a null pointer stands for any version, and the returned string is static.
    let version = unsafe { CStr::from_ptr(oath_check_version(ptr::null())) };
    version.to_string_lossy().into_owned()
}

/// Initializes the library, which must come before all other calls.
pub(crate) fn initialize() {
    // SAFETY: the function has no arguments and no preconditions.
    assert_eq!(unsafe { oath_init() }, 0);
}

type Output = [u8; DIGITS as usize + 1];

fn flags(algorithm: Algorithm) -> c_int {
    match algorithm {
        Algorithm::Sha1 => 0,
        Algorithm::Sha256 => 1,
        _ => 2,
    }
}

fn generate(flags: c_int, secret: &[u8], now: u64) -> Output {
    let mut code = Output::default();
    // SAFETY: the secret is read up to its length. The output has room for the digits and a zero byte.
    let result = unsafe {
        let (secret, len) = (secret.as_ptr().cast(), secret.len());
        oath_totp_generate2(secret, len, now.cast_signed(), 30, 0, DIGITS.into(), flags, code.as_mut_ptr().cast())
    };
    assert_eq!(result, 0);
    code
}

/// Returns `true` if the code is right within `window` steps each way. The window must not reach below step 0.
fn validate(flags: c_int, secret: &[u8], now: u64, window: usize, typed: &CStr) -> bool {
    // SAFETY: the secret is read up to its length, and the code up to its zero byte. Null pointers stand for unwanted
    // results.
    let result = unsafe {
        let (secret, len) = (secret.as_ptr().cast(), secret.len());
        let (position, counter) = (ptr::null_mut(), ptr::null_mut());
        oath_totp_validate4(secret, len, now.cast_signed(), 30, 0, window, position, counter, flags, typed.as_ptr())
    };
    result >= 0
}

/// Returns `true` if the code is right for the counter or for one of the `window` counters after it.
fn validate_hotp(secret: &[u8], counter: u64, window: usize, typed: &CStr) -> bool {
    // SAFETY: the secret is read up to its length, and the code up to its zero byte.
    let result = unsafe { oath_hotp_validate(secret.as_ptr().cast(), secret.len(), counter, window, typed.as_ptr()) };
    result >= 0
}

/// Looks for the code in a loop. liboath has HOTP for SHA-1 only, and TOTP windows of the same width each way only.
fn find(algorithm: Algorithm, secret: &[u8], mut counters: impl Iterator<Item = u64>, typed: &CStr) -> bool {
    let flags = flags(algorithm);
    counters.any(|counter| generate(flags, secret, counter * PERIOD) == typed.to_bytes_with_nul())
}

fn shown(code: Output) -> String {
    CStr::from_bytes_with_nul(&code).expect("a zero byte at the end").to_string_lossy().into_owned()
}

fn c_string(typed: &str) -> CString {
    CString::new(typed).expect("no zero byte")
}

pub(crate) struct Liboath;

impl Library for Liboath {
    fn name(&self) -> &'static str {
        "liboath"
    }

    fn code<'a>(&self, login: &'a Login) -> Run<'a> {
        let flags = flags(login.algorithm);
        Run::new(move || generate(flags, black_box(&login.secret), black_box(login.now)), shown)
    }

    fn verify<'a>(&self, login: &'a Login) -> Run<'a> {
        let typed = c_string(&login.typed);
        let Login { algorithm, secret, now, past, future, .. } = login;
        if past == future {
            let flags = flags(*algorithm);
            let window = usize::from(*past);
            return Run::of(move || validate(flags, black_box(secret), black_box(*now), window, black_box(&typed)));
        }
        if *algorithm == Algorithm::Sha1 {
            let others = usize::from(past + future);
            let first = *login.steps().start();
            return Run::of(move || validate_hotp(black_box(secret), black_box(first), others, black_box(&typed)));
        }
        Run::by_loop(move || find(*algorithm, black_box(secret), black_box(login.steps()), black_box(&typed)))
    }

    fn search<'a>(&self, search: &'a Search) -> Run<'a> {
        let typed = c_string(&search.last_code());
        let Search { algorithm, secret, ahead } = search;
        if *algorithm == Algorithm::Sha1 {
            return Run::of(move || validate_hotp(black_box(secret), 0, black_box(*ahead).into(), black_box(&typed)));
        }
        Run::by_loop(move || find(*algorithm, black_box(secret), black_box(search.counters()), black_box(&typed)))
    }

    fn codes<'a>(&self, people: &'a People) -> Run<'a> {
        let flags = flags(people.algorithm);
        let all = move || black_box(&people.secrets).iter().map(|secret| generate(flags, secret, NOW)).collect();
        Run::new(all, |codes: Vec<_>| codes.into_iter().map(shown).collect::<Vec<_>>().join(" "))
    }

    fn verify_all<'a>(&self, people: &'a People) -> Run<'a> {
        let flags = flags(people.algorithm);
        let typed: Vec<_> = people.typed.iter().map(|typed| c_string(typed)).collect();
        Run::of(move || {
            let attempts = black_box(&people.secrets).iter().zip(&typed);
            attempts.filter(|(secret, typed)| validate(flags, secret, NOW, 1, typed)).count()
        })
    }
}
