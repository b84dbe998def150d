//! Helpers that several tests share.
#![allow(dead_code, reason = "some helpers are unused without some features")]

pub(crate) mod cases;
pub(crate) mod commit;
#[cfg(feature = "alloc")]
pub(crate) mod described;
#[cfg(feature = "std")]
pub(crate) mod enrolled;
#[cfg(feature = "std")]
pub(crate) mod failing;
pub(crate) mod hex;
#[cfg(feature = "std")]
pub(crate) mod installed;
#[cfg(feature = "std")]
pub(crate) mod logins;
#[cfg(feature = "std")]
pub(crate) mod model;
pub(crate) mod naive;
pub(crate) mod oathtool;
#[cfg(feature = "std")]
pub(crate) mod ocra;
#[cfg(feature = "std")]
pub(crate) mod pam;
#[cfg(feature = "qr")]
pub(crate) mod pictures;
#[cfg(feature = "std")]
pub(crate) mod programs;
pub(crate) mod protoc;
#[cfg(feature = "pskc")]
pub(crate) mod pskc;
#[cfg(all(feature = "push", feature = "std"))]
pub(crate) mod push;
#[cfg(feature = "std")]
pub(crate) mod random;
#[cfg(feature = "std")]
pub(crate) mod refusals;
#[cfg(feature = "std")]
pub(crate) mod sealed;
pub(crate) mod sources;
#[cfg(feature = "std")]
pub(crate) mod subscriber;
#[cfg(feature = "std")]
#[expect(unreachable_pub, reason = "the fuzz package exports it")]
pub(crate) mod targets;
#[cfg(feature = "std")]
#[expect(unreachable_pub, reason = "the fuzz package exports it")]
pub(crate) mod texts;
pub(crate) mod time;
