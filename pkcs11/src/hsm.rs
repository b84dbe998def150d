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

/// The settings of the threads that answer a verifier's calls to a token. Each thread has a session of its own.
///
/// By default there are 4 threads, at most 256 calls wait for them, and a call takes at most 5 seconds.
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
    /// Creates the default settings.
    #[must_use]
    pub const fn new() -> Self {
        Self { threads: const { NonZeroU8::new(4).unwrap() }, queue: 256, timeout: Duration::from_secs(5) }
    }

    /// Sets the number of threads, each with one session. The best number is that of the calls that the module serves
    /// at once.
    #[must_use]
    pub const fn with_threads(mut self, threads: NonZeroU8) -> Self {
        self.threads = threads;
        self
    }

    /// Sets the number of calls that may wait while all threads are busy. A further call fails at once with
    /// [`TokenError::Busy`].
    #[must_use]
    pub const fn with_queue(mut self, calls: u16) -> Self {
        self.queue = calls;
        self
    }

    /// Sets the time that a call may take, including its wait, before it fails with [`TokenError::Timeout`].
    ///
    /// A call that the module has begun cannot be interrupted: its thread stays busy until the module answers. When all
    /// threads hang, the queue fills, and further calls fail at once.
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Starts the threads. Each connects to the token at its first call.
    ///
    /// # Errors
    ///
    /// Returns [`TokenError::Thread`] if the operating system does not start a thread.
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

/// A source of HMACs on a token, for [`Verifier::with_hsm`](secondo::Verifier::with_hsm). Clones share the threads.
///
/// It works on any executor. If the future of a call is dropped, the call is not begun or its result is discarded.
/// After an error of the module, the next call of that thread connects again. Dropping the last clone waits for the
/// threads to finish, for at most the [timeout](Workers::with_timeout) of a call or 5 seconds, whichever is longer.
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
    /// Keeps the process logged in while no thread has a session.
    _token: Token,
}

struct Job {
    key: HsmKey,
    algorithm: Algorithm,
    counters: Vec<Counter>,
    answer: oneshot::Sender<Result<Vec<Hmac>, TokenError>>,
}

/// The shortest time that a drop allows the threads to end.
const PATIENCE: Duration = Duration::from_secs(5);

struct Threads {
    /// Disconnected when all threads have ended.
    ended: Mutex<Receiver<Infallible>>,
    timeout: Duration,
}

impl Drop for Threads {
    fn drop(&mut self) {
        // A thread that is still in the module when the process exits can crash it.
        let _ = lock(&self.ended).recv_timeout(self.timeout.max(PATIENCE));
    }
}

/// Answers jobs until the queue is closed: the body of each thread.
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
            // Allocated at full size, so that growing leaves no copies of HMACs behind.
            let mut hmacs = Vec::with_capacity(job.counters.len());
            for hmac in connection.hmacs(&job.key, job.algorithm, messages)? {
                hmacs.push(Hmac::from_bytes(&hmac).map_err(|_| TokenError::WrongAnswer)?);
            }
            Ok(hmacs)
        });
        // The caller may have dropped its future.
        let _ = job.answer.send(hmacs);
    }
}
