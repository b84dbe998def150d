//! Browsers that the model remembers.

use pollster::block_on;
use secondo::account::{BrowserView, Status};
use secondo::factor::BrowserDays;
use secondo::types::DisplayName;
use secondo::{AccountId, AuthenticatorNumber};

use super::device::Standing;
use super::input::Input;
use super::outcome::{Outcome, outcome, refused, same};
use super::person::Person;
use super::{Library, Model};

/// The model's browser. A token is the place of its text in the list of all tokens.
#[derive(Clone, Debug)]
pub(super) struct Browser {
    pub(super) number: u32,
    pub(super) standing: Standing,
    pub(super) name: String,
    added: u64,
    pub(super) last_used: u64,
    token: usize,
    previous: usize,
    /// The end of the time in which the previous token is recognized.
    previous_until: u64,
    expires: u64,
}

impl Browser {
    fn has_previous(&self, now: u64) -> bool {
        // The end is not believed if it is more than twice as far away as it can be.
        (1..=120).contains(&self.previous_until.saturating_sub(now))
    }
}

impl Browser {
    pub(super) fn lives(&self, now: u64) -> bool {
        now < self.expires
    }

    pub(super) fn compare(&self, view: &BrowserView) {
        let status = if self.standing == Standing::Active { Status::Active } else { Status::Suspended };
        assert_eq!((view.number.get(), view.name.as_str(), view.status), (self.number, &*self.name, status));
        let times = [view.added, view.last_used, view.expires].map(secondo::UnixTime::as_secs);
        assert_eq!(times, [self.added, self.last_used, self.expires]);
    }
}

impl Model {
    /// Remembers a browser of the last login.
    pub(super) fn remember(&mut self, input: &mut Input<'_>, verifier: &Library, id: &AccountId) -> Outcome {
        let (days, now) = (1 + input.below(3), self.now());
        let before = self.before_room([]);
        let Some(accepted) = &self.accepted else { return Outcome::Done };
        let (name, length) = (DisplayName::new("Firefox").unwrap(), BrowserDays::new(days).unwrap());
        let found = block_on(verifier.remember(accepted, name, length, &self.random(), now));
        let (token, secs) = (self.tokens.len(), self.now);
        self.tokens.extend(found.as_ref().ok().map(|browser| browser.token.as_str().to_owned()));
        self.calls += 1;
        let expected =
            Self::with_person(&mut self.entry, |person| person.remember(u64::from(days) * 86_400, token, secs));
        let found = outcome(found, |browser| {
            Outcome::Remembered(browser.number.get(), browser.replaced.map(AuthenticatorNumber::get))
        });
        self.same_in_room(before, expected, found, "remember", (verifier, id))
    }

    /// Recalls a browser by one of the last tokens, or by a text that is not a token.
    pub(super) fn recall(&mut self, input: &mut Input<'_>, verifier: &Library, id: &AccountId) -> Outcome {
        let back = usize::from(input.below(12));
        let (sent, now) = (self.tokens.len().checked_sub(back), self.now());
        let text = sent.and_then(|sent| self.tokens.get(sent)).map_or("unknown", String::as_str);
        let found = block_on(verifier.recall(id, text, &self.random(), now));
        let (next, secs) = (self.tokens.len(), self.now);
        let token = found.as_ref().ok().and_then(|known| known.token());
        self.tokens.extend(token.map(|token| token.as_str().to_owned()));
        self.calls += 1;
        let expected = Self::with_person(&mut self.entry, |person| person.recall(sent, next, secs));
        let found = outcome(found, |known| Outcome::Recalled(known.browser().get(), known.token().is_some()));
        same(expected, found, "recall")
    }
}

impl Person {
    fn remember(&mut self, secs: u64, token: usize, now: u64) -> Outcome {
        if self.is_suspended {
            return refused("suspended");
        }
        let living = self.browsers.iter().filter(|browser| browser.lives(now));
        let oldest = living.clone().min_by_key(|browser| browser.last_used).map(|browser| browser.number);
        let replaced = oldest.filter(|_| living.count() == 8);
        self.end_expired(now);
        self.browsers.retain(|browser| Some(browser.number) != replaced);
        self.last_number += 1;
        self.changes += 1;
        self.browsers.push(Browser {
            number: self.last_number,
            standing: Standing::Active,
            name: "Firefox".into(),
            added: now,
            last_used: now,
            token,
            previous: token,
            previous_until: now,
            expires: now + secs,
        });
        Outcome::Remembered(self.last_number, replaced)
    }

    fn recall(&mut self, sent: Option<usize>, next: usize, now: u64) -> Outcome {
        if self.is_suspended {
            return refused("suspended");
        }
        let has = |browser: &&mut Browser| {
            Some(browser.token) == sent || Some(browser.previous) == sent && browser.has_previous(now)
        };
        let Some(browser) = self.browsers.iter_mut().find(has) else { return refused("unknown_browser") };
        if browser.standing == Standing::Suspended {
            return refused("suspended");
        }
        if !browser.lives(now) {
            return refused("browser_expired");
        }
        let is_replaced = Some(browser.token) == sent && !browser.has_previous(now);
        if is_replaced {
            (browser.previous, browser.token) = (browser.token, next);
            (browser.previous_until, browser.last_used) = (now + 60, now);
            self.changes += 1;
        }
        Outcome::Recalled(browser.number, is_replaced)
    }
}
