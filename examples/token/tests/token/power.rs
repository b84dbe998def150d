//! Losses of power at every step of writing and erasing.
//!
//! No code is shown twice, and a loss of power skips one code at most, for any contents that the flash is left with.

use secondo::types::Counter;
use token::provision;

use crate::flash::Flash;
use crate::person::press;
use crate::{SECRET, shown_at};

/// The number of bytes in a page: a page has room for four codes, so that both pages of the log are often erased.
const PAGE: usize = 64;

/// The number of seeds, which is more than the ways in which a word or a page can be interrupted.
const SEEDS: u64 = 8;

/// The counters of the shown codes, in order.
#[derive(Default)]
struct Seen {
    counters: Vec<u64>,
}

impl Seen {
    fn press(&mut self, flash: &mut Flash<PAGE>, times: u64) {
        for text in press(flash, times).texts() {
            // Codes can repeat by chance, but not within this distance.
            let next = self.counters.last().map_or(0, |last| last + 1);
            let counter = (next..next + 50).find(|counter| shown_at(*counter) == text);
            self.counters.push(counter.unwrap_or_else(|| panic!("{text} after {:?}", self.counters)));
        }
    }

    fn skipped(&self) -> u64 {
        self.counters.last().map_or(0, |last| last + 1 - self.counters.len() as u64)
    }
}

fn provisioned(seed: u64) -> Flash<PAGE> {
    let mut flash = Flash::blank(seed);
    flash.power_on();
    provision(&mut flash, SECRET, Counter::new(0)).unwrap();
    flash
}

/// Presses the button until the power goes off at each of these steps, counted from the cut before, and then some more.
fn must_survive(seed: u64, cuts: &[usize]) {
    let mut flash = provisioned(seed);
    let mut seen = Seen::default();
    for cut in cuts {
        flash.cut_at = Some(flash.steps + cut);
        seen.press(&mut flash, 12);
        flash.cut_at = None;
    }
    let before = seen.counters.len();
    seen.press(&mut flash, 9);
    assert_eq!(seen.counters.len(), before + 9, "codes return with the power: {cuts:?}, {:?}", seen.counters);
    assert!(seen.skipped() <= cuts.len() as u64, "{cuts:?}: {:?}", seen.counters);
}

/// Returns the number of steps that this number of presses takes.
fn steps_of(presses: u64) -> usize {
    let mut flash = provisioned(0);
    let before = flash.steps;
    press(&mut flash, presses);
    flash.steps - before
}

#[test]
fn power_may_be_lost_at_any_step() {
    let steps = steps_of(12);
    assert_eq!(steps, 12 * 4 + 3, "four words a record, and three pages erased");
    for seed in 0..SEEDS {
        for step in 0..steps {
            must_survive(seed, &[step]);
        }
    }
}

#[test]
fn power_may_be_lost_again() {
    let (first, again) = (steps_of(9), steps_of(2));
    for seed in 0..SEEDS {
        for first in 0..first {
            for again in 0..again {
                must_survive(seed, &[first, again]);
            }
        }
    }
}

#[test]
fn power_may_be_lost_over_and_over() {
    for seed in 0..500_u16 {
        let cuts: Vec<_> = (0..20).map(|n| (usize::from(seed) * 7 + n * n) % 11).collect();
        must_survive(seed.into(), &cuts);
    }
}

#[test]
fn half_a_provisioning_is_none() {
    let mut whole = Flash::<PAGE>::blank(0);
    whole.power_on();
    provision(&mut whole, SECRET, Counter::new(0)).unwrap();
    for seed in 0..SEEDS {
        for step in 0..whole.steps {
            let mut flash = provisioned(seed);
            flash.cut_at = Some(flash.steps + step);
            assert!(provision(&mut flash, SECRET, Counter::new(7)).is_err());
            flash.cut_at = None;
            let texts: Vec<_> = press(&mut flash, 1).texts().into_iter().map(str::to_owned).collect();
            // A cut at the last step may leave everything done. A cut at the first may leave the token as before.
            let as_before = step == 0 && texts == [shown_at(0)];
            let done = step + 1 == whole.steps && texts == [shown_at(7)];
            assert!(as_before || done || texts == ["Err     "], "{step}: {texts:?}");
        }
    }
}
