//! The challenges in the account, and the decisions about responses to those of signatures.

use secondo::factor::ocra::Question;

use super::device::{Device, Factor, Found, Purpose, Standing};
use super::outcome::{Outcome, refused};
use super::person::{self, Attempt, Person, Verdict};
use super::setup::Setup;
use super::token::Token;

#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// Its place among all challenges.
    pub(super) id: usize,
    pub(super) login: u8,
    pub(super) about: About,
    pub(super) question: Question,
    pub(super) expires: u64,
}

/// The subject of a challenge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum About {
    /// A login or a confirmation, with the data of its session.
    Login(Option<&'static [u8]>),
    /// The details of a transaction, by their place in the list.
    Signature(usize),
}

/// A request for a challenge.
pub(super) struct Inquiry {
    pub(super) login: u8,
    pub(super) number: u32,
    pub(super) about: About,
    pub(super) now: u64,
}

impl About {
    pub(super) fn secs(self) -> u64 {
        if matches!(self, Self::Login(_)) { 120 } else { 300 }
    }
}

impl Asked {
    /// Returns `false` after its expiry, or if only a clock that was ahead can have set it.
    pub(super) fn is_live(&self, now: u64) -> bool {
        now < self.expires && self.expires <= now + self.about.secs() + 60
    }
}

impl Person {
    fn asked(&self) -> impl Iterator<Item = (&Device, &Token, &Asked)> {
        self.devices.iter().flat_map(|device| match &device.factor {
            Factor::Token(token) => token.asked.iter().map(|asked| (device, token, asked)).collect(),
            _ => Vec::new(),
        })
    }

    /// Returns the refusal of every response of a device that must be active.
    fn not_admitted(&self, setup: &Setup, device: &Device, now: u64) -> Option<Outcome> {
        match device.standing {
            _ if self.is_suspended => Some(refused("suspended")),
            Standing::Unconfirmed { .. } => Some(refused("unconfirmed")),
            Standing::Suspended => Some(refused("suspended")),
            Standing::Active => self.count.refusal(&setup.rules, now),
        }
    }

    /// Asks a token. `new` is the place and the question of a challenge that was not made before.
    pub(super) fn challenge(&mut self, setup: &Setup, inquiry: &Inquiry, new: Option<(usize, Question)>) -> Outcome {
        let Inquiry { login, number, about, now } = *inquiry;
        let Some(device) = self.devices.iter().find(|device| device.number == number) else {
            return refused(if self.browser(number).is_some() { "not_ocra" } else { "unknown_authenticator" });
        };
        let Factor::Token(token) = &device.factor else { return refused("not_ocra") };
        let refusal = match about {
            About::Login(_) if !device.is_confirmed() => self.not_pending(device, login, now).map(refused),
            About::Login(_) if self.is_logged_in(login, now) => Some(refused("logged_in")),
            _ => self.not_admitted(setup, device, now),
        };
        if let Some(refusal) = refusal {
            return refusal;
        }
        let is_signature = |about: About| matches!(about, About::Signature(_));
        let pending = self.asked().find(|(of, _, asked)| {
            let is_same_kind = is_signature(asked.about) == is_signature(about);
            let is_same_token = of.number == number || is_signature(about);
            asked.login == login && asked.is_live(now) && is_same_kind && is_same_token
        });
        if let Some((of, _, asked)) = pending {
            let is_same = of.number == number && asked.about == about;
            return if is_same { Outcome::Challenged(asked.id, asked.expires) } else { refused("challenge_pending") };
        }
        let live: Vec<_> = self.asked().map(|(_, _, asked)| asked).filter(|asked| asked.is_live(now)).collect();
        if live.len() >= 3 {
            let from = live.iter().map(|asked| asked.expires).min();
            return Outcome::Refused("too_many_challenges", None, from);
        }
        let fits = match about {
            About::Login(session) => session.map_or(0, <[u8]>::len) == if token.card.has_session() { 8 } else { 0 },
            About::Signature(_) => !token.card.has_session(),
        };
        if !fits {
            return refused("ocra_session");
        }
        let (id, question) = new.expect("the library makes no challenge");
        let expires = now + about.secs();
        for device in &mut self.devices {
            let Factor::Token(token) = &mut device.factor else { continue };
            token.asked.retain(|asked| asked.is_live(now));
            if device.number == number {
                token.asked.push(Asked { id, login, about, question, expires });
            }
        }
        self.forget_refusals_in(login);
        self.changes += 1;
        Outcome::Challenged(id, expires)
    }

    pub(super) fn verify_signature(&mut self, setup: &Setup, login: u8, place: usize, text: &str, now: u64) -> Outcome {
        let texts = [&*place.to_string(), text];
        let attempt = Attempt { login, purpose: Purpose::Signature, named: None, texts: &texts, now };
        let question = person::Question::of(&attempt);
        if let Some(outcome) = self.repeated(self.left(setup, &attempt), &attempt, &question) {
            return outcome;
        }
        let is_of_login = |(_, _, asked): &(&Device, &Token, &Asked)| {
            asked.login == login && matches!(asked.about, About::Signature(_))
        };
        let Some((device, token, asked)) = self.asked().find(is_of_login) else { return refused("not_sent") };
        if asked.about != About::Signature(place) {
            return refused("other_transaction_details");
        }
        if !asked.is_live(now) {
            return refused("expired");
        }
        let (number, found) = (device.number, token.search(setup, asked, text, now));
        let refusal = self.not_admitted(setup, device, now);
        if matches!(&refusal, Some(Outcome::Refused("suspended" | "unconfirmed", ..))) {
            return refusal.unwrap();
        }
        if let Some(refusal) = self.count.owed(&setup.rules, now) {
            self.changes += 1;
            return refusal;
        }
        if let Some(refusal) = refusal {
            return refusal;
        }
        match found {
            Found::Malformed => {
                if setup.count_malformed {
                    self.count.fail(&setup.rules, now);
                    self.changes += 1;
                }
                refused("malformed")
            }
            Found::Fresh(last, drift) => {
                let before = u8::try_from(self.count.failures).unwrap();
                self.count.restart();
                self.device(number).unwrap().accept(setup, &attempt, last, drift);
                self.succeed(&attempt, question, Verdict::Done(number));
                Outcome::Signed(number, u64::try_from(last).unwrap(), before)
            }
            _ => self.wrong(setup, &attempt, question, "wrong"),
        }
    }
}
