//! Measures the stores beside bare clients of the same libraries: `cargo run --release -p store-bench [redb|redis|postgresql]…`
//!
//! A verification is whole: the record is loaded, opened and decoded, a right code of eight digits is found, and the record is
//! sealed and stored, durably. A bare client reads the same bytes and writes them on the same condition, and decides
//! nothing. Both take turns.
#![forbid(unsafe_code)]
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is printed is rounded"
)]

mod load;
mod postgres;
mod redb;
mod redis;
mod verifications;

use std::sync::Arc;
use std::time::Duration;

use secondo::AuthenticatorId;
use secondo::store::Store;

use load::{Sample, Work, load};
use verifications::{Logins, Verifications};

/// An engine with the records of some authenticators in it.
trait Engine: Sized {
    const NAME: &'static str;
    type Store: Store + 'static;
    type Bare: Work;

    /// Its settings, where they are not the default.
    fn settings() -> String;
    /// Starts one of its own, with these records.
    async fn start(records: &[(AuthenticatorId, Vec<u8>)]) -> Self;
    /// A store for so many callers.
    async fn open(&self, callers: usize) -> Self::Store;
    /// The same records, without the store.
    async fn bare(&self, callers: usize, records: &[(AuthenticatorId, Vec<u8>)]) -> Self::Bare;
}

/// So many times each, in turns.
const TURNS: usize = 5;
const TURN: Duration = Duration::from_secs(1);

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let wanted: Vec<_> = std::env::args().skip(1).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|wanted| *wanted == name.to_lowercase());
    println!(
        "| store | authenticators | callers | verifications/s | p50 µs | p99 µs | bare/s | p50 µs | p99 µs | of bare |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    runtime.block_on(async {
        if is_wanted("redb") {
            bench::<redb::OfRedb>().await;
        }
        if is_wanted("redis") {
            bench::<redis::OfRedis>().await;
        }
        if is_wanted("postgresql") {
            bench::<postgres::OfPostgres>().await;
        }
    });
}

async fn bench<E: Engine>() {
    let mut rates = Vec::new();
    for authenticators in [1_000, 1_000_000] {
        let records = verifications::records(authenticators);
        let engine = E::start(&records).await;
        let logins = Arc::new(Logins::new(&records));
        for callers in [1, 8, 64] {
            let ours = Arc::new(Verifications::new(engine.open(callers).await, logins.clone()));
            let bare = Arc::new(engine.bare(callers, &records).await);
            let (mut of_ours, mut of_bare) = (Sample::default(), Sample::default());
            let mut ratios: Vec<f64> = Vec::new();
            // Connections are made and caches filled.
            load(&ours, authenticators, callers, TURN / 2).await;
            load(&bare, authenticators, callers, TURN / 2).await;
            for _ in 0..TURNS {
                let (sample, floor) = (
                    load(&ours, authenticators, callers, TURN).await,
                    load(&bare, authenticators, callers, TURN).await,
                );
                ratios.push(sample.rate() / floor.rate());
                of_ours.join(sample);
                of_bare.join(floor);
            }
            ratios.sort_by(f64::total_cmp);
            rates.push(of_ours.rate());
            println!(
                "| {} | {authenticators} | {callers} | {} | {} | {:.2} |",
                E::NAME,
                columns(&mut of_ours),
                columns(&mut of_bare),
                ratios[TURNS / 2]
            );
        }
    }
    let (few, many) = rates.split_at(rates.len() / 2);
    let ratios: Vec<_> = few.iter().zip(many).map(|(few, many)| format!("{:.2}", many / few)).collect();
    println!("\n{}: a million beside a thousand: {} ({})\n", E::NAME, ratios.join(", "), E::settings());
}

fn columns(sample: &mut Sample) -> String {
    let micros = |latency: Duration| latency.as_micros();
    format!("{:.0} | {} | {}", sample.rate(), micros(sample.quantile(0.5)), micros(sample.quantile(0.99)))
}
