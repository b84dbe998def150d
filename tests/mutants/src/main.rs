//! Mutation testing of a package. `tests/mutants/run` makes a copy of the repository, and starts this program in the
//! repository with the files that get mutants.
//!
//! 1. [`find`] finds the places of the files that can be changed, [`alternatives`] has the changes, and [`conditions`]
//!    leaves out what the compiler does. Arguments of macros, such as `matches!`, have none.
//! 2. [`write`] writes them into the sources, each with a switch, and [`compile`] finds out which compile.
//! 3. [`baseline`] runs every test without any mutant.
//! 4. [`trials`] runs the tests that reach a mutant with it, until one fails.
//! 5. [`reviewed`] compares the mutants that no test notices with the list of those that are left on purpose.

mod alternatives;
mod baseline;
mod cargo;
mod compile;
mod conditions;
mod find;
mod mutant;
mod reviewed;
mod runs;
mod trials;
mod write;

use std::process::ExitCode;
use std::{env, fs};

use compile::Source;
use reviewed::Reviewed;

type Error = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let files: Vec<_> = env::args().skip(1).collect();
    match run(&files) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// Returns `true` if the mutants of the files that no test notices are those of the list.
fn run(files: &[String]) -> Result<bool, Error> {
    let copy = env::current_dir()?.join("target/mutants/copy");
    let package = copy.join(cargo::folder(files)?);
    cargo::add_switch(&copy, &package)?;
    let sources = files.iter().map(|file| source(file)).collect::<Result<Vec<_>, _>>()?;
    let (mutants, programs) = compile::compile(&copy, &package, &sources)?;
    let (tests, programs) = baseline::measure(&package, &programs)?;
    let unnoticed = trials::unnoticed(&package, &mutants, &tests, &programs)?;

    println!("\nNo test notices {} of {} mutants:", unnoticed.len(), mutants.len());
    for mutant in &unnoticed {
        println!("{mutant}, line {}", mutant.line);
    }
    let list = fs::read_to_string("tests/mutants/reviewed.txt")?;
    let differences = Reviewed::parse(&list).differences(files, &unnoticed);
    println!("\n{} differences from tests/mutants/reviewed.txt", differences.len());
    for difference in &differences {
        println!("{difference}");
    }
    Ok(differences.is_empty())
}

fn source(file: &str) -> Result<Source, Error> {
    let text = fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    Ok(Source { file: file.to_owned(), text })
}
