//! Compares the login options and the pending secrets, which pages show, with those of the model.

use pollster::block_on;
use secondo::account::AuthenticatorView;
use secondo::{AccountId, AuthenticatorNumber, PublicRefusal, Refusal, UnixTime, VerifierError};

use super::device::{Device, Factor, Purpose, Standing};
use super::input::Input;
use super::outcome::{Held, Outcome, outcome, refused, same};
use super::person::Person;
use super::{Call, Entry, Library, Model, as_number, transaction};

/// The label of a refusal that a page shows, and the time of the next attempt.
type Shown = (&'static str, Option<u64>);

fn shown(refusal: PublicRefusal) -> Shown {
    (refusal.label(), refusal.retry_at().map(UnixTime::as_secs))
}

fn expected(refusal: &Outcome) -> Shown {
    match *refusal {
        Outcome::Refused(label @ ("suspended" | "locked" | "throttled"), _, until) => (label, until),
        _ => ("unavailable", None),
    }
}

fn numbers(views: &[AuthenticatorView]) -> Vec<u32> {
    views.iter().map(|view| view.number.get()).collect()
}

impl Model {
    /// Compares the options in the last transaction. Returns a name of what they are.
    pub(super) fn compare_options(&self, verifier: &Library, id: &AccountId) -> &'static str {
        let options = block_on(verifier.options(id, &transaction(self.login), self.now()));
        let (now, rules) = (self.now, &self.setup.rules);
        let person = match &self.entry {
            Entry::Absent => {
                assert!(matches!(options, Err(VerifierError::Unknown)));
                return "unknown";
            }
            Entry::Closed => {
                assert!(matches!(options, Err(VerifierError::Refused(Refusal::Closed))));
                return "closed";
            }
            Entry::Open(person) => person,
        };
        let options = options.unwrap();
        assert_eq!(numbers(&options.authenticators), person.usable(|device| device.takes(Purpose::Login)));
        #[cfg(feature = "push")]
        {
            let mut later = person.clone();
            later.end_old_challenges(now);
            let is_app = |device: &Device| matches!(device.factor, Factor::App(_));
            let pushes = if later.pushes_held(now).is_some() { Vec::new() } else { later.usable(is_app) };
            assert_eq!(numbers(&options.pushes), pushes);
        }
        let codes = person.devices.iter().find_map(|device| match &device.factor {
            Factor::Codes(codes) if codes.left() > 0 && person.usable(|_| true).contains(&device.number) => {
                Some((device.number, codes.left(), codes.refusal(now).as_ref().map(expected)))
            }
            _ => None,
        });
        let found = options
            .recovery_codes
            .map(|codes| (codes.number.get(), usize::from(codes.codes_left.get()), codes.refusal.map(shown)));
        assert_eq!(found, codes);
        let count = &person.count;
        assert_eq!(options.is_suspended, person.is_suspended);
        assert_eq!(
            (options.remaining, Held::from(options.hold)),
            (count.remaining(rules, now), count.held.in_force(now))
        );
        let refusal = person.unusable(None).map(refused).or_else(|| count.refusal(rules, now));
        assert_eq!(options.refusal.map(shown), refusal.as_ref().map(expected));
        let left = self.setup.sending.of_account.left(person.sends_whole, now);
        assert_eq!(usize::from(options.sends_left), left);
        let accepted = person.accepted(self.login, now);
        assert_eq!(options.accepted.map(AuthenticatorNumber::get), accepted);
        match refusal {
            Some(refusal) => refusal.name(),
            None if accepted.is_some() => "logged_in",
            None => "open",
        }
    }

    /// Asks for a secret that is shown until it is confirmed.
    pub(super) fn pending(&mut self, input: &mut Input<'_>, verifier: &Library, id: &AccountId) -> Outcome {
        self.call = Call::Pending;
        let number = self.number_of(input, |device| !device.is_confirmed());
        let login = self.pending_login(input);
        let found = block_on(verifier.pending(id, &transaction(login), as_number(number), self.now()));
        let now = self.now;
        let expected = Self::with_person(&mut self.entry, |person| person.pending(login, number, now));
        let found = outcome(found, |authenticator| {
            let secret = authenticator.secret().unwrap().expose();
            assert_eq!(secret, [secret[0]; 20]);
            Outcome::Shown(secret[0])
        });
        same(expected, found, "pending")
    }
}

impl Person {
    /// Returns the numbers of the active devices of a kind, if the account is not suspended.
    fn usable(&self, is_of_kind: impl Fn(&Device) -> bool) -> Vec<u32> {
        let is_usable = |device: &&Device| !self.is_suspended && device.standing == Standing::Active;
        self.devices.iter().filter(is_usable).filter(|device| is_of_kind(device)).map(|device| device.number).collect()
    }

    fn pending(&self, login: u8, number: u32, now: u64) -> Outcome {
        let is_browser = self.browsers.iter().any(|browser| browser.number == number);
        let Some(device) = self.devices.iter().find(|device| device.number == number) else {
            return refused(if is_browser { "already_confirmed" } else { "unknown_authenticator" });
        };
        match (self.not_pending(device, login, now), &device.factor) {
            (Some(problem), _) => refused(problem),
            (None, Factor::Otp(otp)) => Outcome::Shown(otp.seed),
            (None, _) => refused("unknown_authenticator"),
        }
    }
}
