//! Authenticators that other software judges.

use secondo::AccountId;
use secondo::factor::{External, NewAuthenticator};
use secondo::types::Level;

use super::device::{Device, Factor};
use super::input::Input;
use super::outcome::Outcome;
use super::{Call, Library, Model};

fn external(seed: u8) -> External {
    External::new(Level::Three, &[seed; External::MAX_LEN]).unwrap()
}

/// Returns a new one, as it is enrolled and as the account keeps it.
pub(super) fn new(seed: u8) -> (NewAuthenticator, Factor) {
    (external(seed).into(), Factor::External(seed))
}

impl Model {
    pub(super) fn enroll_external(&mut self, input: &mut Input<'_>, verifier: &Library, id: &AccountId) -> Outcome {
        self.call = Call::EnrollExternal;
        let (new, factor) = new(input.below(6));
        self.enroll_new(new, Device::new(factor, "", self.now), input, verifier, id)
    }
}

impl Device {
    /// Returns what the account shows of it, if other software judges it.
    pub(super) fn external(&self) -> Option<External> {
        if let Factor::External(seed) = self.factor { Some(external(seed)) } else { None }
    }
}
