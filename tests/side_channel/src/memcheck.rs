//! The taint check: runs this program under valgrind's memcheck, and judges the errors that it finds.

use std::env;
use std::fs;
use std::process::Command;

use crate::Case;
use crate::report::Report;
use crate::valgrind::errors;

/// The argument that runs the cases without a leak.
pub(crate) const SUBJECTS: &str = "taint-subjects";
/// The argument that runs the cases with a planted leak.
pub(crate) const LEAKS: &str = "taint-leaks";

/// The file of the errors that memcheck is told to ignore, with the reasons.
const PUBLIC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/public.supp");

/// Returns `true` if memcheck finds no error in the subjects and at least one in each planted leak.
pub(crate) fn check() -> bool {
    let mut report = Report::new("the taint check under memcheck");
    for (cases, clean) in [(SUBJECTS, true), (LEAKS, false)] {
        match under_memcheck(cases) {
            Ok((lines, log)) => {
                lines.lines().filter(|line| clean && line.starts_with("vectors")).for_each(|line| println!("{line}"));
                let mut is_clean = true;
                for line in lines.lines().filter_map(|line| line.strip_prefix("found ")) {
                    let (errors, name) = line.split_once(' ').unwrap_or((line, ""));
                    let found = errors != "0";
                    is_clean &= !found;
                    report.test(
                        name,
                        match (clean, found) {
                            (true, true) => Err(format!("branches or addresses that depend on a secret: {errors}")),
                            (false, false) => Err("the check missed a planted leak".to_owned()),
                            _ => Ok(()),
                        },
                    );
                }
                if clean && !is_clean {
                    println!("{log}");
                }
            }
            Err(why) => report.test(cases, Err(why)),
        }
    }
    report.finish()
}

/// Runs cases under memcheck, and returns the program's output and memcheck's log.
fn under_memcheck(cases: &str) -> Result<(String, String), String> {
    let log = tempfile::NamedTempFile::new().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=memcheck", "--error-limit=no", "--num-callers=6", "--leak-check=no", "--read-inline-info=yes"])
        .args([format!("--suppressions={PUBLIC}"), format!("--log-file={}", log.path().display())])
        .arg(env::current_exe().map_err(|error| error.to_string())?)
        .arg(cases)
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    let text = fs::read_to_string(log.path()).map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("{}\n{}\n{text}", output.status, String::from_utf8_lossy(&output.stderr)));
    }
    Ok((String::from_utf8_lossy(&output.stdout).into_owned(), text))
}

/// Runs the cases under memcheck, and prints the number of errors that each has caused.
pub(crate) fn watch(cases: Vec<Case>) -> bool {
    if !follow() {
        return false;
    }
    // Under valgrind, a program sees only the processor features that valgrind supports.
    println!("vectors under valgrind: {}", if is_x86_feature_detected!("avx2") { "AVX2" } else { "SSE" });
    for Case { name, run } in cases {
        let before = errors();
        run();
        println!("found {} {name}", errors() - before);
    }
    true
}

/// Registers the function by which the library tells memcheck that bytes become public.
#[cfg(secondo_taint)]
fn follow() -> bool {
    crate::valgrind::runs_this() && secondo::declassify::LISTENER.set(crate::valgrind::make_public).is_ok()
}

#[cfg(not(secondo_taint))]
fn follow() -> bool {
    eprintln!("this check needs a build with RUSTFLAGS=\"--cfg secondo_taint\"");
    false
}
