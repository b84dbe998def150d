use core::borrow::Borrow;

use crate::codes::lanes::Job;
use crate::codes::search::{Codes, Search, Span, Spans};
use crate::codes::{Key, batch};
use crate::decision::{Confirmed, Decision, Refusal, Resynchronized, Stage, State, Verified, submitted};
use crate::policy::Policy;
use crate::types::{BeforeT0, Code, Counter, Digits, MalformedCode, Period, UnixTime};

/// Time-based one-time passwords (RFC 6238): the parameters that authenticator and verifier share besides the key.
///
/// By default what every authenticator app does: six digits, a period of 30 s, steps counted from 1970.
///
/// ```
/// use secondo::decision::CommitError;
/// use secondo::{Algorithm, Code, Key, Policy, Refusal, Secret, State, Totp, UnixTime};
///
/// let key = Key::new(Algorithm::Sha1, &Secret::from_bytes(b"12345678901234567890")?);
/// let totp = Totp::default();
/// let policy = Policy::default();
/// let mut state = State::new().confirmed();
/// let now = UnixTime::from_secs(1_111_111_109)?;
/// let mut login = |typed: &str| {
///     let code = Code::parse_typed(typed, totp.digits());
///     let decision = totp.verify(&key, &policy, &state, &code, now);
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totp {
    digits: Digits,
    period: Period,
    t0: UnixTime,
}

impl Totp {
    /// Codes of so many digits that change with this period, steps counted from 1970.
    #[must_use]
    pub const fn new(digits: Digits, period: Period) -> Self {
        Self { digits, period, t0: UnixTime::EPOCH }
    }

    /// With steps counted from another time (`T0` in RFC 6238 section 4.1).
    #[must_use]
    pub const fn with_t0(mut self, t0: UnixTime) -> Self {
        self.t0 = t0;
        self
    }

    /// The number of digits.
    #[must_use]
    pub const fn digits(&self) -> Digits {
        self.digits
    }

    /// The length of a time step.
    #[must_use]
    pub const fn period(&self) -> Period {
        self.period
    }

    /// The start of the first time step.
    #[must_use]
    pub const fn t0(&self) -> UnixTime {
        self.t0
    }

    /// The time step at this time, `T` in RFC 6238 section 4.2.
    ///
    /// # Errors
    ///
    /// [`BeforeT0`].
    pub fn step(&self, now: UnixTime) -> Result<Counter, BeforeT0> {
        Ok(Counter::new(self.period.whole_in(self.elapsed(now)?)))
    }

    /// How many seconds the code of this time is still shown: the whole period when a step begins, 1 in its last second.
    ///
    /// # Errors
    ///
    /// [`BeforeT0`].
    pub fn seconds_remaining(&self, now: UnixTime) -> Result<u16, BeforeT0> {
        let period = u64::from(self.period.as_secs());
        let elapsed = self.elapsed(now)?;
        #[expect(clippy::cast_possible_truncation, reason = "at most a period")]
        let remaining = (period - (elapsed - self.period.whole_in(elapsed) * period)) as u16;
        Ok(remaining)
    }

    /// Tells whether a step may be the last one that an authenticator used: no, if it begins after the year 2499.
    ///
    /// Such a step is a number in another unit, often seconds, and would lock the person out for centuries.
    #[cfg(feature = "verifier")]
    pub(crate) fn is_plausible(&self, step: Counter) -> bool {
        const END: u64 = 16_725_225_600;

        let begin = step.get().checked_mul(self.period.as_secs().into());
        begin.and_then(|begin| begin.checked_add(self.t0.as_secs())).is_some_and(|begin| begin < END)
    }

    fn elapsed(&self, now: UnixTime) -> Result<u64, BeforeT0> {
        now.as_secs().checked_sub(self.t0.as_secs()).ok_or(BeforeT0)
    }

    /// The code at this time.
    ///
    /// # Errors
    ///
    /// [`BeforeT0`].
    pub fn generate(&self, key: &Key, now: UnixTime) -> Result<Code, BeforeT0> {
        Ok(Code::from_truncated(key.truncated(self.step(now)?), self.digits))
    }

    /// The codes of many keys at this time, in their order: side by side, and therefore faster than one by one.
    ///
    /// # Errors
    ///
    /// [`BeforeT0`].
    pub fn generate_batch<'k, I: IntoIterator<Item = &'k Key>>(
        &self,
        keys: I,
        now: UnixTime,
    ) -> Result<impl Iterator<Item = Code> + use<'k, I>, BeforeT0> {
        let counter = self.step(now)?;
        Ok(batch::codes(keys.into_iter().map(move |key| Job { key, counter }), self.digits))
    }

    /// Decides about a code submitted for a login.
    ///
    /// It compares with the codes of the policy's window around the current step, moved by the known drift. After a
    /// resynchronization that moved the window away from the current step, it compares with both windows. The verdict is
    /// out when the [`Decision`] is committed.
    pub fn verify(
        &self,
        key: &Key,
        policy: &Policy,
        state: &State,
        entry: &Result<Code, MalformedCode>,
        now: UnixTime,
    ) -> Decision<Verified> {
        let found = self.search(policy, state, entry, now, Stage::Login).map(|search| search.run(key));
        policy.decide(state, now, found, |next, step| self.accept(policy, next, step, now))
    }

    /// Decides about the first code of a new authenticator: if it is right, the authenticator counts from then on.
    ///
    /// As [`Self::verify`] otherwise; failures count and lock alike.
    pub fn confirm(
        &self,
        key: &Key,
        policy: &Policy,
        state: &State,
        entry: &Result<Code, MalformedCode>,
        now: UnixTime,
    ) -> Decision<Confirmed> {
        let found = self.search(policy, state, entry, now, Stage::Confirmation).map(|search| search.run(key));
        policy.decide(state, now, found, |next, step| {
            let login = self.accept(policy, next, step, now);
            policy.confirm(next, login)
        })
    }

    /// Decides about consecutive codes that show where an authenticator's clock stands (RFC 6238 section 6).
    ///
    /// The policy says how many codes, and how far the clock may be off. The drift found becomes the known one, whether
    /// or not the policy learns drift at logins. A failure counts as at a login, and a locked authenticator stays locked.
    pub fn resync(
        &self,
        key: &Key,
        policy: &Policy,
        state: &State,
        entries: &[Result<Code, MalformedCode>],
        now: UnixTime,
    ) -> Decision<Resynchronized> {
        let found = self.search_resync(policy, state, entries.len(), entries.iter(), now).map(|search| search.run(key));
        policy.decide(state, now, found, |next, step| self.resynchronize(policy, next, step, now))
    }

    /// Returns the next state when an operator lowers a watermark that lies in the future, as after a login under a clock
    /// years ahead: to the last step of the window at `now`, so that no code that is valid now is accepted.
    ///
    /// Returns `None` if the watermark does not lie further beyond the window than [`Policy::with_watermark_margin`] says.
    #[must_use]
    pub fn lower_watermark(&self, policy: &Policy, state: &State, now: UnixTime) -> Option<State> {
        let last = self.windows(policy, state, now).ok()?.last();
        let beyond = state.progress.used.checked_sub(u128::from(last) + 1)?;
        let is_far = beyond * u128::from(self.period.as_secs()) > u128::from(policy.watermark_margin.get());
        is_far.then(|| {
            let mut next = state.used_to(Counter::new(last));
            next.revision = next.revision.wrapping_add(1);
            next
        })
    }

    /// What a login or a confirmation looks for.
    pub(crate) fn search(
        &self,
        policy: &Policy,
        state: &State,
        entry: &Result<Code, MalformedCode>,
        now: UnixTime,
        stage: Stage,
    ) -> Result<Search, Refusal> {
        policy.admit(state, now, stage)?;
        let code = submitted(entry, self.digits)?;
        self.search_in(self.windows(policy, state, now)?, Codes::from_iter([code]), state)
    }

    /// Returns the steps that a login accepts.
    fn windows(&self, policy: &Policy, state: &State, now: UnixTime) -> Result<Spans, Refusal> {
        let current = self.current(now)?;
        let (past, future) = (policy.window.past(), policy.window.future());
        let around = |centre| Span::around(centre, past.into(), future.into());
        let drift = policy.clamp_drift(state.progress.drift.into());
        let drifted = around(current.saturating_add_signed(drift.into()));
        // Far from an exact clock, it is searched for as well: it may have been put right.
        Ok(if policy.window.reaches(drift) { drifted.into() } else { Spans::union(around(current), drifted) })
    }

    /// What a resynchronization looks for.
    pub(crate) fn search_resync(
        &self,
        policy: &Policy,
        state: &State,
        count: usize,
        entries: impl Iterator<Item: Borrow<Result<Code, MalformedCode>>>,
        now: UnixTime,
    ) -> Result<Search, Refusal> {
        policy.admit(state, now, Stage::Resynchronization)?;
        let codes = policy.consecutive(count, entries, self.digits)?;
        // The last code may be of any step within the limit, the others come before it.
        let past = policy.max_drift + policy.resync_codes as u16 - 1;
        self.search_in(Span::around(self.current(now)?, past, policy.max_drift).into(), codes, state)
    }

    fn search_in(&self, spans: Spans, codes: Codes, state: &State) -> Result<Search, Refusal> {
        if state.progress.used > u128::from(spans.last()) + 1 {
            return Err(Refusal::ClockBehind);
        }
        Ok(Search::new(self.digits, codes, spans, state.progress.used))
    }

    /// A login with the code of this step.
    pub(crate) fn accept(&self, policy: &Policy, next: &mut State, step: Counter, now: UnixTime) -> Verified {
        let drift = self.offset(step, now);
        if policy.learn_drift {
            next.progress.drift = policy.learned(next.progress.drift, drift);
        }
        Verified { counter: step, drift }
    }

    /// A resynchronization whose last code is that of this step.
    pub(crate) fn resynchronize(
        &self,
        policy: &Policy,
        next: &mut State,
        step: Counter,
        now: UnixTime,
    ) -> Resynchronized {
        let drift = self.offset(step, now);
        next.progress.drift = policy.resynchronized(next.progress.drift, drift);
        Resynchronized { counter: step, drift }
    }

    fn current(&self, now: UnixTime) -> Result<u64, Refusal> {
        self.step(now).map(Counter::get).map_err(|BeforeT0| Refusal::ClockBehind)
    }

    /// How far ahead of the current step this one is.
    fn offset(&self, step: Counter, now: UnixTime) -> i64 {
        let current = self.step(now).map_or(0, Counter::get);
        step.get().wrapping_sub(current).cast_signed()
    }
}
