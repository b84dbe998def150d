//! The targets' bodies, shared with the replay of the seeds in `tests/fuzz_seeds.rs`.

#[path = "../../tests/suite/support/model.rs"]
mod model;
#[path = "../../tests/suite/support/naive.rs"]
mod naive;
#[path = "../../tests/suite/support/targets.rs"]
pub mod targets;
