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
///
/// Every counter of the span is evaluated, whatever matches; nothing depends on where a match is, or whether it is
/// above the watermark, until the result is taken.
pub(crate) fn search(key: &Key, digits: Digits, codes: &[u32], span: Span, watermark: Option<Counter>) -> Match {
    let none_used = Choice::from(u8::from(watermark.is_none()));
    let watermark = watermark.map_or(0, Counter::get);

    // Whether the codes up to this one matched at the counters up to the previous one: anywhere, and above the watermark.
    let mut matched = [(Choice::from(0), Choice::from(0)); MAX_CODES];
    let mut used = Choice::from(0);
    let mut fresh = Choice::from(0);
    let mut found = 0;
    for counter in span.first..=span.last {
        let value = digits.reduce(key.truncated(Counter::new(counter)));
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
