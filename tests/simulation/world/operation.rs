//! The operation of the service: clocks, keys, fail-over and upgrades.

use pollster::block_on;
use rand::RngExt;
use secondo::Verifier;

use super::challenge::PAYEES;
use super::{DRIFT, MACHINES, Machine, PEOPLE, World, at, policy, ring, two_keys};
use crate::call::{Answer, Call, DESK, Reaction, Reply, Request, Session};
use crate::judge::Progress;
use crate::person::Person;
use crate::store::Connection;

impl World {
    /// Lets a machine's clock jump or drift, or sets it right.
    pub(super) fn move_a_clock(&mut self) {
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
    pub(super) fn rotate_keys(&mut self) {
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

    /// Fails over to a replica as old as the last backup, while calls are under way.
    pub(super) fn fail_over(&mut self) {
        let answers = self.ask();
        if self.rng.random() {
            // The replica knows what was asked, and nothing of the answers.
            self.backup = (self.database.backup(), self.judge.backup());
        }
        // The replica knows nothing of the last login, whose code a thief has seen.
        let account = 3;
        self.log_in_by_phone(account);
        let mut calls = [answers.clone(), answers.clone()].concat();
        for _ in 0..4 {
            let account = self.rng.random_range(0..PEOPLE);
            calls.extend(self.calls_of(account));
        }
        // Each call waits for the database two or three times.
        let steps = self.rng.random_range(0..3 * u32::try_from(calls.len()).unwrap());
        self.run_over(&calls, Some(steps));
        for Call { account, session, request, .. } in answers {
            self.call(account, session, request);
        }
        let stolen = Request::Verify(self.people[account].seen.clone());
        let session = self.rng.random();
        self.call(account, session, stolen);
        // Steps up to the farthest drift are used, ten and one of the window. A token may be nine behind.
        self.time += 700;
    }

    /// Sends a code, a challenge and a push. Returns the calls that answer them.
    fn ask(&mut self) -> Vec<Call> {
        let [sms, challenge, push]: [Session; 3] = self.rng.random();
        let mut answers = Vec::new();
        let account = self.rng.random_range(0..PEOPLE);
        let request = Request::Send(self.people[account].number_of_sms, self.rng.random());
        if let (Answer::Sent(Some(code)), _) = self.call(account, sms, request) {
            answers.push(self.new_call(account, sms, Request::Verify(code)));
        }
        let request = Request::Push(self.people[account].number_of_app, self.rng.random());
        if let (Answer::Pushed(sent), asker) = self.call(account, push, request) {
            let now = self.now(asker);
            let text = self.people[account].approve(&sent, &sent.number, now);
            let reply = Reply { text, session: push, reaction: Reaction::Accept };
            self.call(account, push, Request::AnswerPush(reply));
            answers.push(self.new_call(account, push, Request::Poll));
        }
        let holder = self.people.iter().position(|person| person.challenge_token.is_some()).unwrap();
        let token = self.people[holder].challenge_token.as_ref().unwrap().number;
        let request = Request::Challenge(token, self.rng.random());
        if let (Answer::Asked(question), _) = self.call(holder, challenge, request) {
            let response = self.people[holder].challenge_token.as_ref().unwrap().respond(&question);
            answers.push(self.new_call(holder, challenge, Request::Verify(response)));
        }
        answers
    }

    /// Returns calls of a person, whose code somebody has seen.
    fn calls_of(&mut self, account: usize) -> Vec<Call> {
        let (session, unused) = (self.rng.random(), (0..10).find(|code| !self.judge.is_recovery_used(account, *code)));
        let person = &mut self.people[account];
        let code = Request::Verify(person.phones[0].code(self.time));
        let mut requests = vec![(session, code.clone()), (session, code.clone()), (self.rng.random(), code)];
        if let Some(token) = &mut person.token {
            let code = Request::Verify(token.press());
            let session = self.rng.random();
            requests.extend([(session, code.clone()), (session, code)]);
        }
        let other = match self.rng.random_range(0..4) {
            0 => Request::Send(person.number_of_sms, self.rng.random()),
            1 => Request::Push(person.number_of_app, self.rng.random()),
            2 => Request::Enroll(self.rng.random()),
            _ => unused.map_or(Request::Poll, |code| Request::Recover(person.codes[code].clone())),
        };
        requests.push((self.rng.random(), other));
        requests.into_iter().map(|(session, request)| self.new_call(account, session, request)).collect()
    }

    /// Restores the last backup, and raises watermarks before calls that are under way go on.
    pub(super) fn restore(&mut self, under_way: Vec<(&Call, &mut Progress)>) {
        self.judge.see("failed over");
        self.judge.restore(&self.backup.1, under_way);
        self.database.restore(&self.backup.0);
        // All machines open what the first one seals, which is the first in a rotation.
        let (active, other) = self.machines[0].keys;
        let operator = Verifier::new(Connection::<0>(self.database.clone()), two_keys(active, other), policy());
        let operator = operator.with_sink(self.database.clone());
        assert_eq!(block_on(operator.raise_all_watermarks(DESK, at(self.time), |_, _| ())).unwrap(), 0);
        self.judge.follow(self.database.take_log(), None, &self.people, &mut Progress::default(), at(self.time));
        self.backup = (self.database.backup(), self.judge.backup());
    }

    /// Replaces an account by a record of a later version, which no machine reads or changes, and takes it back.
    pub(super) fn meet_later_version(&mut self, account: usize) {
        self.judge.see("later version");
        let Person { id, phones, number_of_sms, number_of_app, codes, .. } = &self.people[account];
        let (id, code) = (*id, phones[0].code(self.time));
        let requests = [
            Request::Verify(code.clone()),
            Request::VerifyWith(phones[0].number, code.clone()),
            Request::Challenge(phones[0].number, self.rng.random()),
            Request::Sign(phones[0].number, PAYEES[0], self.rng.random()),
            Request::VerifySignature(PAYEES[0], code.clone()),
            Request::Resync(phones[0].number, [code.clone(), code]),
            Request::Recover(codes[0].clone()),
            Request::Send(*number_of_sms, self.rng.random()),
            Request::Push(*number_of_app, self.rng.random()),
            Request::EnrollFirst(self.rng.random()),
            Request::Enroll(self.rng.random()),
            Request::Confirm(phones[0].number, "000000".into()),
            Request::Revoke(phones[0].number),
            Request::AllowEnrollments,
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
            let is_error = answer.is_outage() || matches!(answer, Answer::OtherVersion);
            assert!(is_error, "{request:?} of a later version's record: {answer:?}");
        }
        assert_eq!(self.database.value(&id), later);
        self.database.put(&id, record);
    }
}
