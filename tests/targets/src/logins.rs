//! Checks of the rules of a verifier, with codes from the appendices of the RFCs.

use core::convert::Infallible;

use secondo::decision::{CommitError, Decision, Hold, Verified};
use secondo::policy::Window;
use secondo::types::{Counter, Period};
use secondo::{Digits, Hotp, Key, Method, Policy, Refusal, State, SubmittedCode, Totp, UnixTime};

use crate::codes::{at, rfc_key};
use crate::tally::Tally;

/// The codes of counters 0 to 9 in RFC 4226, appendix D.
const CODES: [&str; 10] =
    ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];

/// An authenticator's key, policy and state.
struct Login {
    key: Key,
    policy: Policy,
    state: State,
}

impl Login {
    fn new(policy: Policy) -> Option<Self> {
        Some(Self { key: rfc_key()?, policy, state: State::new().confirmed() })
    }

    fn commit<T>(&mut self, decision: Decision<T>) -> Result<T, Refusal> {
        let verdict = decision.commit(|next| {
            // The state is replaced by what a store would return: it is written as bytes and read again.
            if let Ok(next) = State::from_bytes(&next.to_bytes()) {
                self.state = next;
            }
            Ok::<_, Infallible>(())
        });
        verdict.map_err(|error| match error {
            CommitError::Refused(refusal) => refusal,
            CommitError::Store(never) => match never {},
        })
    }

    fn totp(&mut self, typed: &str, secs: u64) -> Result<Verified, Refusal> {
        let method = Method::Totp(Totp::new(Digits::Eight, Period::default()));
        let code = SubmittedCode::new(typed);
        self.commit(method.verify(&self.key, &self.policy, &self.state, &code, at(secs)))
    }

    fn hotp(&mut self, typed: &str) -> Result<Verified, Refusal> {
        let (method, code) = (Method::Hotp(Hotp::default()), SubmittedCode::new(typed));
        self.commit(method.verify(&self.key, &self.policy, &self.state, &code, UnixTime::EPOCH))
    }
}

fn is_at(accepted: &Result<Verified, Refusal>, counter: u64) -> bool {
    accepted.as_ref().is_ok_and(|accepted| accepted.counter() == Counter::new(counter))
}

fn is_refused<T>(verdict: &Result<T, Refusal>, refusal: Refusal) -> bool {
    verdict.as_ref().is_err_and(|found| *found == refusal)
}

/// Checks that a code is accepted once, and that failures lock the authenticator.
pub fn accepted_once_and_locked(tally: &mut Tally<'_>) {
    const NOW: u64 = 1_111_111_111;
    const STEP: u64 = NOW / 30;

    let Some(mut login) = Login::new(Policy::new()) else { return tally.check("login", 0, false) };
    tally.check("the code of the step before is accepted", 0, is_at(&login.totp("0708 1804", NOW), STEP - 1));
    tally.check("the code of this step is accepted", 0, is_at(&login.totp("1405-0471", NOW), STEP));
    let replayed = login.totp("14050471", NOW);
    tally.check("the same code again", 0, is_refused(&replayed, Refusal::Replayed { remaining: 4, hold: Hold::None }));
    let earlier = login.totp("07081804", NOW);
    tally.check("an earlier code", 0, is_refused(&earlier, Refusal::Replayed { remaining: 3, hold: Hold::None }));
    let unlocked = at(NOW + 15 * 60);
    for (remaining, hold) in [(2, Hold::None), (1, Hold::None), (0, Hold::LockedUntil(unlocked))] {
        let wrong = login.totp("14050472", NOW);
        tally.check("attempts remaining", remaining.into(), is_refused(&wrong, Refusal::Wrong { remaining, hold }));
    }
    let locked = login.totp("14050472", NOW);
    tally.check("the authenticator is locked", 0, is_refused(&locked, Refusal::Locked { until: Some(unlocked) }));
    login.state = login.state.unlock();
    tally.check("accepted after unlocking", 0, is_at(&login.totp("69279037", 2_000_000_000), 2_000_000_000 / 30));
    let behind = login.totp("14050471", NOW);
    tally.check("a clock behind the last used step is refused", 0, is_refused(&behind, Refusal::ClockBehind));
}

/// Checks every window of up to two steps each way, with codes of every step in it and next to it.
pub fn windows(tally: &mut Tally<'_>) {
    let method = Method::Totp(Totp::default());
    for (past, future) in (0..3).flat_map(|past| (0..3).map(move |future| (past, future))) {
        let Ok(window) = Window::new(past, future) else { return tally.check("window", 0, false) };
        for (counter, typed) in (0..).zip(CODES) {
            let Some(mut login) = Login::new(Policy::new().with_window(window)) else { continue };
            // Step 4 is near the middle of the ten codes.
            let now = at(4 * 30 + 29);
            let code = SubmittedCode::new(typed);
            let verdict = login.commit(method.verify(&login.key, &login.policy, &login.state, &code, now));
            let expected = (4 - u64::from(past)..=4 + u64::from(future)).contains(&counter);
            let holds = if expected { is_at(&verdict, counter) } else { verdict.is_err() };
            tally.check("window, code of step", counter, holds);
        }
    }
}

/// Checks that an HOTP code is accepted up to the end of the look-ahead, and each counter once.
pub fn look_ahead(tally: &mut Tally<'_>) {
    let Ok(policy) = Policy::new().with_look_ahead(3) else { return tally.check("look-ahead", 0, false) };
    let Some(mut login) = Login::new(policy) else { return tally.check("login", 0, false) };
    tally.check("the code after the look-ahead", 4, login.hotp(CODES[4]).is_err());
    tally.check("the last code of the look-ahead", 3, is_at(&login.hotp(CODES[3]), 3));
    for (counter, typed) in (0..4).zip(CODES) {
        tally.check("the code of a used or skipped counter is refused", counter, login.hotp(typed).is_err());
    }
    login.state = login.state.unlock();
    tally.check("the next code", 4, is_at(&login.hotp(CODES[4]), 4));
}

/// Checks that two consecutive codes beyond the look-ahead resynchronize, and others do not.
pub fn resynchronization(tally: &mut Tally<'_>) {
    let Some(mut login) = Login::new(Policy::new()) else { return tally.check("login", 0, false) };
    let now = UnixTime::EPOCH;
    tally.check("a code beyond the look-ahead is refused", 8, login.hotp(CODES[8]).is_err());
    for (counter, [first, second]) in [(0, [CODES[7], CODES[9]]), (9, [CODES[8], CODES[9]])] {
        let codes = [first, second].map(SubmittedCode::new);
        let decision = Method::Hotp(Hotp::default()).resync(&login.key, &login.policy, &login.state, &codes, now);
        let found = login.commit(decision).map_or(0, |found| found.counter.get());
        tally.check("resynchronized at", counter, found == counter);
    }
    tally.check("the codes of a resynchronization are used", 9, login.hotp(CODES[9]).is_err());
}
