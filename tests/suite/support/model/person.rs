use std::collections::VecDeque;

use super::browser::Browser;
use super::device::{Device, Found, Purpose, Standing};
use super::setup::Setup;
use super::{Held, Outcome, refused};

/// The model's account.
#[derive(Debug, Default)]
pub(super) struct Person {
    pub(super) devices: Vec<Device>,
    pub(super) browsers: Vec<Browser>,
    pub(super) is_suspended: bool,
    pub(super) failures: u64,
    since_lock: u64,
    /// The number of doublings of the next lock's duration, if it began when the last one ended.
    doublings: u64,
    lock_ended: u64,
    pub(super) held: Held,
    pub(super) changes: u64,
    pub(super) last_number: u32,
    /// The seconds of waiting that enrollments have used up, and that have not passed again at `enrolled_at`.
    enrollment_debt: u64,
    enrolled_at: u64,
    kept: VecDeque<Kept>,
}

/// The question and the answer of an attempt, by which a repeated attempt is recognized.
#[derive(Clone, Debug, PartialEq)]
struct Question {
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
enum Verdict {
    Accepted(u32),
    Done(u32),
    Refused(Outcome),
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

impl Person {
    pub(super) fn device(&mut self, number: u32) -> Option<&mut Device> {
        self.devices.iter_mut().find(|device| device.number == number)
    }

    pub(super) fn browser(&mut self, number: u32) -> Option<&mut Browser> {
        self.browsers.iter_mut().find(|browser| browser.number == number)
    }

    pub(super) fn numbers(&self) -> Vec<u32> {
        let devices = self.devices.iter().map(|device| device.number);
        devices.chain(self.browsers.iter().map(|browser| browser.number)).collect()
    }

    /// Removes enrollments and browsers that have expired.
    pub(super) fn end_expired(&mut self, now: u64) {
        self.devices.retain(|device| device.lives(now));
        self.browsers.retain(|browser| browser.lives(now));
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
        let pending: Vec<_> = self.devices.iter().filter(|device| !device.is_confirmed() && lives(device)).collect();
        let same =
            |device: &&&Device| matches!(device.standing, Standing::Unconfirmed { login: of, .. } if of == login);
        let oldest = if pending.len() >= 4 { pending.first() } else { None };
        let replaced = pending.iter().find(same).or(oldest).map(|device| device.number);
        if replaced.is_some() && place == 0 {
            return refused("unconfirmed");
        }
        let rest = self.devices.iter().filter(|device| lives(device) && Some(device.number) != replaced);
        let rest: Vec<_> = rest.collect();
        if let Some(problem) = problem(setup, &rest, &device) {
            return refused(problem);
        }
        self.end_expired(now);
        self.devices.retain(|device| Some(device.number) != replaced);
        (self.enrollment_debt, self.enrolled_at) = (debt + interval, now);
        self.last_number += 1;
        device.number = self.last_number;
        let is_first = !self.has_confirmed();
        device.standing = Standing::Unconfirmed { login, expires: now + setup.enrollment_secs, failures: 0, is_first };
        self.devices.push(device);
        self.changes += 1;
        Outcome::Enrolled(self.last_number, replaced)
    }

    pub(super) fn import(&mut self, setup: &Setup, mut device: Device, failures: u64, held: Held) -> Outcome {
        let now = device.added;
        let rest: Vec<_> = self.devices.iter().filter(|device| device.lives(now)).collect();
        if let Some(problem) = problem(setup, &rest, &device) {
            return refused(problem);
        }
        self.end_expired(now);
        self.last_number += 1;
        device.number = self.last_number;
        self.devices.push(device);
        self.devices.retain(|device| !matches!(device.standing, Standing::Unconfirmed { is_first: true, .. }));
        self.failures = self.failures.max(failures);
        self.since_lock = self.since_lock.max(failures);
        if held.strength() > self.held.strength() {
            self.held = held;
        }
        self.changes += 1;
        Outcome::Done
    }

    pub(super) fn unlock(&mut self) {
        self.restart();
        self.kept.retain(|kept| !matches!(kept.verdict, Verdict::Refused(_)));
    }

    pub(super) fn allow_enrollments(&mut self) {
        self.enrollment_debt = 0;
        self.enrolled_at = 0;
    }

    fn restart(&mut self) {
        self.failures = 0;
        self.since_lock = 0;
        self.held = Held::No;
    }

    /// Returns the outcome of an answer that needs no comparison, because of what came before in its transaction.
    fn repeated(&self, attempt: &Attempt<'_>, question: &Question) -> Option<Outcome> {
        let kept = || {
            self.kept.iter().filter(|kept| kept.login == attempt.login && attempt.now.saturating_sub(kept.at) <= 120)
        };
        if let Some(same) = kept().find(|kept| kept.question == *question) {
            return Some(match &same.verdict {
                Verdict::Accepted(number) => Outcome::Repeated(*number, same.at, true),
                Verdict::Done(number) => Outcome::Repeated(*number, same.at, false),
                Verdict::Refused(outcome) => outcome.clone(),
            });
        }
        let is_after_login = kept().any(|kept| matches!(kept.verdict, Verdict::Accepted(_)));
        (is_after_login && attempt.purpose != Purpose::Confirmation).then(|| refused("logged_in"))
    }

    fn keep(&mut self, attempt: &Attempt<'_>, question: Question, verdict: Verdict) {
        self.kept.retain(|kept| attempt.now.saturating_sub(kept.at) <= 120);
        if self.kept.len() == 4 {
            let refused = self.kept.iter().position(|kept| matches!(kept.verdict, Verdict::Refused(_)));
            self.kept.remove(refused.unwrap_or(0));
        }
        self.kept.push_back(Kept { login: attempt.login, question, at: attempt.now, verdict });
    }

    pub(super) fn attempt(&mut self, setup: &Setup, attempt: Attempt<'_>) -> Outcome {
        let question = Question {
            purpose: attempt.purpose,
            named: attempt.named,
            texts: attempt.texts.iter().map(|text| text.replace([' ', '-'], "")).collect(),
        };
        if let Some(outcome) = self.repeated(&attempt, &question) {
            return outcome;
        }
        let is_browser = attempt.named.is_some_and(|number| self.browser(number).is_some());
        if attempt.named.is_some_and(|number| self.device(number).is_none()) && !is_browser {
            return refused("unknown_authenticator");
        }
        if attempt.purpose == Purpose::Confirmation {
            return if is_browser { refused("already_confirmed") } else { self.confirm(setup, &attempt, question) };
        }
        let candidates: Vec<_> =
            self.devices.iter().filter(|device| attempt.named.is_none_or(|number| number == device.number)).collect();
        if self.is_suspended {
            return refused("suspended");
        }
        if !candidates.iter().any(|device| device.standing == Standing::Active) {
            let is_suspended = candidates.iter().any(|device| device.is_confirmed());
            return refused(if is_suspended { "suspended" } else { "unconfirmed" });
        }
        match self.held {
            Held::Locked => return refused("locked"),
            Held::LockedUntil(until) if attempt.now < until => return Outcome::Refused("locked", None, Some(until)),
            Held::ThrottledUntil(until) if attempt.now < until => {
                return Outcome::Refused("throttled", None, Some(until));
            }
            _ if self.left(setup) == 0 => return self.owed(setup, attempt.now),
            _ => {}
        }
        let active = candidates.into_iter().filter(|device| device.standing == Standing::Active);
        let found: Vec<_> = active
            .map(|device| (device.number, device.compare(setup, attempt.purpose, attempt.texts, attempt.now)))
            .collect();
        let fresh = found.iter().filter(|(_, found)| matches!(found, Found::Fresh(..)));
        if let Some(&(number, Found::Fresh(last, drift))) = fresh.clone().next() {
            let before = u8::try_from(self.failures).unwrap();
            for &(number, found) in fresh {
                let Found::Fresh(last, drift) = found else { continue };
                self.device(number).unwrap().accept(setup, attempt.purpose, last, drift, attempt.now);
            }
            self.restart();
            self.changes += 1;
            let at = u64::try_from(last).unwrap();
            return if attempt.purpose == Purpose::Login {
                self.keep(&attempt, question, Verdict::Accepted(number));
                Outcome::Accepted(number, at, drift, before)
            } else {
                self.keep(&attempt, question, Verdict::Done(number));
                Outcome::Resynchronized(at, drift)
            };
        }
        let any = |wanted| found.iter().any(|(_, found)| *found == wanted);
        if any(Found::Used) && !setup.count_replays {
            return Outcome::Refused("replayed", Some(self.left(setup)), None);
        }
        let name = match () {
            () if any(Found::Used) => "replayed",
            () if any(Found::Nowhere) => "wrong",
            () if any(Found::ClockBehind) => return refused("clock_behind"),
            () => {
                if setup.count_malformed {
                    self.count(setup, attempt.now);
                }
                return refused("malformed");
            }
        };
        let remaining = self.count(setup, attempt.now);
        let outcome = Outcome::Refused(name, Some(remaining), self.held.until());
        self.keep(&attempt, question, Verdict::Refused(outcome.clone()));
        outcome
    }

    fn confirm(&mut self, setup: &Setup, attempt: &Attempt<'_>, question: Question) -> Outcome {
        let (number, now) = (attempt.named.unwrap(), attempt.now);
        let is_suspended = self.is_suspended;
        let device = self.device(number).unwrap();
        let Standing::Unconfirmed { login, expires, failures, is_first } = device.standing else {
            return refused("already_confirmed");
        };
        if login != attempt.login {
            return refused("other_transaction");
        }
        if now >= expires {
            return refused("expired");
        }
        if is_suspended {
            return refused("suspended");
        }
        match device.compare(setup, Purpose::Confirmation, attempt.texts, now) {
            Found::Malformed => refused("malformed"),
            Found::ClockBehind => refused("clock_behind"),
            Found::Fresh(last, drift) => {
                device.accept(setup, Purpose::Confirmation, last, drift, now);
                device.standing = Standing::Active;
                let is_login = self.devices.iter().filter(|device| device.is_confirmed()).count() == 1
                    && !self.held.is_in_force(now)
                    && setup.confirmation_login;
                self.devices.retain(|device| !matches!(device.standing, Standing::Unconfirmed { is_first: true, .. }));
                self.changes += 1;
                let verdict = if is_login { Verdict::Accepted(number) } else { Verdict::Done(number) };
                self.keep(attempt, question, verdict);
                Outcome::Confirmed(is_login)
            }
            Found::Nowhere | Found::Used => {
                let failures = failures + 1;
                let remaining = setup.cap - failures;
                if remaining == 0 {
                    self.devices.retain(|device| device.number != number);
                } else {
                    device.standing = Standing::Unconfirmed { login, expires, failures, is_first };
                }
                self.changes += 1;
                let outcome = Outcome::Refused("wrong", Some(remaining), None);
                self.keep(attempt, question, Verdict::Refused(outcome.clone()));
                outcome
            }
        }
    }

    pub(super) fn left(&self, setup: &Setup) -> u8 {
        u8::try_from(u64::from(setup.cap).saturating_sub(self.since_lock).min(100 - self.failures)).unwrap()
    }

    /// Begins a lock that imported failures require.
    fn owed(&mut self, setup: &Setup, now: u64) -> Outcome {
        self.changes += 1;
        self.hold(setup, now);
        Outcome::Refused("locked", None, self.held.until())
    }

    /// Takes back one doubling for each day since the last lock ended, and limits the doublings to `most`.
    fn ease(&mut self, most: u64, now: u64) {
        const DAY: u64 = 86_400;
        let doublings = match now.checked_sub(self.lock_ended) {
            Some(since) => self.doublings.saturating_sub(since / DAY),
            None => self.doublings,
        };
        self.doublings = doublings.min(most);
    }

    fn count(&mut self, setup: &Setup, now: u64) -> u8 {
        self.failures += 1;
        self.since_lock += 1;
        self.changes += 1;
        self.hold(setup, now);
        if matches!(self.held, Held::Locked | Held::LockedUntil(_)) { 0 } else { self.left(setup) }
    }

    fn hold(&mut self, setup: &Setup, now: u64) {
        let waits = setup.back_off.map(|(first, longest)| {
            let doubled = u128::from(first) << (self.failures - 1);
            u64::try_from(doubled.min(u128::from(longest))).unwrap()
        });
        if self.failures >= 100 {
            self.since_lock = 0;
            self.held = Held::Locked;
        } else if self.since_lock >= u64::from(setup.cap) {
            self.since_lock = 0;
            self.held = setup.lock.map_or(Held::Locked, |(first, longest)| {
                let most = (0..32).find(|n| first << n >= longest).unwrap();
                self.ease(most, now);
                self.lock_ended = now + (first << self.doublings).min(longest).max(waits.unwrap_or(0));
                self.doublings = (self.doublings + 1).min(most);
                Held::LockedUntil(self.lock_ended)
            });
        } else {
            self.held = waits.map_or(Held::No, |secs| Held::ThrottledUntil(now + secs));
        }
    }
}

/// Returns the label of the error if the account has no room for the device.
fn problem(setup: &Setup, rest: &[&Device], device: &Device) -> Option<&'static str> {
    let right = rest.iter().map(|other| other.right_codes(setup)).sum::<u32>() + device.right_codes(setup);
    match () {
        () if rest.len() >= 16 => Some("too_many"),
        () if rest.iter().any(|other| other.seed == device.seed) => Some("secret_in_use"),
        () if right > u32::from(setup.right_codes) => Some("too_many_right_codes"),
        () => None,
    }
}
