//! Waiting for what happens beside the requests.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// Long enough for a machine that is busy with other things.
pub(crate) const TIME: Duration = Duration::from_secs(180);

/// Waits until something is there, such as a line of the audit log.
#[track_caller]
pub(crate) fn until(mut is_there: impl FnMut() -> bool) {
    let end = Instant::now() + TIME;
    while !is_there() {
        assert!(Instant::now() < end, "nothing came");
        sleep(Duration::from_millis(50));
    }
}
