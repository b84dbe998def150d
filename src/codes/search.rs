use core::mem;

use cmov::{Cmov, CmovEq, Condition};
use zeroize::Zeroize;

use crate::codes::{Key, lanes};
use crate::ct::declassify::public;
use crate::ct::select::{is_less_wide, is_not_zero, place};
use crate::types::{Counter, Digits};

/// A range of counters to evaluate: `count` counters from `first` on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    first: u64,
    count: u16,
}

impl Span {
    /// Creates the span from `past` counters before `centre` to `future` after it, cut off at 0 and at [`u64::MAX`].
    #[inline]
    pub(crate) fn around(centre: u64, past: u16, future: u16) -> Self {
        let first = centre.saturating_sub(u64::from(past));
        let last = centre.saturating_add(u64::from(future));
        Self { first, count: u16::try_from(last - first).unwrap_or(u16::MAX).saturating_add(1) }
    }

    pub(crate) fn counters(self) -> impl Iterator<Item = Counter> + Clone {
        (0..self.count).map(move |step| Counter::new(self.first + u64::from(step)))
    }

    /// Returns the last counter. The span must not be empty.
    #[inline]
    pub(crate) fn last(self) -> u64 {
        self.first + u64::from(self.count).saturating_sub(1)
    }
}

/// One span of counters, or two that neither overlap nor touch, the lower one first. Of one span, the second is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spans([Span; 2]);

impl Spans {
    /// Creates the union of two spans, which must not be empty. Spans that overlap or touch become one.
    #[inline]
    pub(crate) fn union(a: Span, b: Span) -> Self {
        let (low, high) = if a.first <= b.first { (a, b) } else { (b, a) };
        if high.first > low.last().saturating_add(1) {
            return Self([low, high]);
        }
        let first = low.first;
        let count = low.last().max(high.last()) - first;
        Self([Span { first, count: u16::try_from(count).unwrap_or(u16::MAX).saturating_add(1) }, Span::default()])
    }

    /// Returns the last counter.
    #[inline]
    pub(crate) fn last(&self) -> u64 {
        let [low, high] = self.0;
        if high.count > 0 { high.last() } else { low.last() }
    }

    /// Removes the first `count` counters of the lower span, and returns the first one.
    fn split_off(&mut self, count: usize) -> u64 {
        let [low, high] = &mut self.0;
        let first = low.first;
        low.count = low.count.saturating_sub(u16::try_from(count).unwrap_or(u16::MAX));
        low.first = first.wrapping_add(count as u64);
        if low.count == 0 {
            *low = mem::take(high);
        }
        first
    }

    /// Returns the number of counters in both spans.
    fn count(&self) -> usize {
        self.0.iter().map(|span| usize::from(span.count)).sum()
    }
}

impl From<Span> for Spans {
    #[inline]
    fn from(span: Span) -> Self {
        Self([span, Span::default()])
    }
}

/// The result of a search.
///
/// It is still secret: no branch and no memory address may depend on it before [`Self::is_fresh`], [`Self::is_behind`]
/// and [`Self::is_used`] declassify it.
#[derive(Clone, Copy, Default)]
pub(crate) struct Match {
    used: Condition,
    fresh: Condition,
    behind: Condition,
    counter: u64,
}

impl Match {
    /// Returns the counter of the last code if the match is fresh, otherwise an arbitrary counter.
    pub(crate) fn counter(&self) -> Counter {
        Counter::new(self.counter)
    }

    /// Returns 1 if the match is fresh, otherwise 0. It is still secret.
    #[cfg(feature = "verifier")]
    pub(crate) fn fresh(&self) -> Condition {
        self.fresh
    }

    /// Adds the match of another authenticator. The counter is not used from then on.
    #[cfg(feature = "verifier")]
    pub(crate) fn or(&mut self, other: &Self) {
        self.used |= other.used;
        self.fresh |= other.fresh;
        self.behind |= other.behind;
    }

    /// Adds the comparison with one value, of a kind that needs no search. The first fresh match gives the counter.
    pub(crate) fn add(&mut self, counter: u64, matches: Condition, is_used: Condition) {
        let fresh = matches & (is_used ^ 1);
        self.counter.cmovnz(&counter, fresh & (self.fresh ^ 1));
        self.fresh |= fresh;
        self.used |= matches;
    }

    /// Returns `true` if all codes were found above the watermark.
    ///
    /// The answer is public from here on.
    pub(crate) fn is_fresh(&self) -> bool {
        public(self.fresh != 0)
    }

    /// Returns `true` if all codes were found by a search that [is behind](Search::is_behind).
    ///
    /// The answer is public from here on.
    pub(crate) fn is_behind(&self) -> bool {
        public(self.behind != 0)
    }

    /// Returns `true` if all codes were found, above the watermark or not.
    ///
    /// If [`Self::is_fresh`] is `false`, this means a replay. The answer is public from here on.
    pub(crate) fn is_used(&self) -> bool {
        public(self.used != 0)
    }
}

/// The codes that one search looks for, at consecutive counters and in this order.
#[derive(Clone, Copy, Default)]
pub(crate) struct Codes {
    values: [u32; Self::MAX],
    count: usize,
}

impl Codes {
    /// The maximum number of codes in one search.
    pub(crate) const MAX: usize = 3;
}

impl FromIterator<u32> for Codes {
    /// Collects the first [`Self::MAX`] values, and ignores the rest.
    fn from_iter<I: IntoIterator<Item = u32>>(values: I) -> Self {
        let mut codes = Self::default();
        for (slot, value) in codes.values.iter_mut().zip(values) {
            *slot = value;
            codes.count += 1;
        }
        codes
    }
}

/// A search for codes in spans of counters, driven by a caller that computes the values.
///
/// [`Self::counters`] returns the counters to evaluate, and [`Self::take`] takes their truncated values in this order.
/// The watermark is the last used counter. The lowest match above it is the result. A search for several codes must
/// have a single span, and finds them at consecutive counters. The work done is the same for every result.
pub(crate) struct Search {
    digits: Digits,
    codes: Codes,
    /// The watermark, if `is_used`, otherwise 0.
    last_used: u64,
    is_used: bool,
    is_behind: bool,
    /// The counters whose values have not been taken yet.
    left: Spans,
    /// One entry for each code. Its lowest bit is set if this code and the codes before it matched at the last counters
    /// taken.
    running: [Places; Codes::MAX],
    found: Match,
}

/// Matches at up to 32 counters, one bit for each, the first counter's bit lowest.
///
/// `anywhere` has the matches at all counters, `above` only those with every code above the watermark.
#[derive(Clone, Copy, Default)]
struct Places {
    anywhere: u32,
    above: u32,
}

impl Search {
    /// The maximum number of values that the search compares at once.
    pub(crate) const MOST: usize = 32;

    #[inline]
    pub(crate) fn new(digits: Digits, codes: Codes, spans: Spans, last_used: u64, is_used: bool) -> Self {
        Self {
            digits,
            codes,
            last_used,
            is_used,
            is_behind: last_used > spans.last(),
            left: spans,
            running: [Places::default(); _],
            found: Match::default(),
        }
    }

    /// Returns `true` if the watermark is beyond all counters.
    pub(crate) fn is_behind(&self) -> bool {
        self.is_behind
    }

    /// Returns all counters whose values are still to be taken.
    pub(crate) fn counters(&self) -> impl Iterator<Item = Counter> + Clone + use<> {
        let [low, high] = self.left.0;
        low.counters().chain(high.counters())
    }

    /// Returns the number of values still to be taken.
    pub(crate) fn count(&self) -> usize {
        self.left.count()
    }

    /// Returns the next counter to evaluate, and the number of counters from there on that are taken at once.
    fn next(&self) -> Option<(Counter, usize)> {
        let [low, _] = self.left.0;
        (low.count > 0).then_some((Counter::new(low.first), usize::from(low.count).min(Self::MOST)))
    }

    /// Takes the truncated values of the next counters. The values are reduced to codes in place.
    pub(crate) fn take(&mut self, truncated: &mut [u32]) {
        let mut rest = truncated;
        while let Some((_, most)) = self.next()
            && !rest.is_empty()
        {
            let count = most.min(rest.len());
            let (values, others) = mem::take(&mut rest).split_at_mut(count);
            self.take_at_once(values);
            rest = others;
        }
    }

    /// Takes at most as many values as [`Self::next`] returns.
    fn take_at_once(&mut self, truncated: &mut [u32]) {
        let first = self.left.split_off(truncated.len());
        let above = self.above(first);
        let last = truncated.len().saturating_sub(1);

        for value in &mut *truncated {
            *value = self.digits.reduce(*value);
        }
        // The counters at which this code may match: all codes before it matched at the counters just before.
        let mut here = Places { anywhere: u32::MAX, above };
        let mut ends = Places::default();
        for (code, running) in self.codes.values.iter().zip(&mut self.running).take(self.codes.count) {
            let matches = places(truncated, *code);
            ends = Places { anywhere: matches & here.anywhere, above: matches & here.above };
            here = Places { anywhere: ends.anywhere << 1 | running.anywhere, above: ends.above << 1 | running.above };
            *running = Places { anywhere: ends.anywhere >> last & 1, above: ends.above >> last & 1 };
        }

        let lowest = ends.above & ends.above.wrapping_neg();
        let counter = first.wrapping_add(u64::from(place(lowest)));
        let fresh = is_not_zero(ends.above);
        self.found.counter.cmovnz(&counter, fresh & !self.found.fresh);
        self.found.fresh |= fresh;
        self.found.used |= is_not_zero(ends.anywhere);
    }

    /// Returns the result of the search.
    pub(crate) fn finish(&self) -> Match {
        Match { behind: self.found.used & Condition::from(self.is_behind), ..self.found }
    }

    /// Computes all values that are left with this key, and returns the result of the search.
    pub(crate) fn run(&mut self, key: &Key) -> Match {
        const AT_ONCE: usize = 16;

        let mut values = [0; AT_ONCE];
        while let Some((first, count)) = self.next() {
            let Some(values) = values.get_mut(..count.min(AT_ONCE)) else { break };
            lanes::consecutive(key, first, values);
            self.take_at_once(values);
        }
        values.as_mut_slice().zeroize();
        self.finish()
    }

    /// Returns one bit for each of the 32 counters from `first` on, set if the counter is above the watermark.
    fn above(&self, first: u64) -> u32 {
        let beyond = self.last_used.wrapping_sub(first);
        #[expect(clippy::cast_possible_truncation, reason = "the lower half")]
        let (mut count, high) = (beyond as u32, (beyond >> 32) as u32);
        count.cmovnz(&31, is_not_zero(high | count >> 5));
        count += 1;
        count.cmovnz(&0, is_less_wide(self.last_used, first) | is_not_zero(u32::from(!self.is_used)));
        // Two shifts, because a shift by all 32 bits overflows, and small processors have no 64-bit shift.
        (u32::MAX << (count / 2)) << (count - count / 2)
    }
}

/// Returns one bit for each value, the first value's bit lowest, set if the value is the code.
fn places(values: &[u32], code: u32) -> u32 {
    let mut places = 0;
    for value in values.iter().rev() {
        let mut is_code = 0;
        value.cmoveq(&code, 1, &mut is_code);
        places = places << 1 | u32::from(is_code);
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Searches counters from 0 on that have these values.
    ///
    /// The search takes three values at a time, so that runs of codes cross from one call to the next.
    fn find(values: &[u32], codes: &[u32], watermark: Option<u64>) -> Outcome {
        let codes = codes.iter().copied().collect();
        let spans = Span::around(0, 0, u16::try_from(values.len()).unwrap() - 1).into();
        let mut search = Search::new(Digits::Six, codes, spans, watermark.unwrap_or(0), watermark.is_some());
        for values in values.chunks(3) {
            search.take(&mut values.to_vec());
        }
        let found = search.finish();
        match (found.is_fresh(), found.is_used()) {
            (true, _) => Outcome::FreshAt(found.counter),
            (false, true) => Outcome::Used,
            (false, false) => Outcome::Nowhere,
        }
    }

    #[derive(Debug, PartialEq)]
    enum Outcome {
        FreshAt(u64),
        Used,
        Nowhere,
    }

    /// Guards against a known pitfall: a search that ends at the match tells by its time which step matched.
    #[test]
    fn no_early_exit_tells_which_step_matched() {
        let values = [1, 2, 3, 2, 5];
        for (code, outcome) in [
            (1, Outcome::FreshAt(0)),
            (2, Outcome::FreshAt(1)),
            (3, Outcome::FreshAt(2)),
            (5, Outcome::FreshAt(4)),
            (7, Outcome::Nowhere),
        ] {
            assert_eq!(find(&values, &[code], None), outcome);
        }
        assert_eq!(find(&values, &[1], Some(0)), Outcome::Used);
        assert_eq!(find(&values, &[2], Some(1)), Outcome::FreshAt(3));
        assert_eq!(find(&values, &[2], Some(3)), Outcome::Used);
        assert_eq!(find(&values, &[5], Some(u64::MAX)), Outcome::Used);
    }

    #[test]
    fn spans_end_at_the_ends() {
        let span = Span::around(u64::MAX - 1, 1, 5);
        assert_eq!((span.first, span.last()), (u64::MAX - 2, u64::MAX));
        let span = Span::around(1, 5, 1);
        assert_eq!((span.first, span.last()), (0, 2));
    }

    #[test]
    fn spans_that_touch_are_one() {
        let filled = |spans: &Spans| spans.0.iter().filter(|span| span.count > 0).count();
        let span = |first, last| Span::around(first, 0, u16::try_from(last - first).unwrap());
        for (a, b) in [((3, 5), (6, 9)), ((3, 7), (5, 9)), ((3, 9), (4, 5)), ((3, 9), (3, 9))] {
            for (a, b) in [(a, b), (b, a)] {
                let union = Spans::union(span(a.0, a.1), span(b.0, b.1));
                assert_eq!(union, span(3, 9).into());
                assert_eq!((union.count(), union.last(), filled(&union)), (7, 9, 1));
            }
        }
        for (a, b) in [((3, 5), (7, 9)), ((7, 9), (3, 5))] {
            let union = Spans::union(span(a.0, a.1), span(b.0, b.1));
            assert_eq!(union, Spans([span(3, 5), span(7, 9)]));
            assert_eq!((union.count(), union.last(), filled(&union)), (6, 9, 2));
        }
        let end = Spans::union(span(u64::MAX - 1, u64::MAX), span(u64::MAX, u64::MAX));
        assert_eq!(end, span(u64::MAX - 1, u64::MAX).into());
    }

    #[test]
    fn consecutive_codes_are_found_also_where_a_run_begins_in_vain() {
        let values = [1, 1, 2, 1, 1, 2, 3, 1, 2, 3];
        assert_eq!(find(&values, &[1, 2], None), Outcome::FreshAt(2));
        assert_eq!(find(&values, &[1, 1], None), Outcome::FreshAt(1));
        assert_eq!(find(&values, &[1, 2, 3], None), Outcome::FreshAt(6));
        // All codes must be above the watermark, not only the last one.
        assert_eq!(find(&values, &[1, 2, 3], Some(3)), Outcome::FreshAt(6));
        assert_eq!(find(&values, &[1, 2, 3], Some(4)), Outcome::FreshAt(9));
        assert_eq!(find(&values, &[1, 2, 3], Some(7)), Outcome::Used);
        assert_eq!(find(&values, &[2, 1, 2], None), Outcome::Nowhere);
        assert_eq!(find(&values, &[3, 3], None), Outcome::Nowhere);
        assert_eq!(find(&values, &[], None), Outcome::Nowhere);
    }
}
