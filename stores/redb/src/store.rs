use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::convert::Infallible;
use core::fmt;
use core::mem;
use core::time::Duration;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Mutex, PoisonError, RwLock};
use std::thread;
use std::time::Instant;

use redb::StorageBackend;
use secondo::store::{Entry, Enumerate, Exchange, Revision, Store, Value};
use secondo::{AccountId, UnixTime};

use crate::file::{self, Change, Entries, Opener, Request, StoreFile};
use crate::queue::Queue;
use crate::{RedbOptions, RedbStoreError, lock};

/// A store in one file. Clones share the file, and dropping the last one closes it.
///
/// It works on any executor. A load reads on the thread that polls it, and is ready at the first poll. That takes some
/// microseconds if the page is in memory, and a read from the disk if not. A thread of the store performs exchanges,
/// several callers' at once, and the future of an exchange is ready when it is on disk. An exchange whose future is
/// dropped is not begun, or is done as a whole.
///
/// Dropping the last clone waits until the exchanges under way are done and the file is closed, so that it can be
/// opened again. The wait is at most the [timeout](RedbOptions::with_timeout) of an exchange or 5 seconds, whichever is
/// longer.
#[derive(Clone)]
pub struct RedbStore {
    shared: Arc<Shared>,
}

impl RedbStore {
    /// Opens the file at this path with the [default options](RedbOptions), and creates the file if it does
    /// not exist.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`RedbOptions::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, RedbStoreError> {
        RedbOptions::new().open(path)
    }

    pub(crate) fn start(
        options: RedbOptions,
        open: impl Fn() -> Result<Box<dyn StorageBackend>, RedbStoreError> + Send + 'static,
    ) -> Result<Self, RedbStoreError> {
        let file = StoreFile::open(open()?, options.cache)?;
        let committed = RwLock::new(Ok(file.entries()));
        let work = Arc::new(Work { queue: Queue::new(options), committed });
        let (alive, ended) = mpsc::sync_channel(0);
        // Created before the threads, so that its drop ends the first one if the second cannot be started.
        let store = Self { shared: Arc::new(Shared { work: work.clone(), ended: Mutex::new(ended), options }) };
        let watched = work.clone();
        spawn(alive.clone(), move || watched.queue.watch())?;
        let mut writer = Writer { work, open: Box::new(open), cache: options.cache, file: Some(file) };
        spawn(alive, move || writer.run())?;
        Ok(store)
    }

    /// Removes the entries whose expiry has come by `now`, and returns their number. Nothing else removes them.
    ///
    /// It searches all entries on the thread that polls it, some thousands at each poll. It removes the expired ones by
    /// exchanges, so logins go on meanwhile.
    ///
    /// # Errors
    ///
    /// Returns the error of the first load or exchange that fails. Entries removed before stay removed, and the method
    /// can be called again at any time.
    pub async fn purge(&self, now: UnixTime) -> Result<u64, RedbStoreError> {
        const AT_ONCE: usize = 4096;
        let mut removed = 0;
        let mut last = None;
        loop {
            let (expired, more) = self.shared.work.read(|entries| entries.expired(last.as_ref(), now, AT_ONCE))?;
            let batch = usize::from(self.shared.options.queue.get() / 2).max(1);
            let mut expired = expired.into_iter().peekable();
            while expired.peek().is_some() {
                let begun: Vec<_> =
                    expired.by_ref().take(batch).map(|request| self.shared.work.queue.push(request)).collect();
                for answer in begun {
                    // A conflict means that the entry was replaced meanwhile.
                    let answer = answer?.await.unwrap_or(Err(RedbStoreError::Stopped))?;
                    removed += u64::from(answer == Exchange::Stored);
                }
            }
            if more.is_none() {
                return Ok(removed);
            }
            yield_once().await;
            last = more;
        }
    }

    /// Copies the entries as of one commit into a new file at this path, which this library opens.
    ///
    /// This blocks until the copy is on disk. Logins go on meanwhile, and the copy has none of their writes. Only the
    /// file's owner can read it. After a restore, all writes since the copy are lost: call
    /// [`Verifier::raise_all_watermarks`](secondo::Verifier::raise_all_watermarks) before the first login.
    ///
    /// # Errors
    ///
    /// Returns [`RedbStoreError::DiskFull`] or [`RedbStoreError::Io`] if the file exists already or cannot be written,
    /// or the error of a load. There is no file at the path then, or the one that was there before.
    pub fn backup(&self, path: impl AsRef<Path>) -> Result<(), RedbStoreError> {
        let path = path.as_ref();
        // An error of the copy says nothing about the store's own file.
        file::copy(&*self.shared.work.committed()?, path)
    }
}

impl Store for RedbStore {
    type Error = RedbStoreError;

    async fn load(&self, id: &AccountId) -> Result<Option<Entry>, RedbStoreError> {
        self.shared.work.read(|entries| entries.get(id))
    }

    async fn compare_exchange(
        &self,
        id: &AccountId,
        expected: Option<Revision>,
        value: Value,
        expiry: Option<UnixTime>,
    ) -> Result<Exchange, RedbStoreError> {
        let request = Request { id: *id, expected, change: Change::Put { value, expiry } };
        self.shared.work.queue.push(request)?.await.unwrap_or(Err(RedbStoreError::Stopped))
    }
}

/// Lists the ids in their order, a thousand at once.
impl Enumerate for RedbStore {
    async fn ids_after(&self, after: Option<&AccountId>) -> Result<Vec<AccountId>, RedbStoreError> {
        const AT_ONCE: usize = 1_000;
        self.shared.work.read(|entries| entries.ids(after, AT_ONCE))
    }
}

impl fmt::Debug for RedbStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedbStore(..)")
    }
}

/// Lets the executor's other tasks run.
async fn yield_once() {
    let mut yielded = false;
    core::future::poll_fn(|context| {
        if mem::replace(&mut yielded, true) {
            return core::task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        core::task::Poll::Pending
    })
    .await;
}

struct Shared {
    work: Arc<Work>,
    /// Disconnected when both threads have ended.
    ended: Mutex<Receiver<Infallible>>,
    options: RedbOptions,
}

/// The shortest time that a drop allows the threads to end.
const PATIENCE: Duration = Duration::from_secs(5);

impl Drop for Shared {
    fn drop(&mut self) {
        self.work.queue.close();
        let _ = lock(&self.ended).recv_timeout(self.options.timeout.max(PATIENCE));
    }
}

fn spawn(alive: SyncSender<Infallible>, run: impl FnOnce() + Send + 'static) -> Result<(), RedbStoreError> {
    let run = move || {
        run();
        drop(alive);
    };
    let spawned = thread::Builder::new().name("secondo-redb".into()).spawn(run);
    spawned.map(drop).map_err(|_| RedbStoreError::Stopped)
}

/// The state that the callers and the writer share.
struct Work {
    queue: Queue,
    /// The entries on disk, or the reason that they cannot be read now.
    committed: RwLock<Committed>,
}

type Committed = Result<Arc<Entries>, RedbStoreError>;

impl Work {
    fn read<T>(&self, read: impl FnOnce(&Entries) -> Result<T, RedbStoreError>) -> Result<T, RedbStoreError> {
        let entries = self.committed()?;
        read(&entries).map_err(|error| match self.committed() {
            // The writer has already found an error, and its error says more.
            Err(known) => known,
            Ok(current) if Arc::ptr_eq(&current, &entries) => {
                self.queue.doubt(&error);
                error
            }
            Ok(_) => error,
        })
    }

    fn committed(&self) -> Committed {
        self.committed.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn publish(&self, committed: Committed) {
        // The old entries are dropped after the lock is released, since redb takes a while for that.
        let _old = mem::replace(&mut *self.committed.write().unwrap_or_else(PoisonError::into_inner), committed);
    }
}

/// The thread that commits the exchanges that wait in the queue.
struct Writer {
    work: Arc<Work>,
    open: Opener,
    cache: usize,
    /// The open file. `None` after an error, until the file is open again.
    file: Option<StoreFile>,
}

impl Writer {
    fn run(&mut self) {
        let mut expected = 1;
        while let Some(taken) = self.work.queue.take(expected) {
            let answers = taken.and_then(|requests| {
                expected = requests.len();
                self.file.as_mut().ok_or(RedbStoreError::Stopped)?.apply(&requests)
            });
            let failed = answers.as_ref().err().cloned();
            if let Some(error) = &failed {
                self.work.publish(Err(error.clone()));
            }
            self.work.queue.answer(answers);
            if failed.is_some() {
                self.reopen();
            }
        }
    }

    /// Opens the file again after an error, when it is unknown whether the last commit is on disk.
    fn reopen(&mut self) {
        loop {
            if let Some(file) = self.file.take() {
                file.give_up();
            }
            if self.work.queue.is_closed() {
                return;
            }
            let begun = Instant::now();
            match (self.open)().and_then(|file| StoreFile::open(file, self.cache)) {
                Ok(file) => {
                    self.work.queue.forget_doubt();
                    self.work.publish(Ok(file.entries()));
                    self.file = Some(file);
                    return;
                }
                Err(error) => {
                    self.work.publish(Err(error.clone()));
                    // A large file takes long to verify. The pause leaves most of the machine's time to others.
                    let pause = (4 * begun.elapsed()).max(Duration::from_millis(500));
                    self.work.queue.fail(&error, pause);
                }
            }
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // This also runs if the writer ends in a panic. Calls then fail at once.
        self.work.queue.close();
        self.work.publish(Err(RedbStoreError::Stopped));
        if let Some(file) = self.file.take() {
            file.close();
        }
    }
}
