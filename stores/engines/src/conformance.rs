//! The public suite of the store's contract.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex};

use secondo::store::conformance::{Harness, NotApplicable, check, check_listing};
use secondo::store::{Entry, Enumerate, Exchange, Revision, Store, Value};
use secondo::{AccountId, UnixTime};
use tokio::runtime::Runtime;

use crate::engine::{Error, Kind, NEVER, Request};
use crate::queue::Queued;

#[derive(Clone)]
struct Stored(Arc<Queued>);

#[derive(Debug)]
struct Failure(Error);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Failure {}

impl Store for Stored {
    type Error = Failure;

    async fn load(&self, id: &AccountId) -> Result<Option<Entry>, Failure> {
        let entry = self.0.load(id.as_str()).map_err(Failure)?;
        Ok(entry.map(|entry| Entry { revision: Revision::new(entry.revision), value: entry.value.into() }))
    }

    async fn compare_exchange(
        &self,
        id: &AccountId,
        expected: Option<Revision>,
        value: Value,
        expiry: Option<UnixTime>,
    ) -> Result<Exchange, Failure> {
        let put = Some((value.as_ref().to_vec(), expiry.map_or(NEVER, UnixTime::as_secs)));
        let request = Request { id: id.as_str().into(), expected: expected.map(Revision::get), put };
        let stored = self.0.exchange(request).await.map_err(Failure)?;
        Ok(if stored { Exchange::Stored } else { Exchange::Conflict })
    }
}

impl Enumerate for Stored {
    async fn ids_after(&self, after: Option<&AccountId>) -> Result<Vec<AccountId>, Failure> {
        let entries = self.0.reader.after(after.map_or("", AccountId::as_str), 1_000).map_err(Failure)?;
        entries.into_iter().map(|(id, _)| AccountId::new(&id).map_err(|error| Failure(error.into()))).collect()
    }
}

struct InFolder<'f> {
    kind: Kind,
    folder: &'f Path,
    runtime: Runtime,
    store: Mutex<Option<Stored>>,
}

impl Harness for InFolder<'_> {
    type Store<'a>
        = Stored
    where
        Self: 'a;

    fn connect(&self) -> Stored {
        let open = || Stored(Arc::new(Queued::open(self.kind, self.folder).unwrap()));
        self.store.lock().unwrap().get_or_insert_with(open).clone()
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    fn forget_expired(&self, now: UnixTime) {
        let store = self.connect();
        let mut after = String::new();
        loop {
            let entries = store.0.reader.after(&after, 1_000).unwrap();
            let Some((last, _)) = entries.last() else { return };
            after.clone_from(last);
            for (id, entry) in entries.into_iter().filter(|(_, entry)| entry.expiry <= now.as_secs()) {
                self.block_on(store.0.exchange(Request { id, expected: Some(entry.revision), put: None })).unwrap();
            }
        }
    }

    fn break_next_write(&self) -> Result<(), NotApplicable> {
        Err(NotApplicable("the engines write to files, which do not fail on request"))
    }

    fn restart(&self) -> Result<(), NotApplicable> {
        self.store.lock().unwrap().take();
        Ok(())
    }
}

pub(crate) fn conformance(kind: Kind) -> Result<(), Error> {
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().build()?;
    let harness = InFolder { kind, folder: folder.path(), runtime, store: Mutex::default() };
    let report = check(&harness)?;
    check_listing(&harness)?;
    println!(
        "| {kind} | {} checks passed, {} not applicable |",
        report.passed().count(),
        report.not_applicable().count()
    );
    Ok(())
}
