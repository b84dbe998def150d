//! The bodies of the fuzz targets, shared with `tests/suite/fuzz_seeds.rs`, here and in `import`, which replays the seeds.

#[path = "../../tests/suite/support"]
mod support {
    mod model;
    mod naive;
    mod sealed;
    pub mod targets;
    pub mod texts;
}

#[path = "../../import/tests/suite/targets.rs"]
pub mod import;

pub use support::{targets, texts};
