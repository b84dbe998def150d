//! totp-rs: looks for a typed code in a window, and stops at a match. It keeps no state: the caller must prevent replay
//! and limit attempts.
#![no_std]
#![no_main]

#[path = "../../start.rs"]
mod start;

use totp_rs::{Builder, Secret};

fn is_accepted(secret: &[u8; 20], typed: &str, now: u64) -> bool {
    let builder = Builder::new().with_secret(Secret::new_stack(*secret));
    builder.build().is_ok_and(|totp| totp.check(typed, now).is_some())
}
