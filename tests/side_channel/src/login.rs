//! Login attempts with every outcome.

use std::convert::Infallible;
use std::hint::black_box;
use std::ops::Range;

use pollster::block_on;
use secondo::audit::Operator;
use secondo::decision::Decision;
use secondo::factor::{BrowserDays, NewAuthenticator};
use secondo::hsm::{Hmac, Hsm, HsmKey};
use secondo::policy::Window;
use secondo::store::Store;
use secondo::types::{Counter, DisplayName, SecretText};
use secondo::{
    AccountId, Algorithm, Authenticator, Code, Digits, Hotp, Key, Method, Policy, Secret, State, SubmittedCode, Totp,
    Transaction, UnixTime, Verifier,
};

use crate::valgrind::make_secret;

/// The number of time steps in the window, and of counters in the look-ahead, that a login searches.
pub(crate) const STEPS: u64 = LOOK_AHEAD as u64 + 1;
const LOOK_AHEAD: u8 = 2;

/// The kind of code that is submitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Typed {
    /// The code of this step of the window, counted from 0.
    Right(u64),
    /// The code of the last used step, which is a replay.
    Used,
    /// A code of none of the steps of the window.
    Wrong,
}

/// An authenticator with the key and the policy that verify it.
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

    /// Moves the window until the code of its middle step begins with two zeros.
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

    /// Returns logins with every outcome: codes of every step, with and without used steps.
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

    /// Creates a login for a state in which the first `used` steps of the window are used.
    ///
    /// `None` stands for a new state without a watermark.
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

    /// Returns the code of a distant step that differs from all codes of the window and of the step before it.
    pub(crate) fn wrong(&self) -> Code {
        let of = |counter| Hotp::new(self.method.digits()).generate(&self.key, Counter::new(counter));
        let near: Vec<Code> = (self.first - 1..self.first + STEPS).map(of).collect();
        let is_near = |code: &Code| near.iter().any(|near| near.as_str() == code.as_str());
        (self.first + 1_000..self.first + 2_000).map(of).find(|code| !is_near(code)).expect("most codes differ")
    }
}

/// One login attempt.
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

/// One of the devices of an account. Each has a secret of its own.
pub(crate) struct Device {
    pub(crate) subject: Subject,
    secret: u8,
    /// `true` if its key is in the HSM.
    is_in_hsm: bool,
}

impl Device {
    /// Returns the four devices of an account, of both methods and of all algorithms.
    pub(crate) fn all() -> [Self; 4] {
        let [hotp, totp] = methods();
        let kinds = [
            (11, totp, Algorithm::Sha1),
            (12, hotp, Algorithm::Sha1),
            (13, totp, Algorithm::Sha256),
            (14, hotp, Algorithm::Sha512),
        ];
        kinds.map(|(secret, method, algorithm)| Self {
            subject: Subject::new(method, key(algorithm, secret), 1_000),
            secret,
            is_in_hsm: false,
        })
    }

    /// Returns the same devices, of which the third is in an HSM.
    pub(crate) fn all_with_hsm() -> [Self; 4] {
        let mut devices = Self::all();
        devices[2].is_in_hsm = true;
        devices
    }

    /// Returns the device as it is added to an account. `mark` may mark its secret.
    pub(crate) fn added(&self, mark: impl Fn(Secret) -> Secret) -> (NewAuthenticator, State) {
        let Subject { method, ref key, first, .. } = self.subject;
        let algorithm = key.algorithm();
        let authenticator = if self.is_in_hsm {
            Authenticator::in_hsm(method, algorithm, HsmKey::new(b"third").expect("a name"))
        } else {
            Authenticator::new(method, algorithm, mark(secret(self.secret, 20)))
        };
        (authenticator.into(), State::new().starting_at(Counter::new(first)).confirmed())
    }
}

/// An HSM that answers at once, for the one of the devices whose key is in it. `mark` may mark its answers.
pub(crate) struct Module {
    key: Key,
    mark: fn(&mut Vec<u8>),
}

impl Module {
    pub(crate) fn new(mark: fn(&mut Vec<u8>)) -> Self {
        let [_, _, third, _] = Device::all_with_hsm();
        Self { key: third.subject.key, mark }
    }
}

impl Hsm for Module {
    type Error = Infallible;

    /// Returns byte strings that are no HMACs, but whose codes are those of the device.
    async fn hmacs(&self, _: &HsmKey, algorithm: Algorithm, counters: &[Counter]) -> Result<Vec<Hmac>, Infallible> {
        let answers = counters.iter().map(|counter| {
            let code = Hotp::default().generate(&self.key, *counter);
            let number = code.as_str().bytes().fold(0, |number, digit| 10 * number + u32::from(digit - b'0'));
            let mut bytes = vec![0x5a; algorithm.output_len()];
            let offset = counter.get().to_le_bytes()[0] & 0xf;
            bytes[usize::from(offset)..][..4].copy_from_slice(&number.to_be_bytes());
            *bytes.last_mut().expect("a byte") = offset;
            (self.mark)(&mut bytes);
            Hmac::from_bytes(&bytes).expect("a length of HMACs")
        });
        Ok(answers.collect())
    }
}

/// Enrolls a device, logs in with it, and remembers browsers, whose tokens it returns. `mark` may mark random bytes.
pub(crate) fn remember<S: Store>(
    verifier: &Verifier<S>,
    browsers: Range<u8>,
    mark: fn(&mut [u8; 32]),
) -> Vec<SecretText> {
    let [device, ..] = Device::all();
    let now = device.subject.now();
    add(verifier, &[device.added(|secret| secret)]);
    let code = device.subject.code(1);
    let accepted = block_on(verifier.verify(&id(), &transaction(1), code.as_str(), now)).expect("the code is right");
    let days = BrowserDays::new(1).expect("a day");
    let remember = |number| {
        let mut random = [number; 32];
        mark(&mut random);
        block_on(verifier.remember(&accepted, DisplayName::EMPTY, days, &random, now)).expect("there is room").token
    };
    browsers.map(remember).collect()
}

/// The id of the only account.
pub(crate) fn id() -> AccountId {
    AccountId::new("f81d4fae-7dec-11d0-a765-00a0c91e6bf6").expect("an id")
}

/// Adds confirmed authenticators to the account.
pub(crate) fn add<S: Store, H: Hsm>(verifier: &Verifier<S, H>, added: &[(NewAuthenticator, State)]) {
    let desk = Operator::new("desk", "test");
    assert!(block_on(verifier.import(&id(), added, desk, UnixTime::EPOCH)).is_ok(), "the account has room");
}

/// Returns a transaction after marking its bytes as secret for memcheck; each `number` yields a different one.
pub(crate) fn transaction(number: u8) -> Transaction {
    let mut bytes = [number; 16];
    make_secret(&mut bytes, |bytes| bytes);
    Transaction::new(&bytes).expect("16 bytes")
}

/// Returns a policy with one step each way, a look-ahead, and learned drift, which uses the position of a match.
fn policy() -> Policy {
    let window = Window::new(1, 1).expect("a window");
    Policy::new().with_window(window).with_look_ahead(LOOK_AHEAD).expect("a look-ahead").with_learned_drift(true)
}

/// Returns a secret of `len` bytes; each `number` yields a different secret.
pub(crate) fn secret(number: u8, len: u8) -> Secret {
    let bytes: Vec<u8> = (0..len).map(|at| at.wrapping_mul(37) ^ number.wrapping_mul(101)).collect();
    Secret::from_bytes(black_box(&bytes)).expect("a secret")
}

/// Returns the secret after marking its bytes as secret for memcheck.
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
