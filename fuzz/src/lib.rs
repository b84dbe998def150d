//! The bodies of the fuzz targets, shared with `tests/suite/fuzz_seeds.rs`, which replays the seeds.

#[path = "../../tests/suite/support"]
mod support {
    mod model;
    mod naive;
    pub mod targets;
}

pub use support::targets;
