//! Tests of the readers on samples in the shape of each format, of hostile files, and of the program.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod entra;
mod graph;
#[cfg(feature = "program")]
mod program;
mod support;
