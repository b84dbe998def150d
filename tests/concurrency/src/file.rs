//! The entries in a simulated file, in the place of the file of `secondo-redb`. They are written as a whole.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use redb::StorageBackend;
use secondo::store::{Entry, Exchange, Revision, Value};
use secondo::{AccountId, UnixTime};
use system::path::Path;

use crate::RedbStoreError;
use crate::sync::{PoisonError, RwLock};

pub(crate) enum Change {
    Put { value: Value, expiry: Option<UnixTime> },
    Remove,
}

pub(crate) struct Request {
    pub(crate) id: AccountId,
    pub(crate) expected: Option<Revision>,
    pub(crate) change: Change,
}

pub(crate) type Opener = Box<dyn Fn() -> Result<Box<dyn StorageBackend>, RedbStoreError> + Send>;

/// The revision and the value of each id.
type Contents = BTreeMap<String, (u64, Vec<u8>)>;

pub(crate) struct StoreFile {
    file: Box<dyn StorageBackend>,
    entries: Arc<Entries>,
    last_revision: u64,
}

impl StoreFile {
    pub(crate) fn open(file: Box<dyn StorageBackend>, _: usize) -> Result<Self, RedbStoreError> {
        let mut bytes = vec![0; usize::try_from(file.len()?).unwrap_or_default()];
        file.read(0, &mut bytes)?;
        let contents = decode(&bytes);
        let last_revision = contents.values().map(|(revision, _)| *revision).max().unwrap_or_default();
        Ok(Self { file, entries: Arc::new(Entries(RwLock::new(contents))), last_revision })
    }

    pub(crate) fn entries(&self) -> Arc<Entries> {
        self.entries.clone()
    }

    pub(crate) fn apply(&mut self, requests: &[Request]) -> Result<Vec<Exchange>, RedbStoreError> {
        let mut entries = self.entries.contents();
        let mut revision = self.last_revision;
        let exchange = |Request { id, expected, change }: &Request| {
            if entries.get(id.as_str()).map(|(revision, _)| Revision::new(*revision)) != *expected {
                return Exchange::Conflict;
            }
            match change {
                Change::Put { value, .. } => {
                    revision += 1;
                    entries.insert(id.as_str().into(), (revision, value.as_ref().to_vec()));
                }
                Change::Remove => _ = entries.remove(id.as_str()),
            }
            Exchange::Stored
        };
        let exchanges = requests.iter().map(exchange).collect();
        self.file.write(0, &encode(&entries))?;
        self.file.sync_data()?;
        *self.entries.0.write().unwrap_or_else(PoisonError::into_inner) = entries;
        self.last_revision = revision;
        Ok(exchanges)
    }

    pub(crate) fn close(self) {}

    pub(crate) fn give_up(self) {}
}

/// The entries as of the last commit.
pub(crate) struct Entries(RwLock<Contents>);

impl Entries {
    pub(crate) fn get(&self, id: &AccountId) -> Result<Option<Entry>, RedbStoreError> {
        Ok(entry(&self.contents(), id))
    }

    /// Returns no entries: purging is not simulated.
    pub(crate) fn expired(
        &self,
        _: Option<&AccountId>,
        _: UnixTime,
        _: usize,
    ) -> Result<(Vec<Request>, Option<AccountId>), RedbStoreError> {
        Ok((Vec::new(), None))
    }

    pub(crate) fn ids(&self, _: Option<&AccountId>, _: usize) -> Result<Vec<AccountId>, RedbStoreError> {
        Ok(Vec::new())
    }

    fn contents(&self) -> Contents {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Does nothing: backups are not simulated.
pub(crate) fn copy(_: &Entries, _: &Path) -> Result<(), RedbStoreError> {
    Ok(())
}

/// Returns the entry of an id.
pub(crate) fn entry(entries: &Contents, id: &AccountId) -> Option<Entry> {
    let (revision, value) = entries.get(id.as_str())?;
    Some(Entry { revision: Revision::new(*revision), value: Value::from(value.as_slice()) })
}

/// Writes each entry as the length of its id, the id, its revision, the length of its value, and the value.
fn encode(entries: &Contents) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (id, (revision, value)) in entries {
        bytes.extend((id.len() as u64).to_le_bytes());
        bytes.extend(id.as_bytes());
        bytes.extend(revision.to_le_bytes());
        bytes.extend((value.len() as u64).to_le_bytes());
        bytes.extend(value);
    }
    bytes
}

pub(crate) fn decode(mut bytes: &[u8]) -> Contents {
    let mut entries = Contents::new();
    while !bytes.is_empty() {
        let id = core::str::from_utf8(part(&mut bytes)).unwrap().into();
        let revision = number(&mut bytes);
        entries.insert(id, (revision, part(&mut bytes).to_vec()));
    }
    entries
}

fn part<'a>(bytes: &mut &'a [u8]) -> &'a [u8] {
    let len = usize::try_from(number(bytes)).unwrap();
    bytes.split_off(..len).unwrap()
}

fn number(bytes: &mut &[u8]) -> u64 {
    u64::from_le_bytes(bytes.split_off(..8).unwrap().try_into().unwrap())
}
