//! Checks of encoded and of wide numbers, which may go wrong on machines of another word size or byte order.

use secondo::types::{Counter, Period};
use secondo::{Digits, Policy, State, Totp, UnixTime};

use crate::codes::at;
use crate::tally::Tally;

/// Checks that a state is read from its stored form and written to the same bytes.
pub fn state_bytes(tally: &mut Tally<'_>) {
    // The first row: version, flags, hold, failures, failures since the last lock, doublings of the lock. A row each:
    // drift; watermark; end of the hold; end of the last lock; revision.
    #[rustfmt::skip]
    const BYTES: [u8; State::LEN] = [
        1, 0b111, 2, 3, 2, 4,
        0xfe, 0xdc,
        0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
        0x00, 0x00, 0x00, 0x11, 0x15, 0x16, 0x17, 0x18,
        0x00, 0x00, 0x00, 0x19, 0x1a, 0x1b, 0x1c, 0x1d,
        0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28,
    ];

    let Ok(state) = State::from_bytes(&BYTES) else { return tally.check("state read", 0, false) };
    tally.check("state written", 0, state.to_bytes() == BYTES);
    tally.check("drift", 0, state.drift() == -0x124);
    tally.check("watermark", 0, state.watermark() == Some(Counter::new(0x0102_0304_0506_0708)));
    tally.check("revision", 0, state.revision() == 0x2122_2324_2526_2728);
    let until = UnixTime::from_secs(0x11_1516_1718).map(secondo::decision::Hold::LockedUntil);
    tally.check("hold", 0, until == Ok(state.hold()));
    tally.check("failures and flags", 0, state.failures() == 3 && state.is_confirmed() && state.is_suspended());
}

/// Checks time steps and their remaining seconds for every period up to an hour, and some up to a day, near the first
/// and the last time and at ends of steps.
pub fn time_steps(tally: &mut Tally<'_>) {
    for secs in (1..=3600).chain((3600..=Period::MAX_SECS).step_by(90)) {
        let period = u64::from(secs);
        let Ok(totp) = Period::from_secs(period).map(|period| Totp::new(Digits::default(), period)) else {
            tally.check("period", period, false);
            continue;
        };
        let later = totp.with_t0(at(1_000_003));
        let end = UnixTime::MAX.as_secs();
        let last = end / period * period;
        let times = [0, 1, period - 1, period, 1_111_111_111, 1 << 32, last - 1, last, end - 1, end];
        let is_step = |totp: &Totp, now: u64, elapsed: u64| {
            let now = at(now);
            totp.step(now) == Ok(Counter::new(elapsed / period))
                && totp.seconds_remaining(now).map(u64::from) == Ok(period - elapsed % period)
        };
        let holds = times.into_iter().all(|now| {
            is_step(&totp, now, now)
                && match now.checked_sub(later.t0().as_secs()) {
                    Some(elapsed) => is_step(&later, now, elapsed),
                    None => later.step(at(now)).is_err(),
                }
        });
        tally.check("time steps of a period", period, holds);
    }
}

/// Checks the probability of a guess, which is computed in floating point: small processors do this in software.
pub fn guesses(tally: &mut Tally<'_>) {
    let chance = Policy::new().guess_probability([Totp::default()], 0);
    // The expected values are 1 - (1 - 2 * 2148 / 2^31)^n for n = 5 and n = 100 guesses, computed with Python.
    tally.check("chance of a guess", 0, (chance.per_lock - 1.000_236_443_216e-5).abs() < 1e-16);
    tally.check("chance in a year", 0, (chance.per_year - 2.000_282_807_991e-4).abs() < 1e-15);
}
