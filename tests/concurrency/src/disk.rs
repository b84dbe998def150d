//! A disk that keeps what was synced, lets other threads run before and after each sync, and fails at random.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use redb::StorageBackend;
use secondo::AccountId;
use secondo::store::Entry;
use shuttle::rand::{Rng, thread_rng};
use shuttle::thread;
use system::io;
use system::sync::{Mutex, MutexGuard, PoisonError};

use crate::file::{decode, entry};

/// A simulated disk. Clones share it.
#[derive(Clone, Default)]
pub struct Disk {
    // A lock of the system, which no thread holds when another one runs.
    state: Arc<Mutex<State>>,
    /// The share of syncs that fail, in percent. Half of these have written.
    failing: u32,
}

#[derive(Default)]
struct State {
    written: Vec<u8>,
    synced: Vec<u8>,
}

impl Disk {
    /// Returns an empty disk, of whose syncs this percentage fails.
    #[must_use]
    pub fn failing(percent: u32) -> Self {
        Self { failing: percent, ..Self::default() }
    }

    /// Returns the entry that a restart after a power failure would find now.
    #[must_use]
    pub fn after_power_failure(&self, id: &AccountId) -> Option<Entry> {
        entry(&decode(&self.state().synced), id)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().synced.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state();
        let bytes = usize::try_from(offset).ok().and_then(|offset| state.synced.get(offset..offset + out.len()));
        out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, _: u64) -> io::Result<()> {
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        thread::yield_now();
        let fails = thread_rng().gen_range(0..100) < self.failing;
        if !fails || thread_rng().r#gen() {
            let State { written, synced } = &mut *self.state();
            synced.clone_from(written);
        }
        thread::yield_now();
        if fails { Err(io::Error::other("the disk fails")) } else { Ok(()) }
    }

    fn write(&self, _: u64, data: &[u8]) -> io::Result<()> {
        self.state().written = data.to_vec();
        Ok(())
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Disk(..)")
    }
}
