//! The search for the mutants that compile. Those that do not are left out, and functions that constants call stay
//! `const`, until all the others compile together.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;

use crate::Error;
use crate::cargo::{Build, CompileError, Program, build};
use crate::find::find;
use crate::mutant::Mutant;
use crate::write::{Written, write};

/// A source file, as it is in the repository.
pub(crate) struct Source {
    pub(crate) file: String,
    pub(crate) text: String,
}

/// Writes the sources of a package with their mutants into the copy, and builds the test programs. Returns the mutants
/// that compile. The number of each is its index.
pub(crate) fn compile(copy: &Path, package: &Path, sources: &[Source]) -> Result<(Vec<Mutant>, Vec<Program>), Error> {
    let mut exceptions = Exceptions::default();
    loop {
        let (mutants, written) = exceptions.rewrite(sources)?;
        for (file, written) in &written {
            std::fs::write(copy.join(file), &written.text)?;
        }
        let (dropped, kept) = (exceptions.dropped.len(), exceptions.kept.len());
        println!("compiling {} mutants, {dropped} that do not compile are left out", mutants.len());
        match build(package)? {
            Build::Programs(programs) => return Ok((mutants, programs)),
            Build::Failed { errors, log } => {
                for error in &errors {
                    exceptions.learn(error, &mutants, &written);
                }
                if (dropped, kept) == (exceptions.dropped.len(), exceptions.kept.len()) {
                    let messages: Vec<_> = errors.iter().map(|error| error.message.as_str()).collect();
                    return Err(format!("the copy does not compile:\n{}\n{log}", messages.join("\n")).into());
                }
            }
        }
    }
}

/// The exceptions that the compiler's errors have shown so far.
#[derive(Default)]
struct Exceptions {
    /// The keys of the mutants that do not compile.
    dropped: BTreeSet<String>,
    /// The names of functions that stay `const`, after those of their types.
    kept: BTreeSet<String>,
}

impl Exceptions {
    /// Returns the mutants of all sources but for the exceptions, and the rewritten sources by file.
    fn rewrite<'s>(&self, sources: &'s [Source]) -> Result<(Vec<Mutant>, BTreeMap<&'s str, Written>), Error> {
        let mut all = Vec::new();
        let mut rewritten = BTreeMap::new();
        for Source { file, text } in sources {
            let found = find(file, text, &self.kept).map_err(|error| format!("{file}: {error}"))?;
            let start = all.len();
            all.extend(found.mutants.into_iter().filter(|mutant| !self.dropped.contains(&mutant.to_string())));
            let numbered: Vec<_> = all.iter().enumerate().skip(start).collect();
            rewritten.insert(file.as_str(), write(text, &numbered, &found.consts));
        }
        Ok((all, rewritten))
    }

    /// Adds the cause of an error, if it can be told.
    fn learn(&mut self, error: &CompileError, mutants: &[Mutant], written: &BTreeMap<&str, Written>) {
        if let Some(name) = must_be_const(&error.message) {
            self.kept.insert(name);
        } else if let Some(number) = error
            .places
            .iter()
            .find_map(|(file, place)| written.get(file.as_str()).and_then(|written| nearest(&written.places, place)))
        {
            self.dropped.insert(mutants[number].to_string());
        }
    }
}

/// Returns the function that a constant calls, after its type if it has one, according to the compiler's message.
fn must_be_const(message: &str) -> Option<String> {
    let what = message.strip_prefix("cannot call non-const ")?;
    let path = what.split('`').nth(1)?;
    if path.ends_with("mutant_switch::on") {
        return None;
    }
    // Without types in angle brackets.
    let mut names = path.rsplit("::").filter(|name| !name.starts_with('<') && !name.ends_with('>'));
    let name = names.next()?;
    if what.starts_with("function") {
        return Some(name.to_owned());
    }
    Some(format!("{}::{name}", names.next()?))
}

/// Returns the mutant to which an error belongs: the innermost one around its place, or else one inside, or the last
/// one before.
fn nearest(places: &BTreeMap<usize, Range<usize>>, error: &Range<usize>) -> Option<usize> {
    let around = places.iter().filter(|(_, place)| place.start <= error.start && error.end <= place.end);
    let inside = places.iter().find(|(_, place)| error.start <= place.start && place.end <= error.end);
    let before = places.iter().filter(|(_, place)| place.end <= error.start);
    let innermost = around.min_by_key(|(_, place)| place.len());
    innermost.or(inside).or(before.max_by_key(|(_, place)| place.end)).map(|(&number, _)| number)
}

#[cfg(test)]
mod tests {
    use super::must_be_const;

    #[test]
    fn functions_that_constants_call_have_the_names_of_their_types() {
        for (message, name) in [
            ("cannot call non-const function `codes::window` in constants", Some("window")),
            ("cannot call non-const associated function `types::Period::new` in statics", Some("Period::new")),
            ("cannot call non-const method `policy::Limit::<N>::or::<u8>` in constants", Some("Limit::or")),
            ("cannot call non-const function `mutant_switch::on` in constant functions", None),
            ("mismatched types", None),
        ] {
            assert_eq!(must_be_const(message).as_deref(), name, "{message}");
        }
    }
}
