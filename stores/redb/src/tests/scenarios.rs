//! Races and kills across processes, which open the file one after the other, and races within one process.

use std::path::Path;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pollster::block_on;
use secondo::audit::Operator;
use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
use secondo::{
    AccountId, Algorithm, Authenticator, Key, Policy, Refusal, Secret, State, Totp, Transaction, UnixTime, Verifier,
    VerifierError,
};
use store_testing::{Engine, clock, crowd, kills, pushes, races, responses, rounds, sent};

use crate::{RedbStore, RedbStoreError};

struct Redb;

impl Engine for Redb {
    type Store = RedbStore;

    const NAME: &'static str = "redb";
    const SHARED: bool = false;
    const TIMEOUT: Duration = Duration::from_secs(5);

    fn open(path: &str) -> RedbStore {
        let given_up = Instant::now() + Duration::from_secs(60);
        loop {
            match RedbStore::open(path) {
                Err(RedbStoreError::InUse) if Instant::now() < given_up => thread::sleep(Duration::from_micros(200)),
                opened => return opened.unwrap(),
            }
        }
    }
    fn block_on<T>(future: impl Future<Output = T>) -> T {
        block_on(future)
    }
}

#[test]
#[ignore = "a process that the other tests start"]
fn worker() {
    store_testing::worker::<Redb>();
}

/// Returns a temporary folder, in memory if possible, which is faster for many openings.
///
/// This does not weaken the tests, since the kernel keeps the writes of a killed process on any file system.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

fn on_a_file(scenario: fn(&str)) {
    let folder = folder();
    scenario(folder.path().join("accounts.redb").to_str().unwrap());
}

#[test]
fn a_right_code_is_accepted_once() {
    on_a_file(races::one_right_code::<Redb>);
}

#[test]
fn wrong_codes_are_counted() {
    on_a_file(races::wrong_codes::<Redb>);
}

#[test]
fn wrong_codes_count_for_all_devices_together() {
    on_a_file(races::wrong_codes_for_four_devices::<Redb>);
}

#[test]
fn nothing_is_lost_between_calls_of_every_kind() {
    on_a_file(crowd::every_kind_at_once::<Redb>);
}

#[test]
fn a_sent_code_is_accepted_once() {
    on_a_file(sent::one_sent_code::<Redb>);
}

#[test]
fn a_response_is_accepted_once() {
    on_a_file(responses::one_response::<Redb>);
}

#[test]
fn codes_to_one_number_are_limited_together() {
    on_a_file(sent::codes_to_one_number::<Redb>);
}

#[test]
fn a_right_code_is_accepted_once_in_a_transaction() {
    on_a_file(races::one_right_code_in_one_transaction::<Redb>);
}

#[test]
fn a_recovery_code_is_accepted_once() {
    on_a_file(races::one_recovery_code::<Redb>);
}

#[test]
fn the_last_two_devices_are_not_both_revoked() {
    on_a_file(races::last_two_revoked::<Redb>);
}

#[test]
fn a_push_answer_is_taken_once() {
    on_a_file(pushes::one_push_answer::<Redb>);
}

#[test]
fn what_a_killed_process_told_holds() {
    on_a_file(kills::while_verifying::<Redb>);
}

#[test]
fn a_clock_that_is_set_back_accepts_nothing() {
    on_a_file(clock::set_back::<Redb>);
}

/// The number of threads that share a commit.
const CALLERS: usize = 64;
const CAP: u8 = Policy::CONSECUTIVE_LIMIT;

fn verifier(path: &Path) -> Verifier<RedbStore> {
    let master = LocalMasterKey::from_hex(&"5e".repeat(32)).unwrap();
    let keys =
        KeyRing::new(SealingKey::derive(&Deployment::new("tests").unwrap(), KeyId::new(1), &master).unwrap(), [])
            .unwrap();
    let policy = Policy::new().with_failure_cap(CAP).unwrap().with_counted_replays(false);
    Verifier::new(RedbStore::open(path).unwrap(), keys, policy)
}

fn secret() -> Secret {
    Secret::from_bytes(b"12345678901234567890").unwrap()
}

fn enroll(verifier: &Verifier<RedbStore>, name: &str) -> AccountId {
    let id = AccountId::new(name).unwrap();
    let authenticator = Authenticator::new(Totp::default(), Algorithm::Sha1, secret());
    let confirmed = [(authenticator.into(), State::new().confirmed())];
    block_on(verifier.import(&id, &confirmed, Operator::new("tests", "threads"), time(0))).unwrap();
    id
}

/// Returns a transaction that no other call returned.
fn fresh() -> Transaction {
    static LAST: AtomicU64 = AtomicU64::new(0);

    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&LAST.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    Transaction::new(&bytes).unwrap()
}

fn time(step: u64) -> UnixTime {
    UnixTime::from_secs(1_700_000_010 + 30 * step).unwrap()
}

fn code(step: u64) -> String {
    Totp::default().generate(&Key::new(Algorithm::Sha1, &secret()), time(step)).unwrap().as_str().into()
}

type Told = Result<(), Refusal>;

/// Submits a code `times` times from each of [`CALLERS`] threads at once, each time in another transaction, and returns
/// the verdicts.
///
/// A thread submits again if other threads were faster each time.
fn submit(verifier: &Verifier<RedbStore>, id: &AccountId, code: &str, step: u64, times: usize) -> Vec<Told> {
    let start = Barrier::new(CALLERS);
    let submit = || {
        start.wait();
        let attempt = |_| loop {
            match block_on(verifier.verify(id, &fresh(), code, time(step))) {
                Ok(_accepted) => break Ok(()),
                Err(VerifierError::Refused(refusal)) => break Err(refusal),
                Err(VerifierError::Contended) => {}
                Err(error) => panic!("{error}"),
            }
        };
        (0..times).map(attempt).collect::<Vec<_>>()
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..CALLERS).map(|_| scope.spawn(submit)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn of_those_who_share_a_commit_one_is_accepted() {
    let folder = folder();
    let verifier = verifier(&folder.path().join("accounts.redb"));
    let id = enroll(&verifier, "rossi");
    let rounds = rounds(200);
    // The steps are so far apart that none is in the window of another.
    for step in (0..rounds).map(|round| 3 * round) {
        let told = submit(&verifier, &id, &code(step), step, 1);
        assert_eq!(told.iter().filter(|told| told.is_ok()).count(), 1, "{told:?}");
        let replayed = |told: &&Told| matches!(told, Err(Refusal::Replayed { .. }));
        assert_eq!(told.iter().filter(replayed).count(), CALLERS - 1, "{told:?}");
    }
    store_testing::report!("redb: {rounds} rounds of {CALLERS} threads with one right code: accepted once in each");
}

#[test]
fn those_who_share_a_commit_are_counted_one_by_one() {
    let folder = folder();
    let verifier = verifier(&folder.path().join("accounts.redb"));
    let near: Vec<_> = (0..4).map(code).collect();
    let wrong = (0..100).map(|n| format!("{n:06}")).find(|code| !near.contains(code)).unwrap();
    let rounds = rounds(5);
    for round in 0..rounds {
        let id = enroll(&verifier, &format!("round/{round}"));
        let told = submit(&verifier, &id, &wrong, 1, 4);
        for remaining in 0..CAP {
            let this = |told: &&Told| matches!(told, Err(Refusal::Wrong { remaining: left, .. }) if *left == remaining);
            assert_eq!(told.iter().filter(this).count(), 1, "{told:?}");
        }
        let locked = told.iter().filter(|told| matches!(told, Err(Refusal::Locked { .. }))).count();
        assert_eq!(locked, 4 * CALLERS - usize::from(CAP), "{told:?}");
    }
    store_testing::report!(
        "redb: {rounds} accounts, {CALLERS} threads guessing: {CAP} evaluated of each, all others locked"
    );
}
