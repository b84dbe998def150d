//! The requests of operators.

use pollster::block_on;
use secondo::AccountId;
use secondo::types::DisplayName;

use super::device::{Device, Factor, Standing};
use super::input::Input;
use super::otp::Otp;
use super::outcome::{Outcome, outcome, refused, same};
use super::person::Person;
use super::{DESK, Entry, Library, Model, as_number};

impl Model {
    pub(super) fn operate(&mut self, input: &mut Input<'_>, verifier: &Library, id: &AccountId) -> Outcome {
        let number = self.number(input);
        match input.below(32) {
            31 => {
                let closed = block_on(verifier.close(id, None, DESK, self.now()));
                let expected = match self.entry {
                    Entry::Absent => refused("unknown"),
                    Entry::Closed => refused("closed"),
                    Entry::Open(_) => Outcome::Done,
                };
                if expected == Outcome::Done {
                    self.entry = Entry::Closed;
                }
                same(expected, outcome(closed, |()| Outcome::Done), "close")
            }
            request @ 0..=15 => self.operate_on_account(request, verifier, id),
            request => self.operate_on_device(request, number, verifier, id),
        }
    }

    pub(super) fn operate_on_account(&mut self, request: u8, verifier: &Library, id: &AccountId) -> Outcome {
        let (now, secs, setup) = (self.now(), self.now, &self.setup);
        let found = match request {
            0..=3 => block_on(verifier.suspend(id, DESK, now)),
            4..=8 => block_on(verifier.resume(id, DESK, now)),
            9..=12 => block_on(verifier.unlock(id, DESK, now)),
            13 => block_on(verifier.allow_enrollments(id, DESK, now)),
            _ => block_on(verifier.raise_watermarks(id, DESK, now)),
        };
        let expected = Self::existing(&mut self.entry, |person| {
            match request {
                0..=8 => {
                    person.is_suspended = request <= 3;
                    person.forget_refusals();
                }
                9..=12 => person.unlock(),
                13 => person.allow_enrollments(),
                _ => {
                    person.end_issued();
                    for device in &mut person.devices {
                        match &mut device.factor {
                            Factor::Otp(otp) if !otp.is_hotp => {
                                otp.next = otp.next.max(Otp::farthest_step(setup, secs).map_or(0, |last| last + 1));
                            }
                            Factor::Number(number) => number.sent.clear(),
                            Factor::Token(token) => token.asked.clear(),
                            #[cfg(feature = "push")]
                            Factor::App(app) => app.forget(),
                            _ => {}
                        }
                    }
                }
            }
            Ok(())
        });
        same(expected, outcome(found, |()| Outcome::Done), "operator's request")
    }

    fn operate_on_device(&mut self, request: u8, number: u32, verifier: &Library, id: &AccountId) -> Outcome {
        let name = DisplayName::new("chiavetta").unwrap();
        let before = self.before_room([]);
        if before.is_some()
            && matches!(request, 21..=22)
            && self.person().is_some_and(|person| !person.browsers.is_empty())
        {
            // Browsers give way to a longer name, those that have expired as well.
            return Outcome::Done;
        }
        let (now, secs, setup, named) = (self.now(), self.now, &self.setup, as_number(number));
        let found = match request {
            16..=17 => block_on(verifier.suspend_authenticator(id, named, DESK, now)),
            18..=20 => block_on(verifier.resume_authenticator(id, named, DESK, now)),
            21..=22 => block_on(verifier.rename(id, named, name, DESK, now)),
            23..=26 => block_on(verifier.revoke(id, named, DESK, now)),
            27 => block_on(verifier.forget_drift(id, named, DESK, now)),
            _ => block_on(verifier.lower_watermark(id, named, DESK, now)),
        };
        let expected = Self::existing(&mut self.entry, |person| {
            if let Some(browser) = person.browser(number) {
                match request {
                    16..=17 => browser.standing = Standing::Suspended,
                    18..=20 => browser.standing = Standing::Active,
                    21..=22 => browser.name = name.as_str().into(),
                    23..=26 => person.browsers.retain(|browser| browser.number != number),
                    27 => return Err("no_clock"),
                    _ => return Err("watermark_in_reach"),
                }
                if matches!(request, 16..=20) {
                    person.forget_refusals();
                }
                return Ok(());
            }
            let is_other = |device: &Device| {
                device.number != number && device.standing == Standing::Active && device.can_be_last()
            };
            let has_other = person.devices.iter().any(is_other);
            let device = person.device(number).ok_or("unknown_authenticator")?;
            match request {
                16..=20 if !device.is_confirmed() => return Err("unconfirmed"),
                16..=17 => device.standing = Standing::Suspended,
                18..=20 => device.standing = Standing::Active,
                21..=22 => device.name = name.as_str().into(),
                23..=26 if device.is_confirmed() && !has_other => return Err("last"),
                23..=26 => person.devices.retain(|device| device.number != number),
                27 => match &mut device.factor {
                    Factor::Otp(otp) if !otp.is_hotp => otp.drift = 0,
                    _ => return Err("no_clock"),
                },
                _ => match &mut device.factor {
                    Factor::Otp(otp) if !otp.is_hotp => match otp.last_step(setup, secs) {
                        Some(last) if (otp.next - 1 - last) * i128::from(setup.period) > 86_400 => otp.next = last + 1,
                        _ => return Err("watermark_in_reach"),
                    },
                    _ => return Err("watermark_in_reach"),
                },
            }
            if matches!(request, 16..=20) {
                person.forget_refusals();
            }
            Ok(())
        });
        let found = outcome(found, |()| Outcome::Done);
        self.same_in_room(before, expected, found, "operator's request", (verifier, id))
    }

    /// Changes an account that exists, and counts the change if there is no problem.
    pub(super) fn existing(entry: &mut Entry, change: impl FnOnce(&mut Person) -> Result<(), &'static str>) -> Outcome {
        match entry {
            Entry::Absent => refused("unknown"),
            Entry::Closed => refused("closed"),
            Entry::Open(person) => match change(person) {
                Ok(()) => {
                    person.changes += 1;
                    Outcome::Done
                }
                Err(problem) => refused(problem),
            },
        }
    }
}
