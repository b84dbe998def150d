//! The firmware is linked as cortex-m-rt and `memory.x` say.

fn main() {
    println!("cargo::rerun-if-changed=memory.x");
    println!("cargo::rustc-link-search={}", env!("CARGO_MANIFEST_DIR"));
    println!("cargo::rustc-link-arg-bin=microbit=-Tlink.x");
}
