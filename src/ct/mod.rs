//! The pieces that must take the same time whatever they are given: selection, truncation and division.

#[cfg(not(secondo_taint))]
pub(crate) mod declassify;
#[cfg(secondo_taint)]
pub mod declassify;
pub(crate) mod division;
pub(crate) mod select;
pub(crate) mod truncate;
