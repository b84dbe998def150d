//! totp-rfc: looks for a typed code in a window. It keeps no state: the caller must prevent replay and limit attempts.
#![no_std]
#![no_main]

#[path = "../../start.rs"]
mod start;

use totp_rfc::{Secret, Totp, ValidationWindow};

fn is_accepted(secret: &[u8; 20], typed: &str, now: u64) -> bool {
    let Ok(secret) = Secret::new(secret) else { return false };
    matches!(Totp::default().verify_window(&secret, now, ValidationWindow::new(1, 1), typed), Ok(Some(_)))
}
