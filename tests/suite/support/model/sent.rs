//! Codes that are sent to telephone numbers.

use std::collections::BTreeMap;
use std::convert::Infallible;

use pollster::block_on;
use secondo::AccountId;
use secondo::factor::{CodeMessage, Destination, Transport};
use secondo::verifier::Sent as Sending;

use super::device::{Device, Factor, Found, Standing};
use super::input::Input;
use super::otp::typed;
use super::outcome::{Outcome, outcome, refused, same};
use super::person::{Attempt, Person};
use super::setup::{Limit, Setup};
use super::{Call, Library, Model, as_number, transaction};

/// A telephone number with the codes that were sent to it.
#[derive(Clone, Debug)]
pub(super) struct Number {
    pub(super) seed: u8,
    pub(super) sent: Vec<Sent>,
}

#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) login: u8,
    text: String,
    at: u64,
    expires: u64,
}

/// The times from which the limits of destinations are whole again, by number, and if it was confirmed.
pub(super) type Destinations = BTreeMap<(u8, bool), u64>;

struct Gateway;

impl Transport for Gateway {
    type Error = Infallible;

    async fn send(&self, _: &CodeMessage) -> Result<(), Infallible> {
        Ok(())
    }
}

impl Number {
    pub(super) fn new(seed: u8) -> Self {
        Self { seed, sent: Vec::new() }
    }

    pub(super) fn destination(seed: u8) -> Destination {
        Destination::sms(&format!("+39333{seed:07}")).unwrap()
    }

    pub(super) fn compare(&self, setup: &Setup, attempt: &Attempt<'_>) -> Found {
        let Some(sent) = self.sent.iter().find(|sent| sent.login == attempt.login) else { return Found::NotSent };
        if !sent.is_live(attempt.now) {
            return Found::Expired;
        }
        match typed(attempt.texts[0], usize::from(setup.sending.digits)) {
            None => Found::Malformed,
            Some(code) if code == sent.text => Found::Fresh(0, 0),
            Some(_) => Found::Nowhere,
        }
    }
}

impl Sent {
    fn is_live(&self, now: u64) -> bool {
        now < self.expires && self.at <= now + 60
    }
}

impl Model {
    /// Has a code sent, mostly to a telephone number.
    pub(super) fn send_code(&mut self, input: &mut Input<'_>, verifier: &Library, id: &AccountId) -> Outcome {
        self.call = Call::Send;
        let number = self.number_of(input, |device| matches!(device.factor, Factor::Number(_)));
        let login = if input.flag() { self.pending_login(input) } else { self.any_login(input) };
        let (random, now) = (self.random(), self.now());
        let sent = block_on(verifier.send_code(id, &transaction(login), as_number(number), &Gateway, now, &random));
        let text = if let Ok(Sending::New(message)) = &sent { message.code().as_str() } else { "" };
        self.calls += 1;
        if !text.is_empty() {
            self.sent.push((login, number, text.into()));
        }
        let (setup, destinations, secs) = (&self.setup, &mut self.destinations, self.now);
        let text = text.to_owned();
        let expected =
            Self::with_person(&mut self.entry, |person| person.send(setup, destinations, login, number, text, secs));
        let found = outcome(sent, |sent| match sent {
            Sending::New(message) => Outcome::Sent(message.expires().as_secs()),
            Sending::Repeated { at, next_at } => Outcome::SentBefore(at.as_secs(), next_at.as_secs()),
        });
        same(expected, found, "send")
    }

    /// Submits one of the last codes that were sent, or a wrong one in its place.
    pub(super) fn submit_sent(&mut self, input: &mut Input<'_>, verifier: &Library, id: &AccountId) -> Outcome {
        self.call = Call::SubmitSent;
        let back = 1 + usize::from(input.below(3));
        let last = self.sent.len().checked_sub(back).map(|at| self.sent[at].clone());
        let Some((login, number, mut text)) = last else { return Outcome::Done };
        match input.below(8) {
            0 => text = text.chars().rev().collect(),
            1 => drop(text.pop()),
            _ => {}
        }
        let device = self.person().and_then(|person| person.devices.iter().find(|device| device.number == number));
        if device.is_some_and(|device| !device.is_confirmed()) {
            return self.confirm(login, number, &text, verifier, id);
        }
        let named = input.flag().then_some(number);
        self.log_in(login, named, text, verifier, id)
    }
}

impl Person {
    fn send(
        &mut self,
        setup: &Setup,
        destinations: &mut Destinations,
        login: u8,
        number: u32,
        text: String,
        now: u64,
    ) -> Outcome {
        let Some(device) = self.devices.iter().find(|device| device.number == number) else {
            return refused(if self.browser(number).is_some() { "no_destination" } else { "unknown_authenticator" });
        };
        let Factor::Number(to) = &device.factor else { return refused("no_destination") };
        let is_confirmed = device.is_confirmed();
        let refusal = if is_confirmed {
            match () {
                () if self.is_logged_in(login, now) => Some(refused("logged_in")),
                () if self.is_suspended || device.standing == Standing::Suspended => Some(refused("suspended")),
                () => self.count.refusal(&setup.rules, now),
            }
        } else {
            self.not_pending(device, login, now).map(refused)
        };
        if let Some(refusal) = refusal {
            return refusal;
        }
        let rules = setup.sending;
        let earlier = to.sent.iter().find(|sent| sent.login == login && sent.is_live(now));
        if let Some(sent) = earlier.filter(|sent| now < sent.at + rules.pause) {
            return Outcome::SentBefore(sent.at, sent.at + rules.pause);
        }
        let seed = to.seed;
        match rules.of_account.admit(self.sends_whole, now) {
            Ok(whole) => self.sends_whole = whole,
            Err(from) => return Outcome::Refused("too_many_sends", None, Some(from)),
        }
        let expires = now + rules.validity;
        let Factor::Number(to) = &mut self.device(number).unwrap().factor else { unreachable!() };
        to.sent.retain(|sent| sent.is_live(now) && sent.login != login);
        if to.sent.len() == 6 {
            to.sent.remove(0);
        }
        to.sent.push(Sent { login, text, at: now, expires });
        self.forget_refusals_in(login);
        self.changes += 1;
        let whole = destinations.entry((seed, is_confirmed)).or_default();
        match rules.of_destination.admit(*whole, now) {
            Ok(next) => {
                *whole = next;
                Outcome::Sent(expires)
            }
            Err(from) => {
                let Factor::Number(to) = &mut self.device(number).unwrap().factor else { unreachable!() };
                to.sent.pop();
                self.changes += 1;
                Outcome::Refused("too_many_sends_to_destination", None, Some(from))
            }
        }
    }

    /// Returns the reason that a device cannot be confirmed now in this transaction.
    pub(super) fn not_pending(&self, device: &Device, login: u8, now: u64) -> Option<&'static str> {
        match device.standing {
            Standing::Unconfirmed { login: of, .. } if of != login => Some("other_transaction"),
            Standing::Unconfirmed { expires, .. } if now >= expires => Some("expired"),
            Standing::Unconfirmed { .. } => self.is_suspended.then_some("suspended"),
            Standing::Active | Standing::Suspended => Some("already_confirmed"),
        }
    }
}

impl Limit {
    /// Returns the number of those that are admitted one after another.
    pub(super) fn left(self, mut whole: u64, now: u64) -> usize {
        let mut admit = || {
            whole = self.admit(whole, now).ok()?;
            Some(())
        };
        std::iter::from_fn(&mut admit).count()
    }

    /// Admits one more: some at once, and one more after each interval. Returns the time from which all are available
    /// again, or the time from which one is.
    fn admit(self, whole: u64, now: u64) -> Result<u64, u64> {
        let all = self.at_once * self.interval;
        // Only a clock that was ahead can have set a later time.
        let whole = if whole > now + all + 600 { now + all - self.interval } else { whole };
        let next = whole.max(now) + self.interval;
        if next <= now + all { Ok(next) } else { Err(next - all) }
    }
}
