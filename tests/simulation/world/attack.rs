//! Attacks by somebody who knows the password.

use rand::RngExt;
use secondo::factor::RecoveryCodes;

use super::World;
use super::challenge::PAYEES;
use crate::call::{Answer, Call, Reaction, Reply, Request};

impl World {
    /// Lets somebody who knows the password guess, with all that the person has.
    pub(super) fn attack(&mut self, account: usize) {
        let mut repeated = None;
        for _ in 0..self.rng.random_range(1..5) {
            let calls: Vec<_> = (0..self.rng.random_range(1..5))
                .map(|_| {
                    let session = self.rng.random();
                    let guess = format!("{:06}", self.rng.random_range(0..1_000_000));
                    let person = &self.people[account];
                    let phone = self.rng.random_range(0..person.phones.len());
                    let request = match self.rng.random_range(0..10) {
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
                        7 => self.attack_on_token(account).unwrap_or(Request::Verify(guess)),
                        _ => Request::Verify(guess),
                    };
                    self.new_call(account, session, request)
                })
                .collect();
            self.run(&calls);
            if self.rng.random_bool(0.1) {
                self.guess_response(account);
            }
            match self.rng.random_range(0..1_000) {
                0..100 => self.attack_by_push(account),
                // One push after the other, until the person approves one.
                100..110 => (0..8).for_each(|_| self.attack_by_push(account)),
                110..115 => self.run_up_costs(),
                115..125 => self.use_up_enrollments(account),
                _ => {}
            }
            // The same form again, which costs nothing and tells nothing.
            let again: &Call = repeated.get_or_insert_with(|| calls[0].clone());
            let again = again.clone();
            self.run(&[again]);
            self.time += self.rng.random_range(1..60);
        }
    }

    /// Returns a request against the token of a person who has one.
    fn attack_on_token(&mut self, account: usize) -> Option<Request> {
        let guesses = [(); 2].map(|()| format!("{:08}", self.rng.random_range(0..100_000_000)));
        let person = &self.people[account];
        let numbers = person.clock_token.iter().map(|clock| clock.number);
        if let Some(number) = numbers.chain(person.token.iter().map(|token| token.number)).next() {
            let [guess, _] = guesses.clone();
            let one = Request::VerifyWith(number, guess);
            return Some(if self.rng.random() { one } else { Request::Resync(number, guesses) });
        }
        let (token, [payee, other]) = (person.challenge_token.as_ref()?.number, PAYEES);
        Some(match self.rng.random_range(0..4) {
            0 => Request::Sign(token, other, self.rng.random()),
            1 => Request::VerifySignature(payee, person.seen.clone()),
            _ => Request::Challenge(token, self.rng.random()),
        })
    }

    /// Lets somebody who knows the password guess the response to a challenge, and ask for more of them.
    fn guess_response(&mut self, account: usize) {
        let Some(token) = &self.people[account].challenge_token else { return };
        let (session, number, random) = (self.rng.random(), token.number, self.rng.random());
        let guess = format!("{:07}", self.rng.random_range(0..10_000_000));
        let [payee, _] = PAYEES;
        let (ask, answer) = if self.rng.random() {
            (Request::Challenge(number, random), Request::Verify(guess))
        } else {
            (Request::Sign(number, payee, random), Request::VerifySignature(payee, guess))
        };
        self.call(account, session, ask);
        self.call(account, session, answer);
        for _ in 0..self.rng.random_range(0..5) {
            let (session, random) = (self.rng.random(), self.rng.random());
            self.call(account, session, Request::Challenge(number, random));
        }
    }

    /// Lets somebody who knows several passwords have messages sent, some of them to one number.
    fn run_up_costs(&mut self) {
        for account in [3, 5, 7, 1].into_iter().flat_map(|account| [account; 7]) {
            let (session, number, random) = (self.rng.random(), self.people[account].number_of_sms, self.rng.random());
            self.call(account, session, Request::Send(number, random));
        }
    }

    /// Lets somebody who has stolen a session enroll phones.
    fn use_up_enrollments(&mut self, account: usize) {
        for _ in 0..self.rng.random_range(1..12) {
            let (session, secret) = (self.rng.random(), self.rng.random());
            self.call(account, session, Request::Enroll(secret));
        }
    }

    /// Lets somebody who knows the password ask for a push, to which the person reacts in one of several ways.
    fn attack_by_push(&mut self, account: usize) {
        let (session, number, random) = (self.rng.random(), self.people[account].number_of_app, self.rng.random());
        let (Answer::Pushed(sent), asker) = self.call(account, session, Request::Push(number, random)) else { return };
        let now = self.now(asker);
        let person = &mut self.people[account];
        let (reaction, text) = match self.rng.random_range(0..6) {
            0 => (Reaction::Deny, person.deny(&sent, false, now)),
            1 => (Reaction::Report, person.deny(&sent, true, now)),
            // The person types a number without its page.
            2 => match format!("{:06}", self.rng.random_range(0..1_000_000)) {
                guess if guess == sent.number => return,
                guess => (Reaction::WrongNumber, person.approve(&sent, &guess, now)),
            },
            _ => return,
        };
        let answer = Reply { text, session, reaction };
        person.answered.clone_from(&answer);
        // The attacker answers first.
        let forged = Reply { text: person.forge(&sent, &answer.text, now), ..answer.clone() };
        let (forgery, _) = self.call(account, session, Request::AnswerPush(forged));
        assert!(!matches!(forgery, Answer::Done), "a forged answer is taken");
        self.call(account, session, Request::AnswerPush(answer));
        let (polled, _) = self.call(account, session, Request::Poll);
        assert!(!polled.is_login(), "an attacker is let in, whose push the person did not accept");
    }
}
