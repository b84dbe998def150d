//! The checks as a program. With an argument one of them is made to fail.
#![no_std]
#![no_main]

#[path = "../platform/mod.rs"]
mod platform;

fn run(is_planted: bool) -> bool {
    targets::checks(&mut platform::Console, is_planted)
}
