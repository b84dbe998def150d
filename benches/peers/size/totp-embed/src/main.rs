//! totp_embed: generates only; the loop and the comparison are ours. No state, no reading of what was typed.
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
