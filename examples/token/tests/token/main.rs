//! The token with simulated hardware: the codes it shows at each press, and losses of power.

mod flash;
#[path = "../support/max7219.rs"]
mod max7219;
mod person;
mod power;
mod press;

use secondo::types::Counter;
use secondo::{Algorithm, Key, Secret};
use token::HOTP;

/// The secret of RFC 4226, appendix D.
const SECRET: &[u8; 20] = b"12345678901234567890";

/// Returns the text that the display shows at a counter.
fn shown_at(counter: u64) -> String {
    let key = Key::new(Algorithm::Sha1, &Secret::from_bytes(SECRET).unwrap());
    let code = HOTP.generate(&key, Counter::new(counter));
    let (left, right) = code.as_str().split_at(3);
    format!(" {left} {right}")
}
