//! The bytes that a run is made of, and what they choose.

use super::Model;
use super::device::{Device, Standing};
use super::otp::Otp;
use super::person::Person;

pub(super) struct Input<'a>(pub(super) std::slice::Iter<'a, u8>);

impl Input<'_> {
    pub(super) fn next(&mut self) -> Option<u8> {
        self.0.next().copied()
    }

    /// Returns a number below `n`, or 0 at the end of the input.
    pub(super) fn below(&mut self, n: u8) -> u8 {
        self.next().unwrap_or(0) % n
    }

    pub(super) fn flag(&mut self) -> bool {
        self.below(2) == 1
    }
}

impl Model {
    /// Returns the number of one of the devices or browsers, or rarely one that does not exist.
    pub(super) fn number(&self, input: &mut Input<'_>) -> u32 {
        let at = usize::from(input.below(25));
        let numbers = self.person().map_or_else(Vec::new, Person::numbers);
        match numbers.len() {
            0 => 1,
            _ if at == 24 => 999,
            len => numbers[at % len],
        }
    }

    /// Returns the number of a device of a kind, mostly.
    pub(super) fn number_of(&self, input: &mut Input<'_>, is_of_kind: impl Fn(&Device) -> bool) -> u32 {
        let at = usize::from(input.below(16));
        let devices = self.person().into_iter().flat_map(|person| &person.devices);
        let of_kind: Vec<_> = devices.filter(|device| is_of_kind(device)).map(|device| device.number).collect();
        if of_kind.is_empty() || at == 15 { self.number(input) } else { of_kind[at % of_kind.len()] }
    }

    fn otp(&self, number: u32) -> Option<&Otp> {
        let device = self.person()?.devices.iter().find(|device| device.number == number)?;
        device.otp()
    }

    /// Returns a new transaction, or one of the last three.
    pub(super) fn any_login(&mut self, input: &mut Input<'_>) -> u8 {
        let back = input.below(8);
        if back < 3 {
            return self.login.saturating_sub(back);
        }
        self.login = self.login.wrapping_add(1);
        self.login
    }

    /// Returns the transaction of an enrollment, mostly.
    pub(super) fn pending_login(&mut self, input: &mut Input<'_>) -> u8 {
        let standings = self.person().into_iter().flat_map(|person| &person.devices).map(|device| device.standing);
        let logins: Vec<_> = standings
            .filter_map(|standing| match standing {
                Standing::Unconfirmed { login, .. } => Some(login),
                _ => None,
            })
            .collect();
        let at = usize::from(input.below(16));
        if logins.is_empty() || at == 15 { self.any_login(input) } else { logins[at % logins.len()] }
    }

    /// Returns a text to submit: mostly a code of a device near the expected counter or step.
    pub(super) fn text(&self, input: &mut Input<'_>, named: Option<u32>) -> String {
        let number = named.unwrap_or_else(|| self.number(input));
        let Some(otp) = self.otp(number) else { return "123456".into() };
        let offset = match input.below(10) {
            0 => {
                let malformed = ["", "12345", "1234567890", "12a456", "١٢٣٤٥٦", "+12345", "12.456", "123456\0"];
                return malformed[usize::from(input.below(8))].into();
            }
            1 => 100_000,
            n => i128::from(n) - 4,
        };
        let code = otp.code(&self.setup, (otp.centre(&self.setup, self.now) + offset).max(0));
        if input.flag() { format!(" {}-{} ", &code[..3], &code[3..]) } else { code }
    }

    pub(super) fn consecutive_texts(&self, input: &mut Input<'_>, number: u32) -> Vec<String> {
        let Some(otp) = self.otp(number) else {
            return vec!["123456".into(), "123456".into()];
        };
        let start = otp.centre(&self.setup, self.now) + i128::from(input.below(48)) - 16;
        let mut texts: Vec<_> =
            (start..).take(self.setup.resync_codes).map(|at| otp.code(&self.setup, at.max(0))).collect();
        match input.below(8) {
            0 => drop(texts.pop()),
            1 => texts.reverse(),
            2 => texts[0] = "nothing".into(),
            _ => {}
        }
        texts
    }
}
