//! How many logins a second the store does on this disk, and how long each takes:
//! `cargo run --release -p secondo-redb --example latency -- FILE AUTHENTICATORS`.
//!
//! FILE must not exist; it is left behind.

use std::env;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use secondo::store::{Exchange, Store, Value};
use secondo::{
    Algorithm, Authenticator, AuthenticatorId, Counter, Hotp, Key, Policy, Secret, State, UnixTime, Verifier,
};
use secondo_redb::RedbStore;

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [path, authenticators] = arguments.as_slice() else { return Err("usage: latency FILE AUTHENTICATORS".into()) };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    runtime.block_on(measure(path, authenticators.parse()?))
}

const SEED: &[u8; 20] = b"12345678901234567890";

async fn measure(path: &str, authenticators: u64) -> Result<(), Failure> {
    let store = RedbStore::open(path)?;
    let verifier = Arc::new(Verifier::unsealed(store.clone(), Policy::default()));
    enroll(&store, &verifier, authenticators).await?;
    let next = Arc::new(AtomicU64::new(0));
    for callers in [1, 8, 64] {
        let begun = Instant::now();
        let call = |_| tokio::spawn(log_in(verifier.clone(), next.clone(), authenticators, begun));
        let tasks: Vec<_> = (0..callers).map(call).collect();
        let mut times = Vec::new();
        for task in tasks {
            times.extend(task.await??);
        }
        let rate = f64::from(u32::try_from(times.len())?) / begun.elapsed().as_secs_f64();
        times.sort_unstable();
        let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default();
        println!("{callers:>2} callers: {rate:.0} logins a second, p50 {:?}, p99 {:?}", at(50), at(99));
    }
    Ok(())
}

/// Logs in as one authenticator after the other, for three seconds; returns how long each took.
async fn log_in(
    verifier: Arc<Verifier<RedbStore>>,
    next: Arc<AtomicU64>,
    authenticators: u64,
    begun: Instant,
) -> Result<Vec<Duration>, Failure> {
    let key = Key::new(Algorithm::Sha1, &Secret::from_bytes(SEED)?);
    let mut times = Vec::new();
    while begun.elapsed() < Duration::from_secs(3) {
        let id = id(next.fetch_add(1, Ordering::Relaxed) % authenticators)?;
        let used = verifier.state(&id).await?.watermark();
        let code = Hotp::default().generate(&key, Counter::new(used.map_or(0, |used| used.get() + 1)));
        let since = Instant::now();
        let _login = verifier.verify(&id, code.as_str(), UnixTime::from_secs(0)).await?;
        times.push(since.elapsed());
    }
    Ok(times)
}

fn id(n: u64) -> Result<AuthenticatorId, Failure> {
    // The numbers are spread over all ids, as UUIDs are.
    let n = (u128::from(n) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    Ok(AuthenticatorId::new(&format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        n >> 96,
        (n >> 80) & 0xffff,
        (n >> 64) & 0xffff,
        (n >> 48) & 0xffff,
        n & 0xffff_ffff_ffff
    ))?)
}

/// The record of the first is copied to the others.
async fn enroll(store: &RedbStore, verifier: &Verifier<RedbStore>, authenticators: u64) -> Result<(), Failure> {
    let first = id(0)?;
    let authenticator = Authenticator::new(Hotp::default(), Algorithm::Sha1, Secret::from_bytes(SEED)?);
    verifier.enroll(&first, &authenticator, State::new().confirmed()).await?;
    let record = store.load(&first).await?.ok_or("no record")?.value;
    let mut tasks = Vec::new();
    for n in 1..authenticators {
        let (store, id, value) = (store.clone(), id(n)?, Value::from(record.as_ref()));
        tasks.push(tokio::spawn(async move { store.compare_exchange(&id, None, value, None).await }));
        if tasks.len() == 1000 || n + 1 == authenticators {
            for task in tasks.drain(..) {
                assert_eq!(task.await??, Exchange::Stored);
            }
        }
    }
    Ok(())
}
