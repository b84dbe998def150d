//! The world of the simulation: its time, its machines, its network, and what happens in it.

mod attack;
mod challenge;
mod login;
mod operation;

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use pollster::block_on;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use secondo::policy::Window;
use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
use secondo::{Policy, UnixTime, Verifier};

use crate::call::{Answer, Call, Faulty, Request, Running, Session, begin};
use crate::judge::{Backup, FUTURE, Judge, PAST, Progress};
use crate::person::Person;
use crate::store::{Connection, Database, Entries};

const PEOPLE: usize = 8;
const MACHINES: usize = 3;

pub(crate) struct World {
    rng: SmallRng,
    /// The true time.
    time: u64,
    database: Database,
    machines: Vec<Machine>,
    people: Vec<Person>,
    pub(crate) judge: Judge,
    /// The sealing key that is being replaced, or the only one.
    key: u32,
    /// The steps of the rotation that were made: three for each machine.
    steps: usize,
    backup: (Entries, Backup),
    /// The accepted logins.
    pub(crate) logins: u64,
}

/// The time at which the simulation begins.
const START: u64 = 1_800_000_000;
const DAY: u64 = 24 * 60 * 60;

struct Machine {
    verifier: Arc<Verifier<Faulty>>,
    /// The number of the key that seals, and of another one that opens.
    keys: (u32, u32),
    /// The seconds by which its clock is ahead.
    ahead: i64,
}

impl Machine {
    /// Returns `true` if its clock has jumped, and not only drifted.
    fn has_jumped(&self) -> bool {
        self.ahead.abs() > DRIFT
    }
}

/// The seconds by which the clocks of machines and phones are off the true time, each way. Together they are less than
/// a step. The window has one more past step, since it moves by a step with a code that is early.
const DRIFT: i64 = 12;

fn policy() -> Policy {
    let (past, future) = (PAST.unsigned_abs().try_into().unwrap(), FUTURE.unsigned_abs().try_into().unwrap());
    let policy = Policy::new().with_window(Window::new(past, future).unwrap()).with_learned_drift(true);
    // Beside a token with a counter, there is room for enrollments.
    policy.with_right_codes(64).unwrap()
}

/// Returns a ring that seals with the first key, and opens with all of them.
fn ring(keys: impl IntoIterator<Item = u32>) -> KeyRing {
    let deployment = Deployment::new("simulation").unwrap();
    let master = LocalMasterKey::from_hex(&"5e".repeat(32)).unwrap();
    let mut keys = keys.into_iter().map(|key| SealingKey::derive(&deployment, KeyId::new(key), &master).unwrap());
    KeyRing::new(keys.next().unwrap(), keys).unwrap()
}

/// Returns a ring that seals with the first key, and opens with the other one too if there is one.
fn two_keys(active: u32, other: u32) -> KeyRing {
    ring([active].into_iter().chain((other != active).then_some(other)))
}

fn at(secs: u64) -> UnixTime {
    UnixTime::from_secs(secs).unwrap()
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = SmallRng::seed_from_u64(seed);
        let (time, database) = (START, Database::new(rng.random()));
        let reader = Verifier::new(Connection::<0>(database.clone()), ring([1, 2]), policy());
        let people: Vec<_> =
            (0..PEOPLE).map(|place| block_on(Person::enroll(&reader, place, at(time), &mut rng))).collect();
        drop(database.take_log());
        let judge = Judge::new(reader, &people, at(time));
        let backup = (database.backup(), judge.backup());
        let machines = Vec::new();
        let mut world = Self { rng, time, database, machines, people, judge, key: 1, steps: 0, backup, logins: 0 };
        for _ in 0..MACHINES {
            let machine = world.machine((1, 1));
            world.machines.push(machine);
        }
        world
    }

    /// Starts a machine.
    fn machine(&mut self, keys: (u32, u32)) -> Machine {
        let verifier = Verifier::new(Connection(self.database.clone()), two_keys(keys.0, keys.1), policy());
        let ahead = self.rng.random_range(-DRIFT..=DRIFT);
        Machine { verifier: Arc::new(verifier.with_sink(self.database.clone())), keys, ahead }
    }

    fn restart(&mut self, machine: usize, keys: (u32, u32)) {
        let ahead = self.machines[machine].ahead;
        self.machines[machine] = Machine { ahead, ..self.machine(keys) };
    }

    fn now(&self, machine: usize) -> UnixTime {
        at(self.time.saturating_add_signed(self.machines[machine].ahead))
    }

    fn run(&mut self, calls: &[Call]) -> Vec<Answer> {
        self.run_over(calls, None)
    }

    /// Runs calls side by side. Their steps are mixed, and machines crash between them. After the given number of steps
    /// the database fails over.
    fn run_over(&mut self, calls: &[Call], mut steps_before: Option<u32>) -> Vec<Answer> {
        let mut answers: Vec<_> = calls.iter().map(|_| None).collect();
        let begun = |call: &Call| -> (Running, Progress) {
            let verifier = self.machines[call.machine].verifier.clone();
            let future = begin(verifier, self.people[call.account].id, call, self.now(call.machine));
            (future, Progress::new(self.machines[call.machine].keys.0))
        };
        let mut running: Vec<_> = calls.iter().map(|call| Some(begun(call))).collect();
        while answers.iter().any(Option::is_none) {
            if steps_before == Some(0) {
                let under_way = running.iter_mut().zip(calls);
                self.restore(under_way.filter_map(|(running, call)| Some((call, &mut running.as_mut()?.1))).collect());
            }
            steps_before = steps_before.and_then(|steps| steps.checked_sub(1));
            let n = self.rng.random_range(0..calls.len());
            let Some((future, progress)) = &mut running[n] else { continue };
            let call = &calls[n];
            let poll = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            let now = at(self.time.saturating_add_signed(self.machines[call.machine].ahead));
            self.judge.follow(self.database.take_log(), Some(call), &self.people, progress, now);
            let mut ended = Vec::new();
            match poll {
                Poll::Ready(answer) => ended.push((n, answer)),
                Poll::Pending if self.rng.random_range(0..2_000) == 0 => {
                    // The machine crashes, with all of its calls.
                    let of_machine = |n: &usize| running[*n].is_some() && calls[*n].machine == call.machine;
                    ended.extend((0..calls.len()).filter(of_machine).map(|n| (n, Answer::Crashed)));
                    self.restart(call.machine, self.machines[call.machine].keys);
                }
                Poll::Pending => {}
            }
            for (n, answer) in ended {
                let Some((_, progress)) = running[n].take() else { continue };
                self.judge.answered(&calls[n], &self.people[calls[n].account], progress, &answer, now);
                self.logins += u64::from(matches!(answer, Answer::Accepted { .. }));
                answers[n] = Some(answer);
            }
        }
        if steps_before.is_some() {
            self.restore(Vec::new());
        }
        answers.into_iter().flatten().collect()
    }

    fn call(&mut self, account: usize, session: Session, request: Request) -> (Answer, usize) {
        let machine = self.rng.random_range(0..MACHINES);
        let answer = self.run(&[Call { account, machine, session, request }]).remove(0);
        (answer, machine)
    }

    /// Lets something happen.
    pub(crate) fn step(&mut self) {
        self.time += self.rng.random_range(90..3_600);
        for phone in self.people.iter_mut().flat_map(|person| &mut person.phones) {
            phone.ahead = (phone.ahead + self.rng.random_range(-1..=1)).clamp(-DRIFT, DRIFT);
        }
        let account = self.rng.random_range(0..PEOPLE);
        match self.rng.random_range(0..1_000) {
            0..10 => self.move_a_clock(),
            10..20 => self.rotate_keys(),
            20..30 => self.backup = (self.database.backup(), self.judge.backup()),
            30 => self.fail_over(),
            // All are away, for weeks or months.
            31..33 => self.time += self.rng.random_range(7 * DAY..120 * DAY),
            33..38 => self.meet_later_version(account),
            38..200 if self.people[account].is_attacked => self.attack(account),
            // A person who is away, so that the attacker has many attempts in a row.
            _ if account == 1 && self.rng.random_range(0..200) > 0 => self.attack(account),
            _ => self.log_in(account),
        }
    }

    /// Returns the days that have passed.
    pub(crate) fn days(&self) -> u64 {
        (self.time - START) / DAY
    }
}
