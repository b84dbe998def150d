//! The display: eight seven-segment digits, driven by a MAX7219.

use max7219::MAX7219;
use max7219::connectors::Connector;
use secondo::Code;
use zeroize::Zeroizing;

use crate::Error;

/// The address of the display, which is the only one on its wires.
const ADDRESS: usize = 0;

pub(crate) struct Display<C>(MAX7219<C>);

impl<C: Connector> Display<C> {
    pub(crate) const fn new(display: MAX7219<C>) -> Self {
        Self(display)
    }

    /// Shows a code of six digits, as ` 123 456`.
    pub(crate) fn show_code(&mut self, code: &Code) -> Result<(), Error> {
        let mut text = Zeroizing::new(*b"        ");
        let places = [1, 2, 3, 5, 6, 7];
        for (place, digit) in places.into_iter().zip(code.as_str().bytes()) {
            text[place] = digit;
        }
        self.0.write_str(ADDRESS, &text, 0).map_err(|_| Error::Display)?;
        self.light_up()
    }

    /// Shows `Err`. The digits are written as segments, because the driver has no letter r, and from right to left.
    pub(crate) fn show_error(&mut self) -> Result<(), Error> {
        const E: u8 = 0b0100_1111;
        const R: u8 = 0b0000_0101;
        self.0.write_raw(ADDRESS, &[0, 0, 0, 0, 0, R, R, E]).map_err(|_| Error::Display)?;
        self.light_up()
    }

    /// Switches the display on. Called after all digits are written.
    fn light_up(&mut self) -> Result<(), Error> {
        self.0.power_on().map_err(|_| Error::Display)
    }

    /// Switches the display off and erases its digits.
    pub(crate) fn clear(&mut self) -> Result<(), Error> {
        self.0.power_off().map_err(|_| Error::Display)?;
        self.0.clear_display(ADDRESS).map_err(|_| Error::Display)
    }
}
