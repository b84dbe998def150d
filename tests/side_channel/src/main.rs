//! Checks that the instructions and the timing of secondo do not depend on secrets. The script `run` builds and calls
//! this program.
//!
//! Each check must also find defects that are planted for it, so that a check that no longer works is noticed.

mod callgrind;
mod controls;
mod counts;
mod login;
mod memcheck;
mod ocra;
mod push;
mod report;
mod slot;
mod taint;
mod timing;
mod valgrind;

use std::env;
use std::process::ExitCode;

/// A piece of work that a check watches.
struct Case {
    name: String,
    run: Box<dyn Fn()>,
}

impl Case {
    fn new(name: impl Into<String>, run: impl Fn() + 'static) -> Self {
        Self { name: name.into(), run: Box::new(run) }
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let passed = match arguments[..] {
        ["taint"] => memcheck::check(),
        ["counts"] => callgrind::check(),
        ["timing", samples] => samples.parse().is_ok_and(timing::check),
        // The first two checks start this program under valgrind with these arguments.
        [memcheck::SUBJECTS] => memcheck::watch(taint::subjects()),
        [memcheck::LEAKS] => memcheck::watch(controls::leaks()),
        [callgrind::COUNT] => callgrind::count(),
        _ => {
            eprintln!("usage: side-channel taint | counts | timing SAMPLES");
            false
        }
    };
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
