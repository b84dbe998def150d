//! secondo beside other one-time password libraries, in one run, so that a noisy machine hurts all alike.
//!
//! ```sh
//! cargo run --release -p peers              # speed: a table, and target/peers.json
//! cargo run --release -p peers -- weight    # code size, dependencies, build time, memory: and target/weight.json
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
mod weight;
mod work;

use std::path::PathBuf;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => speed::report(),
        ["weight"] => weight::report(),
        // What `weight` runs in a process of its own.
        ["store", count] => weight::print_store_growth(count.parse().expect("a number")),
        _ => {
            eprintln!("usage: peers [weight]");
            std::process::exit(2);
        }
    }
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
