//! Callers that repeat the same work, and the time that it takes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::RngExt;

use crate::failure::Failure;

/// Work on one of many accounts.
pub(crate) trait Work: Send + Sync + 'static {
    /// Does the work once on this account. No other caller uses the account at the same time.
    fn once(&self, account: usize) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// The times that were measured.
#[derive(Default)]
pub(crate) struct Sample {
    /// The time that each call took.
    latencies: Vec<Duration>,
    elapsed: Duration,
}

impl Sample {
    pub(crate) fn calls(&self) -> u64 {
        self.latencies.len() as u64
    }

    pub(crate) fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// Returns the latency that this share of all calls did not exceed.
    pub(crate) fn quantile(&mut self, share: f64) -> Duration {
        let last = self.latencies.len() - 1;
        let (_, latency, _) = self.latencies.select_nth_unstable((last as f64 * share) as usize);
        *latency
    }

    pub(crate) fn join(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        self.elapsed += other.elapsed;
    }
}

/// Runs callers for a time, each on its own share of the accounts in random order.
///
/// A caller stops when its call fails. Returns the first failure after all callers have ended.
pub(crate) async fn load<W: Work>(
    work: &Arc<W>,
    accounts: usize,
    callers: usize,
    time: Duration,
) -> Result<Sample, Failure> {
    let begun = Instant::now();
    let call = |caller| {
        let work = Arc::clone(work);
        tokio::spawn(async move {
            let mut latencies = Vec::new();
            loop {
                let account = rand::rng().random_range(0..accounts / callers) * callers + caller;
                let called = Instant::now();
                work.once(account).await?;
                latencies.push(called.elapsed());
                if begun.elapsed() >= time {
                    return Ok::<_, Failure>(latencies);
                }
            }
        })
    };
    let calls: Vec<_> = (0..callers).map(call).collect();
    let mut ended = Vec::new();
    for call in calls {
        ended.push(call.await.unwrap());
    }
    let elapsed = begun.elapsed();
    let latencies = ended.into_iter().collect::<Result<Vec<_>, Failure>>()?.concat();
    Ok(Sample { latencies, elapsed })
}
