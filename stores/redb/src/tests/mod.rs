//! Tests that need a disk that fails on request. The others are in `tests/`.

mod conformance;
mod disk;
mod faults;
mod gate;
mod power;
