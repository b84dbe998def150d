//! A store of [`secondo`] in Redis or Valkey.
#![forbid(unsafe_code)]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing)]
#![warn(clippy::std_instead_of_alloc, clippy::std_instead_of_core)]

extern crate alloc;

mod connection;
mod error;
mod options;
mod script;
mod store;

pub use error::RedisStoreError;
pub use options::RedisOptions;
pub use store::RedisStore;
