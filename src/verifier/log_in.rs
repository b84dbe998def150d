use alloc::boxed::Box;

use super::swap::Step;
use super::{Accepted, Verifier, VerifierError};
use crate::codes::Key;
use crate::codes::search::{Match, Search};
use crate::decision::{Confirmed, Decision, Refusal, Resynchronized, Stage, State};
use crate::factor::{Material, Method};
use crate::hsm::Hsm;
use crate::store::Store;
use crate::types::{AuthenticatorId, Code, UnixTime};

impl<S: Store, H: Hsm> Verifier<S, H> {
    /// Takes the first code of a new authenticator, as the subscriber typed it; if it is right, the authenticator counts.
    ///
    /// # Errors
    ///
    /// [`VerifierError::Refused`] as in [`Self::verify`].
    pub async fn confirm(
        &self,
        id: &AuthenticatorId,
        entry: &str,
        now: UnixTime,
    ) -> Result<Confirmed<Accepted>, VerifierError<S::Error>> {
        let look = |method: &Method, state: &State| {
            let code = Code::parse_typed(entry, method.digits());
            method.search(&self.policy, state, &code, now, Stage::Confirmation)
        };
        let conclude =
            |method: &Method, state: &State, found| method.conclude_confirmation(&self.policy, state, now, found);
        let Confirmed { login } = self.attempt(id, look, conclude).await?;
        Ok(Confirmed { login: login.map(|verified| Accepted { id: *id, verified }) })
    }

    /// Takes a code for a login, as the subscriber typed it.
    ///
    /// # Errors
    ///
    /// [`VerifierError::Refused`] is about the code or the authenticator, and everything else about the provider:
    /// neither is a login.
    pub async fn verify(
        &self,
        id: &AuthenticatorId,
        entry: &str,
        now: UnixTime,
    ) -> Result<Accepted, VerifierError<S::Error>> {
        let look = |method: &Method, state: &State| {
            let code = Code::parse_typed(entry, method.digits());
            method.search(&self.policy, state, &code, now, Stage::Login)
        };
        let conclude = |method: &Method, state: &State, found| method.conclude(&self.policy, state, now, found);
        let verified = self.attempt(id, look, conclude).await?;
        Ok(Accepted { id: *id, verified })
    }

    /// Takes consecutive codes to find where a token's counter or an authenticator's clock stands. It is not a login.
    ///
    /// # Errors
    ///
    /// [`VerifierError::Refused`] as in [`Self::verify`]; a failure counts.
    pub async fn resync(
        &self,
        id: &AuthenticatorId,
        entries: &[&str],
        now: UnixTime,
    ) -> Result<Resynchronized, VerifierError<S::Error>> {
        let look = |method: &Method, state: &State| {
            let codes = entries.iter().map(|entry| Code::parse_typed(entry, method.digits()));
            method.search_resync(&self.policy, state, entries.len(), codes, now)
        };
        self.attempt(id, look, |method, state, found| method.conclude_resync(&self.policy, state, now, found)).await
    }

    /// Looks for what was submitted, decides, and stores what that changes before the verdict is out.
    async fn attempt<T>(
        &self,
        id: &AuthenticatorId,
        look: impl Fn(&Method, &State) -> Result<Search, Refusal>,
        conclude: impl Fn(&Method, &State, Result<Match, Refusal>) -> Decision<T> + Sync,
    ) -> Result<T, VerifierError<S::Error>> {
        let conclude = &conclude;
        let decide = |held| {
            let (mut record, authenticator, state) = self.read(id, held)?;
            let method = authenticator.method();
            let finish = move |found| {
                let (verdict, next) = conclude(&method, &state, found).reveal();
                let Some(next) = next else { return Ok((verdict, None)) };
                record.replace_state(&next);
                Ok((verdict, Some(self.close(id, record)?)))
            };
            let found = match (look(&method, &state), authenticator.material()) {
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
