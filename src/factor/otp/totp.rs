use crate::codes::lanes::Job;
use crate::codes::search::{Span, Spans};
use crate::codes::{Key, batch};
use crate::decision::{Progress, Stage, State};
use crate::policy::Policy;
use crate::types::{BeforeT0, Code, Counter, Digits, Period, UnixTime};

/// Time-based one-time passwords (RFC 6238): the parameters that authenticator and verifier share besides the key.
///
/// The default is what every authenticator app uses: six digits, a period of 30 s, steps counted from 1970. To verify
/// codes, convert it into a [`Method`](crate::Method).
///
/// ```
/// use secondo::{Algorithm, Key, Secret, Totp, UnixTime};
///
/// let key = Key::new(Algorithm::Sha1, &Secret::from_bytes(b"12345678901234567890")?);
/// let code = Totp::default().generate(&key, UnixTime::from_secs(1_111_111_109)?)?;
/// assert_eq!(code.as_str(), "081804");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totp {
    digits: Digits,
    period: Period,
    t0: UnixTime,
}

impl Totp {
    /// Creates TOTP with codes of this many digits and this period. Steps are counted from 1970.
    ///
    /// Hardware tokens are made with other values than the default. Some apps misread them and say nothing: see
    /// [`KeyUri::new`](crate::formats::otpauth::KeyUri::new).
    #[must_use]
    pub const fn new(digits: Digits, period: Period) -> Self {
        Self { digits, period, t0: UnixTime::EPOCH }
    }

    /// Sets the time from which steps are counted (`T0` in RFC 6238 section 4.1).
    #[must_use]
    pub const fn with_t0(mut self, t0: UnixTime) -> Self {
        self.t0 = t0;
        self
    }

    /// Returns the number of digits.
    #[must_use]
    pub const fn digits(&self) -> Digits {
        self.digits
    }

    /// Returns the length of a time step.
    #[must_use]
    pub const fn period(&self) -> Period {
        self.period
    }

    /// Returns the start of the first time step.
    #[must_use]
    pub const fn t0(&self) -> UnixTime {
        self.t0
    }

    /// Returns the time step at this time, `T` in RFC 6238 section 4.2.
    ///
    /// # Errors
    ///
    /// Returns [`BeforeT0`] if the time is before the first time step.
    pub fn step(&self, now: UnixTime) -> Result<Counter, BeforeT0> {
        Ok(Counter::new(self.period.whole_in(self.elapsed(now)?)))
    }

    /// Returns the number of seconds left in the current time step, from the whole period down to 1.
    ///
    /// # Errors
    ///
    /// Returns [`BeforeT0`] if the time is before the first time step.
    pub fn seconds_remaining(&self, now: UnixTime) -> Result<u32, BeforeT0> {
        let period = u64::from(self.period.as_secs());
        let elapsed = self.elapsed(now)?;
        #[expect(clippy::cast_possible_truncation, reason = "at most a period")]
        let remaining = (period - (elapsed - self.period.whole_in(elapsed) * period)) as u32;
        Ok(remaining)
    }

    /// Returns `true` if the step begins before the year 2500, so that an authenticator may have used it.
    ///
    /// A later step is probably a number in another unit, often seconds. As a watermark it would lock the subscriber
    /// out for centuries.
    #[cfg(feature = "verifier")]
    pub(crate) fn is_plausible(&self, step: Counter) -> bool {
        const END: u64 = 16_725_225_600;

        let begin = step.get().checked_mul(self.period.as_secs().into());
        begin.and_then(|begin| begin.checked_add(self.t0.as_secs())).is_some_and(|begin| begin < END)
    }

    fn elapsed(&self, now: UnixTime) -> Result<u64, BeforeT0> {
        now.as_secs().checked_sub(self.t0.as_secs()).ok_or(BeforeT0)
    }

    /// Computes the code at this time.
    ///
    /// # Errors
    ///
    /// Returns [`BeforeT0`] if the time is before the first time step.
    pub fn generate(&self, key: &Key, now: UnixTime) -> Result<Code, BeforeT0> {
        Ok(Code::from_truncated(key.truncated(self.step(now)?), self.digits))
    }

    /// Computes the codes of many keys at this time, in their order. This is faster than one call for each.
    ///
    /// # Errors
    ///
    /// Returns [`BeforeT0`] if the time is before the first time step.
    pub fn generate_batch<'k, I: IntoIterator<Item = &'k Key>>(
        &self,
        keys: I,
        now: UnixTime,
    ) -> Result<impl Iterator<Item = Code> + use<'k, I>, BeforeT0> {
        let counter = self.step(now)?;
        Ok(batch::codes(keys.into_iter().map(move |key| Job { key, counter }), self.digits))
    }

    /// Returns the state to store when an operator lowers a watermark that lies in the future.
    ///
    /// A login under a clock that is years ahead leaves such a watermark. The new watermark is the last step of the
    /// window at `now`, so that the codes of the current window stay refused.
    ///
    /// Returns `None` if `now` is before `T0`, or if the watermark is not further beyond the window than the policy's
    /// margin ([`Policy::with_watermark_margin`]).
    #[must_use]
    pub fn lower_watermark(&self, policy: &Policy, state: &State, now: UnixTime) -> Option<State> {
        let last = self.lowered(policy, &state.progress, now)?;
        let mut next = state.used_to(last);
        next.revision = next.revision.wrapping_add(1);
        Some(next)
    }

    /// Returns the watermark to which [`Self::lower_watermark`] lowers.
    pub(super) fn lowered(&self, policy: &Policy, progress: &Progress, now: UnixTime) -> Option<Counter> {
        let last = self.last_step(policy, progress, now)?;
        let beyond = progress.last_used.checked_sub(last)?;
        let is_far = u128::from(beyond) * u128::from(self.period.as_secs()) > u128::from(policy.watermark_margin.get());
        is_far.then(|| Counter::new(last))
    }

    /// Returns the last step that a login can accept at this time, whatever the drift is, or `None` before T0.
    #[cfg(feature = "verifier")]
    pub(super) fn farthest_step(&self, policy: &Policy, now: UnixTime) -> Option<u64> {
        let ahead = policy.max_drift + u16::from(policy.window.future());
        Some(Span::around(self.step(now).ok()?.get(), 0, ahead).last())
    }

    /// Returns the last step of the window, or `None` before T0.
    pub(super) fn last_step(&self, policy: &Policy, progress: &Progress, now: UnixTime) -> Option<u64> {
        Some(windows(policy, progress, self.step(now).ok()?).last())
    }

    /// Returns the steps whose codes are compared with the submitted ones.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "a call would return the steps in memory, where the hash would wait for them"
    )]
    pub(super) fn steps(policy: &Policy, progress: &Progress, current: Counter, stage: Stage) -> Spans {
        match stage {
            Stage::Login | Stage::Confirmation => windows(policy, progress, current),
            Stage::Resynchronization => {
                // The last code may be of any step within the limit, the others come before it.
                let past = policy.max_drift + policy.resync_codes as u16 - 1;
                Span::around(current.get(), past, policy.max_drift).into()
            }
        }
    }

    /// Returns the number of steps that this one is ahead of the current step.
    pub(super) fn offset(&self, step: Counter, now: UnixTime) -> i64 {
        let current = self.step(now).map_or(0, Counter::get);
        step.get().wrapping_sub(current).cast_signed()
    }
}

/// Returns the steps whose codes a login accepts.
#[inline(always)]
#[expect(clippy::inline_always, reason = "as for `Totp::steps`")]
fn windows(policy: &Policy, progress: &Progress, current: Counter) -> Spans {
    let (past, future) = (policy.window.past(), policy.window.future());
    let around = |centre| Span::around(centre, past.into(), future.into());
    let drift = policy.known_drift(progress.drift);
    let drifted = around(current.get().saturating_add_signed(drift.into()));
    // A clock that was resynchronized far away may have been put right: the exact one is searched for as well.
    if policy.window.reaches(drift) { drifted.into() } else { Spans::union(around(current.get()), drifted) }
}
