//! The copy of the repository as cargo sees it: the switch becomes a dependency of the library, and a build gives the
//! test programs, or the errors of the compiler.

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

/// A test program of the library.
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

/// Adds the switch to the library in the copy. Lints that mutants would violate are allowed.
pub(crate) fn add_switch(copy: &Path) -> Result<(), Error> {
    let manifest = copy.join("Cargo.toml");
    insert_after("\n[dependencies]", "\nmutant-switch = { path = \"../../../tests/mutants/switch\" }", &manifest)?;
    // Loops call it.
    insert_after(
        "\n[profile.dev.package.\"*\"]\ndebug = false",
        "\n[profile.dev.package.mutant-switch]\nopt-level = 3",
        &manifest,
    )?;
    let allow = "\n#![allow(arithmetic_overflow, unconditional_panic, warnings)]";
    insert_after("\n#![forbid(unsafe_code)]", allow, &copy.join("src/lib.rs"))
}

fn insert_after(place: &str, inserted: &str, file: &Path) -> Result<(), Error> {
    let text = fs::read_to_string(file)?;
    let (before, after) = text.split_once(place).ok_or_else(|| format!("{} has no {place:?}", file.display()))?;
    Ok(fs::write(file, [before, place, inserted, after].concat())?)
}

/// Builds the test programs of the library in the copy.
pub(crate) fn build(copy: &Path) -> Result<Build, Error> {
    let output = Command::new("cargo")
        .args(["test", "--package", "secondo", "--all-features", "--no-run", "--message-format", "json"])
        .current_dir(copy)
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
