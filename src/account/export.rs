use alloc::vec::Vec;

use super::entry::Standing;
use super::subscriber::Account;
use crate::decision::State;
use crate::factor::{Authenticator, Factor};
use crate::types::{AuthenticatorNumber, DisplayName};

/// An authenticator of one-time passwords with its secret, to be moved to another system.
#[derive(Debug)]
#[non_exhaustive]
pub struct ExportedAuthenticator {
    /// Its number in the account.
    pub number: AuthenticatorNumber,
    /// The name that the subscriber chose.
    pub name: DisplayName,
    /// The secret and the parameters of the codes.
    pub authenticator: Authenticator,
    /// The counter, the drift and a suspension, with the failures and the lock of the account.
    pub state: State,
}

impl Account {
    pub(crate) fn exported(&self) -> Vec<ExportedAuthenticator> {
        // Neither moves nor reallocation, which would leave copies of secrets behind.
        let mut exported = Vec::with_capacity(self.entries.len());
        for entry in &self.entries {
            let Factor::Otp(otp) = &*entry.factor else { continue };
            let state = State {
                progress: otp.progress,
                attempts: self.attempts,
                confirmed: entry.is_confirmed(),
                suspended: self.is_suspended || entry.standing == Standing::Suspended,
                revision: self.revision,
            };
            let authenticator = otp.authenticator.copied();
            exported.push(ExportedAuthenticator { number: entry.number, name: entry.name, authenticator, state });
        }
        exported
    }
}
