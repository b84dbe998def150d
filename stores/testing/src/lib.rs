//! What the tests of the stores share: servers of their own, faults, and races across processes.
#![forbid(unsafe_code)]
#![expect(clippy::missing_panics_doc, reason = "a test fails by panicking")]

mod proxy;
mod server;

pub use proxy::Proxy;
pub use server::{Postgres, Redis};
