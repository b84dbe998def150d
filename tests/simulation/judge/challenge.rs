//! The challenges of an account that are pending, as the documentation of the verifier describes them.

use secondo::UnixTime;

use crate::call::{Payee, Session};

/// The maximum number of challenges that are pending in an account.
const MOST: usize = 3;

#[derive(Clone, Debug, Default)]
pub(super) struct Challenges(Vec<Challenge>);

#[derive(Clone, Debug)]
struct Challenge {
    session: Session,
    /// The payee to sign, or `None` for a login.
    payee: Option<Payee>,
    expires: u64,
    /// The right response, as soon as the question is told.
    response: Option<String>,
}

impl Challenge {
    /// Returns `true` if a response is accepted: for two minutes, or five if it signs.
    ///
    /// A challenge that would last a minute longer comes from a machine whose clock is ahead.
    fn is_live(&self, now: UnixTime) -> bool {
        let left = self.expires.saturating_sub(now.as_secs());
        0 < left && left <= secs(self.payee) + 60
    }
}

fn secs(payee: Option<Payee>) -> u64 {
    if payee.is_some() { 300 } else { 120 }
}

impl Challenges {
    /// Returns `true` if no other challenge can be made.
    pub(super) fn are_full(&self, now: UnixTime) -> bool {
        self.0.iter().filter(|challenge| challenge.is_live(now)).count() >= MOST
    }

    /// Adds a challenge, whose question is told to the caller.
    pub(super) fn ask(&mut self, session: Session, payee: Option<Payee>, now: UnixTime) {
        assert!(!self.are_full(now), "a fourth challenge is made");
        self.0.retain(|challenge| challenge.is_live(now));
        self.0.push(Challenge { session, payee, expires: now.as_secs() + secs(payee), response: None });
    }

    /// Takes the right response to the question that a caller was told.
    pub(super) fn tell(&mut self, session: Session, payee: Option<Payee>, right: &str) {
        let asked = self.0.iter_mut().find(|asked| (asked.session, asked.payee) == (session, payee));
        // A restore ends challenges.
        let Some(Challenge { response, .. }) = asked else { return };
        assert_eq!(response.get_or_insert_with(|| right.to_owned()), right, "another question is told");
    }

    /// Returns `true` if this is the right response to a challenge that is pending in the session.
    pub(super) fn accept(&self, session: Session, payee: Option<Payee>, text: &str, now: UnixTime) -> bool {
        let mut asked = self.0.iter().filter(|asked| (asked.session, asked.payee) == (session, payee));
        asked.any(|asked| asked.is_live(now) && asked.response.as_deref() == Some(text))
    }

    /// Ends the challenges of a session in which an answer was accepted.
    pub(super) fn end(&mut self, session: Session) {
        self.0.retain(|asked| asked.session != session);
    }
}
