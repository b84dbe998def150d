//! Imports of authenticators from another system.

use pollster::block_on;
use secondo::factor::NewAuthenticator;
use secondo::types::Counter;
use secondo::{AccountId, State};

use super::device::{Device, Factor, Standing};
use super::input::Input;
use super::otp::Otp;
use super::outcome::{Held, Outcome, outcome, refused};
use super::person::Person;
use super::sent::Number;
use super::setup::Setup;
use super::{Call, DESK, Library, Model, codes, external};

/// An authenticator as another system has it, and as the account will keep it.
pub(super) struct Moved {
    new: NewAuthenticator,
    factor: Factor,
    name: &'static str,
    state: State,
}

/// The account's part of an imported authenticator.
struct Imported {
    device: Device,
    is_confirmed: bool,
    failures: u8,
    held: Held,
}

impl Moved {
    /// `state` is how far the authenticator has got.
    pub(super) fn new(new: NewAuthenticator, factor: Factor, state: State) -> Self {
        Self { new, factor, name: "", state }
    }

    fn named(mut self, name: &'static str) -> Self {
        (self.new, self.name) = (self.new.named(name).unwrap(), name);
        self
    }

    /// Returns it with any failures, hold and standing.
    fn at(mut self, input: &mut Input<'_>, now: u64) -> ((NewAuthenticator, State), Imported) {
        let failures = input.below(9);
        let (is_confirmed, is_suspended) = (input.below(4) > 0, input.below(4) == 0);
        let until = (now + u64::from(input.below(200))).saturating_sub(20);
        // Few, since nothing happens while they last.
        let held = match input.below(64) {
            0 | 1 => Held::ThrottledUntil(until),
            2 | 3 => Held::LockedUntil(until),
            4 => Held::Locked,
            _ => Held::No,
        };
        if is_confirmed {
            self.state = self.state.confirmed();
        }
        let mut device = Device::new(self.factor, self.name, now);
        if is_suspended {
            self.state = self.state.suspend();
            device.standing = Standing::Suspended;
        }
        let mut bytes = self.state.to_bytes();
        bytes[2] = held.code();
        [bytes[3], bytes[4]] = [failures; 2];
        bytes[16..24].copy_from_slice(&held.until().unwrap_or(0).to_be_bytes());
        let state = State::from_bytes(&bytes).unwrap();
        ((self.new, state), Imported { device, is_confirmed, failures, held })
    }
}

impl Held {
    /// Returns the code of a stored state.
    fn code(self) -> u8 {
        match self {
            Self::No => 0,
            Self::ThrottledUntil(_) => 1,
            Self::LockedUntil(_) => 2,
            Self::Locked => 3,
        }
    }
}

impl Model {
    pub(super) fn import(&mut self, input: &mut Input<'_>, verifier: &Library, id: &AccountId) -> Outcome {
        self.call = Call::Import;
        let otp = self.otp_to_import(input);
        self.import_all([otp], input, verifier, id)
    }

    pub(super) fn import_number(&mut self, input: &mut Input<'_>, verifier: &Library, id: &AccountId) -> Outcome {
        self.call = Call::Import;
        self.import_all([number(input.below(6))], input, verifier, id)
    }

    /// Imports up to four authenticators of any kinds at once.
    pub(super) fn import_some(&mut self, input: &mut Input<'_>, verifier: &Library, id: &AccountId) -> Outcome {
        self.call = Call::Import;
        let count = 1 + input.below(4);
        let some: Vec<_> = (0..count)
            .map(|_| match (input.below(8), input.below(6)) {
                (0, seed) => number(seed),
                (1, seed) => of_new(external::new(seed)),
                (2, seed) => of_new(codes::new_set(seed)),
                (3, _) if self.setup.has_tokens => Self::token_to_import(input),
                _ => self.otp_to_import(input),
            })
            .collect();
        self.import_all(some, input, verifier, id)
    }

    /// Imports telephone numbers with long names, which leave little room in the account or none.
    pub(super) fn import_long(&mut self, input: &mut Input<'_>, verifier: &Library, id: &AccountId) -> Outcome {
        const NAME: &str = "il telefono della casa in campagna con il prefisso di un'altra v";

        (10..20 + input.below(4)).for_each(|seed| {
            self.import_all([number(seed).named(NAME)], &mut Input([0, 1, 1, 0, 15].iter()), verifier, id);
        });
        Outcome::Done
    }

    fn otp_to_import(&self, input: &mut Input<'_>) -> Moved {
        let (seed, is_hotp) = (input.below(24), input.flag());
        let next = if is_hotp { u64::from(input.below(50)) } else { 0 };
        let drift = i16::from(input.below(9)) - 4;
        let otp = Otp { seed, is_hotp, digits: 6, next: next.into(), drift: drift.into() };
        let state = State::new().starting_at(Counter::new(next)).with_drift(drift);
        Moved::new(self.setup.authenticator(seed, is_hotp, 6).into(), Factor::Otp(otp), state)
    }

    pub(super) fn import_all(
        &mut self,
        all: impl IntoIterator<Item = Moved>,
        input: &mut Input<'_>,
        verifier: &Library,
        id: &AccountId,
    ) -> Outcome {
        let (new, mut imported): (Vec<_>, Vec<_>) = all.into_iter().map(|moved| moved.at(input, self.now)).unzip();
        let before = self.before_room(imported.iter().map(|imported| &imported.device));
        let found = outcome(block_on(verifier.import(id, &new, DESK, self.now())), |()| Outcome::Done);
        if before.is_some() && found == refused("full") {
            // The others do not matter if there is no room for the first.
            imported.truncate(1);
        }
        let (setup, now) = (&self.setup, self.now);
        let expected = Self::create(&mut self.entry, |person| {
            let mut after = person.clone();
            let outcome = after.import(setup, imported, now);
            if outcome == Outcome::Done {
                *person = after;
            }
            outcome
        });
        self.same_in_room(before, expected, found, "import", (verifier, id))
    }
}

fn number(seed: u8) -> Moved {
    Moved::new(Number::destination(seed).into(), Factor::Number(Number::new(seed)), State::new())
}

fn of_new((new, factor): (NewAuthenticator, Factor)) -> Moved {
    Moved::new(new, factor, State::new())
}

impl Person {
    /// Adds all of them, as far as there is no problem.
    fn import(&mut self, setup: &Setup, all: Vec<Imported>, now: u64) -> Outcome {
        if self.is_suspended {
            return refused("suspended");
        }
        self.end_expired(now);
        for Imported { mut device, is_confirmed, failures, held } in all {
            if !is_confirmed {
                return refused("not_confirmed");
            }
            let is_set = device.codes().is_some();
            self.devices.retain_mut(|device| !is_set || device.codes().is_none());
            if let Some(problem) = self.problem(setup, &device, None, now) {
                return refused(problem);
            }
            self.last_number += 1;
            device.number = self.last_number;
            self.devices.push(device);
            self.end_first_enrollments();
            self.count.import(failures.into(), held);
        }
        self.changes += 1;
        Outcome::Done
    }
}
