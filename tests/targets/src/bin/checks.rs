//! A program that runs the checks. With an argument it plants a defect, so that one check fails.
#![no_std]
#![no_main]

#[path = "../platform/mod.rs"]
mod platform;

fn run(is_planted: bool) -> bool {
    targets::checks(&mut platform::Console, is_planted)
}
