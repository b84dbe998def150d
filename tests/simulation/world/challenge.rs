//! Logins and signatures with a token that answers challenges.

use rand::RngExt;
use secondo::Refusal;

use super::{Machine, World};
use crate::call::{Answer, Payee, Request, Session};

/// The payee of the transfers that people sign, and that of transfers that others put in their place.
pub(super) const PAYEES: [Payee; 2] = ["Maria Rossi", "Mario Verdi"];

impl World {
    pub(super) fn log_in_by_challenge(&mut self, account: usize) {
        let token = self.people[account].challenge_token.as_ref().unwrap().number;
        let (session, other) = (self.rng.random(), self.rng.random());
        let [ask, ask_other] = [(); 2].map(|()| Request::Challenge(token, self.rng.random()));
        if let (Answer::Asked(question), _) = self.call(account, session, ask.clone()) {
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
            self.answer_challenge(account, session, &verify);
        }
        self.time += 90;
        self.log_in_by_phone(account);
    }

    /// Lets a person sign a transfer. Sometimes the response is posted with another payee first.
    pub(super) fn sign(&mut self, account: usize) {
        let token = self.people[account].challenge_token.as_ref().unwrap().number;
        let (session, random, [payee, other]) = (self.rng.random(), self.rng.random(), PAYEES);
        if let (Answer::ToSign(nonce), _) = self.call(account, session, Request::Sign(token, payee, random)) {
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
            self.answer_challenge(account, session, &Request::VerifySignature(payee, response));
        }
        self.time += 90;
        self.log_in_by_phone(account);
    }

    /// Lets a person post the right response, sometimes twice.
    fn answer_challenge(&mut self, account: usize, session: Session, request: &Request) {
        let copies = 1 + usize::from(self.rng.random_bool(0.2));
        let calls: Vec<_> = (0..copies).map(|_| self.new_call(account, session, request.clone())).collect();
        // A clock that has jumped may have made other challenges of the account, and ended this one.
        let is_excused = self.people[account].is_attacked || self.machines.iter().any(Machine::has_jumped);
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
