//! The HOTP counter: a log in all pages of the flash but the first.
//!
//! Each record holds the first unused counter. Its slot determines the value: from one record to the next, the counter
//! rises by the number of slots between them, even if a write was interrupted. A slot whose write was interrupted may
//! read as blank, as whole, or differently each time. If it reads as whole, it contains the counter that was to be
//! written there, and no code of that counter was shown.
//!
//! When a page is full, the next page is erased and written, whatever it contains. The newest record is therefore never
//! at risk. All pages wear equally: each is erased once in as many codes as all pages together have slots.

use embedded_storage::nor_flash::NorFlash;
use secondo::types::Counter;

use crate::Error;
use crate::record::{self, Record};

/// The number of pages before the log.
const SECRET_PAGES: usize = 1;

type Entry = Record<8>;

/// Starts the log at a counter, and erases the log that was there.
pub(crate) fn start<F: NorFlash>(flash: &mut F, first: Counter) -> Result<(), Error> {
    let pages = pages(flash)?;
    for page in pages {
        record::erase(flash, page)?;
    }
    write(flash, SECRET_PAGES, 0, first.get())
}

/// Returns the next counter.
///
/// The counter is stored as used before it is returned, so that it is not returned again after a loss of power.
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

/// The newest record of the log.
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
