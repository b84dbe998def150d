//! The core without `std` and without `alloc`, as firmware or a small verifier uses it. Only `main` prints.
//!
//! Run it with `cargo run --example no_alloc --no-default-features`.

use secondo::decision::{CommitError, StateError};
use secondo::types::{Base32, Period, SecretError};
use secondo::{Algorithm, Digits, Key, Method, Policy, Refusal, Secret, State, SubmittedCode, Totp, UnixTime};

/// Memory that survives a loss of power: a page of flash on a device, an array here.
struct Flash([u8; State::LEN]);

/// An error of the flash: the state could not be read or written.
#[derive(Debug)]
struct Worn;

/// A door lock with a keypad, which opens once for the code of the previous or the current time step.
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
        // The door stays shut if the stored state is invalid.
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
    let now = UnixTime::from_secs(59).unwrap(); // RFC 6238 appendix B has the code 46119246 for this time
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
