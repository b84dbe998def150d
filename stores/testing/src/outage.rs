//! Scenarios in which the server goes away while people log in.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rand::RngExt;
use secondo::{AccountId, Refusal};

use crate::engine::{Engine, Outcome, Provider, code, policy, step_of, time, wrong_code};
use crate::server::PATIENCE;
use crate::{Proxy, Server, rounds};

/// The number of pairs of callers, each with an account of its own.
const PAIRS: usize = 4;

/// Kills the server and starts it again, 10 times.
pub fn killed<E: Engine>(server: &impl Server, address: &str) {
    under::<E>(address, "killed and started again", rounds(10), || {
        server.kill();
        pause_up_to(Duration::from_millis(50));
        server.restart();
        pause_up_to(Duration::from_millis(200));
    });
}

/// Pauses the server for longer than a call may take, twice.
pub fn paused<E: Engine>(server: &impl Server, address: &str) {
    under::<E>(address, "paused", rounds(2), || {
        server.pause();
        thread::sleep(E::TIMEOUT * 2);
        server.resume();
        pause_up_to(Duration::from_millis(200));
    });
}

/// Cuts connections between requests, within a request, and before its answer, 100 times.
///
/// `through` converts the proxy's address to that of the store.
pub fn cut<E: Engine>(server: &impl Server, through: impl Fn(SocketAddr) -> String) {
    let proxy = Proxy::new(server.address());
    under::<E>(&through(proxy.address()), "connections cut", rounds(100), || {
        let mut rng = rand::rng();
        match rng.random_range(0..5) {
            0 => proxy.cut(),
            1 | 2 => proxy.cut_request_after(rng.random_range(0..800)),
            _ => proxy.cut_answer_after(rng.random_range(0..10)),
        }
        pause_up_to(Duration::from_millis(20));
    });
}

fn pause_up_to(most: Duration) {
    thread::sleep(rand::rng().random_range(Duration::ZERO..most));
}

/// The counts of what the callers saw.
#[derive(Debug, Default)]
struct Seen {
    accepted: u64,
    /// The number of steps whose code was refused as used after an unknown outcome, though no caller saw its
    /// acceptance.
    accepted_untold: u64,
    counted: u64,
    failed: u64,
    longest: Duration,
}

/// Disturbs the server `times` times while pairs of callers submit the same codes at once.
///
/// A caller submits a code again until it gets a verdict. Each code must be accepted at most once in spite of that.
/// Every counted failure must stay counted, and calls must end. After the last disturbance, everybody must be able to
/// log in on the same store.
fn under<E: Engine>(address: &str, what: &str, times: u64, mut disturb: impl FnMut()) {
    let provider = Provider::<E>::open(address, policy());
    let prefix = what.replace(' ', "-");
    let callers: Vec<_> = (0..PAIRS)
        .map(|n| Caller {
            provider: &provider,
            id: provider.enroll(&format!("{prefix}/{n}")),
            // 10 accounts of 50 rounds each: later rounds submit no wrong codes.
            guessed: (0..10).map(|guessed| provider.enroll(&format!("{prefix}/{n}/{guessed}"))).collect(),
            seen: Mutex::default(),
        })
        .collect();
    let over = AtomicBool::new(false);
    let last: Vec<u64> = thread::scope(|scope| {
        let (over, callers) = (&over, &callers);
        let spawn = |caller| scope.spawn(move || Caller::log_in_until(caller, over));
        let pairs: Vec<_> = callers.iter().map(spawn).collect();
        // This ends the callers even if a disturbance panics.
        let disturbing = SetOnDrop(over);
        for _ in 0..times {
            disturb();
        }
        drop(disturbing);
        pairs.into_iter().map(|pair| pair.join().unwrap()).collect()
    });
    let mut sum = Seen::default();
    for (caller, last) in callers.iter().zip(last) {
        assert!(step_of(&provider.state(&caller.id)) >= Some(last), "an accepted step is lost");
        let seen = caller.seen.lock().unwrap();
        sum.accepted += seen.accepted;
        sum.accepted_untold += seen.accepted_untold;
        sum.counted += seen.counted;
        sum.failed += seen.failed;
        sum.longest = sum.longest.max(seen.longest);
    }
    crate::report!("{}: {what} {times} times, nothing lost, nothing accepted twice: {sum:?}", E::NAME);
    // A verification makes several calls, and the machine may be slow.
    assert!(sum.longest < E::TIMEOUT * 8 + Duration::from_secs(10), "a call took {:?}", sum.longest);
    assert!(sum.failed > 0, "no call failed");
}

struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Caller<'a, E: Engine> {
    provider: &'a Provider<E>,
    id: AccountId,
    /// The accounts for which both callers submit wrong codes.
    guessed: Vec<AccountId>,
    seen: Mutex<Seen>,
}

impl<E: Engine> Caller<'_, E> {
    /// Logs in at one step after the other until the disturbances are over, and once more after that.
    ///
    /// Returns the last step.
    fn log_in_until(caller: &Self, over: &AtomicBool) -> u64 {
        let mut remaining = HashSet::new();
        for step in 0.. {
            let last = over.load(Ordering::Relaxed);
            if step > 0 {
                // A used code stays used, whatever has happened since.
                let again = caller.until_told(&caller.id, &code(time(step - 1)), step - 1).0;
                assert_ne!(again, Outcome::Accepted, "the code of step {}, a second time", step - 1);
            }
            caller.guess(step, &mut remaining);
            let outcomes: [_; 2] = thread::scope(|scope| {
                let submit = || scope.spawn(|| caller.until_told(&caller.id, &code(time(step)), step));
                [submit(), submit()].map(|thread| thread.join().unwrap())
            });
            let accepted = outcomes.iter().filter(|(outcome, _)| *outcome == Outcome::Accepted).count();
            let failed = outcomes.iter().any(|(_, failed)| *failed);
            let mut seen = caller.seen.lock().unwrap();
            match accepted {
                1 => seen.accepted += 1,
                0 if failed => seen.accepted_untold += 1,
                _ => panic!("accepted {accepted} times: {outcomes:?}"),
            }
            if last {
                return step;
            }
        }
        unreachable!("there are enough steps")
    }

    /// Submits a wrong code from both callers. If a number of remaining attempts is reported twice, a failure was lost.
    fn guess(&self, step: u64, remaining: &mut HashSet<(AccountId, u8)>) {
        // 50 steps for each account leave room for failures that are counted but not reported.
        let Some(id) = self.guessed.get(usize::try_from(step / 50).unwrap()) else { return };
        let now = time(0);
        let outcomes: [_; 2] = thread::scope(|scope| {
            let submit = || scope.spawn(|| self.submit(id, &wrong_code(now), 0));
            [submit(), submit()].map(|thread| thread.join().unwrap())
        });
        for outcome in outcomes {
            match outcome {
                Outcome::Refused(Refusal::Wrong { remaining: left, .. }) => {
                    assert!(remaining.insert((*id, left)), "a failure was counted and lost: {left} remain again");
                    self.seen.lock().unwrap().counted += 1;
                }
                Outcome::Failed(_) | Outcome::Contended | Outcome::Refused(Refusal::Locked { .. }) => {}
                other => panic!("a wrong code was {other:?}"),
            }
        }
    }

    fn submit(&self, id: &AccountId, entry: &str, step: u64) -> Outcome {
        let begun = Instant::now();
        let outcome = self.provider.verify(id, entry, time(step));
        let mut seen = self.seen.lock().unwrap();
        seen.longest = seen.longest.max(begun.elapsed());
        seen.failed += u64::from(matches!(outcome, Outcome::Failed(_)));
        outcome
    }

    /// Submits a code until there is a verdict. Returns the verdict, and `true` if an attempt before it failed.
    fn until_told(&self, id: &AccountId, entry: &str, step: u64) -> (Outcome, bool) {
        let begun = Instant::now();
        let mut failed = false;
        loop {
            match self.submit(id, entry, step) {
                Outcome::Failed(error) => {
                    assert!(begun.elapsed() < PATIENCE, "service does not resume: {error}");
                    failed = true;
                    thread::sleep(Duration::from_millis(2));
                }
                told @ (Outcome::Accepted | Outcome::Refused(Refusal::Replayed { .. } | Refusal::ClockBehind)) => {
                    return (told, failed);
                }
                other => panic!("a right code was {other:?}"),
            }
        }
    }
}
