//! Logins of people by their phones, tokens, messages and apps.

use rand::RngExt;
use secondo::{AuthenticatorNumber, Refusal};

use super::{MACHINES, World};
use crate::call::{Answer, Call, Reaction, Reply, Request, Session};
use crate::person::Person;
use crate::token::Clock;

/// The device that shows the code which a person types.
#[derive(Clone, Copy, Debug)]
enum Source {
    /// The phone at this place.
    Phone(usize),
    ClockToken,
    Token,
}

impl Person {
    fn clock(&self, source: Source) -> &Clock {
        match (source, &self.clock_token) {
            (Source::Phone(place), _) => &self.phones[place],
            (Source::ClockToken, Some(token)) => token,
            (source, _) => panic!("{source:?} has no clock"),
        }
    }
}

impl World {
    /// Lets a person log in. The person is in at the end, whatever happens on the way.
    pub(super) fn log_in(&mut self, account: usize) {
        match self.rng.random_range(0..100) {
            0 => self.enroll_spare_phone(account),
            1..12 => self.log_in_by_sms(account),
            12..15 => self.log_in_by_push(account),
            15..45 if self.people[account].clock_token.is_some() => self.log_in_by_clock_token(account),
            15..45 if self.people[account].token.is_some() => self.log_in_by_token(account),
            15..30 if self.people[account].challenge_token.is_some() => self.log_in_by_challenge(account),
            30..40 if self.people[account].challenge_token.is_some() => self.sign(account),
            _ => self.log_in_by_phone(account),
        }
    }

    pub(super) fn log_in_by_phone(&mut self, account: usize) {
        let phone = self.rng.random_range(0..self.people[account].phones.len());
        self.log_in_by_code(account, Source::Phone(phone));
    }

    /// Lets a person log in with a token whose button may have been pressed in a pocket.
    fn log_in_by_token(&mut self, account: usize) {
        let presses = match self.rng.random_range(0..20) {
            0..14 => 0,
            14..19 => self.rng.random_range(1..=5),
            // Beyond the look-ahead.
            _ => self.rng.random_range(6..40),
        };
        for _ in 0..presses {
            self.people[account].token.as_mut().unwrap().press();
        }
        self.log_in_by_code(account, Source::Token);
    }

    /// Lets a person log in with a token whose clock drifts by seconds a day, until somebody sets it right.
    fn log_in_by_clock_token(&mut self, account: usize) {
        /// The seconds by which the clock is off at most. The library finds ten steps.
        const FARTHEST: i64 = 240;

        let clock = self.people[account].clock_token.as_mut().unwrap();
        clock.drift(self.time);
        if clock.ahead.abs() > FARTHEST {
            clock.set_right(self.time, &mut self.rng);
            self.judge.see("clock set right");
            // The steps that the token has shown are used.
            self.time += 600;
        }
        self.log_in_by_code(account, Source::ClockToken);
    }

    fn log_in_by_code(&mut self, account: usize, source: Source) {
        // Outages and clocks that have jumped end sooner or later.
        for _ in 0..20 {
            let session = self.rng.random();
            let (number, code) = self.type_code(account, source);
            let request = match self.rng.random_range(0..10) {
                0 => Request::VerifyWith(number, code.clone()),
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
            let mut answers: Vec<_> = of_person.map(|(_, answer)| answer).collect();
            if answers.iter().all(Answer::is_outage) {
                let (answer, has_met_jump) = self.send_again(account, session, &request);
                has_jumped |= has_met_jump;
                answers.push(answer);
            }
            if answers.iter().any(Answer::is_login) {
                return;
            }
            let mut is_beyond = false;
            for answer in answers {
                match answer {
                    Answer::Outage | Answer::Crashed => {}
                    // The judge has checked that the code is beyond the look-ahead or the window. The window of a
                    // phone is where it belongs, unless a clock that had jumped has moved it.
                    Answer::Refused(Refusal::Wrong { .. })
                        if !matches!(source, Source::Phone(_)) || !self.judge.is_right(account, number) =>
                    {
                        is_beyond = true;
                    }
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
            if is_beyond {
                self.resync(account, source, calls.len() > 1);
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

    /// Returns the next code of a person, which somebody may see, with the number of its authenticator.
    fn type_code(&mut self, account: usize, source: Source) -> (AuthenticatorNumber, String) {
        let person = &mut self.people[account];
        let (number, code) = match source {
            Source::Token => {
                let token = person.token.as_mut().unwrap();
                (token.number, token.press())
            }
            Source::Phone(_) | Source::ClockToken => {
                let clock = person.clock(source);
                (clock.number, clock.code(self.time))
            }
        };
        person.seen.clone_from(&code);
        (number, code)
    }

    /// Lets a browser send the same form again after outages. Returns `true` with the answer if a machine that was
    /// asked has a clock that has jumped.
    fn send_again(&mut self, account: usize, session: Session, request: &Request) -> (Answer, bool) {
        let (mut last, mut has_jumped) = (Answer::Outage, false);
        for _ in 0..3 {
            let (answer, machine) = self.call(account, session, request.clone());
            has_jumped |= self.machines[machine].has_jumped();
            last = answer;
            if !last.is_outage() {
                break;
            }
        }
        (last, has_jumped)
    }

    /// Lets a person have an authenticator found again by two codes in a row.
    ///
    /// A thief may have used the first code meanwhile, on a machine with another clock.
    fn resync(&mut self, account: usize, source: Source, is_stolen: bool) {
        let person = &mut self.people[account];
        let (number, codes) = match source {
            Source::Token => {
                let token = person.token.as_mut().unwrap();
                (token.number, [token.press(), token.press()])
            }
            Source::Phone(_) | Source::ClockToken => {
                let clock = person.clock(source);
                self.time += 30;
                let step = clock.step(self.time);
                (clock.number, [clock.code_of(step - 1), clock.code_of(step)])
            }
        };
        let session = self.rng.random();
        let (answer, has_jumped) = self.send_again(account, session, &Request::Resync(number, codes));
        let is_found = matches!(answer, Answer::Resynchronized { .. } | Answer::Repeated { is_login: false });
        let is_excused = self.people[account].is_attacked
            && match answer {
                // The wrong code before may have been the last of five. The next attempt calls the help desk.
                Answer::Refused(Refusal::Locked { .. }) => true,
                Answer::Refused(Refusal::Replayed { .. }) => is_stolen,
                _ => false,
            };
        assert!(
            is_found || is_excused || has_jumped || answer.is_outage(),
            "person {account}, who has two codes in a row, is told {answer:?}"
        );
    }

    pub(super) fn new_call(&mut self, account: usize, session: Session, request: Request) -> Call {
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
            assert!(is_in || !recovers || answer.is_outage(), "{answer:?}");
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
                    answer.is_login() || is_excused || answer.is_outage(),
                    "person {account}, who did nothing wrong, is told {answer:?}"
                );
            }
        }
        // A person to whom no code was sent logs in with the phone.
        self.time += 90;
        self.log_in_by_phone(account);
    }

    /// Lets a person enroll another phone and, once it is confirmed, revoke it.
    fn enroll_spare_phone(&mut self, account: usize) {
        let (session, secret) = (self.rng.random(), self.rng.random());
        let (enrolled, _) = self.send_again(account, session, &Request::Enroll(secret));
        match enrolled {
            Answer::Enrolled(number) => {
                let code = Clock::new(number, 6, secret).code(self.time);
                self.send_again(account, session, &Request::Confirm(number, code));
                self.send_again(account, session, &Request::Revoke(number));
            }
            // An attacker with a session has used the enrollments up, or a clock was ahead at the last one.
            Answer::Other("too_many_enrollments", _) => {
                self.send_again(account, session, &Request::AllowEnrollments);
            }
            answer => assert!(answer.is_outage() || self.people[account].is_attacked, "{answer:?}"),
        }
        self.log_in_by_phone(account);
    }

    fn log_in_by_push(&mut self, account: usize) {
        let (session, number, random) = (self.rng.random(), self.people[account].number_of_app, self.rng.random());
        let (answer, asker) = self.call(account, session, Request::Push(number, random));
        // One message in five is lost, and one answer in five comes twice.
        if let (Answer::Pushed(sent), true) = (answer, self.rng.random_bool(0.8)) {
            let now = self.now(asker);
            let person = &mut self.people[account];
            let text = person.approve(&sent, &sent.number, now);
            person.answered = Reply { text, session, reaction: Reaction::Accept };
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
}
