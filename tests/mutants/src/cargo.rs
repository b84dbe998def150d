//! The copy of the repository as cargo sees it: the switch becomes a dependency of the package that is changed, and a
//! build gives the test programs, or the errors of the compiler.

use std::env;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::Error;

/// The result of a build.
pub(crate) enum Build {
    Programs(Vec<Program>),
    Failed { errors: Vec<CompileError>, log: String },
}

/// A test program of the package.
pub(crate) struct Program {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
}

/// An error of the compiler.
pub(crate) struct CompileError {
    pub(crate) message: String,
    /// The places in files that the error is about, the first one first.
    pub(crate) places: Vec<(String, Range<usize>)>,
}

/// Returns the folder of the package that has all these files, from that of the repository.
pub(crate) fn folder(files: &[String]) -> Result<&str, Error> {
    let mut folders = files.iter().map(|file| file.split_once("src/").map(|(folder, _)| folder));
    let folder = folders.next().flatten().ok_or("no source file is given")?;
    if folders.all(|other| other == Some(folder)) {
        Ok(folder)
    } else {
        Err("the files are of several packages".into())
    }
}

/// Adds the switch to a package in the copy. Lints that mutants would violate are allowed.
pub(crate) fn add_switch(copy: &Path, package: &Path) -> Result<(), Error> {
    let switch = env::current_dir()?.join("tests/mutants/switch");
    let dependency = format!("\nmutant-switch = {{ path = '{}' }}", switch.display());
    insert_after("\n[dependencies]", &dependency, &package.join("Cargo.toml"))?;
    // Loops call it.
    insert_after(
        "\n[profile.dev.package.\"*\"]\ndebug = false",
        "\n[profile.dev.package.mutant-switch]\nopt-level = 3",
        &copy.join("Cargo.toml"),
    )?;
    let allow = "\n#![allow(arithmetic_overflow, unconditional_panic, warnings)]";
    insert_after("\n#![forbid(unsafe_code)]", allow, &package.join("src/lib.rs"))
}

fn insert_after(place: &str, inserted: &str, file: &Path) -> Result<(), Error> {
    let text = fs::read_to_string(file)?;
    let (before, after) = text.split_once(place).ok_or_else(|| format!("{} has no {place:?}", file.display()))?;
    Ok(fs::write(file, [before, place, inserted, after].concat())?)
}

/// Builds the test programs of a package in the copy.
pub(crate) fn build(package: &Path) -> Result<Build, Error> {
    let output = Command::new("cargo")
        .args(["test", "--all-features", "--no-run", "--message-format", "json"])
        .current_dir(package)
        .output()?;
    let messages = String::from_utf8(output.stdout)?;
    let messages: Vec<Value> = messages.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    if output.status.success() {
        return Ok(Build::Programs(messages.iter().filter_map(program).collect()));
    }
    let errors = messages.iter().filter_map(compile_error).collect();
    Ok(Build::Failed { errors, log: String::from_utf8_lossy(&output.stderr).into_owned() })
}

fn program(message: &Value) -> Option<Program> {
    let path = message["executable"].as_str().filter(|_| message["profile"]["test"] == true)?;
    Some(Program { name: message["target"]["name"].as_str()?.to_owned(), path: path.into() })
}

fn compile_error(message: &Value) -> Option<CompileError> {
    let message = &message["message"];
    let mut spans: Vec<_> = message["spans"].as_array().filter(|_| message["level"] == "error")?.iter().collect();
    spans.sort_by_key(|span| span["is_primary"] != true);
    Some(CompileError {
        message: message["message"].as_str()?.to_owned(),
        places: spans.into_iter().filter_map(place).collect(),
    })
}

fn place(span: &Value) -> Option<(String, Range<usize>)> {
    let byte = |name: &str| span[name].as_u64().and_then(|byte| usize::try_from(byte).ok());
    Some((span["file_name"].as_str()?.to_owned(), byte("byte_start")?..byte("byte_end")?))
}
