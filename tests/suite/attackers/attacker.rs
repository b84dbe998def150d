use pollster::block_on;
use secondo::store::Memory;
use secondo::{Algorithm, Totp, Transaction, UnixTime, Verifier};

use super::hsm::{Module, guarded};
use crate::support::enrolled::{FIRST, NOW, SECOND};
use crate::support::logins::fresh;
use crate::support::naive;
use crate::support::subscriber::{id, phone, roomy};

/// An attacker who knows the password, and how many guesses were compared with a phone of the owner.
pub(super) struct Attacker<'a> {
    pub(super) verifier: Verifier<&'a Memory, &'a Module>,
    module: &'a Module,
    pub(super) evaluated: usize,
    next: u32,
    session: Transaction,
    last: Option<(Transaction, String)>,
    /// `true` if the last guess must still be remembered: nothing has pushed it out, and no two minutes have passed.
    pub(super) is_remembered: bool,
    pub(super) now: UnixTime,
}

impl<'a> Attacker<'a> {
    pub(super) fn new(store: &'a Memory, module: &'a Module) -> Self {
        let verifier = guarded(store, module, roomy());
        Self { verifier, module, evaluated: 0, next: 0, session: fresh(), last: None, is_remembered: false, now: NOW }
    }

    /// Returns a new code that is wrong for both phones at this time, also for a resynchronization.
    pub(super) fn guess(&mut self) -> String {
        let step = Totp::default().step(self.now).unwrap().get();
        let codes = |byte| (step - 20..=step + 20).map(move |step| naive::code(Algorithm::Sha1, &[byte; 20], step, 6));
        let right: Vec<_> = codes(1).chain(codes(2)).collect();
        loop {
            let guess = format!("{:06}", self.next);
            self.next += 1;
            if !right.contains(&guess) {
                return guess;
            }
        }
    }

    /// Notes if the last call compared a guess. One that asks for several keys is one guess.
    pub(super) fn note(&mut self) {
        self.evaluated += usize::from(!self.module.asked().is_empty());
    }

    /// Guesses without a device, with each device, by resynchronization, and in one session or many.
    pub(super) fn guess_by(&mut self, way: usize) {
        let (verifier, now) = (self.verifier.clone(), self.now);
        let (code, other) = (self.guess(), self.guess());
        let login = if way.is_multiple_of(2) { fresh() } else { self.session.clone() };
        let accepted = match way / 2 {
            0 => block_on(verifier.verify(&id(), &login, &code, now)).is_ok(),
            1 => block_on(verifier.verify_with(&id(), &login, FIRST, &code, now)).is_ok(),
            2 => block_on(verifier.verify_with(&id(), &login, SECOND, &code, now)).is_ok(),
            3 => block_on(verifier.resync(&id(), &login, FIRST, &[&code, &other], now)).is_ok(),
            _ => block_on(verifier.resync(&id(), &login, SECOND, &[&code, &other], now)).is_ok(),
        };
        assert!(!accepted);
        self.note();
        if way / 2 == 0 {
            self.last = Some((login, code));
            self.is_remembered = true;
        }
    }

    /// Sends the last guess again.
    fn repeat(&mut self) {
        if let Some((login, code)) = self.last.take() {
            let evaluated = self.evaluated;
            block_on(self.verifier.verify(&id(), &login, &code, self.now)).unwrap_err();
            self.note();
            assert!(!self.is_remembered || self.evaluated == evaluated, "a repeated guess is evaluated");
            self.last = Some((login, code));
        }
    }

    /// Begins an enrollment with a secret that the attacker knows, sends some wrong codes, and leaves it there.
    fn enroll(&mut self, wrong_codes: u8) {
        let login = fresh();
        let begun = block_on(self.verifier.enroll(&id(), &login, phone(66), self.now));
        let begun = begun.or_else(|_| block_on(self.verifier.enroll(&id(), &login, phone(67), self.now)));
        if let Ok(begun) = begun {
            for _ in 0..wrong_codes {
                let guess = self.guess();
                let _ = block_on(self.verifier.confirm(&id(), &login, begun.number, &guess, self.now));
                // A phone of the owner is not compared with the answer of a confirmation.
                let _ = block_on(self.verifier.confirm(&id(), &login, FIRST, &guess, self.now));
            }
        }
        assert!(self.module.asked().is_empty());
        self.is_remembered = false;
    }

    /// Does one of the things that the attacker can do.
    pub(super) fn act(&mut self, choice: usize) {
        match choice % 14 {
            10 | 11 => self.repeat(),
            12 => self.enroll(3),
            13 => self.enroll(6),
            way => self.guess_by(way),
        }
    }

    pub(super) fn is_held(&self) -> bool {
        block_on(self.verifier.view(&id(), self.now)).unwrap().hold.is_in_force(self.now)
    }
}

/// Returns numbers that look random, and are the same in each run.
pub(super) fn choices(seed: u64) -> impl Iterator<Item = usize> {
    let mut state = seed.wrapping_mul(2) + 1;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 40).unwrap()
    })
}
