//! Whether what secondo does, and how long it takes, depends on secrets. `run` says how it is built and called.
//!
//! Each check comes with defects that it must find, so that one that went blind is noticed.

mod callgrind;
mod controls;
mod counts;
mod login;
mod memcheck;
mod report;
mod slot;
mod taint;
mod timing;
mod valgrind;

use std::env;
use std::process::ExitCode;

/// Something to be run under watch.
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
        // What the first two have valgrind run.
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
