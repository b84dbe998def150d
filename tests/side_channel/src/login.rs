//! Logins of every outcome.

use std::hint::black_box;

use secondo::decision::Decision;
use secondo::policy::Window;
use secondo::types::Counter;
use secondo::{Algorithm, Code, Digits, Hotp, Key, Method, Policy, Secret, State, SubmittedCode, Totp, UnixTime};

use crate::valgrind::make_secret;

/// The steps of a window, and the counters of a look-ahead, that a login looks for a code in.
pub(crate) const STEPS: u64 = LOOK_AHEAD as u64 + 1;
const LOOK_AHEAD: u8 = 2;

/// What a code is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Typed {
    /// That of this step of the window, from 0.
    Right(u64),
    /// That of the last used step.
    Used,
    Wrong,
}

/// Somebody's authenticator.
pub(crate) struct Subject {
    pub(crate) method: Method,
    pub(crate) key: Key,
    pub(crate) policy: Policy,
    /// The earliest step of the window, or the next counter.
    pub(crate) first: u64,
}

impl Subject {
    pub(crate) fn new(method: impl Into<Method>, key: Key, first: u64) -> Self {
        Self { method: method.into(), key, policy: policy(), first }
    }

    /// With a code in the middle of the window that begins with two zeros.
    pub(crate) fn with_leading_zeros(mut self) -> Self {
        while !self.code(1).as_str().starts_with("00") {
            self.first += 1;
        }
        self
    }

    pub(crate) fn code(&self, step: u64) -> Code {
        Hotp::new(self.method.digits()).generate(&self.key, Counter::new(self.first + step))
    }

    pub(crate) fn now(&self) -> UnixTime {
        UnixTime::from_secs((self.first + 1) * 30).unwrap()
    }

    /// Every outcome, at every step, with and without used ones.
    pub(crate) fn logins(&self) -> Vec<Login<'_>> {
        let used: &[Option<u64>] =
            if matches!(self.method, Method::Totp(_)) { &[None, Some(0), Some(1), Some(2)] } else { &[Some(0)] };
        let mut logins = Vec::new();
        for used in used.iter().copied() {
            logins.extend((used.unwrap_or(0)..STEPS).map(|step| self.login(Typed::Right(step), used)));
            logins.push(self.login(Typed::Wrong, used));
            logins.extend(used.map(|_| self.login(Typed::Used, used)));
        }
        logins
    }

    /// An attempt where so many steps of the window are used; `None` is a new authenticator.
    pub(crate) fn login(&self, typed: Typed, used: Option<u64>) -> Login<'_> {
        let mut state = State::new().confirmed();
        if let Some(used) = used {
            state = state.starting_at(Counter::new(self.first + used));
        }
        let code = match typed {
            Typed::Right(step) => self.code(step),
            Typed::Used => Hotp::new(self.method.digits()).generate(&self.key, state.watermark().expect("a used step")),
            Typed::Wrong => self.wrong(),
        };
        let submitted = SubmittedCode::from(&code);
        black_box(Login { subject: self, typed, state, code, submitted, now: self.now() })
    }

    /// The code of another time, which is that of no step near.
    pub(crate) fn wrong(&self) -> Code {
        let of = |counter| Hotp::new(self.method.digits()).generate(&self.key, Counter::new(counter));
        let near: Vec<Code> = (self.first - 1..self.first + STEPS).map(of).collect();
        let is_near = |code: &Code| near.iter().any(|near| near.as_str() == code.as_str());
        (self.first + 1_000..self.first + 2_000).map(of).find(|code| !is_near(code)).expect("most codes are not near")
    }
}

/// One attempt.
pub(crate) struct Login<'s> {
    pub(crate) subject: &'s Subject,
    pub(crate) typed: Typed,
    pub(crate) state: State,
    pub(crate) code: Code,
    pub(crate) submitted: SubmittedCode,
    pub(crate) now: UnixTime,
}

impl Login<'_> {
    pub(crate) fn with_unknown_code(mut self) -> Self {
        make_secret(&mut self.code, |code| code.as_str().as_bytes());
        self.submitted = SubmittedCode::from(&self.code);
        self
    }

    pub(crate) fn is_right(&self) -> bool {
        matches!(self.typed, Typed::Right(_))
    }

    #[inline(never)]
    pub(crate) fn verify(&self) -> Decision {
        let Subject { method, key, policy, .. } = self.subject;
        method.verify(key, policy, &self.state, &self.submitted, self.now)
    }
}

/// One step to each side, and all that looks at where a code was found.
fn policy() -> Policy {
    let window = Window::new(1, 1).expect("a window");
    Policy::new().with_window(window).with_look_ahead(LOOK_AHEAD).expect("a look-ahead").with_learned_drift(true)
}

/// A secret of so many bytes, one of many.
pub(crate) fn secret(number: u8, len: u8) -> Secret {
    let bytes: Vec<u8> = (0..len).map(|at| at.wrapping_mul(37) ^ number.wrapping_mul(101)).collect();
    Secret::from_bytes(black_box(&bytes)).expect("a secret")
}

/// The secret, unknown to memcheck.
pub(crate) fn unknown(mut secret: Secret) -> Secret {
    make_secret(&mut secret, Secret::expose);
    secret
}

pub(crate) fn key(algorithm: Algorithm, number: u8) -> Key {
    Key::new(algorithm, &secret(number, 20))
}

pub(crate) fn methods() -> [Method; 2] {
    [Method::Hotp(Hotp::new(Digits::Six)), Method::Totp(Totp::default())]
}

pub(crate) fn name(method: &Method) -> &'static str {
    if matches!(method, Method::Hotp(_)) { "HOTP" } else { "TOTP" }
}
