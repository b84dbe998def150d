//! How people log in and sign with a token that answers challenges.

use rand::RngExt;
use secondo::Refusal;

use super::World;
use crate::call::{Answer, Payee, Request, Session};

/// The payee of the transfers that people sign, and that of transfers that others put in their place.
pub(super) const PAYEES: [Payee; 2] = ["Maria Rossi", "Mario Verdi"];

impl World {
    pub(super) fn log_in_by_challenge(&mut self, account: usize) {
        let token = self.people[account].challenge_token.as_ref().unwrap().number;
        let (session, other) = (self.rng.random(), self.rng.random());
        let [ask, ask_other] = [(); 2].map(|()| Request::Challenge(token, self.rng.random()));
        if let (Answer::Asked(question), asker) = self.call(account, session, ask.clone()) {
            let response = self.people[account].challenge_token.as_ref().unwrap().respond(&question);
            let verify = Request::Verify(response.clone());
            match self.rng.random_range(0..10) {
                // The response is lost.
                0 => return self.log_in_by_phone(account),
                // The page asks again. The judge checks that the question is the same.
                1 => _ = self.call(account, session, ask),
                // The response is typed into a page in which nothing was asked, or another question.
                mishap @ (2 | 3) => {
                    if mishap == 3 {
                        self.call(account, other, ask_other);
                    }
                    let (elsewhere, _) = self.call(account, other, verify.clone());
                    assert!(!elsewhere.is_login(), "the response of another transaction is accepted");
                }
                // Beyond two minutes, the judge expects that the response is refused.
                4 => self.time += self.rng.random_range(60..200),
                _ => {}
            }
            self.people[account].seen = response;
            self.answer_challenge(account, session, &verify, asker);
        }
        self.time += 90;
        self.log_in_by_phone(account);
    }

    /// Lets a person sign a transfer. Sometimes the response is posted with another payee first.
    pub(super) fn sign(&mut self, account: usize) {
        let token = self.people[account].challenge_token.as_ref().unwrap().number;
        let (session, random, [payee, other]) = (self.rng.random(), self.rng.random(), PAYEES);
        if let (Answer::ToSign(nonce), asker) = self.call(account, session, Request::Sign(token, payee, random)) {
            let response = self.people[account].challenge_token.as_ref().unwrap().sign(payee, &nonce);
            match self.rng.random_range(0..4) {
                0 => {
                    let (forged, _) = self.call(account, session, Request::VerifySignature(other, response.clone()));
                    assert!(!matches!(forged, Answer::Signed), "another transaction is signed");
                }
                // A signature is no login.
                1 => {
                    let (login, _) = self.call(account, session, Request::Verify(response.clone()));
                    assert!(!login.is_login(), "a signature is accepted as a login");
                }
                _ => {}
            }
            self.answer_challenge(account, session, &Request::VerifySignature(payee, response), asker);
        }
        self.time += 90;
        self.log_in_by_phone(account);
    }

    /// Lets a person post the right response, sometimes twice.
    fn answer_challenge(&mut self, account: usize, session: Session, request: &Request, asker: usize) {
        let copies = 1 + usize::from(self.rng.random_bool(0.2));
        let calls: Vec<_> = (0..copies).map(|_| self.new_call(account, session, request.clone())).collect();
        let mut machines = calls.iter().map(|call| call.machine).chain([asker]);
        let has_jumped = machines.any(|machine| self.machines[machine].has_jumped());
        let is_excused = has_jumped || self.people[account].is_attacked;
        for answer in self.run(&calls) {
            let is_done = matches!(answer, Answer::Accepted { .. } | Answer::Repeated { .. } | Answer::Signed);
            let is_late = matches!(answer, Answer::Refused(Refusal::Expired));
            assert!(
                is_done || is_late || is_excused || answer.is_outage(),
                "person {account}, who answers right, is told {answer:?}"
            );
        }
    }
}
