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
use secondo::store::{Entry, Exchange, Revision, Store, Value};
use secondo::{AuthenticatorId, UnixTime};

use crate::file::{Change, Opener, Request, Snapshot, StoreFile};
use crate::queue::Queue;
use crate::{RedbOptions, RedbStoreError, lock};

/// A store in one file. Clones share it; the last one that is dropped closes it.
///
/// It needs no particular executor. A load reads on the thread that polls it, and is ready at the first poll: some
/// microseconds where the page is in memory, a read from the disk where it is not. An exchange is done by a thread of
/// the store's, together with those of other callers, and its future is ready when the disk has it. One whose future is
/// dropped is not begun, or done as a whole.
///
/// The last drop waits until what was begun is done and the file is closed, so that it can be opened again, but not
/// longer than an exchange may take or, if that is longer, 5 seconds.
#[derive(Clone)]
pub struct RedbStore {
    shared: Arc<Shared>,
}

impl RedbStore {
    /// Opens the file at this path with the [default options](RedbOptions); makes it if there is none.
    ///
    /// # Errors
    ///
    /// As [`RedbOptions::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, RedbStoreError> {
        RedbOptions::new().open(path)
    }

    pub(crate) fn start(
        options: RedbOptions,
        open: impl Fn() -> Result<Box<dyn StorageBackend>, RedbStoreError> + Send + 'static,
    ) -> Result<Self, RedbStoreError> {
        let file = StoreFile::open(open()?, options.cache)?;
        let committed = RwLock::new(Ok(file.snapshot()?.into()));
        let work = Arc::new(Work { queue: Queue::new(options), committed });
        let (alive, ended) = mpsc::sync_channel(0);
        // Made before the threads, so that it ends the first if the second cannot be started.
        let store = Self { shared: Arc::new(Shared { work: work.clone(), ended: Mutex::new(ended), options }) };
        let watched = work.clone();
        spawn(alive.clone(), move || watched.queue.watch())?;
        let mut writer = Writer { work, open: Box::new(open), cache: options.cache, file: Some(file) };
        spawn(alive, move || writer.run())?;
        Ok(store)
    }

    /// Forgets the entries whose expiry has come by this time, and returns how many. Until this is called they stay.
    ///
    /// It looks at all entries on the thread that polls it, some thousands at each poll, and removes those that have
    /// expired as exchanges do: logins go on meanwhile.
    ///
    /// # Errors
    ///
    /// As those of an exchange. It can be called again at any time.
    pub async fn purge(&self, now: UnixTime) -> Result<u64, RedbStoreError> {
        const AT_ONCE: usize = 4096;
        let mut removed = 0;
        let mut after = Some(Vec::new());
        while let Some(last) = after {
            let (expired, more) = self.shared.work.read(|snapshot| snapshot.expired(&last, now, AT_ONCE))?;
            let batch = usize::from(self.shared.options.queue.get() / 2).max(1);
            let mut expired = expired.into_iter().peekable();
            while expired.peek().is_some() {
                let begun: Vec<_> =
                    expired.by_ref().take(batch).map(|request| self.shared.work.queue.push(request)).collect();
                for answer in begun {
                    // A conflict is one that was replaced meanwhile.
                    let answer = answer?.await.unwrap_or(Err(RedbStoreError::Stopped))?;
                    removed += u64::from(answer == Exchange::Stored);
                }
            }
            yield_once().await;
            after = more;
        }
        Ok(removed)
    }
}

impl Store for RedbStore {
    type Error = RedbStoreError;

    async fn load(&self, id: &AuthenticatorId) -> Result<Option<Entry>, RedbStoreError> {
        self.shared.work.read(|snapshot| snapshot.get(id))
    }

    async fn compare_exchange(
        &self,
        id: &AuthenticatorId,
        expected: Option<Revision>,
        value: Value,
        expiry: Option<UnixTime>,
    ) -> Result<Exchange, RedbStoreError> {
        let request = Request { id: *id, expected, change: Change::Put { value, expiry } };
        self.shared.work.queue.push(request)?.await.unwrap_or(Err(RedbStoreError::Stopped))
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
    /// Disconnected when the threads have ended.
    ended: Mutex<Receiver<Infallible>>,
    options: RedbOptions,
}

/// How long the threads may take to end, at least.
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

/// What the callers and the writer share.
struct Work {
    queue: Queue,
    /// What the disk has; or why there is nothing to read now.
    committed: RwLock<Committed>,
}

type Committed = Result<Arc<Snapshot>, RedbStoreError>;

impl Work {
    fn read<T>(&self, read: impl FnOnce(&Snapshot) -> Result<T, RedbStoreError>) -> Result<T, RedbStoreError> {
        let snapshot = self.committed()?;
        read(&snapshot).map_err(|error| match self.committed() {
            // The writer knows, and knows better why.
            Err(known) => known,
            Ok(current) if Arc::ptr_eq(&current, &snapshot) => {
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
        // The old one is dropped after the lock: that takes redb a while.
        let _old = mem::replace(&mut *self.committed.write().unwrap_or_else(PoisonError::into_inner), committed);
    }
}

/// Commits what waits in the queue, again and again.
struct Writer {
    work: Arc<Work>,
    open: Opener,
    cache: usize,
    /// `None` after an error, until it is open again.
    file: Option<StoreFile>,
}

impl Writer {
    fn run(&mut self) {
        let mut expected = 1;
        while let Some(taken) = self.work.queue.take(expected) {
            let answers = taken.and_then(|requests| {
                expected = requests.len();
                self.apply(&requests)
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

    /// Makes it durable first, then visible to those who load; the callers are told last.
    fn apply(&mut self, requests: &[Request]) -> Result<Vec<Exchange>, RedbStoreError> {
        let file = self.file.as_mut().ok_or(RedbStoreError::Stopped)?;
        let exchanges = file.apply(requests)?;
        if exchanges.contains(&Exchange::Stored) {
            self.work.publish(Ok(file.snapshot()?.into()));
        }
        Ok(exchanges)
    }

    /// After an error redb wants the file opened anew: it is not known what of the last commit the disk has.
    fn reopen(&mut self) {
        loop {
            if let Some(file) = self.file.take() {
                file.give_up();
            }
            if self.work.queue.is_closed() {
                return;
            }
            let begun = Instant::now();
            let opened = (self.open)().and_then(|file| StoreFile::open(file, self.cache));
            match opened.and_then(|file| Ok((file.snapshot()?, file))) {
                Ok((snapshot, file)) => {
                    self.file = Some(file);
                    self.work.queue.forget_doubt();
                    self.work.publish(Ok(snapshot.into()));
                    return;
                }
                Err(error) => {
                    self.work.publish(Err(error.clone()));
                    // A large file takes its time to verify: most of the time is left to others.
                    let pause = (4 * begun.elapsed()).max(Duration::from_millis(500));
                    self.work.queue.fail(&error, pause);
                }
            }
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Also if it ends in a panic: calls fail at once then.
        self.work.queue.close();
        self.work.publish(Err(RedbStoreError::Stopped));
        if let Some(file) = self.file.take() {
            file.close();
        }
    }
}
