//! The cases whose instructions are traced, as a program.
#![no_std]
#![no_main]

#[path = "../platform/mod.rs"]
mod platform;

fn run(_: bool) -> bool {
    targets::traces(&mut platform::Console)
}
