//! The bodies of the fuzz targets, shared with `tests/suite/fuzz_seeds.rs`, which replays the seeds.

#[path = "../../tests/suite/support/model.rs"]
mod model;
#[path = "../../tests/suite/support/naive.rs"]
mod naive;
#[path = "../../tests/suite/support/targets.rs"]
pub mod targets;
