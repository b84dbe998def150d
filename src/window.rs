use subtle::{Choice, ConditionallySelectable, ConstantTimeEq, ConstantTimeGreater};

use crate::{Counter, Digits, Key, ParameterError};

/// How many time steps besides the current one a TOTP login accepts.
///
/// One past step and no future step by default: RFC 6238 section 5.2 allows at most one for the time that a code takes
/// to arrive. Each step is one more code that is right at this moment, so the chance of a guess is
/// `past + 1 + future` times that of one code: with six digits 2 in a million by default, 3 in a million for one step
/// each way, 11 in a million for the widest window. A past step also leaves a code that somebody saw usable for one
/// period longer, unless it was used: a used step is never accepted again. Future steps are only for clocks that run
/// ahead; [`Policy::with_learned_drift`](crate::Policy::with_learned_drift) is the narrower answer to those.
///
/// ```
/// use secondo::{ParameterError, Window};
///
/// let window = Window::new(1, 1)?;
/// assert!(Window::new(10, 1).is_err());
/// # Ok::<(), ParameterError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    past: u8,
    future: u8,
}

impl Window {
    /// The most steps besides the current one, past and future together.
    pub const MAX: u8 = 10;
    pub(crate) const DEFAULT: Self = Self { past: 1, future: 0 };

    /// A window of so many steps before and after the current one.
    ///
    /// # Errors
    ///
    /// [`ParameterError::Window`] if they are more than [`Self::MAX`] together.
    pub const fn new(past: u8, future: u8) -> Result<Self, ParameterError> {
        if past.saturating_add(future) > Self::MAX {
            return Err(ParameterError::Window { past, future });
        }
        Ok(Self { past, future })
    }

    /// The steps before the current one.
    #[must_use]
    pub const fn past(self) -> u8 {
        self.past
    }

    /// The steps after the current one.
    #[must_use]
    pub const fn future(self) -> u8 {
        self.future
    }
}

impl Default for Window {
    /// One past step, no future one.
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The counters to evaluate, both ends included.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    pub(crate) first: u64,
    pub(crate) last: u64,
}

impl Span {
    pub(crate) fn around(centre: u64, past: u64, future: u64) -> Self {
        Self { first: centre.saturating_sub(past), last: centre.saturating_add(future) }
    }
}

/// What a search found.
pub(crate) enum Match {
    /// All codes, the last one at this counter, every one above the watermark.
    Fresh(Counter),
    /// All codes, but at or below the watermark.
    Used,
    /// Nothing.
    Nowhere,
}

/// The most codes that one search looks for.
pub(crate) const MAX_CODES: usize = 3;

/// Looks for `codes` at consecutive counters of the span, and takes the lowest place above the watermark.
pub(crate) fn search(key: &Key, digits: Digits, codes: &[u32], span: Span, watermark: Option<Counter>) -> Match {
    search_values(|counter| digits.reduce(key.truncated(counter)), codes, span, watermark)
}

/// Every counter of the span is evaluated, whatever matches; nothing depends on where a match is, or whether it is
/// above the watermark, until the result is taken.
fn search_values(
    mut value_at: impl FnMut(Counter) -> u32,
    codes: &[u32],
    span: Span,
    watermark: Option<Counter>,
) -> Match {
    let none_used = Choice::from(u8::from(watermark.is_none()));
    let watermark = watermark.map_or(0, Counter::get);

    // Whether the codes up to this one matched at the counters up to the previous one: anywhere, and above the watermark.
    let mut matched = [(Choice::from(0), Choice::from(0)); MAX_CODES];
    let mut used = Choice::from(0);
    let mut fresh = Choice::from(0);
    let mut found = 0;
    for counter in span.first..=span.last {
        let value = value_at(Counter::new(counter));
        let above = counter.ct_gt(&watermark) | none_used;
        let mut before = (Choice::from(1), above);
        let mut all = (Choice::from(0), Choice::from(0));
        for (code, slot) in codes.iter().zip(&mut matched) {
            let is_this = value.ct_eq(code);
            all = (before.0 & is_this, before.1 & is_this);
            before = core::mem::replace(slot, all);
        }
        let (anywhere, above) = all;
        found.conditional_assign(&counter, above & !fresh);
        fresh |= above;
        used |= anywhere;
    }
    if fresh.into() {
        Match::Fresh(Counter::new(found))
    } else if used.into() {
        Match::Used
    } else {
        Match::Nowhere
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Searches counters whose values are given, and checks that each was evaluated once and in order.
    fn find(values: &[u32], codes: &[u32], watermark: Option<u64>) -> Result<u64, bool> {
        let span = Span { first: 0, last: values.len() as u64 - 1 };
        let mut evaluated = Vec::new();
        let value_at = |counter: Counter| {
            evaluated.push(counter.get());
            values[usize::try_from(counter.get()).unwrap()]
        };
        let found = search_values(value_at, codes, span, watermark.map(Counter::new));
        assert_eq!(evaluated, (0..values.len() as u64).collect::<Vec<_>>());
        match found {
            Match::Fresh(counter) => Ok(counter.get()),
            Match::Used => Err(true),
            Match::Nowhere => Err(false),
        }
    }

    /// A pitfall of others: the time of an early exit tells which step matched.
    #[test]
    fn no_early_exit_tells_which_step_matched() {
        let values = [1, 2, 3, 2, 5];
        for (code, at) in [(1, Ok(0)), (2, Ok(1)), (3, Ok(2)), (5, Ok(4)), (7, Err(false))] {
            assert_eq!(find(&values, &[code], None), at);
        }
        assert_eq!(find(&values, &[1], Some(0)), Err(true));
        assert_eq!(find(&values, &[2], Some(1)), Ok(3));
        assert_eq!(find(&values, &[2], Some(3)), Err(true));
        assert_eq!(find(&values, &[5], Some(u64::MAX)), Err(true));
    }

    #[test]
    fn consecutive_codes_are_found_also_where_a_run_begins_in_vain() {
        let values = [1, 1, 2, 1, 1, 2, 3, 1, 2, 3];
        assert_eq!(find(&values, &[1, 2], None), Ok(2));
        assert_eq!(find(&values, &[1, 1], None), Ok(1));
        assert_eq!(find(&values, &[1, 2, 3], None), Ok(6));
        // All of them above the watermark, not only the last.
        assert_eq!(find(&values, &[1, 2, 3], Some(3)), Ok(6));
        assert_eq!(find(&values, &[1, 2, 3], Some(4)), Ok(9));
        assert_eq!(find(&values, &[1, 2, 3], Some(7)), Err(true));
        assert_eq!(find(&values, &[2, 1, 2], None), Err(false));
        assert_eq!(find(&values, &[3, 3], None), Err(false));
        assert_eq!(find(&values, &[], None), Err(false));
    }
}
