//! The pushes of an account, and the waits after those to which nobody answers, as the documentation of the verifier
//! describes them.

use secondo::UnixTime;

use crate::call::{Reaction, Session};

const MOST: usize = 3;
/// The time for which a push is pending, and for which an approval is.
const MINUTE: u64 = 60;
/// The longest time for which a push can be pending, with the minute by which clocks may differ.
const LONGEST: u64 = 540 + MINUTE;
const DAY: u64 = 24 * 60 * MINUTE;

/// The pushes of the one app of an account.
#[derive(Clone, Debug, Default)]
pub(super) struct Pushes {
    pending: Vec<Push>,
    /// The pushes in a row that were denied or not answered.
    misses: u32,
    /// The end of the last wait, or the time of the last push that was denied or not answered.
    held_until: u64,
}

#[derive(Clone, Copy, Debug)]
struct Push {
    session: Session,
    expires: u64,
    is_approved: bool,
}

impl Push {
    fn is_live(&self, now: u64) -> bool {
        now < self.expires && self.expires <= now + LONGEST
    }
}

/// Returns the end of a wait, unless only a clock that was ahead can have set it.
fn believed(until: u64, now: u64) -> u64 {
    if until <= now + DAY + MINUTE { until } else { 0 }
}

impl Pushes {
    /// Returns the end of the wait, if pushes wait.
    pub(super) fn held(&self, now: UnixTime) -> Option<UnixTime> {
        let now = now.as_secs();
        let until = believed(self.after_expiry(now).held_until, now);
        (now < until).then(|| UnixTime::from_secs(until).unwrap())
    }

    /// Returns `true` if as many pushes as possible are pending.
    pub(super) fn are_full(&self, now: UnixTime) -> bool {
        self.pending.iter().filter(|push| push.is_live(now.as_secs())).count() >= MOST
    }

    /// Adds a push.
    pub(super) fn ask(&mut self, session: Session, now: UnixTime) {
        assert!(self.held(now).is_none() && !self.are_full(now), "a push is sent at {now} in spite of {self:?}");
        *self = self.after_expiry(now.as_secs());
        self.pending.push(Push { session, expires: now.as_secs() + MINUTE, is_approved: false });
    }

    /// Follows an answer that was taken.
    pub(super) fn answer(&mut self, session: Session, reaction: Reaction, now: UnixTime) {
        let now = now.as_secs();
        let place = self.pending.iter().position(|push| push.session == session && !push.is_approved);
        let push = &mut self.pending[place.expect("an answer is taken to a push that is not pending")];
        assert!(push.is_live(now), "an answer is taken after a minute");
        if reaction == Reaction::Accept {
            (push.expires, push.is_approved) = (now + MINUTE, true);
            return;
        }
        self.pending.retain(|push| push.session != session);
        match reaction {
            Reaction::Deny => self.miss(now, now),
            Reaction::Report => {
                self.miss(now, now);
                self.held_until = self.held_until.max(now + 60 * MINUTE);
            }
            Reaction::Accept | Reaction::WrongNumber => {}
        }
    }

    /// Follows a login with an approved push.
    pub(super) fn log_in(&mut self, session: Session) {
        self.pending.retain(|push| push.session != session);
        self.misses = 0;
    }

    /// Ends the waits.
    pub(super) fn release(&mut self) {
        (self.misses, self.held_until) = (0, 0);
    }

    /// Ends the pushes that are pending.
    pub(super) fn end(&mut self) {
        self.pending.clear();
    }

    /// Returns the pushes without those whose time is over. Those that were not answered count.
    fn after_expiry(&self, now: u64) -> Self {
        let (live, over): (Vec<Push>, Vec<Push>) = self.pending.iter().partition(|push| push.is_live(now));
        let mut over: Vec<_> = over.into_iter().filter(|push| !push.is_approved).collect();
        over.sort_by_key(|push| push.expires);
        let mut after = Self { pending: live, ..self.clone() };
        for push in over {
            after.miss(push.expires.min(now), now);
        }
        after
    }

    /// Counts a push of this time. The third in a row begins a wait of 15 minutes, each further one doubles it up to a
    /// day, and each day without one since the last wait halves the count.
    fn miss(&mut self, at: u64, now: u64) {
        let last = believed(self.held_until, now);
        // The time since a wait that a wrong clock has set is unknown.
        let days = if last == self.held_until { at.saturating_sub(last) / DAY } else { 0 };
        self.misses = self.misses.checked_shr(days.try_into().unwrap_or(u32::MAX)).unwrap_or(0) + 1;
        let wait = match self.misses {
            0..3 => 0,
            misses => ((15 * MINUTE) << (misses - 3).min(7)).min(DAY),
        };
        self.held_until = last.max(at + wait);
    }
}
