//! The firmware of a hardware token: a button, a seven-segment display, and HOTP codes (RFC 4226) of six digits.
//!
//! A press shows the next code for [`SHOWN_MS`]. Its counter is stored as used before the code is computed. A loss of
//! power can therefore skip a code, which the verifier's look-ahead absorbs, but never shows a code twice. If the
//! button, the display or the flash fails, the token shows `Err` and no code. Nothing stays in memory between presses:
//! the counter and the secret are read from flash at each press, and the key is wiped before the display goes dark.
//!
//! # Hardware
//!
//! The token uses the traits of `embedded-hal` and `embedded-storage`. The firmware in `src/bin/microbit` is for the
//! BBC micro:bit (nRF51822), with button A on P0.17. The display is a MAX7219 with its DIN at P0.21 (edge connector
//! 15), CLK at P0.23 (13) and CS at P0.16 (16).
//!
//! # Flash
//!
//! The token needs three pages or more: on the micro:bit the last three, from 0x3F400. A record is some bytes, followed
//! by the complement of each.
//!
//! | page | record |
//! |---|---|
//! | first | the secret: [`SECRET_LEN`] bytes |
//! | others: the log | the first unused counter: 8 bytes, little-endian; one record a code, the newest has the greatest |
//!
//! [`provision`] writes the first records, at the factory. With two pages of 1 KiB for the log, and flash that
//! withstands 20,000 erasures as on the nRF51, the token lasts 2.5 million codes.
//!
//! # Build and test
//!
//! ```sh
//! cargo build --release --features microbit --target thumbv6m-none-eabi    # after: rustup target add thumbv6m-none-eabi
//! cargo test      # tests with a simulated flash whose power is cut at every step
//! ./run           # these tests, the build with Debian's rustc-web, and the firmware in QEMU with a `secondo::Verifier`
//! ```
//!
//! # Requirements for a product
//!
//! - The chip's readback protection (UICR.RBPCONF) must be on. Without it the secret can be read at the debug port.
//! - A supervisor must hold the processor in reset when the voltage is low.
//! - The button must switch the power.
#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

mod button;
mod counter;
mod display;
mod record;
mod secret;

use core::fmt;

use embedded_hal::delay::DelayNs;
use embedded_hal::digital::InputPin;
use embedded_storage::nor_flash::NorFlash;
use max7219::MAX7219;
use max7219::connectors::Connector;
use secondo::types::Counter;
use secondo::{Code, Digits, Hotp};

use crate::display::Display;

/// The number of bytes in a secret: 160 bits, as RFC 4226 section 4 (R6) recommends.
pub const SECRET_LEN: usize = 20;

/// The time for which a code is shown, in milliseconds.
pub const SHOWN_MS: u32 = 15_000;

/// The parameters of the codes, with SHA-1. The verifier must use the same.
pub const HOTP: Hotp = Hotp::new(Digits::Six);

/// A token made of a button (its pin is low while pressed), a display, a clock and flash.
pub struct Token<B, C, D, F> {
    button: B,
    display: Display<C>,
    delay: D,
    flash: F,
}

impl<B: InputPin, C: Connector, D: DelayNs, F: NorFlash> Token<B, C, D, F> {
    /// Creates a token from its parts. Nothing else may use the flash.
    pub const fn new(button: B, display: MAX7219<C>, delay: D, flash: F) -> Self {
        Self { button, display: Display::new(display), delay, flash }
    }

    /// Serves presses of the button forever.
    pub fn run(&mut self) -> ! {
        loop {
            // The display has shown the error.
            let _ = self.serve();
        }
    }

    /// Waits for a press, shows the next code or `Err`, and switches the display off again.
    ///
    /// # Errors
    ///
    /// Returns an [`Error`] after the display has shown `Err`.
    pub fn serve(&mut self) -> Result<(), Error> {
        let served = self.answer();
        if served.is_err() {
            // If the display itself fails, it stays dark or shows part of a code that is used up.
            let _ = self.display.show_error();
        }
        self.delay.delay_ms(SHOWN_MS);
        self.display.clear().and(served)
    }

    fn answer(&mut self) -> Result<(), Error> {
        button::wait_for_press(&mut self.button, &mut self.delay)?;
        let code = self.next_code()?;
        self.display.show_code(&code)
    }

    fn next_code(&mut self) -> Result<Code, Error> {
        // The secret is read first: without one, no counter is used up.
        let key = secret::key(&mut self.flash)?;
        let counter = counter::take(&mut self.flash)?;
        Ok(HOTP.generate(&key, counter))
    }
}

impl<B, C, D, F> fmt::Debug for Token<B, C, D, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// Writes a token's secret and the counter of its first code, at the factory. Previous data is erased.
///
/// A token whose provisioning was interrupted has no secret and shows `Err`.
///
/// # Errors
///
/// Returns [`Error::Flash`] if the flash fails or has fewer than three pages.
pub fn provision<F: NorFlash>(flash: &mut F, secret: &[u8; SECRET_LEN], first: Counter) -> Result<(), Error> {
    secret::erase(flash)?;
    counter::start(flash, first)?;
    secret::write(flash, secret)
}

/// An error for which the token shows `Err` instead of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// The pin of the button cannot be read.
    Button,
    /// The display cannot be written.
    Display,
    /// The flash cannot be read, erased or written.
    Flash,
    /// The secret is missing or damaged.
    Secret,
    /// The counter is missing or used up.
    Counter,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Button => "the button cannot be read",
            Self::Display => "the display cannot be written",
            Self::Flash => "the flash cannot be read, erased or written",
            Self::Secret => "the secret is missing or damaged",
            Self::Counter => "the counter is missing or used up",
        })
    }
}

impl core::error::Error for Error {}
