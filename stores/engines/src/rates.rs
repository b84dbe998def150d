//! The rates of the engines, measured in turns.

use std::fs;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::RngExt;
use tempfile::TempDir;

use crate::accounts::{count_up, id, value};
use crate::engine::{Error, Kind, NEVER, Request};
use crate::queue::Queued;

const ROUNDS: usize = 5;
/// The number of updates before the measurement.
const UPDATED: usize = 200_000;
const SIZES: [usize; 2] = [1_000, 1_000_000];
const TURN: Duration = Duration::from_secs(1);

/// The callers, and how many of their exchanges may share a commit.
const LOADS: [(usize, usize); 4] = [(1, usize::MAX), (8, usize::MAX), (64, usize::MAX), (64, 1)];

struct Running {
    kind: Kind,
    accounts: usize,
    folder: TempDir,
    queued: Arc<Queued>,
    samples: [Vec<Sample>; LOADS.len()],
}

struct Sample {
    rate: f64,
    /// The bytes that were written for an exchange.
    written: f64,
    /// The processor's time for an exchange in microseconds, of caller and engine.
    processor: f64,
    /// The times of the calls in microseconds, in order.
    times: Vec<u32>,
}

pub(crate) fn rates(kinds: &[Kind]) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    println!("one fdatasync of 4096 bytes: {} µs\n", sync_time()?);
    println!(
        "| engine | accounts | callers | best/s | median/s | p50 µs | p99 µs | longest ms | bytes written | processor µs |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    let mut engines = Vec::new();
    for kind in kinds {
        for accounts in SIZES {
            engines.push(start(*kind, accounts, &runtime)?);
        }
    }
    for _ in 0..ROUNDS {
        for (load, (callers, share)) in LOADS.into_iter().enumerate() {
            for engine in &mut engines {
                engine.queued.share(share);
                let sample = runtime.block_on(measure(&engine.queued, engine.accounts, callers, TURN))?;
                engine.samples[load].push(sample);
            }
        }
    }
    for pair in engines.chunks_mut(SIZES.len()) {
        let ratios = (0..LOADS.len()).map(|load| {
            let rate = |engine: usize, round: usize| pair[engine].samples[load][round].rate;
            let mut ratios: Vec<_> = (0..ROUNDS).map(|round| rate(1, round) / rate(0, round)).collect();
            ratios.sort_by(f64::total_cmp);
            format!("{:.2}", ratios[ROUNDS / 2])
        });
        let ratios = ratios.collect::<Vec<_>>().join(", ");
        for engine in &mut *pair {
            engine.print();
        }
        println!("| {} | a million beside a thousand, median of {ROUNDS} rounds: {ratios} |", pair[0].kind);
    }
    println!("\none fdatasync of 4096 bytes: {} µs\n", sync_time()?);
    println!("| engine | accounts | MB open | MB closed | opened after a kill in ms | opened after a close in ms |");
    println!("|---|---|---|---|---|---|");
    for Running { kind, accounts, folder, queued, .. } in engines {
        // With no call under way, the files are as a killed process leaves them.
        let open = size(folder.path())?;
        let killed = tempfile::tempdir()?;
        copy(folder.path(), killed.path())?;
        Arc::into_inner(queued).ok_or("a caller is left")?.close()?;
        let closed = size(folder.path())?;
        let [after_kill, after_close] = [&killed, &folder].map(|folder| {
            let begun = Instant::now();
            let (engine, reader) = kind.open(folder.path())?;
            let opened = begun.elapsed();
            drop(reader);
            engine.close()?;
            Ok::<_, Error>(opened.as_millis())
        });
        println!("| {kind} | {accounts} | {open} | {closed} | {} | {} |", after_kill?, after_close?);
    }
    Ok(())
}

impl Running {
    fn print(&mut self) {
        for ((callers, share), samples) in LOADS.into_iter().zip(&mut self.samples) {
            samples.sort_by(|one, other| other.rate.total_cmp(&one.rate));
            let median = &samples[ROUNDS / 2];
            let mut times: Vec<_> = samples.iter().flat_map(|sample| &sample.times).copied().collect();
            times.sort_unstable();
            println!(
                "| {} | {} | {callers}{} | {:.0} | {:.0} | {} | {} | {} | {:.0} | {:.0} |",
                self.kind,
                self.accounts,
                if share == 1 { ", a sync each" } else { "" },
                samples[0].rate,
                median.rate,
                times[times.len() / 2],
                times[times.len() * 99 / 100],
                times[times.len() - 1] / 1_000,
                median.written,
                median.processor,
            );
        }
    }
}

fn start(kind: Kind, accounts: usize, runtime: &tokio::runtime::Runtime) -> Result<Running, Error> {
    let folder = tempfile::tempdir()?;
    let (mut engine, reader) = kind.open(folder.path())?;
    let mut order: Vec<_> = (0..accounts).collect();
    order.sort_by_key(|account| id(*account));
    for chunk in order.chunks(1_000) {
        let create =
            |account: &usize| Request { id: id(*account), expected: None, put: Some((value(*account, 1), NEVER)) };
        engine.apply(&chunk.iter().map(create).collect::<Vec<_>>())?;
    }
    // Fills the journal, until merges come as often as they will.
    for _ in 0..if accounts < UPDATED { 1 } else { UPDATED / 1_000 } {
        let update = |_| {
            let account = rand::rng().random_range(0..accounts);
            let expected = reader.load(&id(account))?.map(|entry| entry.revision);
            Ok(Request { id: id(account), expected, put: Some((value(account, 1), NEVER)) })
        };
        engine.apply(&(0..1_000).map(update).collect::<Result<Vec<_>, Error>>()?)?;
    }
    drop(reader);
    engine.close()?;
    let queued = Arc::new(Queued::open(kind, folder.path())?);
    runtime.block_on(measure(&queued, accounts, 64, 2 * TURN))?;
    Ok(Running { kind, accounts, folder, queued, samples: Default::default() })
}

async fn measure(queued: &Arc<Queued>, accounts: usize, callers: usize, turn: Duration) -> Result<Sample, Error> {
    let (begun, before, used) = (Instant::now(), written()?, processor()?);
    let call = |caller| {
        let queued = queued.clone();
        tokio::spawn(async move {
            let mut times = Vec::new();
            while begun.elapsed() < turn {
                let account = rand::rng().random_range(0..accounts / callers) * callers + caller;
                let called = Instant::now();
                count_up(&queued, account).await?;
                times.push(u32::try_from(called.elapsed().as_micros())?);
            }
            Ok::<_, Error>(times)
        })
    };
    let mut times = Vec::new();
    for call in (0..callers).map(call).collect::<Vec<_>>() {
        times.extend(call.await??);
    }
    let count = f64::from(u32::try_from(times.len())?);
    let bytes = f64::from(u32::try_from((written()? - before) / 1_024)?) * 1_024.0;
    let processor = (processor()? - used) / count;
    Ok(Sample { rate: count / begun.elapsed().as_secs_f64(), written: bytes / count, processor, times })
}

/// Returns the number of bytes that this process has written to files.
fn written() -> Result<u64, Error> {
    let counters = fs::read_to_string("/proc/self/io")?;
    let line = counters.lines().find_map(|line| line.strip_prefix("write_bytes: "));
    Ok(line.ok_or("no write_bytes")?.parse()?)
}

/// Returns the time that this process has used the processor, in microseconds.
fn processor() -> Result<f64, Error> {
    const TICK: f64 = 10_000.0;
    let fields = fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<_> = fields.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    Ok((fields[11].parse::<f64>()? + fields[12].parse::<f64>()?) * TICK)
}

/// Returns the median time of an `fdatasync` after a write of 4096 bytes, in microseconds.
fn sync_time() -> Result<u128, Error> {
    let file = tempfile::tempfile()?;
    file.write_all_at(&vec![1; 1 << 20], 0)?;
    file.sync_all()?;
    let mut times = Vec::new();
    for n in 0..500 {
        let begun = Instant::now();
        file.write_all_at(&[2; 4_096], n % 256 * 4_096)?;
        file.sync_data()?;
        times.push(begun.elapsed().as_micros());
    }
    times.sort_unstable();
    Ok(times[250])
}

/// Returns the megabytes that the files in the folder take on the disk.
fn size(folder: &Path) -> Result<u64, Error> {
    fn bytes(folder: &Path) -> Result<u64, Error> {
        let mut sum = 0;
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            sum += if metadata.is_dir() { bytes(&entry.path())? } else { metadata.blocks() * 512 };
        }
        Ok(sum)
    }
    Ok(bytes(folder)? / 1_000_000)
}

fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let new = to.join(entry.file_name());
        if entry.metadata()?.is_dir() {
            copy(&entry.path(), &new)?;
        } else {
            fs::copy(entry.path(), new)?;
        }
    }
    Ok(())
}
