//! The stored record of an authenticator, and the sealing of records.

mod record;
pub mod seal;

pub(crate) use record::Record;
pub use record::RecordError;
