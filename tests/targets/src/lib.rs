//! Checks of the library that run on any target: codes against the vectors of the RFCs, and the rules of a verifier.
#![no_std]
#![forbid(unsafe_code)]

mod base32;
mod codes;
mod logins;
mod numbers;
#[cfg(feature = "qr")]
mod pictures;
mod planted;
mod tally;
mod traces;

use core::fmt::Write;

use tally::Tally;

pub use planted::remainder;
pub use traces::traces;

/// Runs all checks, prints the failed ones and the totals on the console, and returns `true` if all passed.
///
/// `is_planted` plants a defect, so that one check fails.
pub fn checks(console: &mut dyn Write, is_planted: bool) -> bool {
    let mut tally = Tally::new(console);
    codes::rfc4226(&mut tally, is_planted);
    codes::rfc6238(&mut tally);
    codes::far_and_long(&mut tally);
    base32::both_ways(&mut tally);
    base32::refused(&mut tally);
    logins::accepted_once_and_locked(&mut tally);
    logins::windows(&mut tally);
    logins::look_ahead(&mut tally);
    logins::resynchronization(&mut tally);
    numbers::state_bytes(&mut tally);
    numbers::time_steps(&mut tally);
    numbers::guesses(&mut tally);
    #[cfg(feature = "qr")]
    pictures::drawn(&mut tally);
    tally.finish()
}
