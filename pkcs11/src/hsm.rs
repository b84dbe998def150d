use alloc::sync::Arc;
use alloc::vec::Vec;
use core::convert::Infallible;
use core::fmt;
use core::future::poll_fn;
use core::num::NonZeroU8;
use core::pin::Pin;
use core::task::Poll;
use core::time::Duration;
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::thread;

use futures_channel::oneshot;
use futures_timer::Delay;
use secondo::Algorithm;
use secondo::hsm::{Hmac, Hsm, HsmKey};
use secondo::types::Counter;

use crate::connection::{Access, Link, Rights, lock};
use crate::{Token, TokenError};

/// How a verifier's calls to a token are done: by how many threads, each with a session of its own, how many calls may wait
/// for them, and how long.
///
/// The default: 4 threads, 256 calls, 5 seconds.
///
/// ```no_run
/// use core::num::NonZeroU8;
/// use core::time::Duration;
/// use secondo_pkcs11::{Token, Workers};
///
/// # let pin = "1234";
/// let token = Token::open("/usr/lib/softhsm/libsofthsm2.so", "verifier", pin)?;
/// let eight = const { NonZeroU8::new(8).unwrap() };
/// let hsm = Workers::new().with_threads(eight).with_timeout(Duration::from_secs(2)).start(&token)?;
/// # Ok::<(), secondo_pkcs11::TokenError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Workers {
    threads: NonZeroU8,
    queue: u16,
    timeout: Duration,
}

impl Workers {
    /// The default.
    #[must_use]
    pub const fn new() -> Self {
        Self { threads: const { NonZeroU8::new(4).unwrap() }, queue: 256, timeout: Duration::from_secs(5) }
    }

    /// The number of threads and sessions: as many as the module serves at once.
    #[must_use]
    pub const fn with_threads(mut self, threads: NonZeroU8) -> Self {
        self.threads = threads;
        self
    }

    /// How many calls wait while all threads are busy. One more fails at once with [`TokenError::Busy`].
    #[must_use]
    pub const fn with_queue(mut self, calls: u16) -> Self {
        self.queue = calls;
        self
    }

    /// How long a call may take, with its wait, before it fails with [`TokenError::Timeout`].
    ///
    /// What the module has begun cannot be interrupted: its thread is busy until the module answers. When all of them hang,
    /// the queue fills, and calls fail at once.
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Starts the threads. They connect when the first calls come.
    ///
    /// # Errors
    ///
    /// [`TokenError::Thread`].
    pub fn start(self, token: &Token) -> Result<TokenHsm, TokenError> {
        let (jobs, queue) = mpsc::sync_channel(self.queue.into());
        let queue = Arc::new(Mutex::new(queue));
        let (alive, ended) = mpsc::channel();
        for _ in 0..self.threads.get() {
            let (access, queue, alive) = (token.access.clone(), queue.clone(), alive.clone());
            let run = move || {
                work(access, &queue);
                drop(alive);
            };
            let worker = thread::Builder::new().name("secondo-pkcs11".into()).spawn(run);
            let _detached = worker.map_err(|error| TokenError::Thread(error.kind()))?;
        }
        let threads = Threads { ended: Mutex::new(ended), timeout: self.timeout };
        Ok(TokenHsm { pool: Arc::new(Pool { jobs, threads, _token: token.clone() }) })
    }
}

impl Default for Workers {
    fn default() -> Self {
        Self::new()
    }
}

/// HMACs of a token, for [`Verifier::with_hsm`](secondo::Verifier::with_hsm). Clones share the [`Workers`].
///
/// It needs no particular executor. A call whose future is dropped is not begun, or its result is thrown away. After an error
/// of the module the next call of that worker connects anew. The drop of the last clone waits for the workers to finish, but
/// not longer than a call may take or, if that is longer, 5 seconds.
#[derive(Clone)]
pub struct TokenHsm {
    pool: Arc<Pool>,
}

impl Hsm for TokenHsm {
    type Error = TokenError;

    async fn hmacs(&self, key: &HsmKey, algorithm: Algorithm, counters: &[Counter]) -> Result<Vec<Hmac>, TokenError> {
        let (answer, mut receiver) = oneshot::channel();
        self.pool.jobs.try_send(Job { key: *key, algorithm, counters: counters.into(), answer }).map_err(|error| {
            match error {
                TrySendError::Full(_) => TokenError::Busy,
                TrySendError::Disconnected(_) => TokenError::Stopped,
            }
        })?;
        let mut deadline = Delay::new(self.pool.threads.timeout);
        poll_fn(|context| match Pin::new(&mut receiver).poll(context) {
            Poll::Ready(answer) => Poll::Ready(answer.unwrap_or(Err(TokenError::Stopped))),
            Poll::Pending => Pin::new(&mut deadline).poll(context).map(|()| Err(TokenError::Timeout)),
        })
        .await
    }
}

impl fmt::Debug for TokenHsm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHsm(..)")
    }
}

struct Pool {
    /// Dropped first, so that the threads end.
    jobs: SyncSender<Job>,
    threads: Threads,
    /// Keeps the login while the threads have none.
    _token: Token,
}

struct Job {
    key: HsmKey,
    algorithm: Algorithm,
    counters: Vec<Counter>,
    answer: oneshot::Sender<Result<Vec<Hmac>, TokenError>>,
}

/// How long the threads may take to end, at least.
const PATIENCE: Duration = Duration::from_secs(5);

struct Threads {
    /// Disconnected when all have ended.
    ended: Mutex<Receiver<Infallible>>,
    timeout: Duration,
}

impl Drop for Threads {
    fn drop(&mut self) {
        // A thread that is still in the module when the process exits can crash it.
        let _ = lock(&self.ended).recv_timeout(self.timeout.max(PATIENCE));
    }
}

/// What a thread does until the queue is closed.
fn work(access: Arc<Access>, queue: &Mutex<Receiver<Job>>) {
    let mut link = Link::new(access, Rights::Use);
    loop {
        let next = lock(queue).recv();
        let Ok(job) = next else { break };
        if job.answer.is_canceled() {
            continue;
        }
        let hmacs = link.with(|connection| {
            let messages = job.counters.iter().map(|counter| counter.get().to_be_bytes());
            // Of the full size at once, so that none is moved and left behind.
            let mut hmacs = Vec::with_capacity(job.counters.len());
            for hmac in connection.hmacs(&job.key, job.algorithm, messages)? {
                hmacs.push(Hmac::from_bytes(&hmac).map_err(|_| TokenError::WrongAnswer)?);
            }
            Ok(hmacs)
        });
        // Who asked may be gone.
        let _ = job.answer.send(hmacs);
    }
}
