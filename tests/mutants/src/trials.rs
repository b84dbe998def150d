//! The search for a test that notices a mutant.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::Error;
use crate::baseline::Test;
use crate::mutant::Mutant;
use crate::runs::{End, Switch, Worker, in_parallel};

/// Tests that take longer come last, and run one by one.
const QUICK: Duration = Duration::from_secs(1);
/// The number of quick tests that run one by one. The others run in lots.
const ALONE: usize = 4;
/// The number of tests in a lot. A program runs all its tests, even if the first one fails.
const LOT: usize = 60;

/// Returns the mutants that no test notices.
pub(crate) fn unnoticed<'m>(
    package: &Path,
    mutants: &'m [Mutant],
    tests: &[Test],
    programs: &[Test],
) -> Result<Vec<&'m Mutant>, Error> {
    let trials = Trials { tests, programs, noticed: Mutex::default() };
    let start = Instant::now();
    let progress = Mutex::new((0, 0));
    let numbered: Vec<_> = mutants.iter().enumerate().collect();
    let results = in_parallel(package, &numbered, |worker, &(number, mutant)| {
        let is_noticed = trials.is_noticed(worker, number, mutant)?;
        if !is_noticed {
            println!("not noticed: {mutant}");
        }
        let mut progress = locked(&progress);
        progress.0 += 1;
        progress.1 += usize::from(!is_noticed);
        if progress.0 % 20 == 0 {
            let (tried, unnoticed) = *progress;
            println!("{tried} of {}, {unnoticed} not noticed, {} s", mutants.len(), start.elapsed().as_secs());
        }
        Ok((!is_noticed).then_some(mutant))
    })?;
    Ok(results.into_iter().flatten().collect())
}

struct Trials<'t> {
    tests: &'t [Test],
    programs: &'t [Test],
    /// The number of mutants of a file that a test has noticed.
    noticed: Mutex<BTreeMap<(String, String), usize>>,
}

impl Trials<'_> {
    fn is_noticed(&self, worker: &Worker<'_>, number: usize, mutant: &Mutant) -> Result<bool, Error> {
        for lot in self.lots(number, mutant) {
            if self.notices(worker, &lot, number, mutant)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns the runs of tests that may notice a mutant, the most promising first.
    fn lots(&self, number: usize, mutant: &Mutant) -> Vec<Vec<&Test>> {
        let mut tests: Vec<_> = self.tests.iter().filter(|test| test.reached.contains(&number)).collect();
        tests.sort_by_cached_key(|test| (Reverse(self.noticed_by(test, mutant)), test.usual));
        let (mut quick, slow): (Vec<_>, Vec<_>) = tests.into_iter().partition(|test| test.usual <= QUICK);
        let mut others = quick.split_off(quick.len().min(ALONE));
        others.sort_by_key(|test| &test.program);

        let alone = |tests: Vec<_>| tests.into_iter().map(|test| vec![test]);
        let lots =
            others.chunk_by(|a, b| a.program == b.program).flat_map(|tests| tests.chunks(LOT)).map(<[_]>::to_vec);
        alone(quick).chain(lots).chain(alone(self.programs.iter().collect())).chain(alone(slow)).collect()
    }

    /// Returns how many mutants of the same file the test has noticed.
    fn noticed_by(&self, test: &Test, mutant: &Mutant) -> usize {
        let name = test.name.clone().unwrap_or_default();
        locked(&self.noticed).get(&(mutant.file.clone(), name)).copied().unwrap_or_default()
    }

    fn notices(&self, worker: &Worker<'_>, lot: &[&Test], number: usize, mutant: &Mutant) -> Result<bool, Error> {
        let Some(program) = lot.first().map(|test| &test.program) else { return Ok(false) };
        let names: Vec<_> = lot.iter().filter_map(|test| test.name.as_deref()).collect();
        let usual: Duration = lot.iter().map(|test| test.usual).sum();
        let limit = usual * 10 + Duration::from_secs(5);
        match worker.run(program, &names, Switch::On(number), limit)? {
            End::Passed => Ok(false),
            End::Failed(failed) => {
                let mut noticed = locked(&self.noticed);
                for name in failed {
                    *noticed.entry((mutant.file.clone(), name)).or_default() += 1;
                }
                Ok(true)
            }
        }
    }
}

fn locked<T>(counts: &Mutex<T>) -> MutexGuard<'_, T> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}
