//! The secret: one record at the start of the first page, written at the factory and only read after that.

use embedded_storage::nor_flash::NorFlash;
use secondo::{Algorithm, Key, Secret};

use crate::record::{self, Record};
use crate::{Error, SECRET_LEN};

type Stored = Record<SECRET_LEN>;

/// Writes the secret.
pub(crate) fn write<F: NorFlash>(flash: &mut F, secret: &[u8; SECRET_LEN]) -> Result<(), Error> {
    Stored::write(flash, 0, secret)
}

/// Erases the secret.
pub(crate) fn erase<F: NorFlash>(flash: &mut F) -> Result<(), Error> {
    record::erase(flash, 0)
}

/// Returns the key for the codes. The secret itself is wiped after use.
pub(crate) fn key<F: NorFlash>(flash: &mut F) -> Result<Key, Error> {
    let stored = Stored::read(flash, 0)?;
    let secret = Secret::from_bytes(stored.whole().ok_or(Error::Secret)?).map_err(|_| Error::Secret)?;
    Ok(Key::new(Algorithm::Sha1, &secret))
}
