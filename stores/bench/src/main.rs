//! Measures the stores beside bare clients of the same libraries.

fn main() {}
