//! Measurements of secondo beside other one-time password libraries, in one run, so that other load affects all alike.
//!
//! ```sh
//! taskset -c 1 cargo run --release -p peers # speed; also writes target/peers.json
//! cargo run --release -p peers -- weight    # size, dependencies, build time, memory; also writes target/weight.json
//! ```
//!
//! `src/benchmarks.md`, a part of secondo's documentation, explains the rows and the calls of each library.

mod alone;
mod liboath;
mod machine;
mod ours;
mod raw;
mod rounds;
mod rust_peers;
mod speed;
mod weight;
mod work;

use std::path::PathBuf;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => speed::report(),
        ["weight"] => weight::report(),
        // `weight` runs this in a separate process.
        ["store", count] => weight::print_store_growth(count.parse().expect("a number")),
        _ => {
            eprintln!("usage: peers [weight]");
            std::process::exit(2);
        }
    }
}

/// Writes the figures as JSON to a file in `target/`.
fn save(name: &str, figures: &serde_json::Value) {
    let path = root().join("target").join(name);
    std::fs::write(&path, format!("{figures:#}\n")).expect("target/ can be written to");
    println!("\nThe same figures are in {}", path.display());
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace exists")
}
