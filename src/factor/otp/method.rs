use core::iter;

use crate::codes::Key;
use crate::codes::search::{Codes, Match, Search};
use crate::decision::{Confirmed, Decision, Progress, Refusal, Resynchronized, Stage, State, Verified};
use crate::factor::{Hotp, Totp};
use crate::guess::GuessProbability;
use crate::policy::Policy;
use crate::types::{BeforeT0, Counter, Digits, MalformedCode, SubmittedCode, UnixTime};

/// The kind of an authenticator's one-time passwords, with its parameters.
///
/// It verifies codes against a [`State`] that the caller keeps. [`Verifier`](crate::Verifier) does the same with a
/// store.
///
/// ```
/// use secondo::decision::CommitError;
/// use secondo::{Algorithm, Key, Method, Policy, Refusal, Secret, State, SubmittedCode, Totp, UnixTime};
///
/// let key = Key::new(Algorithm::Sha1, &Secret::from_bytes(b"12345678901234567890")?);
/// let (method, policy) = (Method::Totp(Totp::default()), Policy::default());
/// let mut state = State::new().confirmed();
/// let now = UnixTime::from_secs(1_111_111_109)?;
/// let mut login = |text: &str| {
///     let decision = method.verify(&key, &policy, &state, &SubmittedCode::new(text), now);
///     decision.commit(|next| {
///         state = *next; // here: store it
///         Ok::<_, std::io::Error>(())
///     })
/// };
///
/// assert!(login("081 804").is_ok());
/// assert!(matches!(login("081804"), Err(CommitError::Refused(Refusal::Replayed { .. }))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method {
    /// Codes of a counter (RFC 4226), which rises by one with each code.
    Hotp(Hotp),
    /// Codes of the time (RFC 6238).
    Totp(Totp),
}

impl Method {
    /// Returns the number of digits.
    #[must_use]
    pub const fn digits(&self) -> Digits {
        match self {
            Self::Hotp(hotp) => hotp.digits(),
            Self::Totp(totp) => totp.digits(),
        }
    }

    /// Decides about the code submitted for a login.
    ///
    /// With TOTP, the code is compared with the codes of the policy's window around the current step, moved by the
    /// known drift. If a resynchronization moved that window away from the current step, the codes of an unmoved window
    /// are compared too.
    ///
    /// With HOTP, the code is compared with the codes of the next counter and of the policy's look-ahead after it. The
    /// last used counter is compared too, to tell a code that was sent twice from a wrong one.
    ///
    /// [`Decision::commit`] returns the verdict.
    pub fn verify(
        &self,
        key: &Key,
        policy: &Policy,
        state: &State,
        code: &SubmittedCode,
        now: UnixTime,
    ) -> Decision<Verified> {
        let values = iter::once(code.value(self.digits()));
        let mut search = self.admit_and_search(policy, state, now, Stage::Login, 1, values);
        let found = run(&mut search, key);
        policy.decide(state, now, found, |next, counter| self.accept(policy, next, counter, now))
    }

    /// Decides about the first code of a new authenticator, which confirms it if the code is correct.
    ///
    /// The code is compared as in [`Self::verify`], and a failure counts as it does there.
    pub fn confirm(
        &self,
        key: &Key,
        policy: &Policy,
        state: &State,
        code: &SubmittedCode,
        now: UnixTime,
    ) -> Decision<Confirmed> {
        let values = iter::once(code.value(self.digits()));
        let mut search = self.admit_and_search(policy, state, now, Stage::Confirmation, 1, values);
        let found = run(&mut search, key);
        let mut decision = policy.decide(state, now, found, |next, counter| {
            let login = self.accept(policy, next, counter, now);
            Confirmed { login: policy.confirmation_login.then_some(login) }
        });
        decision.weighed.accepted.confirmed = true;
        decision
    }

    /// Decides about consecutive codes that resynchronize a counter or a clock.
    ///
    /// RFC 4226 section 7.4 describes the counter, and RFC 6238 section 6 the clock. The policy sets the required
    /// number of codes ([`Policy::with_resync_codes`]). With HOTP it sets the number of counters to search
    /// ([`Policy::with_resync_span`]), with TOTP the maximum drift ([`Policy::with_max_drift`]). The codes must be in
    /// the order in which the authenticator shows them; another number of codes is refused as malformed.
    ///
    /// The drift that is found is stored in the state, even if the policy does not learn drift at logins. A failure
    /// counts as at a login, and a locked authenticator stays locked. An unconfirmed authenticator stays unconfirmed.
    pub fn resync(
        &self,
        key: &Key,
        policy: &Policy,
        state: &State,
        codes: &[SubmittedCode],
        now: UnixTime,
    ) -> Decision<Resynchronized> {
        let values = codes.iter().map(|code| code.value(self.digits()));
        let mut search = self.admit_and_search(policy, state, now, Stage::Resynchronization, codes.len(), values);
        let found = run(&mut search, key);
        policy.decide(state, now, found, |next, counter| self.accept_resync(policy, next, counter, now))
    }

    /// Returns the search for the submitted codes if the state admits it.
    pub(super) fn admit_and_search(
        &self,
        policy: &Policy,
        state: &State,
        now: UnixTime,
        stage: Stage,
        count: usize,
        codes: impl Iterator<Item = Result<u32, MalformedCode>>,
    ) -> Result<Search, Refusal> {
        policy.admit(state, now, stage)?;
        let search = self.search(policy, &state.progress, now, stage, count, codes)?;
        if search.is_behind() { Err(Refusal::ClockBehind) } else { Ok(search) }
    }

    /// Returns the search for the submitted codes, or a refusal if none is possible.
    ///
    /// `count` is the number of codes. If it is not the required number, no code is read. The caller passes it because
    /// a slice's iterator would divide to compute it.
    pub(crate) fn search(
        &self,
        policy: &Policy,
        progress: &Progress,
        now: UnixTime,
        stage: Stage,
        count: usize,
        codes: impl Iterator<Item = Result<u32, MalformedCode>>,
    ) -> Result<Search, Refusal> {
        let expected = if stage == Stage::Resynchronization { policy.resync_codes.count() } else { 1 };
        if count != expected {
            return Err(Refusal::Malformed(MalformedCode::Count { expected, found: count }));
        }
        let codes: Codes = codes.collect::<Result<_, _>>().map_err(Refusal::Malformed)?;
        let counters = match self {
            Self::Hotp(_) => Hotp::counters(policy, progress, stage),
            Self::Totp(totp) => {
                let current = totp.step(now).map_err(|BeforeT0| Refusal::ClockBehind)?;
                Totp::steps(policy, progress, current, stage)
            }
        };
        let Progress { last_used, is_used, .. } = *progress;
        Ok(Search::new(self.digits(), codes, counters, last_used, is_used))
    }

    /// Accepts a login with the code at this counter.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "a call would write the progress to memory, from where it would then be moved"
    )]
    pub(crate) fn accept(&self, policy: &Policy, next: &mut Progress, counter: Counter, now: UnixTime) -> Verified {
        let drift = self.offset(counter, now);
        if matches!(self, Self::Totp(_)) && policy.learn_drift {
            next.drift = policy.learned(next.drift, drift);
        }
        Verified { counter, drift }
    }

    /// Accepts a resynchronization whose last code is the one at this counter.
    pub(crate) fn accept_resync(
        &self,
        policy: &Policy,
        next: &mut Progress,
        counter: Counter,
        now: UnixTime,
    ) -> Resynchronized {
        let drift = self.offset(counter, now);
        if matches!(self, Self::Totp(_)) {
            next.drift = policy.resynchronized(next.drift, drift);
        }
        Resynchronized { counter, drift }
    }

    /// Returns the number of codes that are correct at one moment, if the drift does not move the window.
    pub(crate) fn right_codes(&self, policy: &Policy) -> u8 {
        match self {
            Self::Totp(_) => policy.window.past() + policy.window.future() + 1,
            Self::Hotp(_) => policy.look_ahead + 1,
        }
    }

    /// Returns the number of steps that a counter is ahead of the clock.
    fn offset(&self, counter: Counter, now: UnixTime) -> i64 {
        match self {
            Self::Hotp(_) => 0,
            Self::Totp(totp) => totp.offset(counter, now),
        }
    }
}

/// Runs the search where it is.
#[inline]
fn run(search: &mut Result<Search, Refusal>, key: &Key) -> Result<Match, Refusal> {
    search.as_mut().map(|search| search.run(key)).map_err(|refusal| *refusal)
}

impl From<Hotp> for Method {
    fn from(hotp: Hotp) -> Self {
        Self::Hotp(hotp)
    }
}

impl From<Totp> for Method {
    fn from(totp: Totp) -> Self {
        Self::Totp(totp)
    }
}

impl Policy {
    /// Returns the chances that this policy gives to an attacker who knows the password of an account with these
    /// authenticators, and guesses codes.
    ///
    /// `resets_per_year` is the number of times per year that the count of failures is reset: the subscriber's accepted
    /// logins, resynchronizations and unlocks. It is 0 for an account that the subscriber never uses.
    ///
    /// The chance per year is an upper bound. It assumes that the attacker guesses whenever the policy allows it, and
    /// that each reset comes when it helps the attacker most. If a resynchronization moved an authenticator's window
    /// away from the current step, codes of two windows are correct: list that authenticator twice. Guesses at the
    /// first code of an enrollment are not included, because they are not compared with the account's authenticators.
    ///
    /// ```
    /// use secondo::{Policy, Totp};
    ///
    /// // Two of a million codes are correct at any moment, and five attempts are allowed.
    /// let chance = Policy::new().guess_probability([Totp::default()], 0);
    /// assert!((chance.per_lock - 1.0e-5).abs() < 1e-7);
    /// // If the subscriber never logs in, the hundredth guess is the last.
    /// assert!((chance.per_year - 2.0e-4).abs() < 1e-6);
    /// // A second authenticator doubles the chance of each guess. It adds no guesses.
    /// let chance = Policy::new().guess_probability([Totp::default(), Totp::default()], 0);
    /// assert!((chance.per_lock - 2.0e-5).abs() < 1e-7);
    /// ```
    #[must_use]
    pub fn guess_probability<M: Into<Method>>(
        &self,
        authenticators: impl IntoIterator<Item = M>,
        resets_per_year: u32,
    ) -> GuessProbability {
        let right_codes = authenticators.into_iter().map(|method| {
            let method = method.into();
            (method.digits(), method.right_codes(self))
        });
        self.guess(right_codes, resets_per_year)
    }
}
