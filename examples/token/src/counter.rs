//! The HOTP counter: a log in the flash's pages after the first.
//!
//! Each record holds the first counter that is unused, and its place says which: a record is greater than the one before it
//! by one for each place between them, also where writing was interrupted. Flash whose writing was interrupted may read as
//! blank, as whole, or differently each time; here it cannot say anything but what was to be written there, and no code of
//! that counter was shown.
//!
//! The page after the newest record's is erased when that is full, whatever is in it, and written next. So the newest record
//! is never in danger, pages wear alike, and each is erased once in as many codes as all of them have places.

use embedded_storage::nor_flash::NorFlash;
use secondo::types::Counter;

use crate::Error;
use crate::record::{self, Record};

/// The page before the log.
const SECRET_PAGES: usize = 1;

type Entry = Record<8>;

/// Starts the log.
pub(crate) fn start<F: NorFlash>(flash: &mut F, first: Counter) -> Result<(), Error> {
    let pages = pages(flash)?;
    for page in pages {
        record::erase(flash, page)?;
    }
    write(flash, SECRET_PAGES, 0, first.get())
}

/// The next counter. It is stored as used before it is handed out, so that no loss of power hands it out again.
pub(crate) fn take<F: NorFlash>(flash: &mut F) -> Result<Counter, Error> {
    let newest = newest(flash)?;
    let mut slot = newest.slot + 1;
    while slot < slots::<F>() && !read(flash, newest.page, slot)?.is_blank() {
        slot += 1;
    }
    let places = u64::try_from(slot - newest.slot).map_err(|_| Error::Counter)?;
    let unused = newest.unused.checked_add(places).ok_or(Error::Counter)?;
    if slot < slots::<F>() {
        write(flash, newest.page, slot, unused)?;
    } else {
        let pages = pages(flash)?;
        let next = if newest.page + 1 < pages.end { newest.page + 1 } else { pages.start };
        record::erase(flash, next)?;
        write(flash, next, 0, unused)?;
    }
    Ok(Counter::new(unused - 1))
}

struct Newest {
    page: usize,
    slot: usize,
    unused: u64,
}

fn newest<F: NorFlash>(flash: &mut F) -> Result<Newest, Error> {
    let mut newest: Option<Newest> = None;
    for page in pages(flash)? {
        for slot in 0..slots::<F>() {
            let Some(unused) = read(flash, page, slot)?.whole().map(|bytes| u64::from_le_bytes(*bytes)) else {
                continue;
            };
            if newest.as_ref().is_none_or(|newest| newest.unused < unused) {
                newest = Some(Newest { page, slot, unused });
            }
        }
    }
    newest.ok_or(Error::Counter)
}

fn pages<F: NorFlash>(flash: &F) -> Result<core::ops::Range<usize>, Error> {
    let pages = SECRET_PAGES..flash.capacity() / F::ERASE_SIZE;
    if pages.len() >= 2 { Ok(pages) } else { Err(Error::Flash) }
}

const fn slots<F: NorFlash>() -> usize {
    F::ERASE_SIZE / Entry::LEN
}

fn read<F: NorFlash>(flash: &mut F, page: usize, slot: usize) -> Result<Entry, Error> {
    Entry::read(flash, page * F::ERASE_SIZE + slot * Entry::LEN)
}

fn write<F: NorFlash>(flash: &mut F, page: usize, slot: usize, unused: u64) -> Result<(), Error> {
    Entry::write(flash, page * F::ERASE_SIZE + slot * Entry::LEN, &unused.to_le_bytes())
}
