//! Measurements of a store and a bare client in turns, and the resulting cells of the table.

use std::sync::Arc;
use std::time::Duration;

use crate::failure::Failure;
use crate::load::{Sample, Work, load};

/// The number of turns of each.
const TURNS: usize = 5;

pub(crate) struct Measurement {
    ours: Result<Sample, Failure>,
    bare: Result<Sample, Failure>,
    /// The ratio of the two rates in each turn.
    ratios: Vec<f64>,
}

impl Measurement {
    pub(crate) const HEADER: &str = "verifications/s | p50 µs | p99 µs | bare/s | p50 µs | p99 µs | of bare";

    /// Creates a measurement that could not begin.
    pub(crate) fn failed(failure: Failure) -> Self {
        Self { ours: Err(failure), bare: Err(failure), ratios: Vec::new() }
    }

    /// Measures both in turns of this length.
    pub(crate) async fn take<W: Work, B: Work>(
        ours: &Arc<W>,
        bare: &Arc<B>,
        accounts: usize,
        callers: usize,
        turn: Duration,
    ) -> Self {
        let mut taken = Self { ours: Ok(Sample::default()), bare: Ok(Sample::default()), ratios: Vec::new() };
        // Makes connections and fills caches. A failure here that does not recur is no part of the measurement.
        let _ = load(ours, accounts, callers, turn / 2).await;
        let _ = load(bare, accounts, callers, turn / 2).await;
        for _ in 0..TURNS {
            let sample = load(ours, accounts, callers, turn).await;
            let floor = load(bare, accounts, callers, turn).await;
            if let (Ok(sample), Ok(floor)) = (&sample, &floor) {
                taken.ratios.push(sample.rate() / floor.rate());
            }
            join(&mut taken.ours, sample);
            join(&mut taken.bare, floor);
        }
        taken.ratios.sort_by(f64::total_cmp);
        taken
    }

    /// Returns the rate of the store in verifications per second, unless a call failed.
    pub(crate) fn rate(&self) -> Option<f64> {
        self.ours.as_ref().ok().map(Sample::rate)
    }

    /// Returns the cells under [`Self::HEADER`].
    pub(crate) fn cells(&mut self) -> String {
        let of_bare = if self.ours.is_ok() && self.bare.is_ok() { Some(self.ratios[TURNS / 2]) } else { None };
        format!("{} | {} | {}", columns(&mut self.ours), columns(&mut self.bare), ratio(of_bare))
    }
}

/// Adds a turn to the sample. A failure in any turn makes the whole fail, since the other turns' rate is not
/// comparable.
fn join(of: &mut Result<Sample, Failure>, turn: Result<Sample, Failure>) {
    match (of.as_mut(), turn) {
        (Ok(of), Ok(turn)) => of.join(turn),
        (Ok(_), Err(failure)) => *of = Err(failure),
        (Err(_), _) => {}
    }
}

fn columns(sample: &mut Result<Sample, Failure>) -> String {
    match sample {
        Ok(sample) => {
            let micros = |latency: Duration| latency.as_micros();
            format!("{:.0} | {} | {}", sample.rate(), micros(sample.quantile(0.5)), micros(sample.quantile(0.99)))
        }
        Err(Failure(failure)) => format!("{failure} | - | -"),
    }
}

pub(crate) fn ratio(ratio: Option<f64>) -> String {
    ratio.map_or("-".into(), |ratio| format!("{ratio:.2}"))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Work that succeeds this number of times, and then times out.
    struct Calls(AtomicUsize);

    impl Work for Calls {
        async fn once(&self, _account: usize) -> Result<(), Failure> {
            tokio::task::yield_now().await;
            let left = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
            left.map(drop).map_err(|_| Failure("timeout"))
        }
    }

    const CALLERS: usize = 4;

    async fn cells(ours: usize, bare: usize) -> Vec<String> {
        let (ours, bare) = (Arc::new(Calls(ours.into())), Arc::new(Calls(bare.into())));
        let mut taken = Measurement::take(&ours, &bare, 16, CALLERS, Duration::from_millis(1)).await;
        taken.cells().split(" | ").map(String::from).collect()
    }

    #[tokio::test]
    async fn a_timeout_is_a_cell_and_the_rest_is_measured() {
        let columns = Measurement::HEADER.split(" | ").count();
        let is_measured = |cells: &[String]| cells.iter().all(|cell| cell.parse::<f64>().is_ok());
        let whole = cells(usize::MAX, usize::MAX).await;
        assert!(whole.len() == columns && is_measured(&whole), "{whole:?}");
        // A timeout at once, and one in the last turn at the latest.
        for calls in [0, TURNS * CALLERS] {
            let of_ours = cells(calls, usize::MAX).await;
            assert_eq!(of_ours[..3], ["timeout", "-", "-"]);
            assert!(of_ours.len() == columns && is_measured(&of_ours[3..6]) && of_ours[6] == "-", "{of_ours:?}");
            let of_bare = cells(usize::MAX, calls).await;
            assert_eq!(of_bare[3..], ["timeout", "-", "-", "-"]);
            assert!(is_measured(&of_bare[..3]), "{of_bare:?}");
        }
        let failed = Measurement::failed(Failure("connection")).cells();
        assert_eq!(failed, "connection | - | - | connection | - | - | -");
    }
}
