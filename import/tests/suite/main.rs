//! Tests of the readers on samples in the shape of each format, of hostile files, and of the program.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod apps;
mod encrypted;
mod entra;
mod fuzz_seeds;
mod graph;
mod growth;
mod hostile;
mod oath_csv;
mod password_managers;
#[cfg(feature = "program")]
mod program;
mod pskc;
mod rows;
mod safenet;
mod samples;
mod support;
#[expect(unreachable_pub, reason = "the fuzz package exports it")]
mod targets;
mod usersfile;
mod yubico;
