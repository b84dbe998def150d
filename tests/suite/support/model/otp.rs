use super::device::{Found, Purpose};
use super::setup::Setup;
use crate::support::naive;

/// One-time passwords of the model.
#[derive(Clone, Debug)]
pub(super) struct Otp {
    pub(super) seed: u8,
    pub(super) is_hotp: bool,
    pub(super) digits: u8,
    /// The counter or time step after the watermark, or 0 without one.
    pub(super) next: i128,
    pub(super) drift: i64,
}

impl Otp {
    pub(super) fn right_codes(&self, setup: &Setup) -> u32 {
        let windows = if self.is_hotp || setup.reaches(setup.clamp(self.drift)) { 1 } else { 2 };
        windows * (if self.is_hotp { u32::from(setup.look_ahead) } else { u32::from(setup.past + setup.future) } + 1)
    }

    pub(super) fn code(&self, setup: &Setup, at: i128) -> String {
        naive::code(setup.algorithm, &[self.seed; 20], u64::try_from(at).unwrap(), usize::from(self.digits))
    }

    /// Returns the counter or time step of the code that is expected now.
    pub(super) fn centre(&self, setup: &Setup, now: u64) -> i128 {
        if self.is_hotp {
            self.next
        } else {
            i128::from(now.saturating_sub(setup.t0) / setup.period) + i128::from(self.drift)
        }
    }

    /// Returns the windows of a login, or `None` before T0.
    pub(super) fn windows(&self, setup: &Setup, now: u64) -> Option<Vec<std::ops::RangeInclusive<i128>>> {
        let current = i128::from(now.checked_sub(setup.t0)? / setup.period);
        let window = |centre: i128| centre - i128::from(setup.past)..=centre + i128::from(setup.future);
        let drift = setup.clamp(self.drift);
        let mut windows = vec![window((current + i128::from(drift)).max(0))];
        if !setup.reaches(drift) {
            windows.push(window(current));
        }
        Some(windows)
    }

    /// Returns the last step of the windows, or `None` before T0.
    pub(super) fn last_step(&self, setup: &Setup, now: u64) -> Option<i128> {
        self.windows(setup, now)?.into_iter().map(|window| *window.end()).max()
    }

    /// Returns the last step that a login can accept now whatever the drift is, or `None` before T0.
    pub(super) fn farthest_step(setup: &Setup, now: u64) -> Option<i128> {
        let current = i128::from(now.checked_sub(setup.t0)? / setup.period);
        Some(current + i128::from(setup.max_drift) + i128::from(setup.future))
    }

    pub(super) fn compare(&self, setup: &Setup, purpose: Purpose, texts: &[&str], now: u64) -> Found {
        let codes: Vec<String> = texts.iter().filter_map(|text| typed(text, usize::from(self.digits))).collect();
        let wanted = if purpose == Purpose::Resynchronization { setup.resync_codes } else { 1 };
        if texts.len() != wanted || codes.len() != wanted {
            return Found::Malformed;
        }
        let used = self.next - 1;
        let max_drift = i128::from(setup.max_drift);
        let current = match now.checked_sub(setup.t0) {
            _ if self.is_hotp => 0,
            Some(elapsed) => i128::from(elapsed / setup.period),
            None => return Found::ClockBehind { is_right: false },
        };
        // The lowest counter or step of the first code, and the ranges of the last code.
        let (first, windows) = match (self.is_hotp, purpose) {
            (true, Purpose::Resynchronization) => (used, vec![used..=self.next + i128::from(setup.resync_span)]),
            (true, _) => (used, vec![used..=self.next + i128::from(setup.look_ahead)]),
            (false, Purpose::Resynchronization) => (0, vec![current - max_drift..=current + max_drift]),
            (false, _) => (0, self.windows(setup, now).unwrap()),
        };
        let is_behind = !self.is_hotp && windows.iter().all(|window| used > *window.end());
        let count = codes.len() as i128;
        let mut places: Vec<i128> = windows
            .into_iter()
            .flatten()
            .filter(|last| *last >= first.max(0) + count - 1)
            .filter(|last| (last - count + 1..).zip(&codes).all(|(at, code)| self.code(setup, at) == *code))
            .collect();
        places.sort_unstable();
        if is_behind {
            return Found::ClockBehind { is_right: !places.is_empty() };
        }
        match places.iter().find(|last| **last - count + 1 > used) {
            Some(&last) => {
                let drift = if self.is_hotp { 0 } else { i64::try_from(last - current).unwrap() };
                Found::Fresh(last, drift)
            }
            None if places.is_empty() => Found::Nowhere,
            None => Found::Used,
        }
    }

    pub(super) fn accept(&mut self, setup: &Setup, purpose: Purpose, last: i128, drift: i64) {
        self.next = last + 1;
        match purpose {
            _ if self.is_hotp => {}
            Purpose::Resynchronization => self.drift = setup.clamp(setup.fitting(self.drift, drift)),
            _ if setup.learn_drift => self.learn(setup, drift),
            _ => {}
        }
    }

    fn learn(&mut self, setup: &Setup, drift: i64) {
        let known = setup.clamp(self.drift);
        let near = |drift: i64| drift.clamp(-i64::from(setup.future), i64::from(setup.past));
        self.drift = setup.clamp(if setup.reaches(known) {
            near(setup.fitting(known, drift))
        } else if (-i64::from(setup.past)..=i64::from(setup.future)).contains(&drift) {
            near(setup.fitting(0, drift))
        } else {
            setup.fitting(known, drift)
        });
    }
}

/// Returns the digits of a submitted text without separators, if it is a code of `digits` digits.
pub(super) fn typed(text: &str, digits: usize) -> Option<String> {
    let bare: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    (bare.len() == digits && bare.chars().all(|c| c.is_ascii_digit())).then_some(bare)
}
