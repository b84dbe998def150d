use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::mem;
use core::time::Duration;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use futures_channel::oneshot;
use secondo::store::Exchange;

use crate::file::Request;
use crate::{RedbOptions, RedbStoreError, lock};

pub(crate) type Answer = Result<Exchange, RedbStoreError>;

/// The exchanges that wait for the writer, and the callers that wait for their answers.
///
/// One thread watches the deadlines of all callers, since a timer for each call would cost more than the call.
pub(crate) struct Queue {
    state: Mutex<State>,
    /// The condition that as many exchanges wait as the writer wanted.
    work: Condvar,
    /// The condition that a caller waits, for the thread that watches deadlines.
    watch: Condvar,
    capacity: usize,
    timeout: Duration,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<(Request, Caller)>,
    /// The callers whose requests the writer has taken, in their order. `None` stands for one whose time ran out.
    begun: Vec<Option<Caller>>,
    /// The number of exchanges that must wait before the writer is woken, or 0 while the writer is awake.
    wanted: usize,
    watch_sleeps: bool,
    /// The error of a load, after which the writer opens the file again.
    doubt: Option<RedbStoreError>,
    closed: bool,
}

struct Caller {
    deadline: Instant,
    answer: oneshot::Sender<Answer>,
}

impl Caller {
    fn answer(self, answer: Answer) {
        // The caller may have dropped its future.
        let _ = self.answer.send(answer);
    }
}

/// The time that a batch waits for callers of the previous batch that have not come back.
const GATHERING: Duration = Duration::from_micros(100);

impl Queue {
    pub(crate) fn new(options: RedbOptions) -> Self {
        let RedbOptions { queue, timeout, .. } = options;
        let (state, work, watch) = (Mutex::default(), Condvar::new(), Condvar::new());
        Self { state, work, watch, capacity: usize::from(queue.get()), timeout }
    }

    pub(crate) fn push(&self, request: Request) -> Result<oneshot::Receiver<Answer>, RedbStoreError> {
        let (answer, receiver) = oneshot::channel();
        let now = Instant::now();
        // A deadline that the clock cannot represent becomes one that is 136 years away.
        let deadline = now.checked_add(self.timeout).unwrap_or(now + Duration::from_secs(u32::MAX.into()));
        let mut state = lock(&self.state);
        if state.closed {
            return Err(RedbStoreError::Stopped);
        }
        if state.waiting.len() >= self.capacity {
            return Err(RedbStoreError::Busy);
        }
        state.waiting.push_back((request, Caller { deadline, answer }));
        let wake_writer = state.wanted > 0 && state.waiting.len() >= state.wanted;
        if wake_writer {
            state.wanted = 0;
        }
        let wake_watch = mem::take(&mut state.watch_sleeps);
        drop(state);
        if wake_writer {
            self.work.notify_one();
        }
        if wake_watch {
            self.watch.notify_one();
        }
        Ok(receiver)
    }

    /// Reports to the writer that a load could not read the file.
    pub(crate) fn doubt(&self, error: &RedbStoreError) {
        lock(&self.state).doubt = Some(error.clone());
        self.work.notify_one();
    }

    pub(crate) fn forget_doubt(&self) {
        lock(&self.state).doubt = None;
    }

    /// Waits for requests and takes all of them, or returns `None` when the queue is closed.
    ///
    /// `expected` is the number of requests that are likely to come.
    pub(crate) fn take(&self, expected: usize) -> Option<Result<Vec<Request>, RedbStoreError>> {
        let mut state = lock(&self.state);
        while state.waiting.is_empty() || state.doubt.is_some() {
            if let Some(error) = state.doubt.take() {
                return Some(Err(error));
            }
            if state.closed {
                return None;
            }
            state.wanted = 1;
            state = wait(&self.work, state);
        }
        let expected = expected.min(self.capacity);
        if state.waiting.len() < expected {
            state.wanted = expected;
            state = wait_for(&self.work, state, GATHERING);
        }
        state.wanted = 0;
        let (mut requests, mut begun) = (Vec::with_capacity(expected), Vec::with_capacity(expected));
        for (request, caller) in state.waiting.drain(..) {
            // Requests whose callers dropped their futures are left out.
            if !caller.answer.is_canceled() {
                requests.push(request);
                begun.push(Some(caller));
            }
        }
        state.begun = begun;
        Some(Ok(requests))
    }

    /// Answers the callers whose requests were taken.
    pub(crate) fn answer(&self, answers: Result<Vec<Exchange>, RedbStoreError>) {
        let begun = mem::take(&mut lock(&self.state).begun);
        match answers {
            Ok(exchanges) => {
                for (caller, exchange) in begun.into_iter().zip(exchanges) {
                    if let Some(caller) = caller {
                        caller.answer(Ok(exchange));
                    }
                }
            }
            Err(error) => {
                for caller in begun.into_iter().flatten() {
                    caller.answer(Err(error.clone()));
                }
            }
        }
    }

    /// Answers with this error the callers that wait, and those that come within `pause` or until the queue is closed.
    pub(crate) fn fail(&self, error: &RedbStoreError, pause: Duration) {
        let until = Instant::now() + pause;
        let mut state = lock(&self.state);
        loop {
            let failed = mem::take(&mut state.waiting);
            drop(state);
            for (_, caller) in failed {
                caller.answer(Err(error.clone()));
            }
            state = lock(&self.state);
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || state.closed {
                return;
            }
            if state.waiting.is_empty() {
                state.wanted = 1;
                state = wait_for(&self.work, state, left);
                state.wanted = 0;
            }
        }
    }

    pub(crate) fn close(&self) {
        lock(&self.state).closed = true;
        self.work.notify_one();
        self.watch.notify_one();
    }

    pub(crate) fn is_closed(&self) -> bool {
        lock(&self.state).closed
    }

    /// Answers callers whose time has run out, until the queue is closed and no caller waits.
    pub(crate) fn watch(&self) {
        let mut state = lock(&self.state);
        loop {
            let now = Instant::now();
            let late = |caller: &Caller| caller.deadline <= now;
            let mut expired = Vec::new();
            for begun in &mut state.begun {
                expired.extend(begun.take_if(|caller| late(caller)));
            }
            // The callers wait in the order of their deadlines.
            let count = state.waiting.iter().take_while(|(_, caller)| late(caller)).count();
            expired.extend(state.waiting.drain(..count).map(|(_, caller)| caller));
            if !expired.is_empty() {
                drop(state);
                for caller in expired {
                    caller.answer(Err(RedbStoreError::Timeout));
                }
                state = lock(&self.state);
                continue;
            }
            let begun = state.begun.iter().flatten();
            let next = begun.chain(state.waiting.front().map(|(_, caller)| caller)).map(|caller| caller.deadline).min();
            state = match next {
                Some(next) => wait_for(&self.watch, state, next.saturating_duration_since(now)),
                None if state.closed => return,
                None => {
                    state.watch_sleeps = true;
                    wait(&self.watch, state)
                }
            };
        }
    }
}

fn wait<'s>(condition: &Condvar, state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
    condition.wait(state).unwrap_or_else(PoisonError::into_inner)
}

fn wait_for<'s>(condition: &Condvar, state: MutexGuard<'s, State>, time: Duration) -> MutexGuard<'s, State> {
    condition.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner).0
}
