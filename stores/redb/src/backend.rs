use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Bound;
use std::io;
use std::sync::{Arc, Mutex};

use redb::{BackendError, StorageBackend};

use crate::lock;

/// What redb writes while it opens a file, held back until the file has turned out to be ours and whole.
///
/// redb repairs a file that was not closed while it opens it, and writes more when it is closed again. A file that is
/// refused must stay as it is.
#[derive(Clone)]
pub(crate) struct Held {
    file: Arc<dyn StorageBackend>,
    /// `None` when nothing is held back any more.
    writes: Arc<Mutex<Option<Vec<Write>>>>,
}

enum Write {
    Bytes(u64, Box<[u8]>),
    Length(u64),
    Sync,
}

impl Held {
    pub(crate) fn new(file: Box<dyn StorageBackend>) -> Self {
        Self { file: file.into(), writes: Arc::new(Mutex::new(Some(Vec::new()))) }
    }

    /// Does what was held back, in its order, as redb relies on for a crash in the middle; then holds nothing back.
    pub(crate) fn release(&self) -> io::Result<()> {
        let mut held = lock(&self.writes);
        for write in held.take().unwrap_or_default() {
            match write {
                Write::Bytes(offset, bytes) => self.file.write(offset, &bytes)?,
                Write::Length(length) => self.file.set_len(length)?,
                Write::Sync => self.file.sync_data()?,
            }
        }
        Ok(())
    }

    /// Whether the write was held back.
    fn hold(&self, write: impl FnOnce() -> Write) -> bool {
        let mut held = lock(&self.writes);
        held.as_mut().map(|writes| writes.push(write())).is_some()
    }
}

/// The file's bytes as if what is held back had been done.
fn read_through(file: &dyn StorageBackend, writes: &[Write], offset: u64, out: &mut [u8]) -> io::Result<()> {
    let length = length_through(file, writes)?;
    let end = offset.checked_add(out.len() as u64).filter(|end| *end <= length);
    let end = end.ok_or(io::ErrorKind::UnexpectedEof)?;
    let of_file = usize::try_from(file.len()?.saturating_sub(offset)).unwrap_or(usize::MAX).min(out.len());
    let (old, new) = out.split_at_mut(of_file);
    file.read(offset, old)?;
    new.fill(0);
    for write in writes {
        match write {
            Write::Bytes(start, bytes) => copy_overlap(*start, bytes, offset, out),
            Write::Length(length) if *length < end => {
                let cut = usize::try_from(length.saturating_sub(offset)).unwrap_or(usize::MAX);
                out.iter_mut().skip(cut).for_each(|byte| *byte = 0);
            }
            Write::Length(_) | Write::Sync => {}
        }
    }
    Ok(())
}

fn length_through(file: &dyn StorageBackend, writes: &[Write]) -> io::Result<u64> {
    let mut length = file.len()?;
    for write in writes {
        match write {
            Write::Bytes(offset, bytes) => length = length.max(offset.saturating_add(bytes.len() as u64)),
            Write::Length(new) => length = *new,
            Write::Sync => {}
        }
    }
    Ok(length)
}

/// Copies of `bytes`, which begin at `start`, what lies in `out`, which begins at `offset`.
fn copy_overlap(start: u64, bytes: &[u8], offset: u64, out: &mut [u8]) {
    let skipped = |from: u64, to: u64| usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX);
    let source = bytes.iter().skip(skipped(start, offset));
    let target = out.iter_mut().skip(skipped(offset, start));
    target.zip(source).for_each(|(target, source)| *target = *source);
}

impl StorageBackend for Held {
    fn len(&self) -> io::Result<u64> {
        length_through(&*self.file, lock(&self.writes).as_deref().unwrap_or_default())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        match lock(&self.writes).as_deref() {
            Some(writes) if !writes.is_empty() => return read_through(&*self.file, writes, offset, out),
            _ => {}
        }
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        if self.hold(|| Write::Length(len)) { Ok(()) } else { self.file.set_len(len) }
    }

    fn sync_data(&self) -> io::Result<()> {
        if self.hold(|| Write::Sync) { Ok(()) } else { self.file.sync_data() }
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        if self.hold(|| Write::Bytes(offset, data.into())) { Ok(()) } else { self.file.write(offset, data) }
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Held(..)")
    }
}
