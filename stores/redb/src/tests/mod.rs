//! Tests in which a few changes are already many for the journal, and those that need a disk that fails on request. The
//! others are in `tests/`.

mod conformance;
mod disk;
mod faults;
mod gate;
mod journal;
mod opening;
mod power;
mod queue;
mod scenarios;
