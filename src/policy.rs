use core::borrow::Borrow;
use core::num::{NonZeroU8, NonZeroU32};
use core::time::Duration;

use crate::division::quotient;
use crate::verdict::{Confirmed, Searched, Verified};
use crate::window::{Codes, Match, clamp, is_zero};
use crate::{Code, Counter, Decision, Digits, Hold, MalformedCode, ParameterError, Refusal, State, UnixTime, Window};
use cmov::Cmov;

/// What is accepted, how many failures are allowed, and what happens then: one value for all authenticators of a kind.
///
/// The default: one past time step, a look-ahead of 5 counters, a lock after 5 consecutive failures that lasts 15 minutes
/// and doubles up to a day, a replayed code counted as a failure, a malformed entry not.
///
/// ```
/// use core::time::Duration;
/// use secondo::{BackOff, Lock, ParameterError, Policy};
///
/// let policy = Policy::new()
///     .with_failure_cap(5)?
///     .with_lock(Lock::doubling(Duration::from_secs(60), Duration::from_secs(8 * 60 * 60))?)
///     .with_back_off(BackOff::new(Duration::from_secs(2), Duration::from_secs(3600))?);
/// # Ok::<(), ParameterError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent choices, each set by a method that names it")]
pub struct Policy {
    pub(crate) window: Window,
    pub(crate) look_ahead: u8,
    pub(crate) failure_cap: NonZeroU8,
    pub(crate) lock: Lock,
    back_off: Option<BackOff>,
    count_replays: bool,
    count_malformed: bool,
    pub(crate) learn_drift: bool,
    pub(crate) max_drift: u16,
    pub(crate) resync_span: u16,
    pub(crate) resync_codes: ResyncCodes,
    confirmation_login: bool,
    pub(crate) watermark_margin: NonZeroU32,
}

impl Policy {
    /// The most consecutive failures: an authenticator that reaches them is locked until an operator unlocks it, whatever
    /// the lock and the back-off (NIST SP 800-63B-4 section 3.2.2 allows no more than 100).
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
            lock: Lock::DEFAULT,
            back_off: None,
            count_replays: true,
            count_malformed: false,
            learn_drift: false,
            max_drift: 10,
            resync_span: 1_000,
            resync_codes: ResyncCodes::Two,
            confirmation_login: false,
            watermark_margin: const { NonZeroU32::new(24 * 60 * 60).unwrap() },
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

    /// Sets how many failures after the last success or lock bring a lock; 5 by default.
    ///
    /// Only an accepted code, a resynchronization or [`State::unlock`] starts the count again; time does not. A state that
    /// has as many failures already, because the cap was higher before, is locked at the next attempt.
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

    /// Sets how long a lock lasts; 15 minutes by default, doubling up to a day.
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

    /// Sets whether an accepted TOTP code moves the window of the next login towards where the authenticator's clock
    /// stands (RFC 6238 section 6); off by default.
    ///
    /// The window moves by whole steps within [`Self::with_max_drift`], and only as far as it keeps the current step: one
    /// late code must not shut out an accurate clock. A clock that is further off needs a resynchronization, and is
    /// followed from there. Where the window has a past step, a code one step behind the expected one has come late, and
    /// is no drift.
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

    /// Sets how far beyond the window the watermark of a TOTP authenticator must lie before an operator may lower it
    /// ([`Totp::lower_watermark`](crate::Totp::lower_watermark)); a day by default, rounded up to whole seconds.
    ///
    /// # Errors
    ///
    /// [`ParameterError::Wait`] for no time or more than [`Self::MAX_WAIT_SECS`].
    pub const fn with_watermark_margin(mut self, time: Duration) -> Result<Self, ParameterError> {
        match whole_secs(time) {
            Ok(secs) => self.watermark_margin = secs,
            Err(error) => return Err(error),
        }
        Ok(self)
    }

    /// Returns the attempts left before the lock.
    #[must_use]
    pub fn remaining(&self, state: &State, now: UnixTime) -> u8 {
        match state.hold {
            Hold::Locked => 0,
            Hold::LockedUntil(until) if now < until => 0,
            _ => self.left(state),
        }
    }

    /// Returns the wait that so many failures bring, where a lock's length has been doubled so many times.
    pub(crate) fn wait_after(&self, failures: u8, since_lock: u8, doublings: u8) -> Wait {
        if failures >= Self::CONSECUTIVE_LIMIT {
            return Wait::Forever;
        }
        let back_off = self.back_off.map(|back_off| back_off.0.after(failures.saturating_sub(1)));
        match (since_lock < self.failure_cap.get(), self.lock.0, back_off) {
            (true, _, None) => Wait::None,
            (true, _, Some(wait)) => Wait::Throttled(wait),
            (false, None, _) => Wait::Forever,
            (false, Some(lock), None) => Wait::Locked(lock.after(doublings)),
            // A lock never shortens the wait that it takes the place of.
            (false, Some(lock), Some(wait)) => Wait::Locked(lock.after(doublings).max(wait)),
        }
    }

    /// Returns the attempts left before the next lock, if none is in force.
    fn left(&self, state: &State) -> u8 {
        let before_lock = self.failure_cap.get().saturating_sub(state.since_lock);
        before_lock.min(Self::CONSECUTIVE_LIMIT.saturating_sub(state.failures))
    }

    /// Tells whether the failures call for a lock that was not made: the cap was lowered, or the count was imported.
    fn owes_lock(&self, state: &State, now: UnixTime) -> bool {
        !state.hold.is_in_force(now) && self.left(state) == 0
    }

    /// Decides whether the state lets an attempt be made.
    pub(crate) fn admit(&self, state: &State, now: UnixTime, stage: Stage) -> Result<(), Refusal> {
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
            // Until when is decided with the lock.
            _ if self.owes_lock(state, now) => Err(Refusal::Locked { until: None }),
            _ => Ok(()),
        }
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
                accepted.since_lock = 0;
                accepted.hold = Hold::None;
                let success = accept(&mut accepted, counter);
                Decision::searched(Searched {
                    found,
                    accepted: (success, accepted),
                    failed,
                    remaining,
                    remaining_uncounted: self.left(state),
                    count_used: self.count_replays,
                })
            }
            Err(Refusal::Locked { .. }) if self.owes_lock(state, now) => {
                self.hold_off(&mut failed, now);
                let until = if let Hold::LockedUntil(until) = failed.hold { Some(until) } else { None };
                Decision::refused(Refusal::Locked { until }, Some(failed))
            }
            Err(refusal @ Refusal::Malformed(_)) if self.count_malformed => {
                self.fail(&mut failed, now);
                Decision::refused(refusal, Some(failed))
            }
            Err(refusal) => Decision::refused(refusal, None),
        }
    }

    /// From this code on, which is a login as well if the policy says so, the authenticator counts.
    pub(crate) fn confirm(&self, next: &mut State, login: Verified) -> Confirmed {
        next.confirmed = true;
        Confirmed { login: self.confirmation_login.then_some(login) }
    }

    /// Counts a failure, and returns how many attempts are left.
    fn fail(&self, state: &mut State, now: UnixTime) -> u8 {
        state.failures = state.failures.saturating_add(1);
        state.since_lock = state.since_lock.saturating_add(1);
        self.hold_off(state, now);
        match state.hold {
            Hold::Locked | Hold::LockedUntil(_) => 0,
            Hold::None | Hold::Throttled(_) => self.left(state),
        }
    }

    /// Makes the wait or the lock that the counted failures call for.
    fn hold_off(&self, state: &mut State, now: UnixTime) {
        let days_since = quotient::<{ Lock::EASING_SECS }>(now.as_secs().saturating_sub(state.lock_ended.as_secs()));
        let doublings = u64::from(state.lock_doublings).saturating_sub(days_since).to_le_bytes()[0];
        let until = |wait: NonZeroU32| now.saturating_add(u64::from(wait.get()));
        state.hold = match self.wait_after(state.failures, state.since_lock, doublings) {
            Wait::None => Hold::None,
            Wait::Throttled(wait) => Hold::Throttled(until(wait)),
            Wait::Locked(wait) => {
                state.since_lock = 0;
                state.lock_ended = until(wait);
                state.lock_doublings = self.lock.0.map_or(0, Doubling::most).min(doublings.saturating_add(1));
                Hold::LockedUntil(state.lock_ended)
            }
            Wait::Forever => {
                state.since_lock = 0;
                Hold::Locked
            }
        };
    }

    /// Returns the drift after a resynchronization with a code so many steps ahead: the known drift, if the code fits it.
    ///
    /// Where the window has a past step, a code may have come one step late (RFC 6238 section 5.2). Taken for drift, that
    /// would move the window away from the codes of an accurate clock.
    pub(crate) fn resynchronized(&self, known: i16, ahead: i64) -> i16 {
        let (delay, ahead) = (i128::from(self.window.past().min(1)), i128::from(ahead));
        self.clamp_drift(clamp(known.into(), ahead, ahead + delay))
    }

    /// Returns the drift after a login with a code so many steps ahead.
    ///
    /// A drift that is learned keeps the current step in the window: codes of an accurate clock stay right. Beyond that
    /// only a resynchronization goes, and where it did, a code of the other window starts from an accurate clock again.
    pub(crate) fn learned(&self, known: i16, ahead: i64) -> i16 {
        let known = self.clamp_drift(known.into());
        let (past, future) = (i64::from(self.window.past()), i64::from(self.window.future()));
        let mut new = self.resynchronized(known, ahead);
        if self.window.reaches(known) {
            return self.clamp_drift(clamp(new.into(), (-future).into(), past.into()));
        }
        // The code's place is secret.
        let near = clamp(ahead.into(), (-past).into(), future.into());
        let from_exact = clamp(self.resynchronized(0, ahead).into(), (-future).into(), past.into());
        new.cmovnz(&self.clamp_drift(from_exact), is_zero(near - i128::from(ahead)));
        new
    }

    /// Returns the drift within the limit.
    pub(crate) fn clamp_drift(&self, steps: i128) -> i16 {
        let limit = i128::from(self.max_drift);
        #[expect(clippy::cast_possible_truncation, reason = "the limit is at most MAX_DRIFT")]
        let clamped = clamp(steps, -limit, limit) as i16;
        clamped
    }

    /// Returns the values of consecutive codes, if there are as many as this policy wants. Others are not even parsed.
    pub(crate) fn consecutive(
        &self,
        entries: impl ExactSizeIterator<Item: Borrow<Result<Code, MalformedCode>>>,
        digits: Digits,
    ) -> Result<Codes, Refusal> {
        let expected = self.resync_codes.count();
        if entries.len() != expected {
            return Err(Refusal::Malformed(MalformedCode::Count { expected, found: entries.len() }));
        }
        entries.map(|entry| submitted(entry.borrow(), digits)).collect()
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

pub(crate) enum Wait {
    None,
    Throttled(NonZeroU32),
    Locked(NonZeroU32),
    Forever,
}

/// How long a lock lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lock(pub(crate) Option<Doubling>);

impl Lock {
    /// Until an operator [unlocks](State::unlock) the authenticator. Whoever knows the password can then shut the person
    /// out, with as many wrong codes as the cap allows.
    pub const UNTIL_UNLOCKED: Self = Self(None);
    /// 15 minutes, doubling up to a day.
    const DEFAULT: Self = Self(Some(Doubling {
        first: const { NonZeroU32::new(15 * 60).unwrap() },
        longest: const { NonZeroU32::new(24 * 60 * 60).unwrap() },
    }));
    /// The time without a lock that halves the length of the next one.
    pub(crate) const EASING_SECS: u32 = 24 * 60 * 60;

    /// Creates a lock that lasts this time, rounded up to whole seconds, or as long as the back-off's wait if that is
    /// longer.
    ///
    /// The next lock comes after as many failures again. The last one, at [`Policy::CONSECUTIVE_LIMIT`] failures in a row,
    /// lasts until an operator unlocks the authenticator.
    ///
    /// # Errors
    ///
    /// [`ParameterError::Wait`] for no time or more than [`Policy::MAX_WAIT_SECS`].
    pub const fn lasting(time: Duration) -> Result<Self, ParameterError> {
        Self::doubling(time, time)
    }

    /// Creates a lock that lasts `first`, and each time twice as long as the last time, up to `longest`.
    ///
    /// A success does not shorten the next lock. Each day without a lock halves it: otherwise an attacker who guesses
    /// between the person's daily logins would get ten times as many guesses. Otherwise as [`Self::lasting`].
    ///
    /// # Errors
    ///
    /// [`ParameterError::Wait`] for no time or more than [`Policy::MAX_WAIT_SECS`]; [`ParameterError::Doubling`] if the
    /// longest is shorter than the first.
    pub const fn doubling(first: Duration, longest: Duration) -> Result<Self, ParameterError> {
        match Doubling::new(first, longest) {
            Ok(doubling) => Ok(Self(Some(doubling))),
            Err(error) => Err(error),
        }
    }
}

/// A wait after each failure that doubles from one to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackOff(Doubling);

impl BackOff {
    /// Creates a back-off from the wait after the first failure and the longest wait; both rounded up to whole seconds.
    ///
    /// # Errors
    ///
    /// [`ParameterError::Wait`] for no time or more than [`Policy::MAX_WAIT_SECS`]; [`ParameterError::Doubling`] if the
    /// longest is shorter than the first.
    pub const fn new(first: Duration, longest: Duration) -> Result<Self, ParameterError> {
        match Doubling::new(first, longest) {
            Ok(doubling) => Ok(Self(doubling)),
            Err(error) => Err(error),
        }
    }
}

/// A time that doubles up to a longest one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Doubling {
    first: NonZeroU32,
    longest: NonZeroU32,
}

impl Doubling {
    const fn new(first: Duration, longest: Duration) -> Result<Self, ParameterError> {
        match (whole_secs(first), whole_secs(longest)) {
            (Ok(first), Ok(longest)) if first.get() <= longest.get() => Ok(Self { first, longest }),
            (Ok(_), Ok(_)) => Err(ParameterError::Doubling),
            (Err(error), _) | (_, Err(error)) => Err(error),
        }
    }

    pub(crate) fn after(self, doublings: u8) -> NonZeroU32 {
        let factor = 1_u32.checked_shl(doublings.into()).and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MAX);
        self.first.saturating_mul(factor).min(self.longest)
    }

    /// Returns how many doublings reach the longest time.
    pub(crate) fn most(self) -> u8 {
        let mut doublings = 0;
        while self.after(doublings) < self.longest {
            doublings += 1;
        }
        doublings
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
