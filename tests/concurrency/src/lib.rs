//! The in-memory store and the group commit of `secondo-redb`, whose threads run in an order that a scheduler chooses.
//!
//! Their files are compiled here once more, as they are shipped. In this crate, the name `std` means the crate itself:
//! its locks, threads and clock are those of [`shuttle`] and of [`time`]. A defect that needs a rare order of threads
//! is found in thousands of orders. The failure prints its order, with which `shuttle::replay` repeats it.
//!
//! The file of `secondo-redb`, below the group commit, is a simulated one: see [`disk`].
#![no_std]
#![allow(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    dead_code,
    reason = "the files are those of other crates"
)]
#![allow(
    clippy::must_use_candidate,
    clippy::missing_errors_doc,
    clippy::unnecessary_wraps,
    clippy::unused_self,
    reason = "the signatures are those of the standard library and of secondo-redb"
)]

extern crate alloc;
extern crate self as std;
extern crate std as system;

pub mod disk;
mod file;
mod options;
#[path = "../../../stores/redb/src/queue.rs"]
mod queue;
#[path = "../../../stores/redb/src/store.rs"]
mod redb_store;
pub mod store;
pub mod sync;
pub mod time;

pub use options::RedbOptions;
pub use redb_store::RedbStore;
pub use secondo_redb::RedbStoreError;
pub use shuttle::thread;
pub use system::path;

/// The module of `secondo` from which the in-memory store imports.
mod types {
    pub use secondo::{AccountId, UnixTime};
}

pub mod collections {
    pub mod hash_map {
        use core::hash::BuildHasherDefault;

        /// The hasher of the standard library with a fixed key, so that a run can be repeated.
        pub type RandomState = BuildHasherDefault<system::collections::hash_map::DefaultHasher>;
    }
}

/// Locks the mutex, as `secondo-redb` does.
fn lock<T>(mutex: &sync::Mutex<T>) -> sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(sync::PoisonError::into_inner)
}

/// Runs `test` in this number of random orders of its threads, or ten times as many if `TESTS_FULL` is set.
///
/// Half of the orders prefer one thread for long, as [`shuttle::check_pct`] does, which finds defects that need few
/// switches at certain places.
pub fn in_many_orders(orders: usize, test: impl Fn() + Send + Sync + 'static) {
    let orders = if system::env::var_os("TESTS_FULL").is_some() { 10 * orders } else { orders };
    let mut config = shuttle::Config::new();
    config.stack_size = 1 << 20;
    let test = alloc::sync::Arc::new(move || {
        time::restart();
        test();
    });
    let random = shuttle::scheduler::RandomScheduler::new(orders / 2);
    shuttle::Runner::new(random, config.clone()).run({
        let test = test.clone();
        move || test()
    });
    let preferring = shuttle::scheduler::PctScheduler::new(3, orders / 2);
    shuttle::Runner::new(preferring, config).run(move || test());
}
