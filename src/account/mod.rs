//! The record of an authenticator, and how it is sealed.

mod record;
pub mod seal;

pub(crate) use record::Record;
pub use record::RecordError;
