use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use secondo::AccountId;
use secondo::store::{Exchange, Store, Value};
use secondo_redb::{RedbOptions, RedbStore, RedbStoreError};
use tempfile::TempDir;

use crate::Engine;
use crate::failure::Failure;
use crate::load::Work;

pub(crate) struct OfRedb {
    folder: TempDir,
    store: RedbStore,
}

impl Engine for OfRedb {
    const NAME: &'static str = "redb";
    type Store = RedbStore;
    type Bare = Bare;

    fn settings() -> String {
        "bare: one commit and one fsync for each verification".into()
    }

    async fn start(records: &[(AccountId, Vec<u8>)]) -> Result<Self, Failure> {
        let folder = tempfile::tempdir().unwrap();
        let store = RedbOptions::new().open(folder.path().join("accounts.redb"))?;
        // Many exchanges at once share commits.
        for records in records.chunks(1_000) {
            let create = |(id, record): &(AccountId, Vec<u8>)| {
                let (store, id, record) = (store.clone(), *id, Value::from(record.as_slice()));
                tokio::spawn(async move { store.compare_exchange(&id, None, record, None).await })
            };
            for stored in records.iter().map(create).collect::<Vec<_>>() {
                assert_eq!(stored.await.unwrap()?, Exchange::Stored);
            }
        }
        Ok(Self { folder, store })
    }

    async fn open(&self, _callers: usize) -> Result<RedbStore, Failure> {
        Ok(self.store.clone())
    }

    async fn bare(&self, callers: usize, records: &[(AccountId, Vec<u8>)]) -> Result<Bare, Failure> {
        Ok(Bare::create(&self.folder.path().join(format!("bare-{callers}.redb")), records)?)
    }

    async fn written(&self) -> Result<u64, Failure> {
        // The engine is in this process, which writes next to nothing else.
        let counts = fs::read_to_string("/proc/self/io").unwrap();
        let bytes = counts.lines().find_map(|line| line.strip_prefix("wchar: ")).unwrap();
        Ok(bytes.parse().unwrap())
    }
}

const TABLE: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("bare");

pub(crate) struct Bare {
    database: Database,
    ids: Vec<AccountId>,
    revision: AtomicU64,
}

impl Bare {
    fn create(path: &Path, records: &[(AccountId, Vec<u8>)]) -> Result<Self, RedbStoreError> {
        let database = Database::create(path)?;
        for records in records.chunks(100_000) {
            let writing = database.begin_write()?;
            let mut table = writing.open_table(TABLE)?;
            for (id, record) in records {
                let held = [&[0; 8], record.as_slice()].concat();
                table.insert(id.as_bytes(), held.as_slice())?;
            }
            drop(table);
            writing.commit()?;
        }
        Ok(Self { database, ids: records.iter().map(|(id, _)| *id).collect(), revision: AtomicU64::new(1) })
    }

    fn exchange(&self, account: usize) -> Result<(), RedbStoreError> {
        let key = self.ids[account].as_bytes();
        let reading = self.database.begin_read()?.open_table(TABLE)?;
        let mut held = reading.get(key)?.unwrap().value().to_vec();
        drop(reading);
        let expected: [u8; 8] = *held.first_chunk().unwrap();
        held[..8].copy_from_slice(&self.revision.fetch_add(1, Ordering::Relaxed).to_be_bytes());

        let writing = self.database.begin_write()?;
        let mut table = writing.open_table(TABLE)?;
        assert_eq!(table.get(key)?.unwrap().value().first_chunk(), Some(&expected));
        table.insert(key, held.as_slice())?;
        drop(table);
        Ok(writing.commit()?)
    }
}

impl Work for Bare {
    /// Exchanges once on the calling thread, since a thread to wait on would only add to the time.
    async fn once(&self, account: usize) -> Result<(), Failure> {
        Ok(self.exchange(account)?)
    }
}
