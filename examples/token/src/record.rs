//! Records in flash: some bytes, followed by the complement of each, which shows if the record is whole.
//!
//! In a whole record, exactly one of a bit and its complement is 0. Writing only clears bits, so an interrupted write
//! leaves some bit and its complement both at 1. Erasing sets bits, with the same result if it is interrupted. Neither
//! makes one record look like another.

use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use zeroize::Zeroizing;

use crate::Error;

/// The bytes in flash at the place of a record. They may be a secret, so they are wiped on drop.
pub(crate) struct Record<const N: usize>(Zeroizing<[[u8; N]; 2]>);

impl<const N: usize> Record<N> {
    pub(crate) const LEN: usize = 2 * N;

    /// Reads the bytes at an offset, if whole or not.
    pub(crate) fn read<F: ReadNorFlash>(flash: &mut F, offset: usize) -> Result<Self, Error> {
        const { assert!(Self::LEN.is_multiple_of(F::READ_SIZE), "the flash is read in units that fit a record") };
        let mut record = Self(Zeroizing::new([[0; N]; 2]));
        flash.read(address(offset)?, record.0.as_flattened_mut()).map_err(|_| Error::Flash)?;
        Ok(record)
    }

    /// Writes a record to blank flash and reads it back, because not every flash reports wear.
    pub(crate) fn write<F: NorFlash>(flash: &mut F, offset: usize, bytes: &[u8; N]) -> Result<(), Error> {
        const { assert!(Self::LEN.is_multiple_of(F::WRITE_SIZE), "the flash is written in units that fit a record") };
        let record = Self(Zeroizing::new([*bytes, bytes.map(|byte| !byte)]));
        flash.write(address(offset)?, record.0.as_flattened()).map_err(|_| Error::Flash)?;
        if Self::read(flash, offset)?.0 == record.0 { Ok(()) } else { Err(Error::Flash) }
    }

    /// Returns the bytes of the record, or `None` if it is blank or damaged.
    pub(crate) fn whole(&self) -> Option<&[u8; N]> {
        let [bytes, complement] = &*self.0;
        bytes.iter().zip(complement).all(|(byte, complement)| *byte == !complement).then_some(bytes)
    }

    /// Returns `true` if the flash is blank here.
    pub(crate) fn is_blank(&self) -> bool {
        self.0.as_flattened().iter().all(|byte| *byte == 0xff)
    }
}

/// Erases a page, counted from 0.
pub(crate) fn erase<F: NorFlash>(flash: &mut F, page: usize) -> Result<(), Error> {
    let from = page * F::ERASE_SIZE;
    flash.erase(address(from)?, address(from + F::ERASE_SIZE)?).map_err(|_| Error::Flash)
}

fn address(offset: usize) -> Result<u32, Error> {
    u32::try_from(offset).map_err(|_| Error::Flash)
}
