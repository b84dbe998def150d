//! A test suite of the contract of [`Store`](super::Store), used for this library's stores and usable for your own.
//!
//! Implement [`Harness`] for your engine, and call [`check`] in a test. The suite lets threads with their own handles
//! race, makes entries expire, interrupts writes and restarts the engine. It reports the first violation of the
//! contract.
//!
//! ```
//! use secondo::store::conformance::{Harness, NotApplicable, check};
//! use secondo::store::Memory;
//! use secondo::UnixTime;
//!
//! struct InMemory(Memory);
//!
//! impl Harness for InMemory {
//!     type Store<'a> = &'a Memory;
//!
//!     fn connect(&self) -> &Memory {
//!         &self.0
//!     }
//!     fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
//!         pollster::block_on(future)
//!     }
//!     fn forget_expired(&self, now: UnixTime) {
//!         self.0.purge(now);
//!     }
//!     fn break_next_write(&self) -> Result<(), NotApplicable> {
//!         Err(NotApplicable("a write to memory does not fail"))
//!     }
//!     fn restart(&self) -> Result<(), NotApplicable> {
//!         Err(NotApplicable("memory does not outlive its process"))
//!     }
//! }
//!
//! let report = check(&InMemory(Memory::new()))?;
//! println!("{report}");
//! # assert_eq!(report.not_applicable().count(), 2);
//! # Ok::<(), secondo::store::conformance::Violation>(())
//! ```

mod bench;
mod harness;
mod lasting;
mod listing;
mod races;
mod report;
mod writes;

use alloc::vec::Vec;

pub use harness::{Harness, NotApplicable};
pub use listing::check_listing;
pub use report::{Report, Violation};

use bench::{Bench, Outcome};
use lasting::{expiry, re_creation, restart};
use races::{lost_updates, racing_creators};
use writes::{absent, broken_write, create, replace, values_and_ids};

/// Runs every check, and stops at the first one that fails.
///
/// # Errors
///
/// Returns [`Violation`] if a check fails: the store breaks its contract, or one of its operations returned an error.
pub fn check<H: Harness>(harness: &H) -> Result<Report, Violation> {
    let mut report = Report(Vec::new());
    for (name, run) in checks::<H>() {
        let outcome = run(&Bench { harness, name }).map_err(|seen| Violation { check: name, seen })?;
        report.0.push((name, outcome));
    }
    Ok(report)
}

type Check<H> = fn(&Bench<'_, H>) -> Outcome;

fn checks<H: Harness>() -> [(&'static str, Check<H>); 10] {
    [
        ("restart", restart),
        ("absent", absent),
        ("create", create),
        ("replace", replace),
        ("values and ids", values_and_ids),
        ("racing creators", racing_creators),
        ("lost updates", lost_updates),
        ("expiry", expiry),
        ("re-creation", re_creation),
        ("broken write", broken_write),
    ]
}
