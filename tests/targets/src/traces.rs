//! Cases of work on secrets whose instructions are traced. All cases of a group must take the same instructions.

use core::cell::Cell;
use core::convert::Infallible;
use core::fmt::{Arguments, Write};
use core::hint::black_box;

use crate::codes::at;
use secondo::factor::Method;
use secondo::policy::Window;
use secondo::types::Counter;
use secondo::{Algorithm, Digits, Hotp, Key, Policy, Secret, State, SubmittedCode, Totp};

/// Runs the cases, and returns `true` if their results are right. The instructions are judged later, from the trace.
///
/// Before each case this prints a line on the console: `same` or `other` as the group's cases should be, the group, the
/// case.
pub fn traces(console: &mut dyn Write) -> bool {
    let mut tracer = Tracer { console, is_ok: true };
    base32(&mut tracer);
    for algorithm in Algorithm::ALL.iter().copied() {
        keys(&mut tracer, algorithm);
        codes(&mut tracer, algorithm);
        for method in [Method::Hotp(Hotp::default()), Method::Totp(Totp::default())] {
            logins(&mut tracer, algorithm, method);
        }
    }
    controls(&mut tracer);
    tracer.is_ok
}

struct Tracer<'c> {
    console: &'c mut dyn Write,
    is_ok: bool,
}

impl Tracer<'_> {
    /// Runs a case of a group in which all cases must take the same instructions.
    fn same(&mut self, group: Arguments<'_>, case: Arguments<'_>, work: &dyn Fn()) {
        self.is_ok &= writeln!(self.console, "same\t{group}\t{case}").is_ok();
        between_marks(work);
    }

    /// Runs a case of a group with a planted defect, in which the trace must show different instructions.
    fn other(&mut self, group: &str, case: usize, work: &dyn Fn()) {
        self.is_ok &= writeln!(self.console, "other\t{group}\t{case}").is_ok();
        between_marks(work);
    }

    fn check(&mut self, holds: bool) {
        self.is_ok &= holds;
    }
}

#[inline(never)]
fn between_marks(work: &dyn Fn()) {
    begin();
    work();
    end();
}

// The numbers make the two functions different: the compiler may merge equal functions.
#[inline(never)]
fn begin() {
    black_box(1);
}

#[inline(never)]
fn end() {
    black_box(2);
}

fn base32(tracer: &mut Tracer<'_>) {
    let texts = [
        "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGE",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "234567zyxwvutsrqponmlkjihgfedcba7Z",
    ];
    for (case, text) in texts.iter().enumerate() {
        tracer.check(Secret::from_base32(text).is_ok());
        tracer.same(format_args!("base32"), format_args!("{case}"), &|| {
            let _ = black_box(Secret::from_base32(black_box(text)));
            let _ = black_box(Secret::from_base32_grouped(black_box(text)));
        });
    }
}

/// Returns a secret of `len` bytes; each `number` yields a different secret. `None` if the length is out of range.
fn secret(number: u8, len: u8) -> Option<Secret> {
    let mut bytes = [0; Secret::MAX_LEN];
    for (at, byte) in (0..).zip(&mut bytes) {
        *byte = 37_u8.wrapping_mul(at) ^ 101_u8.wrapping_mul(number);
    }
    Secret::from_bytes(bytes.get(..usize::from(len))?).ok()
}

fn key(algorithm: Algorithm, number: u8) -> Option<Key> {
    Some(Key::new(algorithm, &secret(number, 20)?))
}

/// Runs the preparation of keys: from secrets of a usual length, and of one above the block length of SHA-1 and
/// SHA-256.
///
/// Such a longer secret is hashed first.
fn keys(tracer: &mut Tracer<'_>, algorithm: Algorithm) {
    for len in [20, 100] {
        for number in 0..3 {
            let Some(secret) = secret(number, len) else { return tracer.check(false) };
            tracer.same(format_args!("{algorithm} key of {len} bytes"), format_args!("{number}"), &|| {
                black_box(Key::new(algorithm, black_box(&secret)));
            });
        }
    }
}

/// Runs the generation of codes with leading zeros and without.
fn codes(tracer: &mut Tracer<'_>, algorithm: Algorithm) {
    let keys = [with_zeros(algorithm, 1), key(algorithm, 0), key(algorithm, 1)];
    for key in &keys {
        let Some(key) = key else { return tracer.check(false) };
        let code = Hotp::default().generate(key, Counter::new(1));
        tracer.same(format_args!("{algorithm} code of HOTP"), format_args!("{}", code.as_str()), &|| {
            black_box(Hotp::default().generate(black_box(key), Counter::new(1)));
        });
    }
    let totp = Totp::new(Digits::Eight, Totp::default().period());
    for (case, key) in keys.iter().flatten().enumerate() {
        tracer.same(format_args!("{algorithm} code of TOTP"), format_args!("{case}"), &|| {
            let _ = black_box(totp.generate(black_box(key), at(59)));
        });
    }
}

/// Returns the first key whose six-digit code at this counter begins with a zero.
fn with_zeros(algorithm: Algorithm, counter: u64) -> Option<Key> {
    let has_zeros = |key: &Key| Hotp::default().generate(key, Counter::new(counter)).as_str().starts_with('0');
    (0..=u8::MAX).filter_map(|number| key(algorithm, number)).find(has_zeros)
}

/// The number of time steps in the window, and of counters in the look-ahead, that a login searches.
const STEPS: u64 = 3;

/// The kind of code that is submitted.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Typed {
    /// The code of this step of the window, counted from 0.
    Right(u64),
    /// The code of the last used step, which is a replay.
    Used,
    /// A code of none of the steps of the window.
    Wrong,
}

/// Runs logins of every outcome: codes of each step of the window, without a watermark and with some steps used.
fn logins(tracer: &mut Tracer<'_>, algorithm: Algorithm, method: Method) {
    let is_hotp = matches!(method, Method::Hotp(_));
    let used: &[Option<u64>] = match (algorithm, method) {
        (Algorithm::Sha1, Method::Hotp(_)) => &[None, Some(0)],
        (Algorithm::Sha1, Method::Totp(_)) => &[None, Some(0), Some(1), Some(2)],
        // The work after the hash is the same as for SHA-1.
        _ => &[Some(0)],
    };
    for used in used.iter().copied() {
        // The start of a look-ahead is public. It is counter 0 for a token without a watermark.
        let first = if is_hotp && used.is_none() { 0 } else { 1_000 };
        for (of, key) in [("zeros", with_zeros(algorithm, first + 2)), ("other", key(algorithm, 0))] {
            let Some(key) = key else { return tracer.check(false) };
            let login = Login { method, key, first, used };
            let right = (used.unwrap_or(0)..STEPS).map(Typed::Right);
            for typed in right.chain([Typed::Wrong]).chain(used.map(|_| Typed::Used)) {
                login.trace(tracer, typed, of);
            }
        }
    }
}

/// An authenticator whose logins are traced.
struct Login {
    method: Method,
    key: Key,
    /// The earliest step of the window, or the next counter.
    first: u64,
    /// The number of steps, from `first` on, that are used; `None` if there is no watermark.
    used: Option<u64>,
}

impl Login {
    fn trace(&self, tracer: &mut Tracer<'_>, typed: Typed, of: &str) {
        let Self { method, key, first, used } = self;
        let Some(policy) = policy() else { return tracer.check(false) };
        let state = State::new().confirmed();
        let state = used.map_or(state, |used| state.starting_at(Counter::new(first + used)));
        let counter = match typed {
            Typed::Right(step) => first + step,
            Typed::Used => first + used.unwrap_or(0) - 1,
            Typed::Wrong => first + 1_000,
        };
        let code = SubmittedCode::from(&Hotp::default().generate(key, Counter::new(counter)));
        let now = at((first + 1) * 30);
        let decided = Cell::new(None);

        let name = if matches!(method, Method::Hotp(_)) { "HOTP" } else { "TOTP" };
        let start = if *first == 0 { " of a new token" } else { "" };
        let group = format_args!("{} login by {name}{start}", key.algorithm());
        tracer.same(group, format_args!("{typed:?}, used {used:?}, {of}"), &|| {
            let decision = black_box(method).verify(black_box(key), &policy, black_box(&state), black_box(&code), now);
            decided.set(Some(decision));
        });
        // The decision becomes public only here, after the traced part.
        let verdict = decided.take().map(|decision| decision.commit(|_| Ok::<_, Infallible>(())));
        tracer.check(verdict.is_some_and(|verdict| verdict.is_ok() == matches!(typed, Typed::Right(_))));
    }
}

/// Returns a policy with one step each way, a look-ahead, and learned drift, which uses the position of a match.
fn policy() -> Option<Policy> {
    Policy::new().with_window(Window::new(1, 1).ok()?).with_learned_drift(true).with_look_ahead(2).ok()
}

/// Runs the controls: defects that other libraries have, which the trace must show.
fn controls(tracer: &mut Tracer<'_>) {
    for (case, code) in [*b"755224", *b"359152", *b"000000"].into_iter().enumerate() {
        tracer.other("a search that ends at the match", case, &|| {
            black_box(early_exit(black_box(&[*b"755224", *b"287082", *b"359152"]), black_box(code)));
        });
    }
    for (case, code) in [*b"287082", *b"000042"].into_iter().enumerate() {
        tracer.other("leading zeros skipped", case, &|| {
            black_box(without_zeros(black_box(code)));
        });
    }
}

fn early_exit(expected: &[[u8; 6]], code: [u8; 6]) -> Option<usize> {
    let is_it = |expected: &[u8; 6]| expected.iter().zip(code).fold(0, |all, (a, b)| all | (a ^ b)) == 0;
    expected.iter().position(is_it)
}

fn without_zeros(code: [u8; 6]) -> u32 {
    code.iter().skip_while(|digit| **digit == b'0').fold(0, |value, digit| value * 10 + u32::from(digit - b'0'))
}
