//! The bodies of the fuzz targets, shared with `tests/suite/fuzz_seeds.rs`, here and in `import`, and with
//! `stores/redb/tests/rows.rs`, which replay the seeds.

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

#[path = "../../stores/redb/tests/rows.rs"]
pub mod redb;

pub use support::{targets, texts};
