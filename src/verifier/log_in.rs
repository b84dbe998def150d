use alloc::boxed::Box;
use core::slice;

use super::swap::Step;
use super::{Accepted, Verifier, VerifierError};
use crate::codes::Key;
use crate::decision::{Confirmed, Resynchronized, Stage, State};
use crate::factor::{Material, Method};
use crate::hsm::Hsm;
use crate::policy::Policy;
use crate::store::Store;
use crate::types::{AccountId, Counter, SubmittedCode, UnixTime};

impl<S: Store, H: Hsm> Verifier<S, H> {
    /// Verifies the first code of a new authenticator, as the subscriber typed it, and confirms the authenticator.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Self::verify`], and [`VerifierError::Refused`] with
    /// [`Refusal::AlreadyConfirmed`](crate::Refusal::AlreadyConfirmed) if the authenticator is already confirmed. A
    /// failure counts as at a login.
    pub async fn confirm(
        &self,
        id: &AccountId,
        code: &str,
        now: UnixTime,
    ) -> Result<Confirmed<Accepted>, VerifierError<S::Error>> {
        let codes = slice::from_ref(&code);
        let Confirmed { login } =
            self.attempt(id, codes, now, Stage::Confirmation, Method::accept_confirmation).await?;
        Ok(Confirmed { login: login.map(|verified| Accepted { id: *id, verified }) })
    }

    /// Verifies the code of a login, as the subscriber typed it.
    ///
    /// # Errors
    ///
    /// Returns [`VerifierError::Refused`] if the code or the authenticator is refused. Every other error is an outage
    /// of the provider. None of them is a login.
    pub async fn verify(&self, id: &AccountId, code: &str, now: UnixTime) -> Result<Accepted, VerifierError<S::Error>> {
        let codes = slice::from_ref(&code);
        let verified = self.attempt(id, codes, now, Stage::Login, Method::accept).await?;
        Ok(Accepted { id: *id, verified })
    }

    /// Verifies consecutive codes to find the counter of a token or the drift of a clock. It is not a login.
    ///
    /// [`Policy::with_resync_codes`] sets the required number of codes: two by default.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Self::verify`]. A failure counts as at a login.
    pub async fn resync(
        &self,
        id: &AccountId,
        codes: &[&str],
        now: UnixTime,
    ) -> Result<Resynchronized, VerifierError<S::Error>> {
        self.attempt(id, codes, now, Stage::Resynchronization, Method::accept_resync).await
    }

    /// Searches for the submitted codes, decides, and stores the next state before it returns the verdict.
    async fn attempt<T>(
        &self,
        id: &AccountId,
        codes: &[&str],
        now: UnixTime,
        stage: Stage,
        accept: fn(&Method, &Policy, &mut State, Counter, UnixTime) -> T,
    ) -> Result<T, VerifierError<S::Error>> {
        let policy = &self.policy;
        let decide = |held| {
            let (mut record, authenticator, state) = self.read(id, held)?;
            let method = authenticator.method();
            let finish = move |found| {
                let accept = |next: &mut State, counter| accept(&method, policy, next, counter, now);
                let (verdict, next) = policy.decide(&state, now, found, accept).reveal();
                let Some(next) = next else { return Ok((verdict, None)) };
                record.replace_state(&next);
                Ok((verdict, Some(self.close(id, record)?)))
            };
            let values = codes.iter().map(|code| SubmittedCode::new(code).value(method.digits()));
            let search = method.search(policy, &state, now, stage, codes.len(), values);
            let found = match (search, authenticator.material()) {
                (Err(refusal), _) => Err(refusal),
                (Ok(search), Material::Secret(algorithm, secret)) => Ok(search.run(&Key::new(*algorithm, secret))),
                (Ok(search), Material::Key(key)) => Ok(search.run(key)),
                (Ok(search), Material::Hsm(algorithm, key)) => {
                    return Ok(Step::Search(*algorithm, *key, search, Box::new(|found| finish(Ok(found)))));
                }
            };
            let (verdict, next) = finish(found)?;
            Ok(Step::Decided(verdict, next))
        };
        self.swap(id, decide).await?.map_err(VerifierError::Refused)
    }
}
