//! Operations whose time must not depend on their operands: selection, truncation and division.
//!
//! The module `declassify` marks the points at which a secret becomes public.

#[cfg(not(secondo_taint))]
pub(crate) mod declassify;
#[cfg(secondo_taint)]
pub mod declassify;
pub(crate) mod division;
pub(crate) mod select;
pub(crate) mod truncate;
