//! A measurement of embedded engines behind one queue, and tests of what they keep. See `README.md`.

mod accounts;
mod conformance;
mod damage;
mod engine;
mod fjall;
mod journal;
mod kill;
mod power;
mod queue;
mod rates;
mod redb;
mod sqlite;
mod work;

use std::path::Path;
use std::process::ExitCode;

use engine::{Error, Kind};

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[&str]) -> Result<(), Error> {
    match arguments {
        ["rates", kinds @ ..] => {
            let kinds = kinds.iter().map(|kind| kind.parse()).collect::<Result<Vec<Kind>, _>>()?;
            rates::rates(&kinds)
        }
        ["conformance", kinds @ ..] => kinds.iter().try_for_each(|kind| conformance::conformance(kind.parse()?)),
        ["kill", kills, kinds @ ..] => kinds.iter().try_for_each(|kind| kill::kill(kind.parse()?, kills.parse()?)),
        ["damage", trials, kinds @ ..] => {
            kinds.iter().try_for_each(|kind| damage::damage(kind.parse()?, trials.parse()?))
        }
        ["power", cuts, turns, kinds @ ..] => {
            kinds.iter().try_for_each(|kind| power::power(kind.parse()?, cuts.parse()?, turns.parse()?))
        }
        ["work", kind, folder, accounts, turns] => {
            work::work(kind.parse()?, Path::new(folder), accounts.parse()?, turns.parse()?)
        }
        ["inspect", kind, folder, accounts] => accounts::inspect(kind.parse()?, Path::new(folder), accounts.parse()?),
        _ => Err("rates | conformance | kill KILLS | damage TRIALS | power CUTS TURNS, and ENGINE…".into()),
    }
}
