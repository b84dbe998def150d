//! A measurement of the stores beside bare clients of the same libraries.
//!
//! Run `cargo run --release -p store-bench [redb|redis|postgresql]…`.
//!
//! Each verification is complete: the record is loaded, opened and decoded, a correct code of eight digits is found,
//! and the record is sealed and stored durably. A bare client reads the same bytes and writes them under the same
//! condition, without a decision. Store and client take turns. If a call fails, the cell names the failure, such as
//! `timeout` on a busy machine.
#![forbid(unsafe_code)]
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the printed numbers are rounded"
)]

mod failure;
mod load;
mod measurement;
mod postgres;
mod redb;
mod redis;
mod verifications;

use std::sync::Arc;
use std::time::Duration;

use secondo::AccountId;
use secondo::store::Store;

use failure::Failure;
use load::{Work, load};
use measurement::{Measurement, ratio};
use verifications::{Logins, Verifications};

/// An engine with the records of some accounts in it.
trait Engine: Sized {
    const NAME: &'static str;
    type Store: Store<Error: Into<Failure>> + 'static;
    type Bare: Work;

    /// Returns a description of the settings that are not the default.
    fn settings() -> String;
    /// Starts an engine with these records.
    async fn start(records: &[(AccountId, Vec<u8>)]) -> Result<Self, Failure>;
    /// Opens a store for this number of callers.
    async fn open(&self, callers: usize) -> Result<Self::Store, Failure>;
    /// Opens the same records with a bare client.
    async fn bare(&self, callers: usize, records: &[(AccountId, Vec<u8>)]) -> Result<Self::Bare, Failure>;
    /// Returns the bytes that the engine has written to its file or its log so far.
    async fn written(&self) -> Result<u64, Failure>;
}

const TURN: Duration = Duration::from_secs(1);

/// The timeout of calls that are not measured.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let wanted: Vec<_> = std::env::args().skip(1).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|wanted| *wanted == name.to_lowercase());
    println!("| store | accounts | callers | {} | bytes written for each |", Measurement::HEADER);
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
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
    for accounts in [1_000, 1_000_000] {
        let records = verifications::records(accounts);
        let engine = E::start(&records).await;
        let logins = Arc::new(Logins::new(&records));
        for callers in [1, 8, 64] {
            let measured = match &engine {
                Ok(engine) => measure(engine, &logins, &records, callers).await,
                Err(failure) => Err(*failure),
            };
            let (mut measurement, bytes) = match measured {
                Ok((measurement, bytes)) => (measurement, bytes.to_string()),
                Err(failure) => (Measurement::failed(failure), "-".into()),
            };
            rates.push(measurement.rate());
            println!("| {} | {accounts} | {callers} | {} | {bytes} |", E::NAME, measurement.cells());
        }
    }
    let (few, many) = rates.split_at(rates.len() / 2);
    let ratios = few.iter().zip(many).map(|(few, many)| ratio(few.zip(*many).map(|(few, many)| many / few)));
    let ratios = ratios.collect::<Vec<_>>().join(", ");
    println!("\n{}: a million beside a thousand: {ratios} ({})\n", E::NAME, E::settings());
}

/// Measures the rates, and then the bytes that one verification has the engine write.
async fn measure<E: Engine>(
    engine: &E,
    logins: &Arc<Logins>,
    records: &[(AccountId, Vec<u8>)],
    callers: usize,
) -> Result<(Measurement, u64), Failure> {
    let ours = Arc::new(Verifications::new(engine.open(callers).await?, logins.clone()));
    let bare = Arc::new(engine.bare(callers, records).await?);
    let measurement = Measurement::take(&ours, &bare, records.len(), callers, TURN).await;
    let before = engine.written().await?;
    let calls = load(&ours, records.len(), callers, TURN).await?.calls();
    Ok((measurement, (engine.written().await? - before) / calls))
}
