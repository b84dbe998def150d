//! secondo beside other one-time password libraries, in one run, so that a noisy machine hurts all alike.
//!
//! ```sh
//! cargo run --release -p peers    # a table, and target/peers.json
//! ```
//!
//! What each row measures, and how each library is used, is in secondo's documentation: `src/benchmarks.md`.

mod liboath;
mod machine;
mod ours;
mod raw;
mod rounds;
mod rust_peers;
mod speed;
mod work;

use std::path::PathBuf;

fn main() {
    speed::report();
}

/// Writes the figures where other programs can read them.
fn save(name: &str, figures: &serde_json::Value) {
    let path = root().join("target").join(name);
    std::fs::write(&path, format!("{figures:#}\n")).expect("target/ can be written to");
    println!("\nThe same in {}", path.display());
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace is there")
}
