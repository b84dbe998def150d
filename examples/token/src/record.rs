//! Records in flash that show whether they are whole: some bytes, then the complement of each.
//!
//! Of a bit and its complement exactly one is 0 in a whole record. Writing only clears bits, so that where it was interrupted,
//! both are 1 somewhere; erasing raises them, with the same result. Neither makes one record look like another.

use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use zeroize::Zeroizing;

use crate::Error;

/// What stands in flash where a record is looked for. Wiped on drop, as it may be a secret.
pub(crate) struct Record<const N: usize>(Zeroizing<[[u8; N]; 2]>);

impl<const N: usize> Record<N> {
    pub(crate) const LEN: usize = 2 * N;

    pub(crate) fn read<F: ReadNorFlash>(flash: &mut F, offset: usize) -> Result<Self, Error> {
        const { assert!(Self::LEN.is_multiple_of(F::READ_SIZE), "the flash is read in units that fit a record") };
        let mut record = Self(Zeroizing::new([[0; N]; 2]));
        flash.read(address(offset)?, record.0.as_flattened_mut()).map_err(|_| Error::Flash)?;
        Ok(record)
    }

    /// Writes a record where the flash is blank, and reads it again: not every flash tells when it is worn.
    pub(crate) fn write<F: NorFlash>(flash: &mut F, offset: usize, bytes: &[u8; N]) -> Result<(), Error> {
        const { assert!(Self::LEN.is_multiple_of(F::WRITE_SIZE), "the flash is written in units that fit a record") };
        let record = Self(Zeroizing::new([*bytes, bytes.map(|byte| !byte)]));
        flash.write(address(offset)?, record.0.as_flattened()).map_err(|_| Error::Flash)?;
        if Self::read(flash, offset)?.0 == record.0 { Ok(()) } else { Err(Error::Flash) }
    }

    /// Its bytes, unless it is blank or damaged.
    pub(crate) fn whole(&self) -> Option<&[u8; N]> {
        let [bytes, complement] = &*self.0;
        bytes.iter().zip(complement).all(|(byte, complement)| *byte == !complement).then_some(bytes)
    }

    pub(crate) fn is_blank(&self) -> bool {
        self.0.as_flattened().iter().all(|byte| *byte == 0xff)
    }
}

/// Erases the page with this number.
pub(crate) fn erase<F: NorFlash>(flash: &mut F, page: usize) -> Result<(), Error> {
    let from = page * F::ERASE_SIZE;
    flash.erase(address(from)?, address(from + F::ERASE_SIZE)?).map_err(|_| Error::Flash)
}

fn address(offset: usize) -> Result<u32, Error> {
    u32::try_from(offset).map_err(|_| Error::Flash)
}
