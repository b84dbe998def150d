//! otp-simple: looks for a number in a window, and compares with `==`. It keeps no state and does not parse the typed
//! code.
#![no_std]
#![no_main]

#[path = "../../start.rs"]
mod start;

use otp_simple::check_totp;
use sha1::Sha1;

fn is_accepted(secret: &[u8; 20], typed: &str, now: u64) -> bool {
    let is_code = typed.len() == 6 && typed.bytes().all(|byte| byte.is_ascii_digit());
    is_code && typed.parse().is_ok_and(|code| check_totp::<Sha1>(now, 30, secret, 6, (1, 1), code))
}
