//! A store of [`secondo`] in PostgreSQL.
#![forbid(unsafe_code)]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing)]
#![warn(clippy::std_instead_of_alloc, clippy::std_instead_of_core)]

extern crate alloc;

mod connection;
mod error;
mod migration;
mod options;
mod pool;
mod store;
mod tls;
mod transaction;

pub use error::{PostgresStoreError, TransactionError};
pub use options::PostgresOptions;
#[cfg(feature = "tls")]
pub use rustls;
pub use store::PostgresStore;
pub use tokio_postgres;
pub use transaction::InTransaction;
