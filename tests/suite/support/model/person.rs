use std::collections::VecDeque;

use super::browser::Browser;
use super::count::Count;
use super::device::{Device, Factor, Found, Purpose, Standing};
use super::issued::Issued;
use super::outcome::{Outcome, refused};
use super::setup::Setup;

/// The model's account.
#[derive(Clone, Debug, Default)]
pub(super) struct Person {
    pub(super) devices: Vec<Device>,
    pub(super) browsers: Vec<Browser>,
    pub(super) issued: Option<Issued>,
    pub(super) is_suspended: bool,
    pub(super) count: Count,
    pub(super) changes: u64,
    pub(super) last_number: u32,
    /// The seconds of waiting that enrollments have used up, and that have not passed again at `enrolled_at`.
    enrollment_debt: u64,
    enrolled_at: u64,
    /// The time from which all codes can be sent again.
    pub(super) sends_whole: u64,
    kept: VecDeque<Kept>,
}

/// The question and the answer of an attempt, by which a repeated attempt is recognized.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Question {
    purpose: Purpose,
    named: Option<u32>,
    texts: Vec<String>,
}

/// A kept outcome.
#[derive(Clone, Debug)]
struct Kept {
    login: u8,
    question: Question,
    at: u64,
    verdict: Verdict,
}

#[derive(Clone, Debug)]
pub(super) enum Verdict {
    Accepted(u32),
    Done(u32),
    /// The label of the refusal.
    Refused(&'static str),
}

/// An attempt: its transaction, its purpose, the authenticator that it names, and the submitted texts.
#[derive(Clone, Copy)]
pub(super) struct Attempt<'a> {
    pub(super) login: u8,
    pub(super) purpose: Purpose,
    pub(super) named: Option<u32>,
    pub(super) texts: &'a [&'a str],
    pub(super) now: u64,
}

impl Question {
    pub(super) fn of(attempt: &Attempt<'_>) -> Self {
        let texts = attempt.texts.iter().map(|text| text.replace([' ', '-'], "")).collect();
        Self { purpose: attempt.purpose, named: attempt.named, texts }
    }
}

impl Person {
    pub(super) fn device(&mut self, number: u32) -> Option<&mut Device> {
        self.devices.iter_mut().find(|device| device.number == number)
    }

    pub(super) fn browser(&mut self, number: u32) -> Option<&mut Browser> {
        self.browsers.iter_mut().find(|browser| browser.number == number)
    }

    pub(super) fn numbers(&self) -> Vec<u32> {
        let devices = self.devices.iter().map(|device| device.number);
        let browsers = self.browsers.iter().map(|browser| browser.number);
        devices.chain(browsers).chain(self.issued.iter().map(|issued| issued.number)).collect()
    }

    /// Removes enrollments, browsers and an enrollment code that have expired.
    pub(super) fn end_expired(&mut self, now: u64) {
        self.devices.retain(|device| device.lives(now));
        self.browsers.retain(|browser| browser.lives(now));
        self.issued = self.issued.take().filter(|issued| issued.has_time(now));
    }

    pub(super) fn has_confirmed(&self) -> bool {
        self.devices.iter().any(Device::is_confirmed)
    }

    pub(super) fn enroll(&mut self, setup: &Setup, login: u8, mut device: Device, place: u8, now: u64) -> Outcome {
        if self.is_suspended {
            return refused("suspended");
        }
        if place == 1 && self.has_confirmed() {
            return refused("not_first");
        }
        let is_set = device.codes().is_some();
        if is_set && !self.has_confirmed() {
            return refused("none_confirmed");
        }
        let (at_once, interval) = setup.enrollments;
        let debt = if now >= self.enrolled_at {
            self.enrollment_debt.saturating_sub(now - self.enrolled_at)
        } else {
            self.enrollment_debt + (self.enrolled_at - now)
        };
        if debt + interval > u64::from(at_once) * interval {
            return refused("too_many_enrollments");
        }
        let lives = |device: &Device| device.lives(now);
        let is_unconfirmed = device.confirmation_secs(setup).is_some();
        let pending: Vec<_> = self.devices.iter().filter(|device| !device.is_confirmed() && lives(device)).collect();
        let same =
            |device: &&&Device| matches!(device.standing, Standing::Unconfirmed { login: of, .. } if of == login);
        let oldest = if pending.len() >= 4 { pending.first() } else { None };
        let replaced = pending.iter().find(same).or(oldest).map(|device| device.number).filter(|_| is_unconfirmed);
        if replaced.is_some() && place == 0 {
            return refused("unconfirmed");
        }
        let earlier = self.devices.iter_mut().find_map(|device| device.codes().is_some().then_some(device.number));
        let replaced = replaced.or(earlier.filter(|_| is_set));
        device.standing = match device.confirmation_secs(setup) {
            None => Standing::Active,
            Some(secs) => {
                let issued = self.issued.as_ref().filter(|issued| issued.login == Some(login) && issued.has_time(now));
                let (is_first, is_coded) = (!self.has_confirmed(), issued.is_some());
                let expires = issued.map_or(now + secs, |issued| issued.expires.min(now + secs));
                Standing::Unconfirmed { login, expires, failures: 0, is_first, is_coded }
            }
        };
        if let Some(problem) = self.problem(setup, &device, replaced, now) {
            return refused(problem);
        }
        self.end_expired(now);
        self.devices.retain(|device| Some(device.number) != replaced);
        (self.enrollment_debt, self.enrolled_at) = (debt + interval, now);
        self.last_number += 1;
        device.number = self.last_number;
        self.devices.push(device);
        self.end_first_enrollments();
        self.changes += 1;
        Outcome::Enrolled(self.last_number, replaced)
    }

    pub(super) fn unlock(&mut self) {
        self.count.restart();
        for device in &mut self.devices {
            match &mut device.factor {
                Factor::Codes(codes) => codes.unlock(),
                #[cfg(feature = "push")]
                Factor::App(app) => app.release(),
                _ => {}
            }
        }
        self.forget_refusals();
    }

    pub(super) fn forget_refusals(&mut self) {
        self.kept.retain(|kept| !matches!(kept.verdict, Verdict::Refused(_)));
    }

    pub(super) fn allow_enrollments(&mut self) {
        self.enrollment_debt = 0;
        self.enrolled_at = 0;
    }

    pub(super) fn forget_refusals_in(&mut self, login: u8) {
        self.kept.retain(|kept| !matches!(kept.verdict, Verdict::Refused(_)) || kept.login != login);
    }

    /// Returns `true` if it is still known that the transaction ended with a login.
    pub(super) fn is_logged_in(&self, login: u8, now: u64) -> bool {
        self.accepted(login, now).is_some()
    }

    /// Returns the device of the login with which the transaction ended, if that is still known.
    pub(super) fn accepted(&self, login: u8, now: u64) -> Option<u32> {
        let mut kept = self.kept.iter().filter(|kept| kept.login == login && now.saturating_sub(kept.at) <= 120);
        kept.find_map(|kept| if let Verdict::Accepted(number) = kept.verdict { Some(number) } else { None })
    }

    /// Returns the number of attempts left, and the end of the hold that is in force.
    pub(super) fn left(&self, setup: &Setup, attempt: &Attempt<'_>) -> (u8, Option<u64>) {
        if attempt.purpose != Purpose::Confirmation {
            return self.count.left_now(&setup.rules, attempt.now);
        }
        let pending = self.devices.iter().find(|device| Some(device.number) == attempt.named);
        match pending.map(|device| device.standing) {
            Some(Standing::Unconfirmed { failures, .. }) => (setup.rules.cap - failures, None),
            _ => (0, None),
        }
    }

    /// Returns the outcome of an answer that needs no comparison, because of what came before in its transaction.
    pub(super) fn repeated(
        &self,
        (remaining, until): (u8, Option<u64>),
        attempt: &Attempt<'_>,
        question: &Question,
    ) -> Option<Outcome> {
        let is_kept = |kept: &&Kept| kept.login == attempt.login && attempt.now.saturating_sub(kept.at) <= 120;
        if let Some(same) = self.kept.iter().filter(is_kept).find(|kept| kept.question == *question) {
            return Some(match &same.verdict {
                Verdict::Accepted(number) => Outcome::Repeated(*number, same.at, true),
                Verdict::Done(number) => Outcome::Repeated(*number, same.at, false),
                Verdict::Refused(name) => Outcome::Refused(name, Some(remaining), until),
            });
        }
        let is_after_login = self.is_logged_in(attempt.login, attempt.now);
        let is_login = !matches!(attempt.purpose, Purpose::Confirmation | Purpose::Signature);
        (is_after_login && is_login).then(|| refused("logged_in"))
    }

    pub(super) fn keep(&mut self, attempt: &Attempt<'_>, question: Question, verdict: Verdict) {
        self.kept.retain(|kept| attempt.now.saturating_sub(kept.at) <= 120);
        if self.kept.len() == 4 {
            let refused = self.kept.iter().position(|kept| matches!(kept.verdict, Verdict::Refused(_)));
            self.kept.remove(refused.unwrap_or(0));
        }
        self.kept.push_back(Kept { login: attempt.login, question, at: attempt.now, verdict });
    }

    /// Keeps the outcome of an answer that was accepted, and ends the questions of its transaction.
    pub(super) fn succeed(&mut self, attempt: &Attempt<'_>, question: Question, verdict: Verdict) {
        self.end_questions(attempt.login);
        self.changes += 1;
        self.keep(attempt, question, verdict);
    }

    pub(super) fn end_questions(&mut self, login: u8) {
        self.devices.iter_mut().for_each(|device| device.end_questions(login));
        if let Some(issued) = self.issued.as_mut().filter(|issued| issued.login == Some(login)) {
            issued.expires = 0;
        }
    }

    pub(super) fn attempt(&mut self, setup: &Setup, attempt: Attempt<'_>) -> Outcome {
        let question = Question::of(&attempt);
        if let Some(outcome) = self.repeated(self.left(setup, &attempt), &attempt, &question) {
            return outcome;
        }
        let is_browser = attempt.named.is_some_and(|number| self.browser(number).is_some());
        if attempt.named.is_some_and(|number| self.device(number).is_none()) && !is_browser {
            return refused("unknown_authenticator");
        }
        if attempt.purpose == Purpose::Confirmation {
            return if is_browser { refused("already_confirmed") } else { self.confirm(setup, &attempt, question) };
        }
        let is_named = |device: &&Device| attempt.named.is_none_or(|number| number == device.number);
        let candidates = self.devices.iter().filter(is_named);
        if let Some(problem) = self.unusable(attempt.named) {
            return refused(problem);
        }
        let is_compared = |device: &&Device| device.takes(attempt.purpose) && device.standing == Standing::Active;
        let found: Vec<_> =
            candidates.filter(is_compared).map(|device| (device.number, device.compare(setup, &attempt))).collect();
        if let Some(refusal) = self.count.owed(&setup.rules, attempt.now) {
            self.changes += 1;
            return refusal;
        }
        if let Some(refusal) = self.count.refusal(&setup.rules, attempt.now) {
            return refusal;
        }
        self.judge(setup, &attempt, question, &found)
    }

    /// Returns the reason that no code is compared with the named device, or with any.
    pub(super) fn unusable(&self, named: Option<u32>) -> Option<&'static str> {
        let candidates = self.devices.iter().filter(|device| named.is_none_or(|number| number == device.number));
        let mut of_login = candidates.clone().filter(|device| device.takes(Purpose::Login));
        if self.is_suspended {
            return Some("suspended");
        }
        let is_active = |device: &Device| device.standing == Standing::Active;
        match () {
            () if of_login.clone().any(is_active) => None,
            () if of_login.any(Device::is_confirmed) => Some("suspended"),
            () if candidates.clone().any(is_active) => Some("no_codes"),
            () => Some("unconfirmed"),
        }
    }

    /// Decides about an answer by its comparisons.
    fn judge(&mut self, setup: &Setup, attempt: &Attempt<'_>, question: Question, found: &[(u32, Found)]) -> Outcome {
        let fresh = || {
            found.iter().filter_map(|(number, found)| match *found {
                Found::Fresh(last, drift) => Some((*number, last, drift)),
                _ => None,
            })
        };
        if let Some((number, last, drift)) = fresh().next() {
            let before = u8::try_from(self.count.failures).unwrap();
            for (number, last, drift) in fresh() {
                self.device(number).unwrap().accept(setup, attempt, last, drift);
            }
            self.count.restart();
            let at = u64::try_from(last).unwrap();
            return if attempt.purpose == Purpose::Login {
                self.succeed(attempt, question, Verdict::Accepted(number));
                Outcome::Accepted(number, at, drift, before)
            } else {
                self.succeed(attempt, question, Verdict::Done(number));
                Outcome::Resynchronized(at, drift)
            };
        }
        let any = |wanted| found.iter().any(|(_, found)| *found == wanted);
        let is_compared = any(Found::Used) || any(Found::Nowhere);
        if is_compared && any(Found::ClockBehind { is_right: true }) {
            return refused("clock_behind");
        }
        if any(Found::Used) && !setup.count_replays {
            return Outcome::Refused("replayed", Some(self.count.left(&setup.rules)), None);
        }
        let name = match () {
            () if any(Found::Used) => "replayed",
            () if any(Found::Nowhere) => "wrong",
            () => {
                let telling = found.iter().max_by_key(|(_, found)| found.telling());
                let refusal = telling.map_or("no_codes", |(_, found)| found.label());
                if refusal == "malformed" && setup.count_malformed {
                    self.count.fail(&setup.rules, attempt.now);
                    self.changes += 1;
                }
                return refused(refusal);
            }
        };
        self.wrong(setup, attempt, question, name)
    }

    /// Counts a wrong or a used answer.
    pub(super) fn wrong(
        &mut self,
        setup: &Setup,
        attempt: &Attempt<'_>,
        question: Question,
        name: &'static str,
    ) -> Outcome {
        let remaining = self.count.fail(&setup.rules, attempt.now);
        self.changes += 1;
        self.keep(attempt, question, Verdict::Refused(name));
        Outcome::Refused(name, Some(remaining), self.count.held.until())
    }

    fn confirm(&mut self, setup: &Setup, attempt: &Attempt<'_>, question: Question) -> Outcome {
        let (number, now) = (attempt.named.unwrap(), attempt.now);
        let device = self.devices.iter().find(|device| device.number == number).unwrap();
        if let Some(problem) = self.not_pending(device, attempt.login, now) {
            return refused(problem);
        }
        if !device.takes(Purpose::Confirmation) {
            return refused("unconfirmed");
        }
        match device.compare(setup, attempt) {
            Found::Fresh(last, drift) => {
                self.device(number).unwrap().accept(setup, attempt, last, drift);
                let is_login = self.activate(setup, number, now);
                self.forget_refusals_in(attempt.login);
                let verdict = if is_login { Verdict::Accepted(number) } else { Verdict::Done(number) };
                self.succeed(attempt, question, verdict);
                Outcome::Confirmed(is_login)
            }
            Found::Nowhere | Found::Used => {
                let device = self.device(number).unwrap();
                let Standing::Unconfirmed { failures, .. } = &mut device.standing else { unreachable!() };
                *failures += 1;
                let remaining = setup.rules.cap - *failures;
                if remaining == 0 {
                    self.devices.retain(|device| device.number != number);
                }
                self.changes += 1;
                self.keep(attempt, question, Verdict::Refused("wrong"));
                Outcome::Refused("wrong", Some(remaining), None)
            }
            refusal => refused(refusal.label()),
        }
    }

    /// Activates a device that is confirmed. Returns `true` if that is a login.
    pub(super) fn activate(&mut self, setup: &Setup, number: u32, now: u64) -> bool {
        let is_login = !self.has_confirmed() && !self.count.held.is_in_force(now) && setup.confirmation_login;
        let device = self.device(number).unwrap();
        let is_coded = matches!(device.standing, Standing::Unconfirmed { is_coded: true, .. });
        device.standing = Standing::Active;
        self.end_first_enrollments();
        is_login && !is_coded
    }

    /// Ends the enrollments that began before a device was confirmed, if one is now.
    pub(super) fn end_first_enrollments(&mut self) {
        let has_confirmed = self.has_confirmed();
        let is_first = |device: &Device| matches!(device.standing, Standing::Unconfirmed { is_first: true, .. });
        self.devices.retain(|device| !has_confirmed || !is_first(device));
    }

    /// Returns the label of the error if the account has no room for the device.
    pub(super) fn problem(
        &self,
        setup: &Setup,
        device: &Device,
        replaced: Option<u32>,
        now: u64,
    ) -> Option<&'static str> {
        let rest = self.devices.iter().filter(|other| other.lives(now) && Some(other.number) != replaced);
        let of_device = device.right_codes(setup);
        let right = rest.clone().map(|other| other.right_codes(setup)).sum::<u32>() + of_device;
        match () {
            () if rest.clone().count() >= 16 => Some("too_many"),
            () if rest.clone().any(|other| other.shares_secret(device)) => Some("secret_in_use"),
            () if of_device > 0 && right > u32::from(setup.right_codes) => Some("too_many_right_codes"),
            () => None,
        }
    }
}
