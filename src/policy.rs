use core::num::{NonZeroU8, NonZeroU32};
use core::time::Duration;

use crate::verdict::{Accepted, Confirmed, Searched};
use crate::window::{Codes, Match, clamp};
use crate::{Code, Counter, Decision, Digits, Hold, MalformedCode, ParameterError, Refusal, State, UnixTime, Window};

/// What is accepted, how many failures are allowed, and what happens then: one value for all authenticators of a kind.
///
/// The default: one past time step, a look-ahead of 5 counters, a lock after 5 consecutive failures that only a
/// reinstatement opens, a replayed code counted as a failure, a malformed entry not.
///
/// ```
/// use core::time::Duration;
/// use secondo::{BackOff, Lock, ParameterError, Policy};
///
/// let policy = Policy::new()
///     .with_failure_cap(5)?
///     .with_lock(Lock::lasting(Duration::from_secs(15 * 60))?)
///     .with_back_off(BackOff::new(Duration::from_secs(2), Duration::from_secs(3600))?);
/// # Ok::<(), ParameterError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent choices, each set by a method that names it")]
pub struct Policy {
    pub(crate) window: Window,
    pub(crate) look_ahead: u8,
    pub(crate) failure_cap: NonZeroU8,
    lock: Lock,
    back_off: Option<BackOff>,
    count_replays: bool,
    count_malformed: bool,
    pub(crate) learn_drift: bool,
    pub(crate) max_drift: u16,
    pub(crate) resync_span: u16,
    pub(crate) resync_codes: ResyncCodes,
    confirmation_login: bool,
}

impl Policy {
    /// The most consecutive failures ever: then an authenticator is locked until it is reinstated, whatever the lock and
    /// the back-off (NIST SP 800-63B-4 section 3.2.2 allows no more than 100).
    pub const CONSECUTIVE_LIMIT: u8 = 100;
    /// The furthest HOTP look-ahead of a login.
    pub const MAX_LOOK_AHEAD: u8 = Window::MAX;
    /// The widest drift limit in time steps.
    pub const MAX_DRIFT: u16 = 5_000;
    /// The widest HOTP resynchronization in counters.
    pub const MAX_RESYNC_SPAN: u16 = 10_000;
    /// The longest lock or back-off in seconds: about 136 years.
    pub const MAX_WAIT_SECS: u32 = u32::MAX;

    /// The default policy.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            window: Window::DEFAULT,
            look_ahead: 5,
            failure_cap: const { NonZeroU8::new(5).unwrap() },
            lock: Lock::UNTIL_REINSTATED,
            back_off: None,
            count_replays: true,
            count_malformed: false,
            learn_drift: false,
            max_drift: 10,
            resync_span: 1_000,
            resync_codes: ResyncCodes::Two,
            confirmation_login: false,
        }
    }

    /// The time steps that a TOTP login accepts.
    #[must_use]
    pub const fn with_window(mut self, window: Window) -> Self {
        self.window = window;
        self
    }

    /// How many codes an HOTP token may have shown without their being used, for a login still to find the next
    /// (RFC 4226 section 7.4); 5 by default. Each is one more code that is right at this moment.
    ///
    /// # Errors
    ///
    /// [`ParameterError::LookAhead`] for more than [`Self::MAX_LOOK_AHEAD`].
    pub const fn with_look_ahead(mut self, counters: u8) -> Result<Self, ParameterError> {
        if counters > Self::MAX_LOOK_AHEAD {
            return Err(ParameterError::LookAhead(counters));
        }
        self.look_ahead = counters;
        Ok(self)
    }

    /// How many consecutive failures lock the authenticator; 5 by default.
    ///
    /// Only an accepted code, a resynchronization or a reinstatement starts the count again; time does not.
    ///
    /// # Errors
    ///
    /// [`ParameterError::FailureCap`] for 0 or more than [`Self::CONSECUTIVE_LIMIT`].
    pub const fn with_failure_cap(mut self, failures: u8) -> Result<Self, ParameterError> {
        match NonZeroU8::new(failures) {
            Some(cap) if failures <= Self::CONSECUTIVE_LIMIT => {
                self.failure_cap = cap;
                Ok(self)
            }
            _ => Err(ParameterError::FailureCap(failures)),
        }
    }

    /// How long a lock lasts; until reinstated, by default.
    #[must_use]
    pub const fn with_lock(mut self, lock: Lock) -> Self {
        self.lock = lock;
        self
    }

    /// A growing wait after each failure; none by default. With a lock that ends by itself, it is what makes slow guessing
    /// slower.
    #[must_use]
    pub const fn with_back_off(mut self, back_off: BackOff) -> Self {
        self.back_off = Some(back_off);
        self
    }

    /// Whether a replayed code counts as a failure; it does by default. If it does not, the attempts shown as remaining
    /// tell the person that the code was right once.
    #[must_use]
    pub const fn with_counted_replays(mut self, count: bool) -> Self {
        self.count_replays = count;
        self
    }

    /// Whether an entry that is no code counts as a failure; it does not by default, as it can never be right. One that
    /// locks is refused as malformed like the others; the next attempt meets the lock.
    #[must_use]
    pub const fn with_counted_malformed(mut self, count: bool) -> Self {
        self.count_malformed = count;
        self
    }

    /// Whether an accepted TOTP code moves the window of the next login to where the authenticator's clock stands
    /// (RFC 6238 section 6); off by default. Whole steps, within [`Self::with_max_drift`], and never to a used step. Where the
    /// window has a past step, a code of the step before the expected one has come late, and is no drift: a clock that
    /// falls behind is then learned from two past steps on.
    #[must_use]
    pub const fn with_learned_drift(mut self, learn: bool) -> Self {
        self.learn_drift = learn;
        self
    }

    /// How many time steps an authenticator's clock may be off, each way, for learning and for a TOTP
    /// resynchronization; 10 by default, five minutes with a period of 30 s.
    ///
    /// # Errors
    ///
    /// [`ParameterError::Drift`] for more than [`Self::MAX_DRIFT`].
    pub const fn with_max_drift(mut self, steps: u16) -> Result<Self, ParameterError> {
        if steps > Self::MAX_DRIFT {
            return Err(ParameterError::Drift(steps));
        }
        self.max_drift = steps;
        Ok(self)
    }

    /// How many counters an HOTP resynchronization looks ahead; 1000 by default.
    ///
    /// # Errors
    ///
    /// [`ParameterError::ResyncSpan`] for 0 or more than [`Self::MAX_RESYNC_SPAN`].
    pub const fn with_resync_span(mut self, counters: u16) -> Result<Self, ParameterError> {
        if counters == 0 || counters > Self::MAX_RESYNC_SPAN {
            return Err(ParameterError::ResyncSpan(counters));
        }
        self.resync_span = counters;
        Ok(self)
    }

    /// How many consecutive codes a resynchronization wants (RFC 4226 section 7.4); two by default.
    #[must_use]
    pub const fn with_resync_codes(mut self, codes: ResyncCodes) -> Self {
        self.resync_codes = codes;
        self
    }

    /// Whether the code that confirms an authenticator is a login too; it is not by default. It is used up either way.
    #[must_use]
    pub const fn with_confirmation_login(mut self, login: bool) -> Self {
        self.confirmation_login = login;
        self
    }

    /// The attempts left before the lock.
    #[must_use]
    pub fn remaining(&self, state: &State, now: UnixTime) -> u8 {
        match state.hold {
            Hold::Locked => 0,
            Hold::LockedUntil(until) if now < until => 0,
            _ => self.left(state.failures),
        }
    }

    pub(crate) fn wait_after(&self, failures: u8) -> Wait {
        if failures >= Self::CONSECUTIVE_LIMIT {
            return Wait::Forever;
        }
        let back_off = self.back_off.map(|back_off| back_off.after(failures));
        if self.since_lock(failures) == 0 {
            // A lock never shortens the wait that it takes the place of.
            return self
                .lock
                .0
                .map_or(Wait::Forever, |lock| Wait::Locked(back_off.map_or(lock, |wait| wait.max(lock))));
        }
        back_off.map_or(Wait::None, Wait::Throttled)
    }

    fn left(&self, failures: u8) -> u8 {
        (self.failure_cap.get() - self.since_lock(failures)).min(Self::CONSECUTIVE_LIMIT.saturating_sub(failures))
    }

    /// How many of so many failures came after the last lock.
    fn since_lock(&self, failures: u8) -> u8 {
        let mut since = failures;
        while since >= self.failure_cap.get() {
            since -= self.failure_cap.get();
        }
        since
    }

    /// The one decision: what is made of what was found, or of why nothing was looked for, and what is remembered of it.
    ///
    /// What comes of each outcome is computed whatever the outcome is, and `accept` must not depend on the counter either.
    pub(crate) fn decide<T>(
        &self,
        state: &State,
        now: UnixTime,
        found: Result<Match, Refusal>,
        accept: impl FnOnce(&mut State, Counter) -> T,
    ) -> Decision<T> {
        let mut failed = *state;
        failed.revision = state.revision.wrapping_add(1);
        let mut accepted = failed;
        match found {
            Ok(found) => {
                let remaining = self.fail(&mut failed, now);
                let counter = found.counter();
                accepted = accepted.used_to(counter);
                accepted.failures = 0;
                accepted.hold = Hold::None;
                let success = accept(&mut accepted, counter);
                let remaining_used = if self.count_replays { remaining } else { self.left(state.failures) };
                Decision::searched(Searched {
                    found,
                    accepted: (success, accepted),
                    failed,
                    remaining,
                    remaining_used,
                    count_used: self.count_replays,
                })
            }
            Err(refusal @ Refusal::Malformed(_)) if self.count_malformed => {
                self.fail(&mut failed, now);
                Decision::refused(refusal, Some(failed))
            }
            Err(refusal) => Decision::refused(refusal, None),
        }
    }

    /// From this code on, which is a login as well if the policy says so, the authenticator counts.
    pub(crate) fn confirm(&self, next: &mut State, login: Accepted) -> Confirmed {
        next.confirmed = true;
        Confirmed { login: self.confirmation_login.then_some(login) }
    }

    /// Counts a failure, and says how many attempts are left.
    fn fail(&self, state: &mut State, now: UnixTime) -> u8 {
        state.failures = state.failures.saturating_add(1);
        let until = |wait: NonZeroU32| now.saturating_add(u64::from(wait.get()));
        state.hold = match self.wait_after(state.failures) {
            Wait::None => Hold::None,
            Wait::Throttled(wait) => Hold::Throttled(until(wait)),
            Wait::Locked(wait) => Hold::LockedUntil(until(wait)),
            Wait::Forever => Hold::Locked,
        };
        match state.hold {
            Hold::Locked | Hold::LockedUntil(_) => 0,
            Hold::None | Hold::Throttled(_) => self.left(state.failures),
        }
    }

    /// The drift to know after a code that was so many steps ahead: the known one, if the code fits it.
    ///
    /// Where the window has a past step, a code may have come one step late (RFC 6238 section 5.2). Taken for drift, that
    /// would move the window away from the codes of an accurate clock.
    pub(crate) fn learn(&self, known: i16, ahead: i64) -> i16 {
        let (delay, ahead) = (i128::from(self.window.past().min(1)), i128::from(ahead));
        self.clamp_drift(clamp(known.into(), ahead, ahead + delay))
    }

    /// The drift, within the limit.
    pub(crate) fn clamp_drift(&self, steps: i128) -> i16 {
        let limit = i128::from(self.max_drift);
        #[expect(clippy::cast_possible_truncation, reason = "the limit is at most MAX_DRIFT")]
        let clamped = clamp(steps, -limit, limit) as i16;
        clamped
    }

    /// The values of consecutive codes, if there are as many as this policy wants.
    pub(crate) fn consecutive(
        &self,
        entries: &[Result<Code, MalformedCode>],
        digits: Digits,
    ) -> Result<Codes, Refusal> {
        let expected = self.resync_codes.count();
        if entries.len() != expected {
            return Err(Refusal::Malformed(MalformedCode::Count { expected, found: entries.len() }));
        }
        entries.iter().map(|entry| submitted(entry, digits)).collect()
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::new()
    }
}

/// The value of a submitted code of the right width.
pub(crate) fn submitted(entry: &Result<Code, MalformedCode>, digits: Digits) -> Result<u32, Refusal> {
    match entry {
        Ok(code) if code.digits() == digits => Ok(code.value()),
        Ok(code) => {
            Err(Refusal::Malformed(MalformedCode::Length { expected: digits.count(), found: code.digits().count() }))
        }
        Err(malformed) => Err(Refusal::Malformed(*malformed)),
    }
}

/// What an attempt is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Confirmation,
    Login,
    Resynchronization,
}

/// Whether the state lets an attempt be made.
pub(crate) fn admit(state: &State, now: UnixTime, stage: Stage) -> Result<(), Refusal> {
    if state.suspended {
        return Err(Refusal::Suspended);
    }
    match (stage, state.confirmed) {
        (Stage::Login, false) => return Err(Refusal::Unconfirmed),
        (Stage::Confirmation, true) => return Err(Refusal::AlreadyConfirmed),
        (Stage::Login, true) | (Stage::Confirmation, false) | (Stage::Resynchronization, _) => {}
    }
    match state.hold {
        Hold::Locked => Err(Refusal::Locked { until: None }),
        Hold::LockedUntil(until) if now < until => Err(Refusal::Locked { until: Some(until) }),
        Hold::Throttled(retry_at) if now < retry_at => Err(Refusal::Throttled { retry_at }),
        _ => Ok(()),
    }
}

pub(crate) enum Wait {
    None,
    Throttled(NonZeroU32),
    Locked(NonZeroU32),
    Forever,
}

/// How long a lock lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lock(Option<NonZeroU32>);

impl Lock {
    /// Until somebody reinstates the authenticator.
    pub const UNTIL_REINSTATED: Self = Self(None);

    /// For this time, rounded up to whole seconds, or for the back-off's wait if that is longer. The next lock then comes
    /// after as many failures again, and the last one, at [`Policy::CONSECUTIVE_LIMIT`], is until reinstated.
    ///
    /// # Errors
    ///
    /// [`ParameterError::Wait`] for no time or more than [`Policy::MAX_WAIT_SECS`].
    pub const fn lasting(time: Duration) -> Result<Self, ParameterError> {
        match whole_secs(time) {
            Ok(secs) => Ok(Self(Some(secs))),
            Err(error) => Err(error),
        }
    }
}

/// A wait after each failure that doubles from one to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackOff {
    first: NonZeroU32,
    longest: NonZeroU32,
}

impl BackOff {
    /// The wait after the first failure, and the one that doubling ends at; both rounded up to whole seconds.
    ///
    /// # Errors
    ///
    /// [`ParameterError::Wait`] for no time or more than [`Policy::MAX_WAIT_SECS`]; [`ParameterError::BackOff`] if the
    /// longest is shorter than the first.
    pub const fn new(first: Duration, longest: Duration) -> Result<Self, ParameterError> {
        match (whole_secs(first), whole_secs(longest)) {
            (Ok(first), Ok(longest)) if first.get() <= longest.get() => Ok(Self { first, longest }),
            (Ok(_), Ok(_)) => Err(ParameterError::BackOff),
            (Err(error), _) | (_, Err(error)) => Err(error),
        }
    }

    fn after(self, failures: u8) -> NonZeroU32 {
        let factor = 1_u32.checked_shl(u32::from(failures.saturating_sub(1))).unwrap_or(u32::MAX);
        let factor = NonZeroU32::new(factor).unwrap_or(NonZeroU32::MAX);
        self.first.saturating_mul(factor).min(self.longest)
    }
}

const fn whole_secs(time: Duration) -> Result<NonZeroU32, ParameterError> {
    let secs = time.as_secs().saturating_add((time.subsec_nanos() > 0) as u64);
    if secs > Policy::MAX_WAIT_SECS as u64 {
        return Err(ParameterError::Wait);
    }
    #[expect(clippy::cast_possible_truncation, reason = "at most MAX_WAIT_SECS")]
    match NonZeroU32::new(secs as u32) {
        Some(secs) => Ok(secs),
        None => Err(ParameterError::Wait),
    }
}

/// How many consecutive codes a resynchronization wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResyncCodes {
    /// Two: a chance of about `span / 10^12` for a guess with six digits.
    #[default]
    Two = 2,
    /// Three.
    Three = 3,
}

impl ResyncCodes {
    /// The number of codes.
    #[must_use]
    pub const fn count(self) -> usize {
        self as usize
    }
}
