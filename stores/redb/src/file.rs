use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::hash::BuildHasher;
use core::mem;
use core::ops::Bound;
use core::panic::AssertUnwindSafe;
use std::collections::hash_map::RandomState;
use std::fs::{self, File, OpenOptions};
use std::panic;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use redb::backends::FileBackend;
use redb::{Builder, Database, ReadOnlyTable, ReadableDatabase, StorageBackend, TableDefinition, TableError};
use secondo::store::{Entry, Exchange, Revision, Value};
use secondo::{AccountId, UnixTime};

use crate::RedbStoreError;
use crate::backend::Gate;
use crate::journal::{Changes, JOURNAL, Journal, Listed, changed};

/// The table of entries by id. An entry is the revision, the expiry or [`NEVER`], both little-endian, and the value.
pub(crate) const ENTRIES: TableDefinition<&[u8], &[u8]> = TableDefinition::new("secondo-entries");
/// The table that holds [`FORMAT`] and [`REVISIONS`].
const META: TableDefinition<&str, u64> = TableDefinition::new("secondo-meta");

/// The key of the version of the tables' format.
const FORMAT: &str = "format";
const THIS_FORMAT: u64 = 2;
/// The format without the journal.
const FIRST_FORMAT: u64 = 1;

/// The key of an upper bound of all revisions that entries have had.
const REVISIONS: &str = "revisions";
/// The number of revisions that are reserved at once, so that most commits do not write the bound.
const RESERVED: u64 = 1 << 20;

/// The expiry of an entry that does not expire.
const NEVER: u64 = u64::MAX;

/// A change to an entry whose revision is as expected.
pub(crate) enum Change {
    Put { value: Value, expiry: Option<UnixTime> },
    Remove,
}

pub(crate) struct Request {
    pub(crate) id: AccountId,
    pub(crate) expected: Option<Revision>,
    pub(crate) change: Change,
}

/// A function that opens the file's backend, and is called again after an error.
pub(crate) type Opener = Box<dyn Fn() -> Result<Box<dyn StorageBackend>, RedbStoreError> + Send>;

/// The open database, to which only one thread writes.
pub(crate) struct StoreFile {
    database: Database,
    gate: Gate,
    format: u64,
    journal: Journal,
    last_revision: u64,
    entries: Arc<Entries>,
}

impl StoreFile {
    /// Opens the file, repairs it after a crash, and verifies every checksum. A file that is not accepted is unchanged.
    pub(crate) fn open(file: Box<dyn StorageBackend>, cache: usize) -> Result<Self, RedbStoreError> {
        let gate = Gate::new(file);
        let opened = no_panic(|| {
            if gate.len()? == 0 {
                return Err(RedbStoreError::NotRedb);
            }
            let mut builder = Builder::new();
            builder.set_cache_size(cache).set_check_integrity_on_open(true);
            let database = builder.create_with_backend(gate.clone())?;
            let transaction = database.begin_read()?;
            let table = transaction.open_table(ENTRIES).map_err(missing_is_foreign)?.into();
            let meta = transaction.open_table(META).map_err(missing_is_foreign)?;
            let format = meta.get(FORMAT)?.ok_or(RedbStoreError::Foreign)?.value();
            let (journal, changes) = match format {
                FIRST_FORMAT => Default::default(),
                THIS_FORMAT => Journal::replay(&transaction)?,
                found => return Err(RedbStoreError::Format { found }),
            };
            let revisions = meta.get(REVISIONS)?.ok_or(RedbStoreError::Corrupt)?.value();
            let entries = Arc::new(Entries(RwLock::new(Committed { table, changes, revisions })));
            Ok(Self { database, gate: gate.clone(), format, journal, last_revision: revisions, entries })
        })?;
        gate.open()?;
        Ok(opened)
    }

    /// Creates a store on an empty backend, with the entries of another one if there is one.
    pub(crate) fn create(file: Box<dyn StorageBackend>, from: Option<&Entries>) -> Result<(), RedbStoreError> {
        const CACHE: usize = 64 << 20;
        let gate = Gate::new(file);
        gate.open()?;
        let database = Builder::new().set_cache_size(CACHE).create_with_backend(gate)?;
        let transaction = database.begin_write()?;
        let mut table = transaction.open_table(ENTRIES)?;
        if let Some(entries) = from {
            for entry in entries.after(None, usize::MAX)? {
                let (id, bytes) = entry?;
                table.insert(id.as_bytes(), &*bytes)?;
            }
        }
        drop(table);
        transaction.open_table(JOURNAL)?;
        let mut meta = transaction.open_table(META)?;
        meta.insert(FORMAT, THIS_FORMAT)?;
        // The bound is of a later moment than the entries, which makes it no lower.
        meta.insert(REVISIONS, from.map_or(0, |entries| entries.committed().revisions))?;
        drop(meta);
        transaction.commit()?;
        database.close()?;
        Ok(())
    }

    /// Returns the entries, which follow each commit.
    pub(crate) fn entries(&self) -> Arc<Entries> {
        self.entries.clone()
    }

    /// Performs the requests in order, each on the result of those before it, and commits them together.
    ///
    /// They are on disk, and only then in the [`Entries`], when this method returns.
    pub(crate) fn apply(&mut self, requests: &[Request]) -> Result<Vec<Exchange>, RedbStoreError> {
        no_panic(AssertUnwindSafe(|| {
            let mut revision = self.last_revision;
            let mut changes = Changes::new();
            let mut results = Vec::with_capacity(requests.len());
            for Request { id, expected, change } in requests {
                let current = match changes.get(id) {
                    Some(changed) => changed.as_deref().map(revision_of).transpose()?,
                    None => self.entries.read(id, revision_of)?,
                };
                if current != *expected {
                    results.push(Exchange::Conflict);
                    continue;
                }
                let changed = match change {
                    Change::Put { value, expiry } => {
                        revision += 1;
                        Some(encode(revision, *expiry, value.as_ref()).into())
                    }
                    Change::Remove => None,
                };
                changes.insert(*id, changed);
                results.push(Exchange::Stored);
            }
            if changes.is_empty() {
                return Ok(results);
            }
            let mut transaction = self.database.begin_write()?;
            // With one phase, redb takes damage to the last commit after a crash for an interrupted commit, and goes
            // back to the commit before it, so codes would be accepted again. With two phases, it reports corruption.
            transaction.set_two_phase_commit(true);
            let mut journal = self.journal.clone();
            let (merged, mut revisions) = {
                let committed = self.entries.committed();
                (journal.write(&transaction, &committed.changes, &changes)?, committed.revisions)
            };
            if revision > revisions {
                revisions = revision + RESERVED;
                transaction.open_table(META)?.insert(REVISIONS, revisions)?;
            }
            if self.format != THIS_FORMAT {
                transaction.open_table(META)?.insert(FORMAT, THIS_FORMAT)?;
            }
            transaction.commit()?;
            let table = self.database.begin_read()?.open_table(ENTRIES)?.into();
            self.entries.commit(table, &merged, changes, revisions);
            (self.format, self.journal, self.last_revision) = (THIS_FORMAT, journal, revision);
            Ok(results)
        }))
    }

    /// Closes the file, so that it can be opened again.
    pub(crate) fn close(self) {
        let _ = no_panic(|| Ok(self.database.close()?));
    }

    /// Closes the file after an error, and writes nothing more. The next opening finds out what is on disk.
    pub(crate) fn give_up(self) {
        self.gate.shut();
        self.close();
    }
}

pub(crate) fn missing_is_foreign(error: TableError) -> RedbStoreError {
    match error {
        TableError::TableDoesNotExist(_) => RedbStoreError::Foreign,
        error => error.into(),
    }
}

fn encode(revision: u64, expiry: Option<UnixTime>, value: &[u8]) -> Vec<u8> {
    let expiry = expiry.map_or(NEVER, UnixTime::as_secs);
    [&revision.to_le_bytes(), &expiry.to_le_bytes(), value].concat()
}

fn decode(bytes: &[u8]) -> Result<(Revision, u64, &[u8]), RedbStoreError> {
    let (revision, rest) = bytes.split_first_chunk().ok_or(RedbStoreError::Corrupt)?;
    let (expiry, value) = rest.split_first_chunk().ok_or(RedbStoreError::Corrupt)?;
    Ok((Revision::new(u64::from_le_bytes(*revision)), u64::from_le_bytes(*expiry), value))
}

fn revision_of(bytes: &[u8]) -> Result<Revision, RedbStoreError> {
    Ok(decode(bytes)?.0)
}

/// The entries as of the last commit. All that a commit changes is replaced in one step.
pub(crate) struct Entries(RwLock<Committed>);

struct Committed {
    table: Arc<ReadOnlyTable<&'static [u8], &'static [u8]>>,
    /// The changes that are not merged into the table.
    changes: Changes,
    /// An upper bound of all revisions that entries have had.
    revisions: u64,
}

impl Entries {
    pub(crate) fn get(&self, id: &AccountId) -> Result<Option<Entry>, RedbStoreError> {
        no_panic(|| {
            self.read(id, |bytes| {
                let (revision, _, value) = decode(bytes)?;
                Ok(Entry { revision, value: Value::from(value) })
            })
        })
    }

    /// Searches up to `limit` entries after the id `after` for expired ones, and returns requests that remove these.
    ///
    /// Also returns the last id that was searched, unless there are no more.
    pub(crate) fn expired(
        &self,
        after: Option<&AccountId>,
        now: UnixTime,
        limit: usize,
    ) -> Result<(Vec<Request>, Option<AccountId>), RedbStoreError> {
        no_panic(|| {
            let mut expired = Vec::new();
            let mut last = None;
            for (n, entry) in self.after(after, limit)?.enumerate() {
                let (id, bytes) = entry?;
                let (revision, expiry, _) = decode(&bytes)?;
                if expiry <= now.as_secs() {
                    expired.push(Request { id, expected: Some(revision), change: Change::Remove });
                }
                if n + 1 == limit {
                    last = Some(id);
                }
            }
            Ok((expired, last))
        })
    }

    /// Returns up to `limit` ids after the id `after`, in their order.
    pub(crate) fn ids(&self, after: Option<&AccountId>, limit: usize) -> Result<Vec<AccountId>, RedbStoreError> {
        no_panic(|| self.after(after, limit)?.map(|entry| Ok(entry?.0)).collect())
    }

    /// Returns up to `limit` entries after the id `after`, in the order of their ids, as of one commit.
    fn after(&self, after: Option<&AccountId>, limit: usize) -> Result<impl Iterator<Item = Listed>, RedbStoreError> {
        let committed = self.committed();
        let table = committed.table.clone();
        let mut entries = 0;
        // The table is read after the lock is released, since the disk may be slow.
        let changes: Vec<_> = committed
            .changes
            .range((after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded))
            .take_while(|(_, bytes)| {
                entries += usize::from(bytes.is_some());
                entries <= limit
            })
            .map(|(id, bytes)| (*id, bytes.clone()))
            .collect();
        drop(committed);
        let after = after.map_or(&b""[..], AccountId::as_bytes);
        let table = table.range::<&[u8]>((Bound::Excluded(after), Bound::Unbounded))?.map(|entry| {
            let (id, bytes) = entry?;
            Ok((id_of(id.value())?, bytes.value().into()))
        });
        Ok(changed(table, changes).take(limit))
    }

    /// Reads the bytes of an entry.
    fn read<T>(
        &self,
        id: &AccountId,
        read: impl FnOnce(&[u8]) -> Result<T, RedbStoreError>,
    ) -> Result<Option<T>, RedbStoreError> {
        let committed = self.committed();
        if let Some(changed) = committed.changes.get(id) {
            return changed.as_deref().map(read).transpose();
        }
        let table = committed.table.clone();
        // The disk may be slow.
        drop(committed);
        table.get(id.as_bytes())?.map(|bytes| read(bytes.value())).transpose()
    }

    fn commit(
        &self,
        table: Arc<ReadOnlyTable<&'static [u8], &'static [u8]>>,
        merged: &[AccountId],
        new: Changes,
        revisions: u64,
    ) {
        let mut committed = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for id in merged {
            committed.changes.remove(id);
        }
        committed.changes.extend(new);
        committed.revisions = revisions;
        let old = mem::replace(&mut committed.table, table);
        drop(committed);
        // The old table is dropped after the lock is released, since redb takes a while for that.
        drop(old);
    }

    fn committed(&self) -> RwLockReadGuard<'_, Committed> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn id_of(key: &[u8]) -> Result<AccountId, RedbStoreError> {
    let id = core::str::from_utf8(key).map_err(|_| RedbStoreError::Corrupt)?;
    AccountId::new(id).map_err(|_| RedbStoreError::Corrupt)
}

/// Runs `work`, and turns a panic of redb into [`RedbStoreError::Corrupt`].
///
/// redb verifies checksums when it opens a file, and not at each read. If the disk changes a page after that, redb may
/// panic on it. A panic must end neither the provider's thread nor the writer. After the error, the writer opens the
/// file again, which verifies it.
fn no_panic<T>(work: impl FnOnce() -> Result<T, RedbStoreError>) -> Result<T, RedbStoreError> {
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(RedbStoreError::Corrupt))
}

/// Returns an error if users other than the file's owner and its group have any access.
///
/// Group access is allowed, since some platforms give a volume's files to a group.
#[cfg(unix)]
pub(crate) fn check_mode(file: &File) -> Result<(), RedbStoreError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata()?.permissions().mode() & 0o7777;
    if mode & 0o007 != 0 {
        return Err(RedbStoreError::Exposed { mode });
    }
    Ok(())
}

/// Copies the entries into a new file at this path.
pub(crate) fn copy(entries: &Entries, path: &Path) -> Result<(), RedbStoreError> {
    no_panic(|| create(path, Some(entries)))?;
    sync_folder(path)
}

/// Puts a copy of the current entries in the place of the file at this path.
///
/// The file is open all the while, so that no other process opens it. A crash leaves the old file or the new one.
pub(crate) fn compact(path: &Path, cache: usize) -> Result<(), RedbStoreError> {
    // A link stays one.
    let path = fs::canonicalize(path)?;
    let old = OpenOptions::new().read(true).write(true).open(&path)?;
    let metadata = old.metadata()?;
    #[cfg(unix)]
    check_mode(&old)?;
    let file = StoreFile::open(Box::new(FileBackend::new(old)?), cache)?;
    let new = beside(&path);
    let placed = no_panic(|| create_at(&new, Some(&file.entries)))
        .and_then(|()| keep_access(&new, &metadata))
        .and_then(|()| Ok(fs::rename(&new, &path)?));
    if placed.is_err() {
        // A temporary file that cannot be removed does no harm.
        let _ = fs::remove_file(&new);
    }
    file.close();
    placed?;
    sync_folder(&path)
}

/// Gives the file the owner, the group and the mode of another one.
fn keep_access(path: &Path, as_in: &fs::Metadata) -> Result<(), RedbStoreError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, chown};
        let new = fs::metadata(path)?;
        if (new.uid(), new.gid()) != (as_in.uid(), as_in.gid()) {
            chown(path, Some(as_in.uid()), Some(as_in.gid()))?;
        }
    }
    fs::set_permissions(path, as_in.permissions())?;
    Ok(File::open(path)?.sync_all()?)
}

/// Creates the file under a temporary name and then links it to its path.
///
/// So nobody finds a half-made file, and a file that another process creates meanwhile is not lost.
pub(crate) fn create(path: &Path, from: Option<&Entries>) -> Result<(), RedbStoreError> {
    let new = beside(path);
    let made = create_at(&new, from).and_then(|()| Ok(fs::hard_link(&new, path)?));
    // A temporary file that cannot be removed does no harm.
    let _ = fs::remove_file(&new);
    made
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_os_string();
    name.push(String::from(".new-"));
    name.push(RandomState::new().hash_one(path).to_string());
    name.into()
}

fn create_at(path: &Path, from: Option<&Entries>) -> Result<(), RedbStoreError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    StoreFile::create(Box::new(FileBackend::new(file.try_clone()?)?), from)?;
    Ok(file.sync_all()?)
}

/// Syncs the folder, so that the file's name is on disk as well.
pub(crate) fn sync_folder(path: &Path) -> Result<(), RedbStoreError> {
    if cfg!(unix) {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
