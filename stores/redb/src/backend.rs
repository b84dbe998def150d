use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Bound;
use core::{fmt, mem};
use std::io;
use std::sync::Mutex;

use redb::{BackendError, StorageBackend};

use crate::lock;

/// A file for redb that holds writes back until the file has proved to be undamaged and one of this store.
///
/// When redb opens a file that was not closed, it repairs the file, and it writes more when it closes it again. A file
/// that the store does not accept must stay unchanged.
#[derive(Clone)]
pub(crate) struct Gate {
    file: Arc<dyn StorageBackend>,
    state: Arc<Mutex<State>>,
}

enum State {
    Held(Vec<Write>),
    Open,
    Shut,
}

enum Write {
    Bytes(u64, Box<[u8]>),
    Length(u64),
    Sync,
}

impl Gate {
    pub(crate) fn new(file: Box<dyn StorageBackend>) -> Self {
        Self { file: file.into(), state: Arc::new(Mutex::new(State::Held(Vec::new()))) }
    }

    /// Performs the writes that were held back, and holds back no more.
    ///
    /// The writes keep their order, on which redb relies if a crash interrupts them.
    pub(crate) fn open(&self) -> io::Result<()> {
        let mut state = lock(&self.state);
        let State::Held(writes) = mem::replace(&mut *state, State::Open) else { return Ok(()) };
        for write in writes {
            match write {
                Write::Bytes(offset, bytes) => self.file.write(offset, &bytes)?,
                Write::Length(length) => self.file.set_len(length)?,
                Write::Sync => self.file.sync_data()?,
            }
        }
        Ok(())
    }

    /// Makes all later calls fail.
    pub(crate) fn shut(&self) {
        *lock(&self.state) = State::Shut;
    }

    /// Holds the write back, or performs it.
    fn pass(&self, write: impl FnOnce() -> Write, done: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        match &mut *lock(&self.state) {
            State::Held(writes) => {
                writes.push(write());
                return Ok(());
            }
            State::Open => {}
            State::Shut => return Err(shut()),
        }
        done()
    }
}

fn shut() -> io::Error {
    io::Error::other("the file was given up after an error")
}

/// Reads the file's bytes as if the writes that are held back had been performed.
fn read_through(file: &dyn StorageBackend, writes: &[Write], offset: u64, out: &mut [u8]) -> io::Result<()> {
    let length = length_through(file, writes)?;
    let end = offset.checked_add(out.len() as u64).filter(|end| *end <= length);
    end.ok_or(io::ErrorKind::UnexpectedEof)?;
    let of_file = usize::try_from(file.len()?.saturating_sub(offset)).unwrap_or(usize::MAX).min(out.len());
    let (old, new) = out.split_at_mut(of_file);
    if !old.is_empty() {
        file.read(offset, old)?;
    }
    new.fill(0);
    for write in writes {
        match write {
            Write::Bytes(start, bytes) => copy_overlap(*start, bytes, offset, out),
            Write::Length(length) => {
                let cut = usize::try_from(length.saturating_sub(offset)).unwrap_or(usize::MAX);
                out.iter_mut().skip(cut).for_each(|byte| *byte = 0);
            }
            Write::Sync => {}
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

/// Copies the part of `bytes`, which begin at `start`, that lies within `out`, which begins at `offset`.
fn copy_overlap(start: u64, bytes: &[u8], offset: u64, out: &mut [u8]) {
    let skipped = |from: u64, to: u64| usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX);
    let source = bytes.iter().skip(skipped(start, offset));
    let target = out.iter_mut().skip(skipped(offset, start));
    target.zip(source).for_each(|(target, source)| *target = *source);
}

impl StorageBackend for Gate {
    fn len(&self) -> io::Result<u64> {
        match &*lock(&self.state) {
            State::Held(writes) => length_through(&*self.file, writes),
            State::Open => self.file.len(),
            State::Shut => Err(shut()),
        }
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        match &*lock(&self.state) {
            State::Held(writes) => return read_through(&*self.file, writes, offset, out),
            State::Open => {}
            State::Shut => return Err(shut()),
        }
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.pass(|| Write::Length(len), || self.file.set_len(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.pass(|| Write::Sync, || self.file.sync_data())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.pass(|| Write::Bytes(offset, data.into()), || self.file.write(offset, data))
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

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gate(..)")
    }
}
