//! Measurement in rounds. Each round runs every library for about a millisecond, so that other load affects all alike.

use std::time::Duration;

use crate::work::Run;

const ROUNDS: usize = 101;
const BATCH: Duration = Duration::from_millis(1);

/// Returns, for each run, the median over the rounds of the time that one repetition takes, in nanoseconds.
pub(crate) fn measure(runs: &mut [Run<'_>]) -> Vec<f64> {
    let repetitions: Vec<_> = runs.iter_mut().map(calibrate).collect();
    let mut times = vec![Vec::with_capacity(ROUNDS); runs.len()];
    for round in 0..ROUNDS {
        for turn in 0..runs.len() {
            // Each run is first in some rounds, and the order alternates, so that each run follows different ones.
            let place = if round % 2 == 0 { turn } else { runs.len() - 1 - turn };
            let index = (place + round) % runs.len();
            let repetitions = repetitions[index];
            times[index].push(runs[index].repeat(repetitions).as_secs_f64() * 1e9 / f64::from(repetitions));
        }
    }
    times.into_iter().map(median).collect()
}

/// Returns a number of repetitions that takes about as long as a batch.
fn calibrate(run: &mut Run<'_>) -> u32 {
    let mut repetitions = 1;
    loop {
        if run.repeat(repetitions) * 2 > BATCH {
            return repetitions;
        }
        repetitions *= 2;
    }
}

pub(crate) fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
