//! Callers who do the same work again and again, and how long it took them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::RngExt;

/// Something done to one of many authenticators.
pub(crate) trait Work: Send + Sync + 'static {
    /// Does it to this one, which nobody else does anything to meanwhile.
    fn once(&self, authenticator: usize) -> impl Future<Output = ()> + Send;
}

/// What was measured.
#[derive(Default)]
pub(crate) struct Sample {
    /// How long each took.
    latencies: Vec<Duration>,
    elapsed: Duration,
}

impl Sample {
    pub(crate) fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency that this share of all did not exceed.
    pub(crate) fn quantile(&mut self, share: f64) -> Duration {
        let last = self.latencies.len() - 1;
        let (_, latency, _) = self.latencies.select_nth_unstable((last as f64 * share) as usize);
        *latency
    }

    fn add(&mut self, latencies: Vec<Duration>) {
        self.latencies.extend(latencies);
    }

    pub(crate) fn join(&mut self, other: Self) {
        self.add(other.latencies);
        self.elapsed += other.elapsed;
    }
}

/// Has so many callers work for so long, each on its own share of so many authenticators, in random order.
pub(crate) async fn load<W: Work>(work: &Arc<W>, authenticators: usize, callers: usize, time: Duration) -> Sample {
    let begun = Instant::now();
    let call = |caller| {
        let work = Arc::clone(work);
        tokio::spawn(async move {
            let mut latencies = Vec::new();
            while begun.elapsed() < time {
                let authenticator = rand::rng().random_range(0..authenticators / callers) * callers + caller;
                let called = Instant::now();
                work.once(authenticator).await;
                latencies.push(called.elapsed());
            }
            latencies
        })
    };
    let calls: Vec<_> = (0..callers).map(call).collect();
    let mut sample = Sample::default();
    for call in calls {
        sample.add(call.await.unwrap());
    }
    sample.elapsed = begun.elapsed();
    sample
}
