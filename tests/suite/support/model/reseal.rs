//! Two verifiers on one store, whose active keys differ as while keys are rotated.

use std::sync::Arc;

use pollster::block_on;
use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
use secondo::store::Memory;
use secondo::{AccountId, Verifier};

use super::input::Input;
use super::outcome::{Outcome, outcome, refused, same};
use super::setup::Setup;
use super::{Call, Entry, Library, Model};

/// The verifier with the next key, which only reseals.
pub(super) struct Seals {
    next: Option<Library>,
    /// The version of the record that it sealed, if it sealed one.
    sealed: Option<Version>,
}

#[derive(Clone, Copy, PartialEq)]
enum Version {
    Closed,
    Open { changes: u64 },
}

fn key(id: u32) -> SealingKey {
    let master = LocalMasterKey::from_hex(&"5e".repeat(32)).unwrap();
    SealingKey::derive(&Deployment::new("model").unwrap(), KeyId::new(id), &master).unwrap()
}

impl Seals {
    /// Creates the verifier of all calls, and the one that reseals.
    pub(super) fn new(setup: &Setup) -> (Library, Self) {
        let store = Arc::new(Memory::new());
        let sealing = |active, other| {
            let keys = KeyRing::new(key(active), [key(other)]).unwrap();
            Verifier::new(Arc::clone(&store), keys, setup.policy())
        };
        if setup.is_sealed {
            (sealing(1, 2), Self { next: Some(sealing(2, 1)), sealed: None })
        } else {
            (Verifier::unsealed(Arc::clone(&store), setup.policy()), Self { next: None, sealed: None })
        }
    }
}

impl Model {
    pub(super) fn reseal(&mut self, input: &mut Input<'_>, verifier: &Library, id: &AccountId) -> Outcome {
        self.call = Call::Reseal;
        let next = self.seals.next.as_ref().filter(|_| input.below(4) > 0);
        let found = block_on(next.unwrap_or(verifier).reseal(id));
        let version = match &self.entry {
            Entry::Absent => None,
            Entry::Closed => Some(Version::Closed),
            Entry::Open(person) => Some(Version::Open { changes: person.changes }),
        };
        let is_sealed_by_next = self.seals.sealed == version;
        let is_by_next = next.is_some();
        let expected = match version {
            None => refused("unknown"),
            Some(_) => Outcome::Resealed(is_by_next != is_sealed_by_next),
        };
        self.seals.sealed = version.filter(|_| is_by_next);
        same(expected, outcome(found, Outcome::Resealed), "reseal")
    }
}
