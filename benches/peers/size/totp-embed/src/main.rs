//! totp_embed: only generates codes. This program parses the typed code, loops over the window and compares. It keeps
//! no state.
#![no_std]
#![no_main]

#[path = "../../start.rs"]
mod start;

use totp_embed::{Sha1, totp_custom};

fn is_accepted(secret: &[u8; 20], typed: &str, now: u64) -> bool {
    let is_code = typed.len() == 6 && typed.bytes().all(|byte| byte.is_ascii_digit());
    let is_right =
        |code| [now - 30, now, now + 30].iter().any(|time| totp_custom::<Sha1>(30, 6, secret, *time) == code);
    is_code && typed.parse().is_ok_and(is_right)
}
