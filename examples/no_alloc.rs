//! The core without `std` and without `alloc`, as firmware or a small verifier uses it; only `main` prints.
//!
//! `cargo run --example no_alloc --no-default-features`

use secondo::decision::{CommitError, StateError};
use secondo::types::{Base32, Period, SecretError};
use secondo::{Algorithm, Digits, Key, Method, Policy, Refusal, Secret, State, SubmittedCode, Totp, UnixTime};

/// Memory that outlives the power: here an array, on a device a page of flash.
struct Flash([u8; State::LEN]);

/// The device could not write its state.
#[derive(Debug)]
struct Worn;

/// A door lock with a keypad: the code of the last time step or of this one opens it, once.
struct Door {
    method: Method,
    key: Key,
    policy: Policy,
    flash: Flash,
}

impl Door {
    fn new(secret: &Secret) -> Self {
        Self {
            method: Method::Totp(Totp::new(Digits::Eight, Period::default())),
            key: Key::new(Algorithm::Sha1, secret),
            policy: Policy::new(),
            flash: Flash(State::new().confirmed().to_bytes()),
        }
    }

    fn open(&mut self, typed: &str, now: UnixTime) -> Result<(), CommitError<Worn>> {
        // Bytes that cannot be read keep the door shut.
        let state = State::from_bytes(&self.flash.0).map_err(|_: StateError| CommitError::Store(Worn))?;
        let decision = self.method.verify(&self.key, &self.policy, &state, &SubmittedCode::new(typed), now);
        let accepted = decision.commit(|next| {
            self.flash.0 = next.to_bytes();
            Ok(())
        });
        accepted.map(drop)
    }
}

fn main() -> Result<(), SecretError> {
    let secret = Secret::from_bytes(b"12345678901234567890123456789012")?;
    let shown: Base32 = secret.to_base32();
    println!("secret: {}", shown.as_str());

    let mut door = Door::new(&secret);
    let now = UnixTime::from_secs(59).unwrap(); // RFC 6238 appendix B: the code is 46119246
    for typed in ["46119247", "46119246", "46119246", "4611924"] {
        match door.open(typed, now) {
            Ok(()) => println!("{typed}: open"),
            Err(CommitError::Refused(Refusal::Replayed { .. })) => println!("{typed}: used before"),
            Err(CommitError::Refused(refusal)) => println!("{typed}: {refusal}"),
            Err(CommitError::Store(worn)) => println!("{typed}: {worn:?}"),
        }
    }
    Ok(())
}
