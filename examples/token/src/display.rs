//! The display: eight digits of seven segments behind a MAX7219.

use max7219::MAX7219;
use max7219::connectors::Connector;
use secondo::Code;
use zeroize::Zeroizing;

use crate::Error;

/// The only display on its wires.
const ADDRESS: usize = 0;

pub(crate) struct Display<C>(MAX7219<C>);

impl<C: Connector> Display<C> {
    pub(crate) const fn new(display: MAX7219<C>) -> Self {
        Self(display)
    }

    /// A code of six digits, as ` 123 456`.
    pub(crate) fn show_code(&mut self, code: &Code) -> Result<(), Error> {
        let mut text = Zeroizing::new(*b"        ");
        let places = [1, 2, 3, 5, 6, 7];
        for (place, digit) in places.into_iter().zip(code.as_str().bytes()) {
            text[place] = digit;
        }
        self.0.write_str(ADDRESS, &text, 0).map_err(|_| Error::Display)?;
        self.light_up()
    }

    /// `Err`, in segments, as the driver knows no letter r; from right to left.
    pub(crate) fn show_error(&mut self) -> Result<(), Error> {
        const E: u8 = 0b0100_1111;
        const R: u8 = 0b0000_0101;
        self.0.write_raw(ADDRESS, &[0, 0, 0, 0, 0, R, R, E]).map_err(|_| Error::Display)?;
        self.light_up()
    }

    /// Once all digits are there.
    fn light_up(&mut self) -> Result<(), Error> {
        self.0.power_on().map_err(|_| Error::Display)
    }

    /// Goes dark, and forgets what it showed.
    pub(crate) fn clear(&mut self) -> Result<(), Error> {
        self.0.power_off().map_err(|_| Error::Display)?;
        self.0.clear_display(ADDRESS).map_err(|_| Error::Display)
    }
}
