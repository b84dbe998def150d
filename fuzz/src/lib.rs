//! The bodies of the fuzz targets. Tests share them and replay the seeds: `tests/suite/fuzz_seeds.rs`, the file of that
//! name in `import`, `stores/redb/tests/rows.rs`, and `tests/addresses.rs` of the stores for PostgreSQL and Redis.

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

#[path = "../../stores/postgres/tests/addresses.rs"]
pub mod postgres;

#[path = "../../stores/redis/tests/addresses.rs"]
pub mod redis;

pub mod json;

pub use support::{targets, texts};
