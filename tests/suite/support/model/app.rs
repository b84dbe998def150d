//! Apps that answer pushes.

use std::time::Duration;

use pollster::block_on;
use secondo::factor::NewAuthenticator;
use secondo::push::device::{self, Unlock};
use secondo::push::{Activation, Details, SoftwareKey};
use secondo::{AccountId, UnixTime, VerifierError};

use super::device::{Device, Factor, Purpose, Standing};
use super::input::Input;
use super::outcome::{Outcome, outcome, refused, same};
use super::person::{Attempt, Person, Question, Verdict};
use super::setup::Setup;
use super::{Call, Library, Model, as_number, transaction};

/// An app in the account, with its challenges.
#[derive(Clone, Debug, Default)]
pub(super) struct App {
    asked: Vec<Asked>,
    /// The number of challenges in a row that did not become a login.
    misses: u64,
    held_until: u64,
}

#[derive(Clone, Debug)]
struct Asked {
    /// Its place among all challenges.
    id: usize,
    login: u8,
    place: &'static str,
    status: Status,
    expires: u64,
    /// The end that the message tells. An approval has another one.
    told: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Status {
    Pending,
    Approved,
    Denied,
    NotMe,
    Wrong,
    Used,
}

/// The longest time that a challenge can still have, with a minute for clocks that differ. A challenge that has longer
/// was made by a clock that was ahead.
const LONGEST_SECS: u64 = 600;

/// The phones of a run, and the challenges that were sent to them.
#[derive(Default)]
pub(super) struct Phones {
    phones: Vec<Phone>,
    sent: Vec<Sent>,
}

struct Phone {
    number: u32,
    device: device::Device<SoftwareKey>,
}

#[derive(Clone)]
struct Sent {
    login: u8,
    phone: u32,
    message: String,
    number: String,
    at: UnixTime,
}

/// An answer to a challenge.
#[derive(Clone, Copy, Debug)]
enum Act {
    Accept,
    AcceptWrong,
    Deny,
    NotMe,
    /// Somebody changes the answer on its way.
    Forge,
}

impl Asked {
    fn is_open(&self) -> bool {
        matches!(self.status, Status::Pending | Status::Approved)
    }

    fn is_live(&self, now: u64) -> bool {
        self.is_open() && now < self.expires && self.expires <= now + LONGEST_SECS
    }
}

impl App {
    pub(super) fn end_questions(&mut self, login: u8) {
        for asked in self.asked.iter_mut().filter(|asked| asked.login == login && asked.is_open()) {
            asked.status = Status::Used;
        }
    }

    pub(super) fn forget(&mut self) {
        self.asked.clear();
    }

    pub(super) fn release(&mut self) {
        (self.misses, self.held_until) = (0, 0);
    }
}

/// Returns the end of a wait, or 0 if only a clock that was ahead can have set it.
fn plausible(until: u64, now: u64) -> u64 {
    if until <= now + 86_400 + 60 { until } else { 0 }
}

impl Model {
    /// Binds an app: enrolls it, answers the activation and confirms it, all in one transaction.
    pub(super) fn bind_app(&mut self, input: &mut Input<'_>, verifier: &Library, id: &AccountId) -> Outcome {
        const MOST: usize = 2;

        let (login, now) = (self.any_login(input), self.now());
        if self.phones.phones.len() == MOST {
            return Outcome::Done;
        }
        let activation = Activation::new(id, "model", "app", &self.random()).unwrap();
        self.calls += 1;
        let device = Device::new(Factor::App(App::default()), "app", self.now);
        let new = NewAuthenticator::from(&activation).named("app").unwrap();
        let enrolled = self.enroll_in(login, 2, new, device, verifier, id);
        let Outcome::Enrolled(number, _) = enrolled else { return enrolled };
        let byte = 1 + u8::try_from(self.phones.phones.len()).unwrap();
        let key = SoftwareKey::from_bytes(&[byte; 32]).unwrap();
        let (device, answer) = device::Device::activate(&activation, key, None).unwrap();
        let code = device.confirmation_code();
        let code = code.as_str();
        self.phones.phones.push(Phone { number, device });
        assert_eq!(block_on(verifier.activate_push(id, &answer, now)).unwrap(), as_number(number));
        let confirmed = block_on(verifier.confirm(id, &transaction(login), as_number(number), code, now));
        let (setup, secs) = (&self.setup, self.now);
        let expected = Self::with_person(&mut self.entry, |person| {
            person.changes += 1;
            person.confirm_app(setup, login, number, code, secs)
        });
        let found = outcome(confirmed, |confirmed| Outcome::Confirmed(confirmed.into_login().is_some()));
        same(expected, found, "confirmation of an app")
    }

    /// Asks an app, mostly.
    pub(super) fn push(&mut self, input: &mut Input<'_>, verifier: &Library, id: &AccountId) -> Outcome {
        self.call = Call::Push;
        let number = self.number_of(input, |device| matches!(device.factor, Factor::App(_)));
        let (login, secs, now) = (self.any_login(input), [60, 60, 5][usize::from(input.below(3))], self.now());
        let place = ["Bari", "Bari", "Bari", "Lecce"][usize::from(input.below(4))];
        let details = Details::new("INPS", place, "09:30").unwrap().lasting(Duration::from_secs(secs)).unwrap();
        let random = self.random();
        self.calls += 1;
        let asked = block_on(verifier.push(id, &transaction(login), as_number(number), &details, now, &random));
        let next = self.phones.sent.len();
        let drawn = u128::from(u64::from_be_bytes(random[16..24].try_into().unwrap())) * 1_000_000;
        let drawn = format!("{:06}", drawn >> 64);
        let (setup, at) = (&self.setup, self.now);
        let expected = Self::with_person(&mut self.entry, |person| {
            let before = person.clone();
            let asked = person.push(setup, login, number, (place, secs, next), at);
            if matches!(asked, Outcome::Refused(..)) {
                *person = before;
            }
            asked
        });
        let sent = &mut self.phones.sent;
        let expected = match expected {
            Outcome::Asked(id, _) => Outcome::Asked(id, sent.get(id).map_or(drawn, |sent| sent.number.clone())),
            refused => refused,
        };
        let found = outcome(asked, |asked| {
            let place = sent.iter().position(|sent| sent.message == asked.message).unwrap_or_else(|| {
                sent.push(Sent { login, phone: number, message: asked.message, number: asked.number.clone(), at: now });
                next
            });
            Outcome::Asked(place, asked.number)
        });
        let asked = same(expected, found, "push");
        if matches!(asked, Outcome::Asked(id, _) if id == next) && input.flag() {
            // The person is quick.
            self.answer(next, Act::Accept, verifier, id);
        }
        asked
    }

    /// Answers one of the last challenges.
    pub(super) fn answer_push(&mut self, input: &mut Input<'_>, verifier: &Library, id: &AccountId) -> Outcome {
        self.call = Call::AnswerPush;
        let Some(place) = self.last_asked(input) else { return Outcome::Done };
        let act = match input.below(16) {
            0..=7 => Act::Accept,
            8..=10 => Act::AcceptWrong,
            11 | 12 => Act::Deny,
            13 => Act::NotMe,
            _ => Act::Forge,
        };
        self.answer(place, act, verifier, id)
    }

    /// Returns the place of one of the last challenges, mostly of the last one.
    fn last_asked(&self, input: &mut Input<'_>) -> Option<usize> {
        self.phones.sent.len().checked_sub([1, 1, 1, 1, 2, 3][usize::from(input.below(6))])
    }

    fn answer(&mut self, place: usize, act: Act, verifier: &Library, id: &AccountId) -> Outcome {
        let Sent { phone, message, number, at, .. } = self.phones.sent[place].clone();
        let phone = self.phones.phones.iter_mut().find(|of| of.number == phone).expect("only phones are asked");
        let device = &mut phone.device;
        // The phone answers at once, and the answer arrives later.
        let challenge = device.read(&message, at).unwrap();
        let wrong = if number == "000000" { "000001" } else { "000000" };
        let unlock = Unlock::Biometrics { is_recognized: true };
        let answer = match act {
            Act::Accept => device.accept(&challenge, &number, unlock, at),
            Act::AcceptWrong => device.accept(&challenge, wrong, unlock, at),
            Act::Deny => device.deny(&challenge, at),
            Act::NotMe => device.not_me(&challenge, at),
            Act::Forge => device.deny(&challenge, at).map(|answer| answer.replace("deny", "accept")),
        };
        let answered = block_on(verifier.answer_push(id, &answer.unwrap(), self.now()));
        let (setup, secs) = (&self.setup, self.now);
        let expected = match &mut self.entry {
            super::Entry::Open(person) => person.answer_push(setup, place, act, secs),
            _ => refused("unknown_challenge"),
        };
        let found = outcome(answered, |verdict| Outcome::Answered(verdict.name()));
        same(expected, found, "answer")
    }

    pub(super) fn poll(&mut self, input: &mut Input<'_>, verifier: &Library, id: &AccountId) -> Outcome {
        self.call = Call::Poll;
        let asked = self.last_asked(input).map(|place| self.phones.sent[place].login);
        let login = if input.below(8) == 0 { None } else { asked }.unwrap_or_else(|| self.any_login(input));
        let now = self.now();
        let polled: Result<_, VerifierError<_>> = block_on(verifier.poll(id, &transaction(login), now));
        let (setup, secs) = (&self.setup, self.now);
        let expected = Self::with_person(&mut self.entry, |person| person.poll(setup, login, secs));
        let found = outcome(polled, |accepted| self.accepted(accepted));
        same(expected, found, "poll")
    }
}

impl Person {
    fn confirm_app(&mut self, setup: &Setup, login: u8, number: u32, code: &str, now: u64) -> Outcome {
        let attempt = Attempt { login, purpose: Purpose::Confirmation, named: Some(number), texts: &[code], now };
        let question = Question::of(&attempt);
        self.device(number).unwrap().last_used = Some(now);
        let is_login = self.activate(setup, number, now);
        self.forget_refusals_in(attempt.login);
        let verdict = if is_login { Verdict::Accepted(number) } else { Verdict::Done(number) };
        self.succeed(&attempt, question, verdict);
        Outcome::Confirmed(is_login)
    }

    fn apps(&self) -> impl Iterator<Item = (&Device, &App)> {
        self.devices.iter().filter_map(|device| match &device.factor {
            Factor::App(app) => Some((device, app)),
            _ => None,
        })
    }

    fn apps_mut(&mut self) -> impl Iterator<Item = (u32, &mut App)> {
        self.devices.iter_mut().filter_map(|device| match &mut device.factor {
            Factor::App(app) => Some((device.number, app)),
            _ => None,
        })
    }

    fn not_askable(&self, setup: &Setup, login: u8, number: u32, now: u64) -> Option<Outcome> {
        if self.is_logged_in(login, now) {
            return Some(refused("logged_in"));
        }
        if self.browsers.iter().any(|browser| browser.number == number) {
            return Some(refused("unknown_challenge"));
        }
        let Some(device) = self.devices.iter().find(|device| device.number == number) else {
            return Some(refused("unknown_authenticator"));
        };
        match () {
            () if !matches!(device.factor, Factor::App(_)) => Some(refused("unknown_challenge")),
            () if !device.is_confirmed() => Some(refused("unconfirmed")),
            () if self.is_suspended || device.standing == Standing::Suspended => Some(refused("suspended")),
            () => self.count.refusal(&setup.rules, now),
        }
    }

    /// Returns the app and the challenge of a transaction: a live one, or else the last one that expires.
    fn asked_in(&self, login: u8, now: u64) -> Option<(u32, &Asked)> {
        let all = self.apps().flat_map(|(device, app)| app.asked.iter().map(|asked| (device.number, asked)));
        let of_login: Vec<_> = all.filter(|(_, asked)| asked.login == login).collect();
        let last = |list: Vec<(u32, &'_ Asked)>| {
            let latest = list.iter().map(|(_, asked)| asked.expires).max()?;
            list.iter().rev().find(|(_, asked)| asked.expires == latest).map(|(_, asked)| asked.id)
        };
        let live: Vec<_> = of_login.iter().filter(|(_, asked)| asked.is_live(now)).copied().collect();
        let id = if live.is_empty() { last(of_login.clone())? } else { last(live)? };
        of_login.into_iter().find(|(_, asked)| asked.id == id)
    }

    fn asked_mut(&mut self, id: usize) -> Option<&mut Asked> {
        self.apps_mut().flat_map(|(_, app)| &mut app.asked).find(|asked| asked.id == id)
    }

    fn push(
        &mut self,
        setup: &Setup,
        login: u8,
        number: u32,
        (place, secs, next): (&'static str, u64, usize),
        now: u64,
    ) -> Outcome {
        if let Some(refusal) = self.not_askable(setup, login, number, now) {
            return refusal;
        }
        if let Some((of, asked)) = self.asked_in(login, now).filter(|(_, asked)| asked.is_live(now)) {
            let is_same = of == number && asked.place == place && asked.expires == asked.told;
            return if is_same { Outcome::Asked(asked.id, String::new()) } else { refused("push_pending") };
        }
        self.end_old_challenges(now);
        if let Some(until) = self.pushes_held(now) {
            return Outcome::Refused("pushes_held", None, Some(until));
        }
        if self.apps().flat_map(|(_, app)| &app.asked).filter(|asked| asked.is_live(now)).count() >= 3 {
            return refused("too_many_pushes");
        }
        let (_, app) = self.apps_mut().find(|(of, _)| *of == number).unwrap();
        if app.asked.len() == 3 {
            let ended = app.asked.iter().position(|asked| !asked.is_live(now)).unwrap();
            app.asked.remove(ended);
        }
        app.asked.push(Asked {
            id: next,
            login,
            place,
            status: Status::Pending,
            expires: now + secs,
            told: now + secs,
        });
        self.changes += 1;
        Outcome::Asked(next, String::new())
    }

    /// Removes the challenges whose time is over. One that was never answered counts like a denied one.
    pub(super) fn end_old_challenges(&mut self, now: u64) {
        let is_missed = |asked: &&Asked| asked.status == Status::Pending && !asked.is_live(now);
        let missed = self.apps().flat_map(|(device, app)| {
            app.asked.iter().filter(is_missed).map(|asked| (device.number, asked.expires.min(now)))
        });
        let mut missed: Vec<_> = missed.collect();
        missed.sort_by_key(|(_, at)| *at);
        for (_, app) in self.apps_mut() {
            app.asked.retain(|asked| asked.is_live(now) || !asked.is_open() && now < asked.expires);
        }
        for (number, at) in missed {
            self.miss(number, (at, 0), now);
        }
    }

    /// Returns the time until which pushes wait, if they do.
    pub(super) fn pushes_held(&self, now: u64) -> Option<u64> {
        self.apps().map(|(_, app)| plausible(app.held_until, now)).max().filter(|until| now < *until)
    }

    /// Counts a challenge that did not become a login. The third one in a row and each further one hold pushes off.
    /// Each day without one halves their number.
    fn miss(&mut self, number: u32, (at, least): (u64, u64), now: u64) {
        let last = self.apps().map(|(_, app)| app.held_until).max().unwrap();
        let days = if plausible(last, now) == last { at.saturating_sub(last) / 86_400 } else { 0 };
        self.apps_mut().for_each(|(_, app)| app.misses >>= days.min(63));
        let misses = self.apps().map(|(_, app)| app.misses).sum::<u64>() + 1;
        let wait = misses.checked_sub(3).map_or(at, |more| at + (900 << more.min(7)).min(86_400));
        let (_, app) = self.apps_mut().find(|(of, _)| *of == number).unwrap();
        app.misses += 1;
        app.held_until = plausible(app.held_until, now).max(wait).max(least);
    }

    fn answer_push(&mut self, setup: &Setup, id: usize, act: Act, now: u64) -> Outcome {
        let found = self.apps().find_map(|(device, app)| Some((device, app.asked.iter().find(|of| of.id == id)?)));
        let Some((device, asked)) = found else { return refused("unknown_challenge") };
        match asked.status {
            Status::Pending if asked.is_live(now) => {}
            Status::Pending => return refused("challenge_expired"),
            _ => return refused("answered"),
        }
        if matches!(act, Act::Forge) {
            return refused("signature");
        }
        if self.is_suspended || device.standing == Standing::Suspended {
            return refused("suspended");
        }
        let number = device.number;
        let (status, outcome) = match act {
            Act::Deny | Act::NotMe => {
                let is_report = matches!(act, Act::NotMe);
                self.miss(number, (now, if is_report { now + 3600 } else { 0 }), now);
                if is_report {
                    (Status::NotMe, Outcome::Answered("not-me"))
                } else {
                    (Status::Denied, Outcome::Answered("deny"))
                }
            }
            _ => {
                if let Some(refusal) = self.count.owed(&setup.rules, now) {
                    self.changes += 1;
                    return refusal;
                }
                if let Some(refusal) = self.count.refusal(&setup.rules, now) {
                    return refusal;
                }
                if matches!(act, Act::Accept) {
                    self.asked_mut(id).unwrap().expires = now + 60;
                    (Status::Approved, Outcome::Answered("accept"))
                } else {
                    let remaining = self.count.fail(&setup.rules, now);
                    (Status::Wrong, Outcome::Refused("wrong", Some(remaining), self.count.held.until()))
                }
            }
        };
        self.asked_mut(id).unwrap().status = status;
        self.changes += 1;
        outcome
    }

    fn poll(&mut self, setup: &Setup, login: u8, now: u64) -> Outcome {
        let attempt = Attempt { login, purpose: Purpose::Poll, named: None, texts: &[], now };
        let question = Question::of(&attempt);
        if let Some(outcome) = self.repeated(self.left(setup, &attempt), &attempt, &question) {
            return outcome;
        }
        let Some((number, asked)) = self.asked_in(login, now) else { return refused("unknown_challenge") };
        let (id, is_live) = (asked.id, asked.is_live(now));
        match asked.status {
            Status::Pending if is_live => return refused("waiting"),
            Status::Approved if is_live => {}
            Status::Pending | Status::Approved => return refused("challenge_expired"),
            Status::Denied => return refused("denied"),
            Status::NotMe => return refused("not_me"),
            Status::Wrong => return refused("wrong_number"),
            Status::Used => return refused("answered"),
        }
        if let Some(refusal) = self.not_askable(setup, login, number, now) {
            return refusal;
        }
        let before = u8::try_from(self.count.failures).unwrap();
        self.count.restart();
        self.apps_mut().for_each(|(_, app)| app.misses = 0);
        self.asked_mut(id).unwrap().status = Status::Used;
        self.device(number).unwrap().last_used = Some(now);
        self.succeed(&attempt, question, Verdict::Accepted(number));
        Outcome::Accepted(number, 0, 0, before)
    }
}
