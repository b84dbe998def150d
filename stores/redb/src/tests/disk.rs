//! A disk in memory that loses power, fails and hangs on request.

use std::io;
use std::mem;
use std::sync::{Arc, Condvar, Mutex};

use redb::StorageBackend;

use crate::lock;

/// A disk in memory. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk(Arc<(Mutex<State>, Condvar)>);

#[derive(Debug, Default)]
struct State {
    /// The bytes that a read returns.
    bytes: Vec<u8>,
    /// The bytes that survive a power failure.
    synced: Vec<u8>,
    unsynced: Vec<Write>,
    /// The number of calls until the power is cut.
    left: Option<u64>,
    without_power: bool,
    failing: Option<Failing>,
    hangs: bool,
    /// A sync waits, because the disk hangs.
    sync_waits: bool,
}

#[derive(Debug)]
enum Write {
    Sector(usize, Vec<u8>),
    Length(usize),
}

/// The calls that fail: writes and syncs fail once, and reads fail until [`Disk::fail`] is called again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Failing {
    Write,
    Sync,
    /// The sync is done, but returns an error.
    AfterSync,
    Reads,
}

/// The number of bytes in a sector, which is written as a whole or not at all.
const SECTOR: usize = 512;

impl Disk {
    pub(super) fn open(&self) -> Box<dyn StorageBackend> {
        Box::new(self.clone())
    }

    /// Cuts the power after this number of further calls.
    pub(super) fn cut_after(&self, calls: u64) {
        lock(&self.0.0).left = Some(calls);
    }

    /// Cuts the power, and turns it on again. Of the writes that were not synced, those that `survives` selects are
    /// kept.
    pub(super) fn restart(&self, mut survives: impl FnMut(usize) -> bool) {
        let mut state = lock(&self.0.0);
        let mut image = mem::take(&mut state.synced);
        for (n, write) in mem::take(&mut state.unsynced).iter().enumerate() {
            if survives(n) {
                write.apply(&mut image);
            }
        }
        *state = State { bytes: image.clone(), synced: image, ..State::default() };
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        lock(&self.0.0).bytes.clone()
    }

    /// Changes bytes on the disk.
    pub(super) fn damage(&self, damage: impl FnOnce(&mut [u8])) {
        damage(&mut lock(&self.0.0).bytes);
    }

    pub(super) fn unsynced(&self) -> usize {
        lock(&self.0.0).unsynced.len()
    }

    pub(super) fn fail(&self, failing: impl Into<Option<Failing>>) {
        lock(&self.0.0).failing = failing.into();
    }

    /// Makes syncs wait, or lets them go on.
    pub(super) fn hang(&self, hangs: bool) {
        lock(&self.0.0).hangs = hangs;
        self.0.1.notify_all();
    }

    /// Returns when a sync waits on the disk, which hangs.
    pub(super) fn until_sync_waits(&self) {
        let mut state = lock(&self.0.0);
        while !state.sync_waits {
            state = self.0.1.wait(state).unwrap();
        }
    }

    /// Does the work, unless the power is cut.
    fn call<T>(&self, work: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        let mut state = lock(&self.0.0);
        match &mut state.left {
            Some(0) => state.without_power = true,
            Some(left) => *left -= 1,
            None => {}
        }
        if state.without_power {
            return Err(io::Error::other("no power"));
        }
        work(&mut state)
    }
}

impl Write {
    fn apply(&self, image: &mut Vec<u8>) {
        match self {
            Self::Sector(start, bytes) => {
                image.resize(image.len().max(start + bytes.len()), 0);
                image[*start..start + bytes.len()].copy_from_slice(bytes);
            }
            Self::Length(length) => image.resize(*length, 0),
        }
    }
}

impl State {
    fn write(&mut self, write: Write) {
        write.apply(&mut self.bytes);
        self.unsynced.push(write);
    }

    fn sync(&mut self) {
        for write in mem::take(&mut self.unsynced) {
            write.apply(&mut self.synced);
        }
    }

    fn fails(&mut self, failing: Failing) -> io::Result<()> {
        match self.failing {
            Some(Failing::Reads) if failing == Failing::Reads => Err(io::Error::other("failing")),
            Some(now) if now == failing => {
                self.failing = None;
                Err(io::Error::other("failing"))
            }
            _ => Ok(()),
        }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        self.call(|state| Ok(state.bytes.len() as u64))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.call(|state| {
            state.fails(Failing::Reads)?;
            let start = usize::try_from(offset).unwrap();
            let bytes = state.bytes.get(start..start + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
            out.copy_from_slice(bytes);
            Ok(())
        })
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.call(|state| {
            state.write(Write::Length(usize::try_from(len).unwrap()));
            Ok(())
        })
    }

    fn sync_data(&self) -> io::Result<()> {
        {
            let mut state = lock(&self.0.0);
            while state.hangs {
                state.sync_waits = true;
                self.0.1.notify_all();
                state = self.0.1.wait(state).unwrap();
            }
            state.sync_waits = false;
        }
        self.call(|state| {
            state.fails(Failing::Sync)?;
            state.sync();
            state.fails(Failing::AfterSync)
        })
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.call(|state| {
            state.fails(Failing::Write)?;
            let mut start = usize::try_from(offset).unwrap();
            let mut rest = data;
            while !rest.is_empty() {
                let (sector, after) = rest.split_at(rest.len().min(SECTOR - start % SECTOR));
                state.write(Write::Sector(start, sector.to_vec()));
                (start, rest) = (start + sector.len(), after);
            }
            Ok(())
        })
    }
}
