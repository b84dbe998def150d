//! The judge's copy of what is stored of an account.

use std::collections::{BTreeMap, BTreeSet};

use secondo::UnixTime;

use super::challenge::Challenges;
use super::clock::Followed;
use super::count::Count;
use super::counter;
use super::limit::Limit;
use super::push::Pushes;
use crate::call::{Call, Reaction, Request};
use crate::person::Person;
use crate::token::Clock;

/// The copy, which a restore sets back.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) revision: u64,
    pub(super) count: Count,
    pub(super) count_of_recovery: Count,
    /// The last counter of the token that was accepted.
    pub(super) counter: Option<u64>,
    pub(super) clocks: BTreeMap<u32, Followed>,
    pub(super) challenges: Challenges,
    pub(super) sends: Limit,
    pub(super) enrollments: Limit,
    pub(super) pushes: Pushes,
    pub(super) used_recovery: BTreeSet<usize>,
}

impl Stored {
    pub(super) fn new(revision: u64) -> Self {
        Self {
            revision,
            count: Count::NONE,
            count_of_recovery: Count::NONE,
            counter: None,
            clocks: BTreeMap::new(),
            challenges: Challenges::default(),
            sends: Limit::SENDS,
            enrollments: Limit::ENROLLMENTS,
            pushes: Pushes::default(),
            used_recovery: BTreeSet::new(),
        }
    }

    /// Follows the codes of a call that was stored. Exactly those are accepted that the documentation describes.
    ///
    /// The text may be a code that was sent, if `is_sent` is `true`.
    pub(super) fn follow_codes(
        &mut self,
        call: &Call,
        person: &Person,
        is_accepted: bool,
        is_sent: bool,
        now: UnixTime,
    ) {
        self.follow_clocks(call, person, is_accepted, is_sent, now);
        if let (Some(token), Some(typed)) = (&person.token, counter::typed(&call.request)) {
            let (last, found) = (self.counter, counter::found(self.counter, token, typed));
            assert_eq!(found.is_some(), is_accepted, "{call:?} of a token whose last counter is {last:?}");
            self.counter = found.or(last);
        }
        let session = call.session;
        let (payee, response) = match &call.request {
            Request::Challenge(..) => return self.challenges.ask(session, None, now),
            Request::Sign(_, payee, _) => return self.challenges.ask(session, Some(*payee), now),
            Request::Verify(text) => (None, text),
            Request::VerifySignature(payee, text) => (Some(*payee), text),
            _ => return,
        };
        if response.len() == 7 {
            let is_right = self.challenges.accept(session, payee, response, now);
            assert_eq!(is_right, is_accepted, "{call:?} of a token with {:?}", self.challenges);
        }
        if is_accepted {
            self.challenges.end(session);
        }
    }

    /// Follows what a call has used of the limits. `is_sent` is `true` if the call has sent a code before.
    pub(super) fn follow_limits(&mut self, call: &Call, is_sent: bool, is_accepted: bool, now: UnixTime) {
        match &call.request {
            // A code that is not sent is withdrawn, and counts nevertheless.
            Request::Send(..) if !is_sent => self.sends.count(now),
            Request::Enroll(_) | Request::EnrollFirst(_) => self.enrollments.count(now),
            Request::AllowEnrollments => self.enrollments.restart(),
            Request::Push(..) => self.pushes.ask(call.session, now),
            Request::AnswerPush(reply) => {
                assert_eq!(is_accepted, reply.reaction != Reaction::WrongNumber, "{call:?}");
                self.pushes.answer(reply.session, reply.reaction, now);
            }
            Request::Poll => self.pushes.log_in(call.session),
            Request::Unlock => self.pushes.release(),
            _ => {}
        }
    }

    /// Checks a refusal: a limit refuses exactly what is beyond it, and tells how long.
    pub(super) fn check_limits(&self, call: &Call, label: &str, from: Option<UnixTime>, now: UnixTime) {
        let is_of = |limit: &str, until: Option<UnixTime>| {
            assert_eq!((label == limit).then_some(from), until.map(Some), "{call:?} is refused as {label}");
        };
        match &call.request {
            Request::Challenge(..) | Request::Sign(..) => {
                let is_full = self.challenges.are_full(now);
                assert_eq!(label == "too_many_challenges", is_full, "{call:?} is refused as {label}");
            }
            Request::Enroll(_) => is_of("too_many_enrollments", self.enrollments.used_up(now)),
            // The limit of a destination is checked where it refuses.
            Request::Send(..) if label == "too_many_sends_to_destination" => {}
            Request::Send(..) => is_of("too_many_sends", self.sends.used_up(now)),
            Request::Push(..) => {
                let held = self.pushes.held(now);
                is_of("pushes_held", held);
                let is_full = held.is_none() && self.pushes.are_full(now);
                assert_eq!(label == "too_many_pushes", is_full, "{call:?} is refused as {label}");
            }
            _ => {}
        }
    }

    fn follow_clocks(&mut self, call: &Call, person: &Person, is_accepted: bool, is_sent: bool, now: UnixTime) {
        let (named, text) = match &call.request {
            Request::Verify(text) => (None, text),
            Request::VerifyWith(number, text) => (Some(*number), text),
            Request::Resync(number, [first, _]) => (Some(*number), first),
            _ => return,
        };
        let is_named = |clock: &&Clock| named.is_none_or(|number| number == clock.number);
        let (mut is_found, mut is_compared) = (false, false);
        for clock in person.clocks().filter(is_named).filter(|clock| clock.digits == text.len()) {
            let known = self.clocks.entry(clock.number.get()).or_default();
            let next = match &call.request {
                Request::Resync(_, codes) => known.resync(clock, codes, now),
                _ => known.log_in(clock, text, now),
            };
            *known = next.unwrap_or(*known);
            (is_found, is_compared) = (is_found || next.is_some(), true);
        }
        let is_of_phone_only = is_compared && !is_sent;
        assert!(!is_of_phone_only || is_found == is_accepted, "{call:?} at {now} with {:?}", self.clocks);
    }

    /// Follows an operator who raises the watermarks after a restore. Challenges and pushes end, too.
    pub(super) fn raise(&mut self, person: &Person, now: UnixTime) {
        for clock in person.clocks() {
            self.clocks.entry(clock.number.get()).or_default().raise(now);
        }
        self.challenges = Challenges::default();
        self.pushes.end();
    }
}
