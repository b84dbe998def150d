//! The tests without any mutant: which pass, how long each takes, and which mutants it reaches.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::Error;
use crate::cargo::Program;
use crate::runs::{End, Switch, Worker, in_parallel};

/// The programs of the library that run as a whole, for mutants that quick tests do not notice. The tests of all other
/// programs run one by one.
const WHOLE: [&str; 3] = ["simulation", "wiped", "allocations"];

const LONGEST: Duration = Duration::from_mins(10);

/// A test, or a whole test program.
#[derive(Clone)]
pub(crate) struct Test {
    pub(crate) program: PathBuf,
    /// `None` is the whole program.
    pub(crate) name: Option<String>,
    /// The time that it takes without any mutant.
    pub(crate) usual: Duration,
    /// The numbers of the mutants that it reaches. Of a whole program, this is not known.
    pub(crate) reached: BTreeSet<usize>,
}

/// Runs each test without any mutant. Returns those that pass: tests of their own, and whole programs.
pub(crate) fn measure(package: &Path, programs: &[Program]) -> Result<(Vec<Test>, Vec<Test>), Error> {
    let mut tests = Vec::new();
    for program in programs {
        if WHOLE.contains(&program.name.as_str()) {
            tests.push((&program.path, None));
        } else {
            tests.extend(names(package, &program.path)?.into_iter().map(|name| (&program.path, Some(name))));
        }
    }
    println!("running {} tests without any mutant", tests.len());
    let measured =
        in_parallel(package, &tests, |worker, &(program, ref name)| measure_one(worker, program, name.clone()))?;
    let (passed, failed): (Vec<_>, Vec<_>) = measured.into_iter().partition(|(_, passed)| *passed);
    for (test, _) in failed {
        let program = test.program.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
        let name = test.name.as_deref().unwrap_or("all tests");
        println!("left out, because it fails without any mutant: {name} of {program}");
    }
    Ok(passed.into_iter().map(|(test, _)| test).partition(|test| test.name.is_some()))
}

/// Returns a test, and `true` if it passes.
fn measure_one(worker: &Worker<'_>, program: &Path, name: Option<String>) -> Result<(Test, bool), Error> {
    fs::write(worker.trace(), "")?;
    // A trace allocates, and one of the whole programs counts allocations.
    let switch = if name.is_some() { Switch::Traced } else { Switch::Off };
    let start = Instant::now();
    let end = worker.run(program, name.as_deref().as_slice(), switch, LONGEST)?;
    let usual = start.elapsed();
    let reached = fs::read_to_string(worker.trace())?.lines().map(str::parse).collect::<Result<_, _>>()?;
    Ok((Test { program: program.to_owned(), name, usual, reached }, matches!(end, End::Passed)))
}

fn names(package: &Path, program: &Path) -> Result<Vec<String>, Error> {
    let output = Command::new(program).arg("--list").current_dir(package).output()?;
    let list = String::from_utf8(output.stdout)?;
    Ok(list.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
}
