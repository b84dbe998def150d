//! secondo: verifies a typed code against a state, and replaces the state. A code is accepted once, and attempts are
//! limited.
#![no_std]
#![no_main]

#[path = "../../start.rs"]
mod start;

use core::hint::black_box;

use secondo::policy::Window;
use secondo::{Algorithm, Key, Method, Policy, Secret, State, SubmittedCode, Totp, UnixTime};

fn is_accepted(secret: &[u8; 20], typed: &str, now: u64) -> bool {
    let (Ok(secret), Ok(window)) = (Secret::from_bytes(secret), Window::new(1, 1)) else { return false };
    let key = Key::new(Algorithm::Sha1, &secret);
    let policy = Policy::new().with_window(window);
    let mut state = black_box(State::new().confirmed());
    let (method, now) = (Method::Totp(Totp::default()), UnixTime::from_secs(now).unwrap_or_default());
    let decision = method.verify(&key, &policy, &state, &SubmittedCode::new(typed), now);
    let verdict = decision.commit(|next| {
        state = *next;
        black_box(&state);
        Ok::<_, ()>(())
    });
    verdict.is_ok()
}
