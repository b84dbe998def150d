//! The queue of `secondo-redb`, without its timeouts: the exchanges that wait while the disk is busy share a commit.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::engine::{Engine, Entry, Error, Kind, Read, Request};

/// The time that a batch waits for callers of the previous batch that have not come back.
const GATHERING: Duration = Duration::from_micros(100);

/// An open engine with a thread that writes.
pub(crate) struct Queued {
    work: Arc<Work>,
    pub(crate) reader: Arc<dyn Read>,
    writer: Option<JoinHandle<Result<(), Error>>>,
}

#[derive(Default)]
struct Work {
    state: Mutex<State>,
    /// The condition that as many exchanges wait as the writer wanted.
    arrived: Condvar,
    at_most: AtomicUsize,
}

#[derive(Default)]
struct State {
    waiting: Vec<(Request, oneshot::Sender<bool>)>,
    /// The number of exchanges that must wait before the writer is woken, or 0 while the writer is awake.
    wanted: usize,
    closed: bool,
    /// The writer has ended, and performs no more exchanges.
    ended: bool,
}

impl Queued {
    pub(crate) fn open(kind: Kind, folder: &Path) -> Result<Self, Error> {
        let (engine, reader) = kind.open(folder)?;
        let work = Arc::new(Work { at_most: usize::MAX.into(), ..Work::default() });
        let writer = thread::spawn({
            let work = work.clone();
            move || {
                let written = work.write(engine);
                let mut state = work.state.lock().unwrap();
                state.ended = true;
                state.waiting.clear();
                written
            }
        });
        Ok(Self { work, reader, writer: Some(writer) })
    }

    /// Sets the number of exchanges that may share a commit.
    pub(crate) fn share(&self, at_most: usize) {
        self.work.at_most.store(at_most, Ordering::Relaxed);
    }

    pub(crate) fn load(&self, id: &str) -> Result<Option<Entry>, Error> {
        self.reader.load(id)
    }

    /// Returns whether the request was stored.
    pub(crate) async fn exchange(&self, request: Request) -> Result<bool, Error> {
        let (answer, answered) = oneshot::channel();
        self.work.push(request, answer)?;
        Ok(answered.await?)
    }

    /// Waits for the writer's end, and closes the engine.
    pub(crate) fn close(mut self) -> Result<(), Error> {
        self.work.close();
        self.writer.take().map_or(Ok(()), |writer| writer.join().unwrap_or_else(|_| Err("the writer panicked".into())))
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        self.work.close();
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

impl Work {
    fn push(&self, request: Request, answer: oneshot::Sender<bool>) -> Result<(), Error> {
        let mut state = self.state.lock().unwrap();
        if state.ended {
            return Err("the writer has ended".into());
        }
        state.waiting.push((request, answer));
        let wake = state.wanted > 0 && state.waiting.len() >= state.wanted;
        if wake {
            state.wanted = 0;
        }
        drop(state);
        if wake {
            self.arrived.notify_one();
        }
        Ok(())
    }

    fn close(&self) {
        self.state.lock().unwrap().closed = true;
        self.arrived.notify_one();
    }

    fn write(&self, mut engine: Box<dyn Engine>) -> Result<(), Error> {
        let mut expected = 1;
        while let Some((requests, answers)) = self.take(expected) {
            expected = requests.len();
            let stored = engine.apply(&requests).inspect_err(|error| eprintln!("the writer ends: {error}"))?;
            for (answer, stored) in answers.into_iter().zip(stored) {
                let _ = answer.send(stored);
            }
        }
        engine.close()
    }

    fn take(&self, expected: usize) -> Option<(Vec<Request>, Vec<oneshot::Sender<bool>>)> {
        let mut state = self.state.lock().unwrap();
        while state.waiting.is_empty() {
            if state.closed {
                return None;
            }
            state.wanted = 1;
            state = self.arrived.wait(state).unwrap();
        }
        if state.waiting.len() < expected {
            state.wanted = expected;
            state = self.arrived.wait_timeout(state, GATHERING).unwrap().0;
        }
        state.wanted = 0;
        let count = state.waiting.len().min(self.at_most.load(Ordering::Relaxed));
        Some(state.waiting.drain(..count).unzip())
    }
}
