//! The world of the simulation: its time, its machines, its network, and what people and attackers do.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use pollster::block_on;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use secondo::factor::RecoveryCodes;
use secondo::policy::{RateLimit, Window};
use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
use secondo::{Policy, Refusal, UnixTime, Verifier};

use crate::call::{Answer, Call, DESK, Faulty, Request, Running, Session, begin};
use crate::judge::{Backup, Judge, Progress};
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

/// The seconds by which the clocks of machines and phones drift apart from the true time, each way. Together they are
/// less than the step on each side of the window.
const DRIFT: i64 = 12;

fn policy() -> Policy {
    // Enrollments are not limited, since all of them are at the beginning.
    let enrollments = RateLimit::new(u8::MAX, Duration::from_secs(1)).unwrap();
    Policy::new().with_window(Window::new(1, 1).unwrap()).with_enrollments(enrollments)
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

    /// Runs calls side by side. Their steps are mixed, and machines crash between them.
    fn run(&mut self, calls: &[Call]) -> Vec<Answer> {
        let mut answers: Vec<_> = calls.iter().map(|_| None).collect();
        let begun = |call: &Call| -> (Running, Progress) {
            let verifier = self.machines[call.machine].verifier.clone();
            let future = begin(verifier, self.people[call.account].id, call, self.now(call.machine));
            (future, Progress::default())
        };
        let mut running: Vec<_> = calls.iter().map(|call| Some(begun(call))).collect();
        while answers.iter().any(Option::is_none) {
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
                self.judge.answered(&calls[n], &self.people[calls[n].account], progress, &answer);
                self.logins += u64::from(matches!(answer, Answer::Accepted { .. }));
                answers[n] = Some(answer);
            }
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

    /// Lets a machine's clock jump or drift, or sets it right.
    fn move_a_clock(&mut self) {
        let machine = self.rng.random_range(0..MACHINES);
        let is_alone = !self.machines.iter().any(Machine::has_jumped);
        self.machines[machine].ahead = if is_alone && self.rng.random_bool(0.3) {
            let jump = [90, 3_600, 86_400, 400 * 86_400][self.rng.random_range(0..4)];
            self.judge.see("jumped");
            if self.rng.random() { jump } else { -jump }
        } else {
            self.rng.random_range(-DRIFT..=DRIFT)
        };
    }

    /// Gives one machine the next ring of a rotation: first the new key opens, then it seals, then the old one goes.
    fn rotate_keys(&mut self) {
        let (old, new) = (self.key, self.key + 1);
        let (stage, machine) = (self.steps / MACHINES, self.steps % MACHINES);
        if stage == 2 && machine == 0 {
            // The old key can go when all records are sealed with the new one.
            let (answer, _) = self.call(0, [0; 16], Request::ResealAll);
            if !matches!(answer, Answer::Done) {
                return;
            }
            // A backup from before can only be opened with the old key.
            self.backup = (self.database.backup(), self.judge.backup());
        }
        self.restart(machine, [(old, new), (new, old), (new, new)][stage]);
        self.steps += 1;
        if self.steps == 3 * MACHINES {
            (self.steps, self.key) = (0, new);
            self.judge.see("rotated");
            let reader = Verifier::new(Connection(self.database.clone()), ring([new, new + 1]), policy());
            self.judge.read_with(reader);
        }
    }

    /// Fails over to a replica as old as the last backup, and raises watermarks before the next login.
    fn fail_over(&mut self) {
        // The replica knows nothing of the last login, whose code a thief has seen.
        let account = 3;
        self.log_in_by_phone(account);
        self.judge.see("failed over");
        self.judge.restore(&self.backup.1);
        self.database.restore(&self.backup.0);
        // All machines open what the first one seals, which is the first in a rotation.
        let (active, other) = self.machines[0].keys;
        let operator = Verifier::new(Connection::<0>(self.database.clone()), two_keys(active, other), policy());
        let operator = operator.with_sink(self.database.clone());
        assert_eq!(block_on(operator.raise_all_watermarks(DESK, at(self.time), |_, _| ())).unwrap(), 0);
        self.judge.follow(self.database.take_log(), None, &self.people, &mut Progress::default(), at(self.time));
        self.backup = (self.database.backup(), self.judge.backup());
        let stolen = Request::Verify(self.people[account].seen.clone());
        let session = self.rng.random();
        self.call(account, session, stolen);
        // Steps up to the farthest drift are used, ten and one of the window.
        self.time += 600;
    }

    /// Replaces an account by a record of a later version, which no machine reads or changes, and takes it back.
    fn meet_later_version(&mut self, account: usize) {
        self.judge.see("later version");
        let Person { id, phones, number_of_sms, number_of_app, codes, .. } = &self.people[account];
        let (id, code) = (*id, phones[0].code(self.time));
        let requests = [
            Request::Verify(code.clone()),
            Request::VerifyWith(phones[0].number, code),
            Request::Recover(codes[0].clone()),
            Request::Send(*number_of_sms, self.rng.random()),
            Request::Push(*number_of_app, self.rng.random()),
            Request::EnrollFirst(self.rng.random()),
            Request::Poll,
            Request::Unlock,
            Request::ResealAll,
        ];
        let record = self.database.value(&id);
        let mut later = record.clone();
        // The first byte is the version.
        later[0] += 1;
        later.extend(b"new field");
        self.database.put(&id, later.clone());
        for request in requests {
            let session = self.rng.random();
            let (answer, _) = self.call(account, session, request.clone());
            let is_outage = matches!(answer, Answer::OtherVersion | Answer::Outage | Answer::Crashed);
            assert!(is_outage, "{request:?} of a later version's record: {answer:?}");
        }
        assert_eq!(self.database.value(&id), later);
        self.database.put(&id, record);
    }

    /// Lets a person log in. The person is in at the end, whatever happens on the way.
    fn log_in(&mut self, account: usize) {
        match self.rng.random_range(0..100) {
            0..12 => self.log_in_by_sms(account),
            12..15 => self.log_in_by_push(account),
            _ => self.log_in_by_phone(account),
        }
    }

    fn log_in_by_phone(&mut self, account: usize) {
        // Outages and clocks that have jumped end sooner or later.
        for _ in 0..20 {
            let phone = self.rng.random_range(0..self.people[account].phones.len());
            let (session, code) = (self.rng.random(), self.people[account].phones[phone].code(self.time));
            self.people[account].seen.clone_from(&code);
            let request = match self.rng.random_range(0..10) {
                0 => Request::VerifyWith(self.people[account].phones[phone].number, code.clone()),
                _ => Request::Verify(code.clone()),
            };
            let mut calls = vec![self.new_call(account, session, request.clone())];
            match self.rng.random_range(0..20) {
                // A double click, which may reach two machines.
                0 => calls.push(self.new_call(account, session, request.clone())),
                // A thief who reads the code over the shoulder, and is as fast.
                1 if self.people[account].is_attacked => {
                    let stolen = self.rng.random();
                    calls.push(self.new_call(account, stolen, Request::Verify(code)));
                }
                _ => {}
            }
            let answers = self.run(&calls);
            let mut has_jumped = calls.iter().any(|call| self.machines[call.machine].has_jumped());
            let of_person = calls.iter().zip(answers).filter(|(call, _)| call.session == session);
            let mut answers: VecDeque<_> = of_person.map(|(_, answer)| answer).collect();
            // After an outage, the browser sends the same form again.
            for _ in 0..3 {
                if answers.iter().any(|answer| !matches!(answer, Answer::Outage | Answer::Crashed)) {
                    break;
                }
                let (answer, machine) = self.call(account, session, request.clone());
                has_jumped |= self.machines[machine].has_jumped();
                answers.push_back(answer);
            }
            if answers.iter().any(Answer::is_login) {
                return;
            }
            for answer in answers {
                match answer {
                    Answer::Outage | Answer::Crashed => {}
                    _ if has_jumped => {}
                    Answer::Refused(Refusal::Locked { .. }) if self.people[account].is_attacked => {
                        if self.rescue(account) {
                            return;
                        }
                    }
                    // The thief was faster.
                    Answer::Refused(Refusal::Replayed { .. } | Refusal::ClockBehind)
                        if calls.len() > 1 && self.people[account].is_attacked => {}
                    answer => panic!("person {account}, who did nothing wrong, is told {answer:?}"),
                }
            }
            if has_jumped {
                // Somebody notices, before the wrong clock has refused five right codes of one person.
                if let Some(machine) = self.machines.iter_mut().find(|machine| machine.has_jumped()) {
                    machine.ahead = 0;
                }
            }
            self.time += 90;
        }
        panic!("person {account}, who did nothing wrong, does not get in");
    }

    fn new_call(&mut self, account: usize, session: Session, request: Request) -> Call {
        Call { account, machine: self.rng.random_range(0..MACHINES), session, request }
    }

    /// Lets a locked person log in with a recovery code, or has the help desk unlock. Returns `true` after a login.
    fn rescue(&mut self, account: usize) -> bool {
        let session = self.rng.random();
        let code = (0..10).find(|code| !self.judge.is_recovery_used(account, *code));
        if let Some(code) = code.filter(|_| self.rng.random_bool(0.2)) {
            let request = Request::Recover(self.people[account].codes[code].clone());
            let call = self.new_call(account, session, request);
            let recovers = self.judge.recovers(account, self.now(call.machine));
            let answer = self.run(&[call]).remove(0);
            let is_in = answer.is_login();
            assert!(is_in || !recovers || matches!(answer, Answer::Outage | Answer::Crashed), "{answer:?}");
            return is_in;
        }
        // An operator tries again after an outage.
        while !matches!(self.call(account, session, Request::Unlock).0, Answer::Done) {}
        false
    }

    fn log_in_by_sms(&mut self, account: usize) {
        let (session, number, random) = (self.rng.random(), self.people[account].number_of_sms, self.rng.random());
        if let (Answer::Sent(Some(code)), sender) = self.call(account, session, Request::Send(number, random)) {
            self.time += 20;
            // One message in ten is lost, and one in ten comes twice.
            let copies = [0, 1, 1, 1, 1, 1, 1, 1, 1, 2][self.rng.random_range(0..10)];
            let mut is_excused = self.people[account].is_attacked || self.machines[sender].has_jumped();
            for _ in 0..copies {
                let (answer, machine) = self.call(account, session, Request::Verify(code.clone()));
                // To a clock that is ahead, the code has expired, and it is dropped.
                is_excused |= self.machines[machine].has_jumped();
                assert!(
                    answer.is_login() || is_excused || matches!(answer, Answer::Outage | Answer::Crashed),
                    "person {account}, who did nothing wrong, is told {answer:?}"
                );
            }
        }
        // A person to whom no code was sent logs in with the phone.
        self.time += 90;
        self.log_in_by_phone(account);
    }

    fn log_in_by_push(&mut self, account: usize) {
        let (session, number, random) = (self.rng.random(), self.people[account].number_of_app, self.rng.random());
        let (answer, asker) = self.call(account, session, Request::Push(number, random));
        // One message in five is lost, and one answer in five comes twice.
        if let (Answer::Pushed(sent), true) = (answer, self.rng.random_bool(0.8)) {
            let now = self.now(asker);
            let person = &mut self.people[account];
            person.answered = person.approve(&sent, &sent.number, now);
            let answer = Request::AnswerPush(person.answered.clone());
            let copies = 1 + usize::from(self.rng.random_bool(0.2));
            let calls: Vec<_> = (0..copies).map(|_| self.new_call(account, session, answer.clone())).collect();
            self.run(&calls);
            let polls: Vec<_> = (0..copies).map(|_| self.new_call(account, session, Request::Poll)).collect();
            self.run(&polls);
        }
        self.time += 90;
        self.log_in_by_phone(account);
    }

    /// Lets somebody who knows the password guess, with all that the person has.
    fn attack(&mut self, account: usize) {
        let mut repeated = None;
        for _ in 0..self.rng.random_range(1..5) {
            let calls: Vec<_> = (0..self.rng.random_range(1..5))
                .map(|_| {
                    let session = self.rng.random();
                    let guess = format!("{:06}", self.rng.random_range(0..1_000_000));
                    let person = &self.people[account];
                    let phone = self.rng.random_range(0..person.phones.len());
                    let request = match self.rng.random_range(0..9) {
                        0 => Request::VerifyWith(person.phones[phone].number, guess),
                        1 => Request::VerifyWith(person.number_of_sms, guess),
                        2 => Request::Verify(person.seen.clone()),
                        3 => Request::Recover(
                            RecoveryCodes::long(&self.rng.random()).texts().next().unwrap().as_str().to_owned(),
                        ),
                        4 => Request::Send(person.number_of_sms, self.rng.random()),
                        5 => Request::EnrollFirst(self.rng.random()),
                        // Anyone can post to the endpoint of answers.
                        6 => Request::AnswerPush(person.answered.clone()),
                        _ => Request::Verify(guess),
                    };
                    self.new_call(account, session, request)
                })
                .collect();
            self.run(&calls);
            if self.rng.random_bool(0.1) {
                self.attack_by_push(account);
            }
            // The same form again, which costs nothing and tells nothing.
            let again: &Call = repeated.get_or_insert_with(|| calls[0].clone());
            let again = again.clone();
            self.run(&[again]);
            self.time += self.rng.random_range(1..60);
        }
    }

    /// Lets somebody who knows the password ask for a push, to which the person reacts in one of several ways.
    fn attack_by_push(&mut self, account: usize) {
        let (session, number, random) = (self.rng.random(), self.people[account].number_of_app, self.rng.random());
        let (Answer::Pushed(sent), asker) = self.call(account, session, Request::Push(number, random)) else { return };
        let now = self.now(asker);
        let person = &mut self.people[account];
        let answer = match self.rng.random_range(0..4) {
            0 => person.deny(&sent, false, now),
            1 => person.deny(&sent, true, now),
            // The person types a number without its page.
            2 => match format!("{:06}", self.rng.random_range(0..1_000_000)) {
                guess if guess == sent.number => return,
                guess => person.approve(&sent, &guess, now),
            },
            _ => return,
        };
        person.answered.clone_from(&answer);
        // The attacker answers first.
        let forged = person.forge(&sent, &answer, now);
        let (forgery, _) = self.call(account, session, Request::AnswerPush(forged));
        assert!(!matches!(forgery, Answer::Done), "a forged answer is taken");
        self.call(account, session, Request::AnswerPush(answer));
        let (polled, _) = self.call(account, session, Request::Poll);
        assert!(!polled.is_login(), "an attacker is let in, whose push the person did not accept");
    }

    /// Returns the days that have passed.
    pub(crate) fn days(&self) -> u64 {
        (self.time - START) / DAY
    }
}
