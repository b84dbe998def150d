//! The queue without the threads of a store, so that only the test takes from it.

use std::num::NonZeroU16;
use std::thread;
use std::time::Duration;

use pollster::block_on;
use secondo::AccountId;

use crate::file::{Change, Request};
use crate::queue::Queue;
use crate::{RedbOptions, RedbStoreError};

fn request() -> Request {
    Request { id: AccountId::new("rossi").unwrap(), expected: None, change: Change::Remove }
}

#[test]
fn as_many_wait_as_the_options_allow() {
    let queue = Queue::new(RedbOptions::new().with_queue(NonZeroU16::new(3).unwrap()));
    let waiting = [(); 3].map(|()| queue.push(request()).unwrap());
    assert!(matches!(queue.push(request()), Err(RedbStoreError::Busy)));
    assert_eq!(queue.take(1).unwrap().unwrap().len(), 3);
    // Requests that were taken wait no more.
    assert!(queue.push(request()).is_ok());
    drop(waiting);
}

/// Otherwise later callers would wait for as long as the disk hangs.
#[test]
fn deadlines_are_watched_until_the_queue_is_closed() {
    let queue = Queue::new(RedbOptions::new().with_timeout(Duration::ZERO));
    let answers: Vec<_> = thread::scope(|scope| {
        scope.spawn(|| {
            queue.watch();
            // After an end that is too early, no caller may wait forever.
            queue.close();
            queue.fail(&RedbStoreError::Stopped, Duration::ZERO);
        });
        let answers = (0..1_000).map(|_| queue.push(request()).and_then(|answer| block_on(answer).unwrap())).collect();
        queue.close();
        answers
    });
    assert!(answers.iter().all(|answer| matches!(answer, Err(RedbStoreError::Timeout))));
}
