//! The fuzz targets. Each function takes bytes and panics on a defect.
//!
//! The fuzzer runs them, and so does the replay of its seeds on stable Rust.

mod account;
mod code;
#[cfg(feature = "push")]
mod device;
mod files;
mod ocra;
#[cfg(feature = "push")]
mod push;
#[cfg(feature = "serde")]
mod serde_types;

use secondo::UnixTime;

pub use self::account::{operations, record, state};
pub(super) use self::code::bare;
pub use self::code::{base32, code, recovery_code};
#[cfg(feature = "push")]
pub use self::device::push_device;
#[cfg(feature = "json")]
pub use self::files::json_import;
pub use self::files::{google_authenticator, key_uri, migration, usersfile};
#[cfg(feature = "pskc")]
pub use self::files::{pskc, pskc_values};
pub use self::ocra::ocra;
#[cfg(feature = "push")]
pub(super) use self::push::with_app;
#[cfg(feature = "push")]
pub use self::push::{push_activation, push_answer, push_challenge};
#[cfg(feature = "serde")]
pub use self::serde_types::serde_types;

/// The time at which the imported files were moved.
pub(super) const MOVED_AT: UnixTime = match UnixTime::from_secs(1_795_500_000) {
    Ok(time) => time,
    Err(_) => panic!(),
};
