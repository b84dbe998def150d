//! The targets' bodies, shared with the replay of the seeds in `tests/fuzz_seeds.rs`.

#[path = "../../tests/support/model.rs"]
mod model;
#[path = "../../tests/support/naive.rs"]
mod naive;
#[path = "../../tests/support/targets.rs"]
pub mod targets;
