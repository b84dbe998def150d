//! The table of speed: its rows, and the check that every library does the work of a row.

use secondo::Algorithm;
use serde_json::{Value, json};

use crate::alone::TotpRs;
use crate::liboath::Liboath;
use crate::ours::Secondo;
use crate::raw::RawLimit;
use crate::rust_peers::{Libreauth, Otpauth, TotpLite, TotpRfc};
use crate::work::{Library, Login, NOW, People, Run, Search, WRONG, rfc_secret};
use crate::{liboath, machine, ours, rounds, save};

/// The number of people in the rows for many people.
const PEOPLE: u32 = 10_000;
const RAW_LIMIT: &str = "raw limit";

/// A function that returns secondo's runs for one kind of work, by their names.
type Kinds = for<'a> fn(&'a Login) -> Vec<(&'static str, Run<'a>)>;

/// A function that returns the work of a table for one algorithm.
type Of = fn(&Rows) -> &Login;

/// Returns the libraries. secondo is the first, since the others are compared with it.
fn libraries() -> [&'static dyn Library; 8] {
    liboath::initialize();
    [&Secondo, &RawLimit, &TotpRs, &TotpRfc, &TotpLite, &Libreauth, &Otpauth, &Liboath]
}

/// Measures every row, prints the table and saves the figures.
pub(crate) fn report() {
    let libraries = libraries();
    let names: Vec<_> = libraries.iter().map(|library| library.name()).collect();
    println!(
        "Times in nanoseconds, and in parentheses as a multiple of secondo's, on {} with {}.\n",
        machine::processor(),
        machine::compiler()
    );
    println!("| work | {} |", names.join(" | "));
    println!("|---|{}", "---|".repeat(names.len()));

    let mut figures = Vec::new();
    for algorithm in Algorithm::ALL.iter().copied() {
        Rows::new(algorithm, PEOPLE).each(&libraries, |work, units, contenders, runs| {
            let times: Vec<_> = rounds::measure(runs).iter().map(|time| time / f64::from(units)).collect();
            let ours = times[0];
            let cell = |name: &&str| {
                let Some(at) = contenders.iter().position(|library| library == name) else { return "-".to_owned() };
                let time = figure(times[at]);
                let mark = if runs[at].is_loop { " loop" } else { "" };
                if at == 0 { time } else { format!("{time} ({:.2}){mark}", times[at] / ours) }
            };
            println!("| {algorithm}: {work} | {} |", names.iter().map(cell).collect::<Vec<_>>().join(" | "));
            for ((library, run), time) in contenders.iter().zip(runs).zip(times) {
                figures.push(json!({
                    "algorithm": algorithm.to_string(),
                    "work": work,
                    "library": library,
                    "loop": run.is_loop,
                    "nanoseconds": time,
                    "ratio": time / ours,
                }));
            }
        });
    }

    let tables: [(_, Kinds, Of); 5] = [
        ("verify ±1, kept key", ours::kinds, |rows| &rows.right),
        ("a login by the verifier, ±1", ours::logins, |rows| &rows.right),
        ("a login with one of four devices, default window", ours::logins_of_four, |rows| &rows.default),
        ("a login with one of four devices, ±1", ours::logins_of_four, |rows| &rows.right),
        ("a login with one of several devices, default window", ours::logins_of_mixes, |rows| &rows.default),
    ];
    for (title, kinds, login) in tables {
        println!();
        for (row, algorithm) in Algorithm::ALL.iter().copied().enumerate() {
            let rows = Rows::new(algorithm, 1);
            let (kinds, mut runs): (Vec<_>, Vec<_>) = kinds(login(&rows)).into_iter().unzip();
            if row == 0 {
                println!("| secondo, {title} | {} |\n|---|{}", kinds.join(" | "), "---|".repeat(kinds.len()));
            }
            let times = rounds::measure(&mut runs);
            let cells: Vec<_> =
                times.iter().map(|time| format!("{} ({:.2})", figure(*time), time / times[0])).collect();
            println!("| {algorithm} | {} |", cells.join(" | "));
            for (kind, time) in kinds.iter().zip(&times) {
                figures.push(json!({
                    "algorithm": algorithm.to_string(),
                    "work": format!("{title}: {kind}"),
                    "library": "secondo",
                    "loop": false,
                    "nanoseconds": time,
                    "ratio": time / times[0],
                }));
            }
        }
    }

    let versions: Vec<_> = names.iter().filter(|name| **name != RAW_LIMIT).collect();
    let versions: Vec<_> = versions.iter().map(|name| format!("{name} {}", machine::version(name))).collect();
    println!("\n{}.", versions.join(", "));
    save(
        "peers.json",
        &json!({
            "processor": machine::processor(),
            "compiler": machine::compiler(),
            "libraries": versions,
            "rows": Value::from(figures),
        }),
    );
}

/// Formats a time with three significant digits, or with all digits before the decimal point if there are more.
fn figure(time: f64) -> String {
    let decimals = match time {
        ..10.0 => 2,
        ..100.0 => 1,
        _ => 0,
    };
    let digits = format!("{time:.decimals$}");
    let (whole, rest) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let groups: Vec<_> = whole.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",") + rest
}

/// The work of the rows for one algorithm.
struct Rows {
    right: Login,
    wrong: Login,
    current: Login,
    default: Login,
    window: Login,
    hundred: Search,
    thousand: Search,
    devices: People,
    people: People,
}

impl Rows {
    fn new(algorithm: Algorithm, people: u32) -> Self {
        let secret = rfc_secret(algorithm);
        let right = match algorithm {
            Algorithm::Sha1 => "050471",
            Algorithm::Sha256 => "062674",
            _ => "943326",
        };
        let login = |typed: &str, now, past, future| {
            let typed = typed.to_owned();
            Login { algorithm, secret: secret.clone(), typed, now, past, future }
        };
        let search = |ahead| Search { algorithm, secret: secret.clone(), ahead };
        Self {
            right: login(right, NOW, 1, 1),
            wrong: login(WRONG, NOW, 1, 1),
            current: login(right, NOW, 0, 0),
            default: login(right, NOW, 1, 0),
            // Steps 0 to 7.
            window: login(WRONG, 90, 3, 4),
            hundred: search(100),
            thousand: search(1_000),
            devices: People::devices(algorithm, 4),
            people: People::new(algorithm, people),
        }
    }

    /// Checks for each row that the libraries do the work, and then calls `measure` with it.
    ///
    /// The arguments of `measure` are the row's name, the number of codes or decisions in it, and the libraries' names
    /// and runs.
    fn each<'a>(&'a self, libraries: &[&dyn Library], mut measure: impl FnMut(&str, u32, &[&str], &mut [Run<'a>])) {
        let Self { right, wrong, current, default, window, hundred, thousand, devices, people } = self;
        let count = u32::try_from(people.secrets.len()).expect("made from a u32");
        let mut row = |work: &str, units, expected: &str, of: &dyn Fn(&dyn Library) -> Run<'a>| {
            let able = libraries.iter().filter(|library| library.supports(right.algorithm));
            let (names, mut runs): (Vec<_>, Vec<_>) = able.map(|library| (library.name(), of(*library))).unzip();
            for (library, run) in names.iter().zip(&runs) {
                let expected = if *library == RAW_LIMIT { "" } else { expected };
                assert!(run.outcome == expected, "{library} returned {:?}, not {expected:?}, for {work}", run.outcome);
            }
            measure(work, units, &names, &mut runs);
        };
        assert_eq!(right.typed, right.code_at(right.step()));

        row("one code, kept key", 1, &right.typed, &|library| library.code(right));
        row("one code, from the secret", 1, &right.typed, &|library| library.code_from_secret(right));
        row("verify the current step, right code, kept key", 1, "true", &|library| library.verify(current));
        row("verify the past and the current step, right code, kept key", 1, "true", &|library| {
            library.verify(default)
        });
        row("verify ±1, right code, kept key", 1, "true", &|library| library.verify(right));
        row("verify ±1, right code, from the secret", 1, "true", &|library| library.verify_from_secret(right));
        row("verify ±1, wrong code, kept key", 1, "false", &|library| library.verify(wrong));
        row("verify ±1, wrong code, from the secret", 1, "false", &|library| library.verify_from_secret(wrong));
        row("window of 8 steps, wrong code", 1, "false", &|library| library.verify(window));
        row("look-ahead of 100, last code", 1, "true", &|library| library.search(hundred));
        row("look-ahead of 1,000, last code", 1, "true", &|library| library.search(thousand));
        row("four devices, verify ±1, code of the last, kept keys", 1, "1", &|library| library.verify_all(devices));
        let name = format!("{} people, each code", figure(count.into()));
        row(&name, count, &people.typed.join(" "), &|library| library.codes(people));
        let name = format!("{} people, each verify ±1", figure(count.into()));
        row(&name, count, &count.to_string(), &|library| library.verify_all(people));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks all libraries in the tests, so that a changed one is noticed before the next measurement.
    #[test]
    fn every_library_does_the_work() {
        let libraries = libraries();
        for algorithm in Algorithm::ALL.iter().copied() {
            let mut rows = 0;
            Rows::new(algorithm, 10).each(&libraries, |_, _, contenders, _| {
                assert_eq!(contenders.len(), if algorithm == Algorithm::Sha1 { 8 } else { 7 });
                rows += 1;
            });
            assert_eq!(rows, 14);
            let verdicts: Vec<_> =
                ours::kinds(&Rows::new(algorithm, 1).right).into_iter().map(|(_, run)| run.outcome).collect();
            assert_eq!(verdicts, ["false", "true", "true", "true", "false"]);
            let rows = Rows::new(algorithm, 1);
            for login in [&rows.right, &rows.default] {
                let logins = ours::logins(login).into_iter().chain(ours::logins_of_four(login));
                assert!(logins.into_iter().all(|(_, run)| run.outcome == "true"));
            }
            assert!(ours::logins_of_mixes(&rows.default).iter().all(|(_, run)| run.outcome == "true"));
        }
    }
}
