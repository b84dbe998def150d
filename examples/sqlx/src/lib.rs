//! An example for providers with a pool of sqlx: a store on that pool, and a login in one transaction with the
//! provider's own rows.
//!
//! Run its tests with `cargo test -p sqlx-login`. They need PostgreSQL from Debian's package.
//!
//! A write that the server loses is undone, and a used code is accepted again. So keep `fsync`, `full_page_writes` and
//! `synchronous_commit` on, have a synchronous standby or no standby, and connect only to the primary. Set a
//! `statement_timeout` for the pool's role, because sqlx has none.
#![forbid(unsafe_code)]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing)]

mod error;
mod login;
mod store;

pub use error::{LoginError, StoreError};
pub use login::log_in;
pub use store::{Entries, InTransaction, SCHEMA};
