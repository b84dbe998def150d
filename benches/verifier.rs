//! Benchmarks of whole verifications on the in-memory store, with one thread and with two, and with and without
//! sealing.
//!
//! Each account has one authenticator, and each code is submitted in a login of its own. The stores hold from a
//! thousand accounts to more than fit into any cache. The memory for each is printed as well. Everybody has logged in
//! once before the measurement, since the first login makes a record longer.

use std::pin::pin;
use std::sync::{Arc, Barrier};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};
use std::{fs, thread};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use secondo::audit::Operator;
use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
use secondo::store::Memory;
use secondo::{
    AccountId, Algorithm, Authenticator, Key, Policy, Refusal, Secret, State, Totp, Transaction, UnixTime, Verifier,
    VerifierError,
};

/// The stores that are measured: the number of accounts, and the form of their records.
const SUBSCRIBERS: [(u64, Kept); 7] = [
    (1_000, Kept::Unsealed),
    (1_000, Kept::Sealed),
    (1_000, Kept::SealedKey),
    (1_000_000, Kept::Unsealed),
    (1_000_000, Kept::Sealed),
    (10_000_000, Kept::Unsealed),
    (10_000_000, Kept::Sealed),
];
const DESK: Operator<'_> = Operator::new("desk", "benchmark");
const SECRET: &[u8] = b"12345678901234567890";

fn verify(c: &mut Criterion) {
    // All stores are kept to the end. Memory that one freed could be reused by the next, whose growth would then be too
    // small.
    let mut enrolled = Vec::new();
    for (size, kept) in SUBSCRIBERS {
        let mut subscribers = Subscribers::enroll(size, kept);
        let mut group = c.benchmark_group(format!("Verifier::verify, {size} accounts, {kept:?}"));
        group.sample_size(20).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
        for (name, entry) in [("right code", Entry::Right), ("wrong code", Entry::Wrong)] {
            for threads in [1, 2] {
                // The time is the one that a thread waits for a decision. The throughput is that of all threads
                // together.
                group.throughput(Throughput::Elements(threads));
                group.bench_function(format!("{name}, threads: {threads}"), |b| {
                    b.iter_custom(|times| subscribers.attempt(entry, 1, threads, times));
                });
            }
        }
        group.throughput(Throughput::Elements(1));
        group.bench_function("right code, threads: 1, prefetched by 16", |b| {
            b.iter_custom(|times| subscribers.attempt(Entry::Right, 16, 1, times));
        });
        group.finish();
        enrolled.push(subscribers);
    }
}

/// The form in which an authenticator is stored.
#[derive(Clone, Copy, Debug)]
enum Kept {
    Unsealed,
    Sealed,
    /// A sealed record with the prepared key instead of the secret.
    SealedKey,
}

/// The kind of code that is submitted.
#[derive(Clone, Copy, PartialEq)]
enum Entry {
    Right,
    Wrong,
}

/// A verifier with accounts of one authenticator each.
struct Subscribers {
    store: Arc<Memory>,
    verifier: Verifier<Arc<Memory>>,
    count: u64,
    /// The number of attempts that each thread has made so far.
    visits: u64,
    /// The next time step to use, later than that of every accepted code.
    step: u64,
}

impl Subscribers {
    fn enroll(count: u64, kept: Kept) -> Self {
        let policy = Policy::new().with_failure_cap(100).expect("in range");
        let before = resident_memory();
        let store = Arc::new(Memory::new());
        let verifier = match kept {
            Kept::Unsealed => Verifier::unsealed(store.clone(), policy),
            Kept::Sealed | Kept::SealedKey => Verifier::new(store.clone(), keys(), policy),
        };
        let secret = Secret::from_bytes(SECRET).expect("long enough");
        let authenticator = match kept {
            Kept::Unsealed | Kept::Sealed => Authenticator::new(Totp::default(), Algorithm::Sha1, secret),
            Kept::SealedKey => Authenticator::from_key(Totp::default(), Key::new(Algorithm::Sha1, &secret)),
        };
        let added = [(authenticator.into(), State::new().confirmed())];
        for n in 0..count {
            ready(verifier.import(&id(n), &added, DESK, UnixTime::EPOCH)).expect("in memory");
        }
        // A smaller store may fit into memory that the process already has, so its growth would say nothing.
        if let (Some(before), Some(after), 1_000_000..) = (before, resident_memory(), count) {
            println!("\n{count} accounts: {} bytes of resident memory each", (after - before) / count);
        }
        let mut subscribers = Self { store, verifier, count, visits: 0, step: 50_000_000 };
        subscribers.attempt(Entry::Right, 1, 1, count);
        subscribers
    }

    /// Makes `times` attempts in each thread, in groups that are prefetched if they are of more than one, and returns
    /// the time that the slowest thread needs.
    fn attempt(&mut self, entry: Entry, group: usize, threads: u64, times: u64) -> Duration {
        let barrier = Barrier::new(usize::try_from(threads).expect("few threads"));
        let times_of = thread::scope(|scope| {
            let (this, barrier) = (&*self, &barrier);
            let spawn =
                |thread| scope.spawn(move || this.attempt_in_one(entry, group, thread, threads, times, barrier));
            let spawned: Vec<_> = (0..threads).map(spawn).collect();
            spawned.into_iter().map(|thread| thread.join().expect("no panic")).collect::<Vec<_>>()
        });
        self.visits += times;
        self.step += times / (self.count / threads) + 1;
        times_of.into_iter().max().unwrap_or_default()
    }

    fn attempt_in_one(
        &self,
        entry: Entry,
        group: usize,
        thread: u64,
        threads: u64,
        times: u64,
        barrier: &Barrier,
    ) -> Duration {
        // In a batch no account reaches 100 failures, the cap of the policy.
        const BATCH: u64 = 10_000;

        let own = self.count / threads;
        let mut needed = Duration::ZERO;
        let mut codes = Codes::new(entry);
        for start in (0..times).step_by(usize::try_from(BATCH).expect("a small number")) {
            let prepare = |n: u64| {
                // The factor is coprime to the sizes: a thread attempts each of its ids once before it repeats, one
                // step later.
                let id = id((self.visits + n) * 618_033_989 % own * threads + thread);
                let now = UnixTime::from_secs((self.step + n / own) * 30).unwrap();
                (id, login_bytes(thread, self.visits + n), codes.at(now), now)
            };
            let visits: Vec<_> = (start..times.min(start + BATCH)).map(prepare).collect();

            barrier.wait();
            let began = Instant::now();
            for visits in visits.chunks(group) {
                if group > 1 {
                    self.store.prefetch(visits.iter().map(|(id, ..)| id));
                }
                for (id, login, code, now) in visits {
                    let login = Transaction::new(login).expect("16 bytes");
                    let verdict = ready(self.verifier.verify(id, &login, code, *now));
                    match entry {
                        Entry::Right => assert!(verdict.is_ok(), "{verdict:?}"),
                        Entry::Wrong => {
                            assert!(
                                matches!(verdict, Err(VerifierError::Refused(Refusal::Wrong { .. }))),
                                "{verdict:?}"
                            );
                        }
                    }
                }
            }
            needed += began.elapsed();

            if entry == Entry::Wrong {
                for (id, _, _, now) in &visits {
                    ready(self.verifier.unlock(id, DESK, *now)).expect("in memory");
                }
            }
        }
        needed
    }
}

/// Returns what a future of the in-memory store returns at its first poll.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("the store is in memory"),
    }
}

fn keys() -> KeyRing {
    let master = LocalMasterKey::from_hex(&"5e".repeat(32)).expect("64 digits");
    KeyRing::new(
        SealingKey::derive(&Deployment::new("tests").expect("a name"), KeyId::new(1), &master).expect("never fails"),
        [],
    )
    .expect("one key")
}

/// Returns the bytes of a login's transaction.
fn login_bytes(thread: u64, n: u64) -> [u8; 16] {
    (u128::from(thread) << 64 | u128::from(n)).to_be_bytes()
}

/// Returns an id in the form of a UUID.
fn id(n: u64) -> AccountId {
    AccountId::new(&format!("{n:08x}-7dec-4000-a765-00a0c91e6bf6")).expect("visible ASCII")
}

/// A source of codes that are all right or all wrong. It computes a code only if the time has changed.
struct Codes {
    entry: Entry,
    key: Key,
    last: Option<(UnixTime, String)>,
}

impl Codes {
    fn new(entry: Entry) -> Self {
        let key = Key::new(Algorithm::Sha1, &Secret::from_bytes(SECRET).expect("long enough"));
        Self { entry, key, last: None }
    }

    fn at(&mut self, now: UnixTime) -> String {
        if !matches!(&self.last, Some((at, _)) if *at == now) {
            let code = match self.entry {
                Entry::Right => self.generate(now),
                Entry::Wrong => self.wrong(now),
            };
            self.last = Some((now, code));
        }
        self.last.as_ref().map(|(_, code)| code.clone()).unwrap_or_default()
    }

    fn generate(&self, now: UnixTime) -> String {
        Totp::default().generate(&self.key, now).expect("after T0").as_str().to_owned()
    }

    /// Returns a code that is wrong at all of the eleven time steps around `now`: one of twelve candidates must be.
    fn wrong(&self, now: UnixTime) -> String {
        let near = |step: u64| self.generate(UnixTime::from_secs(now.as_secs() + 30 * step - 150).unwrap());
        let right: Vec<_> = (0..=10).map(near).collect();
        (0..=11).map(|n| format!("{n:06}")).find(|code| !right.contains(code)).expect("more codes than right ones")
    }
}

/// Returns the resident memory of this process in bytes, or `None` if Linux does not report it.
fn resident_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib * 1024)
}

criterion_group!(benches, verify);
criterion_main!(benches);
