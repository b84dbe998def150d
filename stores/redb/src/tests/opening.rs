//! Files of other programs, and damaged files. Opening must find every entry, or fail and leave the file unchanged.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{panic, thread};

use pollster::block_on;
use redb::{Database, ReadableDatabase, TableDefinition};
use secondo::store::{Exchange, Store, Value};
use secondo::{AccountId, UnixTime};

use crate::journal::JOURNAL;
use crate::{RedbOptions, RedbStore, RedbStoreError};

const ENTRIES: usize = 300;

// As other programs name the tables, and as the docs describe them.
const ENTRY_TABLE: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("secondo-entries");
const META_TABLE: TableDefinition<'_, &str, u64> = TableDefinition::new("secondo-meta");

fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

fn id(n: usize) -> AccountId {
    AccountId::new(&format!("account/{n}")).unwrap()
}

type Contents = BTreeMap<usize, Vec<u8>>;

fn contents(store: &RedbStore) -> Result<Contents, RedbStoreError> {
    let mut contents = Contents::new();
    for n in 0..ENTRIES {
        if let Some(entry) = block_on(store.load(&id(n)))? {
            contents.insert(n, entry.value.as_ref().to_vec());
        }
    }
    Ok(contents)
}

/// A file's bytes, and the entries that must be in it.
struct Sample {
    bytes: Vec<u8>,
    contents: Contents,
}

/// Returns a file that was closed, and the same file as a crash leaves it.
fn samples(folder: &Path) -> [Sample; 2] {
    let path = folder.join("sample.redb");
    let store = RedbStore::open(&path).unwrap();
    // Every entry is written twice, so that there is an older state to fall back to.
    for value in 0..2_u8 {
        for n in 0..ENTRIES {
            let revision = block_on(store.load(&id(n))).unwrap().map(|entry| entry.revision);
            let value = Value::from(vec![value; 50 + n % 100]);
            assert_eq!(block_on(store.compare_exchange(&id(n), revision, value, None)).unwrap(), Exchange::Stored);
        }
    }
    let contents = contents(&store).unwrap();
    let crashed = Sample { bytes: fs::read(&path).unwrap(), contents: contents.clone() };
    drop(store);
    [Sample { bytes: fs::read(&path).unwrap(), contents }, crashed]
}

/// Removes the access of other users, which a file created without a mode may allow.
fn close_to_others(path: &Path) {
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

/// Opens a file with these bytes, and checks it.
///
/// Returns `Ok` if the file opened with all entries in it, and `Err` if it did not open and is unchanged.
fn open(path: &Path, bytes: &[u8], contents: &Contents) -> Result<(), RedbStoreError> {
    fs::write(path, bytes).unwrap();
    close_to_others(path);
    match RedbStore::open(path) {
        Ok(store) => {
            assert!(self::contents(&store).unwrap() == *contents, "the file opened with other entries");
            let entry = block_on(store.load(&id(0))).unwrap().unwrap();
            let stored = block_on(store.compare_exchange(&id(0), Some(entry.revision), entry.value, None));
            assert_eq!(stored.unwrap(), Exchange::Stored);
            Ok(())
        }
        Err(error) => {
            assert!(fs::read(path).unwrap() == bytes, "{error:?}, but the file was changed");
            Err(error)
        }
    }
}

fn typed(error: &RedbStoreError) -> bool {
    matches!(
        error,
        RedbStoreError::Corrupt | RedbStoreError::NotRedb | RedbStoreError::Foreign | RedbStoreError::Format { .. }
    )
}

/// Returns all positions of the header, and some positions over the whole file.
fn positions(len: usize) -> impl Iterator<Item = usize> {
    (0..320).chain((320..len).step_by((len / 600).max(1)))
}

#[test]
fn a_bit_that_is_not_as_it_was() {
    let folder = folder();
    let path = folder.path().join("damaged.redb");
    let (mut refused, mut whole) = (0, 0);
    for (sample, state) in samples(folder.path()).iter().zip(["closed", "crashed"]) {
        for position in positions(sample.bytes.len()) {
            for bit in if position < 320 { 0..8 } else { position % 8..position % 8 + 1 } {
                // This bit says which of the last two commits is current. After a crash both are complete, so a flipped
                // bit looks like a commit that was interrupted just before it set the bit. The crate's docs say so.
                if (state, position, bit) == ("crashed", 9, 0) {
                    continue;
                }
                let mut bytes = sample.bytes.clone();
                bytes[position] ^= 1 << bit;
                let opened = panic::catch_unwind(|| open(&path, &bytes, &sample.contents));
                match opened.unwrap_or_else(|_| panic!("{state}, bit {bit} of byte {position}")) {
                    Ok(()) => whole += 1,
                    Err(error) => {
                        assert!(typed(&error), "{state}, bit {bit} of byte {position}: {error:?}");
                        refused += 1;
                    }
                }
            }
        }
    }
    assert!(refused > 100);
    store_testing::report!(
        "redb: {} flipped bits: {refused} files refused and unchanged, {whole} opened with all entries",
        refused + whole
    );
}

#[test]
fn a_file_that_was_cut_off_or_overwritten() {
    let folder = folder();
    let path = folder.path().join("damaged.redb");
    let (mut refused, mut whole) = (0, 0);
    for sample in &samples(folder.path()) {
        let len = sample.bytes.len();
        let mut damaged: Vec<Vec<u8>> = Vec::new();
        damaged.extend(positions(len).step_by(4).map(|cut| sample.bytes[..cut].to_vec()));
        for page in (0..len / 4096).step_by(3) {
            for fill in [0, 0xff] {
                let mut bytes = sample.bytes.clone();
                bytes[page * 4096..(page + 1) * 4096].fill(fill);
                damaged.push(bytes);
            }
            // Another page replaces this one.
            let mut bytes = sample.bytes.clone();
            bytes.copy_within(
                (len - 4096 * (1 + page % 8)) / 4096 * 4096..len / 4096 * 4096 - 4096 * (page % 8),
                page * 4096,
            );
            damaged.push(bytes);
        }
        for bytes in damaged {
            match open(&path, &bytes, &sample.contents) {
                Ok(()) => whole += 1,
                Err(error) => {
                    assert!(typed(&error), "{error:?}");
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 100);
    store_testing::report!(
        "redb: {} damaged files: {refused} refused and unchanged, {whole} opened with all entries",
        refused + whole
    );
}

/// redb may panic on a page that the disk changed after it was verified. The panic must not reach the provider's
/// threads.
#[test]
fn damage_while_it_is_open() {
    let folder = folder();
    let path = folder.path().join("sample.redb");
    let [sample, _] = samples(folder.path());
    let (mut refused, mut read) = (0, 0);
    for round in 0..60_usize {
        fs::write(&path, &sample.bytes).unwrap();
        close_to_others(&path);
        let store = RedbOptions::new().with_cache(0).open(&path).unwrap();
        let mut bytes = fs::read(&path).unwrap();
        for (n, byte) in bytes.iter_mut().enumerate().skip(4096) {
            if round % 3 == 0 {
                *byte = 0xff;
            } else if (n * 31 + round) % (7 * round) < 3 {
                *byte ^= 1 << (n % 8);
            }
        }
        // The bytes are changed in place, as by a disk.
        fs::OpenOptions::new().write(true).open(&path).unwrap().write_all(&bytes).unwrap();
        for n in 0..ENTRIES {
            let loaded = panic::catch_unwind(|| block_on(store.load(&id(n)))).expect("a load panicked");
            let stored = block_on(store.compare_exchange(&id(n), None, Value::from(&b"v"[..]), None)).map(drop);
            for result in [loaded.map(drop), stored] {
                match result {
                    Ok(()) => read += 1,
                    Err(error) => {
                        assert!(typed(&error) || matches!(error, RedbStoreError::Io(_)), "{error:?}");
                        refused += 1;
                    }
                }
            }
        }
    }
    assert!(refused > 0, "nothing was damaged");
    store_testing::report!("redb: damaged while open: {refused} calls failed, {read} succeeded, and none panicked");
}

#[test]
fn a_file_of_something_else() {
    let folder = folder();
    let path = folder.path().join("other");
    let zeros = vec![0; 100_000];
    for bytes in [&b""[..], b"\0", b"redb", b"SQLite format 3\0", &zeros, include_bytes!("opening.rs")] {
        let opened = open(&path, bytes, &Contents::new());
        assert!(matches!(opened, Err(RedbStoreError::NotRedb)), "{opened:?} of {} bytes", bytes.len());
    }
    let opened = RedbStore::open(folder.path());
    assert!(matches!(opened, Err(RedbStoreError::Io(_))), "{opened:?}");
    let opened = RedbStore::open(folder.path().join("no/such/folder"));
    assert!(matches!(opened, Err(RedbStoreError::Io(_))), "{opened:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "something was left behind");

    // These are redb files of other programs, two of them with a table that has the name of one of the store's.
    let with_table = |name: &str| -> PathBuf {
        let path = folder.path().join(name);
        let database = Database::create(&path).unwrap();
        let transaction = database.begin_write().unwrap();
        transaction.open_table(TableDefinition::<u64, &str>::new(name)).unwrap().insert(1, "theirs").unwrap();
        transaction.commit().unwrap();
        path
    };
    for name in ["users", "secondo-entries", "secondo-meta"] {
        let bytes = fs::read(with_table(name)).unwrap();
        let opened = open(&path, &bytes, &Contents::new());
        assert!(matches!(opened, Err(RedbStoreError::Foreign)), "{name}: {opened:?}");
    }
}

#[test]
fn a_file_of_another_version() {
    let folder = folder();
    let path = folder.path().join("accounts.redb");
    drop(RedbStore::open(&path).unwrap());
    for format in [0, 3, u64::MAX] {
        let database = Database::open(&path).unwrap();
        let transaction = database.begin_write().unwrap();
        transaction.open_table(META_TABLE).unwrap().insert("format", format).unwrap();
        transaction.commit().unwrap();
        drop(database);
        let opened = open(&path, &fs::read(&path).unwrap(), &Contents::new());
        assert!(matches!(opened, Err(RedbStoreError::Format { found }) if found == format), "{opened:?}");
    }
}

/// Format 1 has no journal. The first write makes the file one of this version, which that of format 1 does not open.
#[test]
fn a_file_of_format_1_is_opened_and_becomes_one_of_this_version() {
    let folder = folder();
    let path = folder.path().join("accounts.redb");
    let database = Database::create(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    let mut entries = transaction.open_table(ENTRY_TABLE).unwrap();
    for (n, expiry) in [u64::MAX, 1, u64::MAX].into_iter().enumerate() {
        let entry = [&7_u64.to_le_bytes()[..], &expiry.to_le_bytes(), b"value"].concat();
        entries.insert(id(n).as_bytes(), entry.as_slice()).unwrap();
    }
    drop(entries);
    let mut meta = transaction.open_table(META_TABLE).unwrap();
    meta.insert("format", 1).unwrap();
    meta.insert("revisions", 7).unwrap();
    drop(meta);
    transaction.commit().unwrap();
    drop(database);
    close_to_others(&path);

    let format = || {
        let database = Database::open(&path).unwrap();
        let meta = database.begin_read().unwrap().open_table(META_TABLE).unwrap();
        meta.get("format").unwrap().unwrap().value()
    };
    let mut all: Contents = (0..3).map(|n| (n, b"value".to_vec())).collect();
    let store = RedbStore::open(&path).unwrap();
    assert!(contents(&store).unwrap() == all);
    drop(store);
    assert_eq!(format(), 1);
    let store = RedbStore::open(&path).unwrap();
    assert_eq!(block_on(store.purge(UnixTime::from_secs(1).unwrap())).unwrap(), 1);
    drop(store);
    assert_eq!(format(), 2);
    all.remove(&1);
    assert!(contents(&RedbStore::open(&path).unwrap()).unwrap() == all);
}

/// The checksums of all pages are right, so this is no damage of a disk.
#[test]
fn a_journal_without_some_rows() {
    let folder = folder();
    for (n, missing) in [0..1, 51..52, 0..u64::MAX].into_iter().enumerate() {
        let path = folder.path().join(format!("{n}.redb"));
        let store = RedbStore::open(&path).unwrap();
        for n in 0..55 {
            let stored = block_on(store.compare_exchange(&id(n), None, Value::from(&b"value"[..]), None));
            assert_eq!(stored.unwrap(), Exchange::Stored);
        }
        drop(store);
        let database = Database::open(&path).unwrap();
        let transaction = database.begin_write().unwrap();
        transaction.open_table(JOURNAL).unwrap().retain_in(missing, |_, _| false).unwrap();
        transaction.commit().unwrap();
        drop(database);
        let opened = open(&path, &fs::read(&path).unwrap(), &Contents::new());
        assert!(matches!(opened, Err(RedbStoreError::Corrupt)), "{opened:?}");
    }
}

/// The first byte of both commit slots is the version of redb's format.
#[test]
fn a_file_of_another_redb() {
    let folder = folder();
    let path = folder.path().join("other.redb");
    for sample in samples(folder.path()) {
        for version in [1, 2, 4] {
            let mut bytes = sample.bytes.clone();
            (bytes[64], bytes[192]) = (version, version);
            let error = open(&path, &bytes, &sample.contents).unwrap_err();
            assert_eq!(error.label(), if version < 3 { "not_redb" } else { "corrupt" }, "version {version}");
        }
    }
}

#[test]
fn a_file_that_is_open_is_in_use_until_the_last_clone_is_gone() {
    let folder = folder();
    let path = folder.path().join("accounts.redb");
    let store = RedbStore::open(&path).unwrap();
    let in_use = || matches!(RedbStore::open(&path), Err(RedbStoreError::InUse));
    assert!(in_use());
    let clone = store.clone();
    drop(store);
    assert!(in_use());
    assert!(block_on(clone.load(&id(0))).unwrap().is_none());
    drop(clone);
    RedbStore::open(&path).unwrap();
}

/// Many threads open a new file at once. It must be created once, and no stored entry may be lost.
#[test]
fn many_who_make_the_file_at_once_make_one() {
    let folder = folder();
    for round in 0..50 {
        let path = folder.path().join(format!("{round}.redb"));
        let opened = AtomicUsize::new(0);
        thread::scope(|scope| {
            for n in 0..8 {
                let (path, opened) = (&path, &opened);
                scope.spawn(move || {
                    let store = loop {
                        match RedbStore::open(path) {
                            Err(RedbStoreError::InUse) => thread::yield_now(),
                            opened => break opened.unwrap(),
                        }
                    };
                    let stored = block_on(store.compare_exchange(&id(n), None, Value::from(&b"v"[..]), None));
                    assert_eq!(stored.unwrap(), Exchange::Stored);
                    opened.fetch_add(1, Ordering::Relaxed);
                });
            }
        });
        assert_eq!(contents(&RedbStore::open(&path).unwrap()).unwrap().len(), opened.into_inner());
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 50, "something was left behind");
}

/// Returns the kind of the system's error, which logs show as the source.
fn system_error(error: &RedbStoreError) -> io::ErrorKind {
    assert_eq!(error.label(), "io", "{error:?}");
    error.source().unwrap().downcast_ref::<io::Error>().unwrap().kind()
}

#[test]
fn an_error_of_the_system_is_the_source() {
    let error = RedbStore::open(folder().path().join("no/such/folder")).unwrap_err();
    assert_eq!(system_error(&error), io::ErrorKind::NotFound);
    assert!(RedbStoreError::Busy.source().is_none());
}

/// After a failed creation, there is no file at the path either, but that is not the cause.
#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_created() {
    let folder = folder();
    // The temporary name has some more bytes, and no name has more than 255.
    let error = RedbStore::open(folder.path().join("n".repeat(250))).unwrap_err();
    assert_eq!(system_error(&error), io::ErrorKind::InvalidFilename);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "something was left behind");
}

/// No file was there before, so none was removed or replaced.
#[cfg(unix)]
#[test]
fn a_link_to_nothing() {
    let folder = folder();
    let link = folder.path().join("accounts.redb");
    std::os::unix::fs::symlink(folder.path().join("missing"), &link).unwrap();
    assert_eq!(system_error(&RedbStore::open(&link).unwrap_err()), io::ErrorKind::NotFound);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "something was left behind");
}

#[test]
fn options_are_as_documented_and_change_alone() {
    let (timeout, queue) = (Duration::from_secs(5), NonZeroU16::new(1024).unwrap());
    let default = RedbOptions { timeout, queue, cache: 1 << 30 };
    assert_eq!((RedbOptions::new(), RedbOptions::default()), (default, default));
    let (timeout, queue) = (Duration::from_secs(2), NonZeroU16::MIN);
    assert_eq!(default.with_timeout(timeout), RedbOptions { timeout, ..default });
    assert_eq!(default.with_queue(queue), RedbOptions { queue, ..default });
    assert_eq!(default.with_cache(7), RedbOptions { cache: 7, ..default });
}

/// Which sizes have free pages at the end depends on redb.
#[test]
fn closing_cuts_free_pages_off() {
    let folder = folder();
    let is_cut = |count: usize| {
        let path = folder.path().join(count.to_string());
        let length = || fs::metadata(&path).unwrap().len();
        let store = RedbStore::open(&path).unwrap();
        for n in 0..count {
            let stored = block_on(store.compare_exchange(&id(n), None, Value::from(vec![7; 1_000]), None));
            assert_eq!(stored.unwrap(), Exchange::Stored);
        }
        let before = length();
        drop(store);
        length() < before
    };
    assert!((50..300).step_by(25).any(is_cut));
}

#[cfg(unix)]
mod modes {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn only_its_owner_reads_the_file() {
        let folder = folder();
        let path = folder.path().join("accounts.redb");
        drop(RedbStore::open(&path).unwrap());
        assert_eq!(mode(&path), 0o600);
    }

    #[test]
    fn a_file_that_is_open_to_others_is_refused() {
        let folder = folder();
        let path = folder.path().join("accounts.redb");
        drop(RedbStore::open(&path).unwrap());
        let bytes = fs::read(&path).unwrap();
        for exposed in [0o666, 0o644, 0o602, 0o604, 0o601, 0o777] {
            set_mode(&path, exposed);
            let error = RedbStore::open(&path).unwrap_err();
            assert!(matches!(error, RedbStoreError::Exposed { mode } if mode == exposed), "{error:?}");
            let text = error.to_string();
            assert!(text.contains(&format!("{exposed:04o}")) && text.contains("chmod o="), "{text}");
            assert!(mode(&path) == exposed && fs::read(&path).unwrap() == bytes, "the file was changed");
        }
        // Group access must be allowed, since some platforms give a volume's files to a group.
        for usual in [0o600, 0o640, 0o660, 0o2660] {
            set_mode(&path, usual);
            drop(RedbStore::open(&path).unwrap());
            assert_eq!(mode(&path), usual);
        }
    }
}
