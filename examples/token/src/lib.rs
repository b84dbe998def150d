//! The firmware of a hardware token: a button, a display of seven segments, and HOTP codes (RFC 4226) of six digits.
//!
//! A press shows the next code for [`SHOWN_MS`]. Its counter is stored as used before the code is computed, so that a loss of
//! power can skip a code, which the verifier's look-ahead absorbs, and never shows one twice. What cannot be read or written
//! shows `Err`, and no code. Between presses there is nothing in memory: the counter and the secret are read from flash for
//! each, and the key is wiped before the display goes dark.
//!
//! # Hardware
//!
//! Everything is behind the traits of `embedded-hal` and `embedded-storage`. The firmware in `src/bin/microbit` is for the
//! BBC micro:bit (nRF51822), whose button A is on P0.17; the display is a MAX7219 with its DIN at P0.21 (edge connector 15),
//! CLK at P0.23 (13) and CS at P0.16 (16).
//!
//! # Flash
//!
//! Three pages or more: the last three of the micro:bit, from 0x3F400. A record is some bytes and then the complement of each.
//!
//! | page | record |
//! |---|---|
//! | first | the secret: [`SECRET_LEN`] bytes |
//! | others, the log | the first unused counter: 8 bytes, little-endian; one record for each code, the newest is the greatest |
//!
//! [`provision`] writes the first ones, at the factory. With two pages of 1 KiB for the log and flash that stands 20,000
//! erasures, as the nRF51 has, the token lasts 2.5 million codes.
//!
//! # Build and test
//!
//! ```sh
//! cargo build --release --features microbit --target thumbv6m-none-eabi    # after: rustup target add thumbv6m-none-eabi
//! cargo test      # with a flash whose power is cut at every step
//! ./run           # that, the build with Debian's rustc-web, and the firmware in QEMU before a `secondo::Verifier`
//! ```
//!
//! # What a product needs beside this
//!
//! The chip's readback protection (UICR.RBPCONF) switched on, or the secret can be read at the debug port; a supervisor that
//! holds the processor in reset when the voltage is low; and power that the button switches.
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

/// The bytes of a secret: 160 bits, what RFC 4226 section 4 (R6) recommends.
pub const SECRET_LEN: usize = 20;

/// How long a code is shown, in milliseconds.
pub const SHOWN_MS: u32 = 15_000;

/// The parameters that the verifier has to have as well, with SHA-1.
pub const HOTP: Hotp = Hotp::new(Digits::Six);

/// A token: its button (low while it is pressed), display, clock and flash.
pub struct Token<B, C, D, F> {
    button: B,
    display: Display<C>,
    delay: D,
    flash: F,
}

impl<B: InputPin, C: Connector, D: DelayNs, F: NorFlash> Token<B, C, D, F> {
    /// A token of these parts; the flash is all its own.
    pub const fn new(button: B, display: MAX7219<C>, delay: D, flash: F) -> Self {
        Self { button, display: Display::new(display), delay, flash }
    }

    /// Serves the button for ever.
    pub fn run(&mut self) -> ! {
        loop {
            // The display has told.
            let _ = self.serve();
        }
    }

    /// Waits for a press, shows its code or `Err`, and goes dark again.
    ///
    /// # Errors
    ///
    /// [`Error`], after it was shown.
    pub fn serve(&mut self) -> Result<(), Error> {
        let served = self.answer();
        if served.is_err() {
            // A display that fails stays dark or shows a part of a code that is used up.
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
        // Without a secret no counter is used up.
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

/// Gives a token its secret and the counter of its first code, at the factory; what it had before is erased.
///
/// If this is interrupted, the token has no secret, and shows `Err`.
///
/// # Errors
///
/// [`Error::Flash`] if the flash fails, or has fewer than three pages.
pub fn provision<F: NorFlash>(flash: &mut F, secret: &[u8; SECRET_LEN], first: Counter) -> Result<(), Error> {
    secret::erase(flash)?;
    counter::start(flash, first)?;
    secret::write(flash, secret)
}

/// Why there is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// The button's pin cannot be read.
    Button,
    /// The display cannot be written.
    Display,
    /// The flash cannot be read, erased or written.
    Flash,
    /// There is no secret, or it is damaged.
    Secret,
    /// There is no counter, or it is used up.
    Counter,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Button => "the button cannot be read",
            Self::Display => "the display cannot be written",
            Self::Flash => "the flash failed",
            Self::Secret => "no secret",
            Self::Counter => "no counter",
        })
    }
}

impl core::error::Error for Error {}
