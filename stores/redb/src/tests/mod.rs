//! What needs a disk that fails on request. The rest is in `tests/`.

mod conformance;
mod disk;
mod faults;
mod gate;
mod power;
