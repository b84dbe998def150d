//! A program that runs the cases whose instructions are traced.
#![no_std]
#![no_main]

#[path = "../platform/mod.rs"]
mod platform;

fn run(_: bool) -> bool {
    targets::traces(&mut platform::Console)
}
