//! Helpers of the stores' tests: servers of their own, faults, and races across processes.
//!
//! A store's tests implement [`Engine`], have a test that is a [`worker`], and call the scenarios with the address of
//! an engine that is empty at first. Each scenario [reports](report!) its counts.
#![forbid(unsafe_code)]
#![expect(clippy::missing_panics_doc, reason = "a test fails by panicking")]

use std::io::Write;

mod authority;
pub mod clock;
pub mod crowd;
mod engine;
pub mod kills;
pub mod outage;
mod proxy;
pub mod pushes;
pub mod races;
pub mod responses;
pub mod sent;
mod server;
mod worker;

pub use authority::Authority;
pub use engine::Engine;
pub use proxy::Proxy;
pub use server::{PgBouncer, Postgres, Redis, Server, free_port};
pub use worker::worker;

/// Returns the usual number of rounds, or ten times as many if `TESTS_FULL` is set.
#[must_use]
pub fn rounds(usual: u64) -> u64 {
    if std::env::var_os("TESTS_FULL").is_some() { 10 * usual } else { usual }
}

/// Prints a line of counts, even when the test passes. The test harness captures the output of `println!` then.
#[macro_export]
macro_rules! report {
    ($($counts:tt)*) => {
        $crate::print(format_args!($($counts)*))
    };
}

#[doc(hidden)]
pub fn print(counts: std::fmt::Arguments<'_>) {
    // One write, since other threads print as well.
    std::io::stdout().write_all(format!("{counts}\n").as_bytes()).unwrap();
}
