//! Recovery codes, which have a count of their own.

use pollster::block_on;
use secondo::AccountId;
use secondo::factor::{NewAuthenticator, RecoveryCodes};

use super::count::{Count, Rules};
use super::device::{Device, Factor, Purpose, Standing};
use super::input::Input;
use super::outcome::{Held, Outcome, outcome, refused, same};
use super::person::{Attempt, Person, Question, Verdict};
use super::{Call, Library, Model, as_number, transaction};

/// A set of recovery codes.
#[derive(Clone, Debug)]
pub(super) struct Codes {
    texts: Vec<String>,
    used: Vec<usize>,
    pub(super) count: Count,
}

/// The rules of the count are those of the default policy, whatever the policy is.
const RULES: Rules = Rules { cap: 5, lock: Some((15 * 60, 86_400)), back_off: None };

fn codes(seed: u8) -> RecoveryCodes {
    RecoveryCodes::long(&[seed; 32])
}

fn texts(seed: u8) -> Vec<String> {
    codes(seed).texts().map(|text| text.as_str().to_owned()).collect()
}

/// Returns a new set, as it is enrolled and as the account keeps it.
pub(super) fn new_set(seed: u8) -> (NewAuthenticator, Factor) {
    let set = Codes { texts: texts(seed), used: Vec::new(), count: Count::default() };
    (NewAuthenticator::from(&codes(seed)), Factor::Codes(set))
}

impl Codes {
    pub(super) fn left(&self) -> usize {
        self.texts.len() - self.used.len()
    }

    /// Returns the refusal of every code, if there is one.
    pub(super) fn refusal(&self, now: u64) -> Option<Outcome> {
        self.count.refusal(&RULES, now)
    }

    /// Ends a lock, unless the set has ended.
    pub(super) fn unlock(&mut self) {
        if !self.texts.is_empty() {
            self.count.restart();
        }
    }
}

impl Model {
    pub(super) fn enroll_codes(&mut self, input: &mut Input<'_>, verifier: &Library, id: &AccountId) -> Outcome {
        let (new, set) = new_set(input.below(5));
        self.enroll_new(new, Device::new(set, "", self.now), input, verifier, id)
    }

    /// Submits a recovery code, of the account's set or of another, and reports a device as lost or none.
    pub(super) fn recover(
        &mut self,
        has_lost: bool,
        input: &mut Input<'_>,
        verifier: &Library,
        id: &AccountId,
    ) -> Outcome {
        self.call = Call::Recover;
        let (login, now) = (self.any_login(input), self.now());
        let lost = has_lost.then(|| self.number(input));
        let place = usize::from(input.below(10));
        let of_account = self.person().and_then(|person| {
            person.devices.iter().find_map(|device| match &device.factor {
                Factor::Codes(codes) => codes.texts.get(place).cloned(),
                _ => None,
            })
        });
        let text = match input.below(16) {
            0 => "nothing".into(),
            1..=7 => texts(0xff)[place].clone(),
            _ => of_account.unwrap_or_else(|| texts(0)[place].clone()),
        };
        let login_of = transaction(login);
        let mut recover = || {
            let recovered = match lost {
                Some(lost) => block_on(verifier.recover_and_revoke(id, &login_of, &text, as_number(lost), now)),
                None => block_on(verifier.recover(id, &login_of, &text, now)),
            };
            let secs = self.now;
            let expected = Self::with_person(&mut self.entry, |person| person.recover(login, &text, lost, secs));
            let found = outcome(recovered, |accepted| self.accepted(accepted));
            same(expected, found, "recover")
        };
        let recovered = recover();
        // Sometimes it is a double click.
        if matches!(recovered, Outcome::Accepted(..)) && input.below(8) == 0 { recover() } else { recovered }
    }
}

impl Person {
    fn recover(&mut self, login: u8, text: &str, lost: Option<u32>, now: u64) -> Outcome {
        let attempt = Attempt { login, purpose: Purpose::Recovery, named: lost, texts: &[text], now };
        let question = Question::of(&attempt);
        let left = self.devices.iter().find_map(|device| match &device.factor {
            Factor::Codes(set) => Some(set.count.left_now(&RULES, now)),
            _ => None,
        });
        if let Some(outcome) = self.repeated(left.unwrap_or_default(), &attempt, &question) {
            return outcome;
        }
        if lost.is_some_and(|lost| self.device(lost).is_none() && self.browser(lost).is_none()) {
            return refused("unknown_authenticator");
        }
        let (of_account, is_suspended) = (self.count.failures, self.is_suspended);
        let Some(device) = self.devices.iter_mut().find(|device| matches!(device.factor, Factor::Codes(_))) else {
            return refused("no_recovery_codes");
        };
        if lost == Some(device.number) {
            return refused("last");
        }
        if is_suspended || device.standing == Standing::Suspended {
            return refused("suspended");
        }
        let number = device.number;
        let set = device.codes().unwrap();
        if let Some(refusal) = set.refusal(now) {
            return refusal;
        }
        if text == "nothing" {
            return refused("malformed");
        }
        let place = set.texts.iter().position(|of_set| of_set == text);
        if let Some(place) = place.filter(|place| !set.used.contains(place)) {
            let before = u8::try_from(of_account + set.count.failures).unwrap_or(u8::MAX);
            set.used.push(place);
            set.count.restart();
            device.last_used = Some(now);
            self.devices.retain(|device| Some(device.number) != lost);
            self.browsers.retain(|browser| Some(browser.number) != lost);
            self.succeed(&attempt, question, Verdict::Accepted(number));
            return Outcome::Accepted(number, 0, 0, before);
        }
        let name = if place.is_some() { "replayed" } else { "wrong" };
        let remaining = set.count.fail(&RULES, now);
        let until = set.count.held.until();
        if set.count.held == Held::Locked {
            (set.texts, set.used) = (Vec::new(), Vec::new());
        }
        self.changes += 1;
        self.keep(&attempt, question, Verdict::Refused(name));
        Outcome::Refused(name, Some(remaining), until)
    }
}
