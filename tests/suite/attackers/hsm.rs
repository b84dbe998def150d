use std::fmt;
use std::sync::Mutex;

use hmac::{KeyInit, Mac};
use secondo::hsm::{Hmac, Hsm, HsmKey};
use secondo::store::Memory;
use secondo::types::Counter;
use secondo::{Algorithm, Authenticator, Policy, State, Totp, Verifier};

use crate::support::enrolled::keys;
use crate::support::logins::Logins;
use crate::support::subscriber::id;

/// A simulated HSM that notes the keys it is asked for. The key of a name of one byte is 20 of that byte.
#[derive(Default)]
pub(super) struct Module {
    asked: Mutex<Vec<u8>>,
    /// The key that fails, or 0.
    pub(super) down: Mutex<u8>,
}

#[derive(Debug)]
pub(super) struct Down;

impl fmt::Display for Down {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the token is gone")
    }
}

impl std::error::Error for Down {}

impl Hsm for &Module {
    type Error = Down;

    async fn hmacs(&self, key: &HsmKey, _: Algorithm, counters: &[Counter]) -> Result<Vec<Hmac>, Down> {
        let [byte] = *key.as_bytes() else { panic!("an unknown key") };
        self.asked.lock().unwrap().push(byte);
        if *self.down.lock().unwrap() == byte {
            return Err(Down);
        }
        let compute = |counter: &Counter| {
            let mut mac = <hmac::Hmac<sha1::Sha1> as KeyInit>::new_from_slice(&[byte; 20]).unwrap();
            mac.update(&counter.get().to_be_bytes());
            Hmac::from_bytes(&mac.finalize().into_bytes()).unwrap()
        };
        Ok(counters.iter().map(compute).collect())
    }
}

impl Module {
    /// Returns the keys that were asked for since the last call.
    pub(super) fn asked(&self) -> Vec<u8> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

pub(super) fn in_hsm(byte: u8) -> Authenticator {
    Authenticator::in_hsm(Totp::default(), Algorithm::Sha1, HsmKey::new(&[byte]).unwrap())
}

/// Adds two phones whose keys are in the HSM.
pub(super) fn guarded<'a>(store: &'a Memory, module: &'a Module, policy: Policy) -> Verifier<&'a Memory, &'a Module> {
    let verifier = Verifier::new(store, keys(), policy).with_hsm(module);
    for byte in [1, 2] {
        verifier.add(&id(), in_hsm(byte), State::new().confirmed()).unwrap();
    }
    verifier
}
