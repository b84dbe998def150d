//! A clock that moves only when a timed wait runs out.

use core::cell::Cell;
pub use core::time::Duration;

// A scheduler runs all threads of a test on one thread of the system.
system::thread_local! {
    static NOW: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// A time, counted from the start of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(Duration);

impl Instant {
    pub fn now() -> Self {
        Self(NOW.get())
    }

    pub fn elapsed(&self) -> Duration {
        NOW.get().saturating_sub(self.0)
    }

    pub fn checked_add(self, time: Duration) -> Option<Self> {
        self.0.checked_add(time).map(Self)
    }

    pub fn saturating_duration_since(&self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl core::ops::Add<Duration> for Instant {
    type Output = Self;

    fn add(self, time: Duration) -> Self {
        Self(self.0 + time)
    }
}

/// Moves the clock to this time, unless it is there already.
pub(crate) fn pass_until(time: Instant) {
    NOW.set(NOW.get().max(time.0));
}

pub(crate) fn restart() {
    NOW.set(Duration::ZERO);
}
