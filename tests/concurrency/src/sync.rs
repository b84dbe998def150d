//! The locks of [`shuttle`], with a condition variable whose timed waits run out. Those of `shuttle` wait for ever.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;

use shuttle::rand::{Rng, thread_rng};
use shuttle::thread;

pub use shuttle::sync::{LockResult, PoisonError, RwLock, TryLockError, TryLockResult, mpsc};

use crate::time::{Instant, pass_until};

/// A mutex whose guard knows it, for the timed wait.
#[derive(Default)]
pub struct Mutex<T>(shuttle::sync::Mutex<T>);

/// The owner of a locked [`Mutex`].
pub struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
    guard: shuttle::sync::MutexGuard<'a, T>,
}

impl<T> Mutex<T> {
    pub fn new(value: T) -> Self {
        Self(shuttle::sync::Mutex::new(value))
    }

    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        self.guard(self.0.lock())
    }

    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        let guard = |guard| MutexGuard { mutex: self, guard };
        self.0.try_lock().map(guard).map_err(|error| match error {
            TryLockError::Poisoned(poisoned) => PoisonError::new(guard(poisoned.into_inner())).into(),
            TryLockError::WouldBlock => TryLockError::WouldBlock,
        })
    }

    fn guard<'a>(&'a self, locked: LockResult<shuttle::sync::MutexGuard<'a, T>>) -> LockResult<MutexGuard<'a, T>> {
        let guard = |guard| MutexGuard { mutex: self, guard };
        locked.map(guard).map_err(|poisoned| PoisonError::new(guard(poisoned.into_inner())))
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}

/// A condition variable of one waiter, as each of the group commit is.
#[derive(Default)]
pub struct Condvar {
    untimed: shuttle::sync::Condvar,
    timed: system::sync::Mutex<Vec<Arc<AtomicBool>>>,
}

/// The longest that a timed wait lasts, in turns of its thread.
const LONGEST: u32 = 40;

impl Condvar {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        let MutexGuard { mutex, guard } = guard;
        mutex.guard(self.untimed.wait(guard))
    }

    /// Waits for a notification, or for a random number of turns, and then moves the clock to the end of the wait.
    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        time: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, bool)> {
        let end = Instant::now() + time;
        let notified = Arc::new(AtomicBool::new(false));
        self.timed().push(notified.clone());
        let MutexGuard { mutex, guard } = guard;
        drop(guard);
        let turns = thread_rng().gen_range(0..LONGEST);
        let is_notified = || notified.load(Ordering::Relaxed);
        for _ in 0..turns {
            if is_notified() {
                break;
            }
            thread::yield_now();
        }
        self.timed().retain(|waiter| !Arc::ptr_eq(waiter, &notified));
        if !is_notified() {
            pass_until(end);
        }
        let pair = |guard| (guard, !is_notified());
        mutex.lock().map(pair).map_err(|poisoned| PoisonError::new(pair(poisoned.into_inner())))
    }

    pub fn notify_one(&self) {
        thread::yield_now();
        let timed = self.timed().pop();
        match timed {
            Some(waiter) => waiter.store(true, Ordering::Relaxed),
            None => self.untimed.notify_one(),
        }
    }

    fn timed(&self) -> system::sync::MutexGuard<'_, Vec<Arc<AtomicBool>>> {
        self.timed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
