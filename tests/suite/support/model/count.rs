use super::outcome::{Held, Outcome, refused};

/// The rules by which failures lead to waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) cap: u8,
    /// The first and the longest duration in seconds, or `None` for locks until an operator unlocks.
    pub(super) lock: Option<(u64, u64)>,
    /// The first and the longest wait in seconds.
    pub(super) back_off: Option<(u64, u64)>,
}

/// A count of failures, of an account or of a set of recovery codes.
#[derive(Clone, Debug, Default)]
pub(super) struct Count {
    pub(super) failures: u64,
    since_lock: u64,
    /// The number of doublings of the next lock's duration, if it began when the last one ended.
    doublings: u64,
    lock_ended: u64,
    pub(super) held: Held,
}

impl Count {
    pub(super) fn left(&self, rules: &Rules) -> u8 {
        u8::try_from(u64::from(rules.cap).saturating_sub(self.since_lock).min(100 - self.failures)).unwrap()
    }

    /// Returns the number of attempts left now, which is 0 in a lock.
    pub(super) fn remaining(&self, rules: &Rules, now: u64) -> u8 {
        match self.held.in_force(now) {
            Held::Locked | Held::LockedUntil(_) => 0,
            Held::No | Held::ThrottledUntil(_) => self.left(rules),
        }
    }

    /// Returns the number of attempts left now, and the end of the hold that is in force.
    pub(super) fn left_now(&self, rules: &Rules, now: u64) -> (u8, Option<u64>) {
        (self.remaining(rules, now), self.held.in_force(now).until())
    }

    /// Returns the refusal of every answer, if there is one.
    pub(super) fn refusal(&self, rules: &Rules, now: u64) -> Option<Outcome> {
        match self.held {
            Held::Locked => Some(refused("locked")),
            Held::LockedUntil(until) if now < until => Some(Outcome::Refused("locked", None, Some(until))),
            Held::ThrottledUntil(until) if now < until => Some(Outcome::Refused("throttled", None, Some(until))),
            _ => (self.left(rules) == 0).then(|| refused("locked")),
        }
    }

    /// Begins a lock that imported failures require, and returns the refusal.
    pub(super) fn owed(&mut self, rules: &Rules, now: u64) -> Option<Outcome> {
        if self.held.is_in_force(now) || self.left(rules) > 0 {
            return None;
        }
        self.hold(rules, now);
        Some(Outcome::Refused("locked", None, self.held.until()))
    }

    /// Counts a failure. Returns the number of attempts left.
    pub(super) fn fail(&mut self, rules: &Rules, now: u64) -> u8 {
        self.failures += 1;
        self.since_lock += 1;
        self.hold(rules, now);
        if matches!(self.held, Held::Locked | Held::LockedUntil(_)) { 0 } else { self.left(rules) }
    }

    pub(super) fn restart(&mut self) {
        self.failures = 0;
        self.since_lock = 0;
        self.held = Held::No;
    }

    pub(super) fn import(&mut self, failures: u64, held: Held) {
        self.failures = self.failures.max(failures);
        self.since_lock = self.since_lock.max(failures);
        if held.strength() > self.held.strength() {
            self.held = held;
        }
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

    fn hold(&mut self, rules: &Rules, now: u64) {
        let waits = rules.back_off.map(|(first, longest)| {
            let doubled = u128::from(first) << (self.failures - 1);
            u64::try_from(doubled.min(u128::from(longest))).unwrap()
        });
        if self.failures >= 100 {
            self.since_lock = 0;
            self.held = Held::Locked;
        } else if self.since_lock >= u64::from(rules.cap) {
            self.since_lock = 0;
            self.held = rules.lock.map_or(Held::Locked, |(first, longest)| {
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
