use cmov::{Cmov, CmovEq, Condition};
use zeroize::Zeroize;

use crate::codes::{Key, lanes};
use crate::ct::declassify::public;
use crate::ct::select::{clamp, is_not_zero, place};
use crate::types::{Counter, Digits};

/// The counters to evaluate: so many from the first on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    first: u64,
    count: u16,
}

impl Span {
    /// Those from `past` counters before the centre to `future` ones after it, as far as there are any.
    pub(crate) fn around(centre: u64, past: u16, future: u16) -> Self {
        let first = centre.saturating_sub(u64::from(past));
        let last = centre.saturating_add(u64::from(future));
        Self { first, count: u16::try_from(last - first).unwrap_or(u16::MAX).saturating_add(1) }
    }

    /// Returns the last counter of a span that is not empty.
    fn last(self) -> u64 {
        self.first + u64::from(self.count).saturating_sub(1)
    }
}

/// One span of counters, or two that neither overlap nor touch, the lower one first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spans([Span; 2]);

impl Spans {
    /// The counters of both spans.
    pub(crate) fn union(a: Span, b: Span) -> Self {
        let (low, high) = if a.first <= b.first { (a, b) } else { (b, a) };
        if high.first > low.last().saturating_add(1) {
            return Self([low, high]);
        }
        let first = low.first;
        let count = low.last().max(high.last()) - first;
        Self([Span { first, count: u16::try_from(count).unwrap_or(u16::MAX).saturating_add(1) }, Span::default()])
    }

    /// Returns the spans that are not empty.
    fn iter(&self) -> impl Iterator<Item = Span> + Clone + use<> {
        self.0.into_iter().filter(|span| span.count > 0)
    }

    /// Returns the last counter.
    pub(crate) fn last(&self) -> u64 {
        let [low, high] = self.0;
        if high.count > 0 { high.last() } else { low.last() }
    }

    /// Takes so many counters away from the lower span, and returns the first of them.
    fn split_off(&mut self, count: usize) -> u64 {
        let [low, high] = &mut self.0;
        let first = low.first;
        low.count = low.count.saturating_sub(u16::try_from(count).unwrap_or(u16::MAX));
        low.first = first.wrapping_add(count as u64);
        if low.count == 0 {
            *low = core::mem::take(high);
        }
        first
    }

    /// Returns how many counters there are.
    fn count(&self) -> usize {
        self.0.iter().map(|span| usize::from(span.count)).sum()
    }
}

impl From<Span> for Spans {
    fn from(span: Span) -> Self {
        Self([span, Span::default()])
    }
}

/// What a search found, still secret: what is done with it must not depend on it.
#[derive(Clone, Copy, Default)]
pub(crate) struct Match {
    used: Condition,
    fresh: Condition,
    counter: u64,
}

impl Match {
    /// Where the last one of the codes is, if they will turn out to be fresh; else any number.
    pub(crate) fn counter(&self) -> Counter {
        Counter::new(self.counter)
    }

    /// Whether all codes were found, every one above the watermark. It is public from here on.
    pub(crate) fn is_fresh(&self) -> bool {
        public(self.fresh != 0)
    }

    /// Whether codes that are not fresh were found, at or below the watermark. It is public from here on.
    pub(crate) fn is_used(&self) -> bool {
        public(self.used != 0)
    }
}

/// The codes that one search looks for, at consecutive counters.
#[derive(Clone, Copy, Default)]
pub(crate) struct Codes {
    values: [u32; Self::MAX],
    count: usize,
}

impl Codes {
    /// The most codes that one search looks for.
    pub(crate) const MAX: usize = 3;

    fn as_slice(&self) -> &[u32] {
        self.values.get(..self.count).unwrap_or_default()
    }
}

impl FromIterator<u32> for Codes {
    /// Of the first [`Self::MAX`] values.
    fn from_iter<I: IntoIterator<Item = u32>>(values: I) -> Self {
        let mut codes = Self::default();
        for (slot, value) in codes.values.iter_mut().zip(values) {
            *slot = value;
            codes.count += 1;
        }
        codes
    }
}

/// A search for codes in spans of counters. It says whose values it wants next, and takes them; whoever computes them
/// drives it.
///
/// The lowest place above the watermark counts. Several codes must be consecutive in one span. Nothing done depends on
/// whether and where there is a match.
pub(crate) struct Search {
    digits: Digits,
    codes: Codes,
    /// As in [`State`](crate::State).
    used: u128,
    /// Those whose values were not taken yet.
    left: Spans,
    /// Whether the codes up to this one matched at the counters up to the last: anywhere, and above the watermark.
    running: [Places; Codes::MAX],
    found: Match,
}

/// A bit for each of up to 32 counters, the first one's lowest.
#[derive(Clone, Copy, Default)]
struct Places {
    anywhere: u32,
    above: u32,
}

impl Search {
    /// The most values that it takes at once.
    pub(crate) const MOST: usize = 32;

    pub(crate) fn new(digits: Digits, codes: Codes, spans: Spans, used: u128) -> Self {
        Self { digits, codes, used, left: spans, running: [Places::default(); _], found: Match::default() }
    }

    /// Returns all counters whose values it still wants.
    pub(crate) fn counters(&self) -> impl Iterator<Item = Counter> + Clone + use<> {
        let of = |span: Span| (0..span.count).map(move |step| Counter::new(span.first + u64::from(step)));
        self.left.iter().flat_map(of)
    }

    /// Returns how many values it still wants.
    pub(crate) fn count(&self) -> usize {
        self.left.count()
    }

    /// Returns the next counter whose value it wants, and how many values it takes from there on at once.
    pub(crate) fn next(&self) -> Option<(Counter, usize)> {
        let span = self.left.iter().next()?;
        Some((Counter::new(span.first), usize::from(span.count).min(Self::MOST)))
    }

    /// Takes the truncated values of the next counters, at most as many as [`Self::next`] says.
    pub(crate) fn take(&mut self, truncated: &mut [u32]) {
        let first = self.left.split_off(truncated.len());
        let above = self.above(first);
        let last = truncated.len().saturating_sub(1);

        for value in &mut *truncated {
            *value = self.digits.reduce(*value);
        }
        // Where all codes up to the previous one matched one counter before, so that this one counts.
        let mut here = Places { anywhere: u32::MAX, above };
        let mut ends = Places::default();
        for (code, running) in self.codes.as_slice().iter().zip(&mut self.running) {
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

    /// Returns what was found.
    pub(crate) fn finish(self) -> Match {
        self.found
    }

    /// Computes all values with this key, and returns what was found.
    pub(crate) fn run(mut self, key: &Key) -> Match {
        const AT_ONCE: usize = 16;

        let mut values = [0; AT_ONCE];
        while let Some((first, count)) = self.next() {
            let Some(values) = values.get_mut(..count.min(AT_ONCE)) else { break };
            lanes::consecutive(key, first, values);
            self.take(values);
        }
        values.as_mut_slice().zeroize();
        self.finish()
    }

    /// Returns which of 32 counters from the first on are above the watermark: a bit for each.
    fn above(&self, first: u64) -> u32 {
        let used_after = self.used.wrapping_sub(u128::from(first)).cast_signed();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 32")]
        let count = clamp(used_after, 0, 32) as u32;
        // In two, as none may be by all bits, and small processors have no wider ones.
        (u32::MAX << (count / 2)) << (count - count / 2)
    }
}

/// Where the code is among the values.
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

    /// Searches counters whose values are given, three at a time, so that runs of codes cross from one look to the next.
    fn find(values: &[u32], codes: &[u32], watermark: Option<u64>) -> Outcome {
        let codes = codes.iter().copied().collect();
        let spans = Span::around(0, 0, u16::try_from(values.len()).unwrap() - 1).into();
        let mut search = Search::new(Digits::Six, codes, spans, watermark.map_or(0, |used| u128::from(used) + 1));
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

    /// A pitfall of others: the time of an early exit tells which step matched.
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
        let span = |first, last| Span::around(first, 0, u16::try_from(last - first).unwrap());
        for (a, b) in [((3, 5), (6, 9)), ((3, 7), (5, 9)), ((3, 9), (4, 5)), ((3, 9), (3, 9))] {
            for (a, b) in [(a, b), (b, a)] {
                let union = Spans::union(span(a.0, a.1), span(b.0, b.1));
                assert_eq!(union, span(3, 9).into());
                assert_eq!((union.count(), union.last(), union.iter().count()), (7, 9, 1));
            }
        }
        for (a, b) in [((3, 5), (7, 9)), ((7, 9), (3, 5))] {
            let union = Spans::union(span(a.0, a.1), span(b.0, b.1));
            assert_eq!(union, Spans([span(3, 5), span(7, 9)]));
            assert_eq!((union.count(), union.last(), union.iter().count()), (6, 9, 2));
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
        // All of them above the watermark, not only the last.
        assert_eq!(find(&values, &[1, 2, 3], Some(3)), Outcome::FreshAt(6));
        assert_eq!(find(&values, &[1, 2, 3], Some(4)), Outcome::FreshAt(9));
        assert_eq!(find(&values, &[1, 2, 3], Some(7)), Outcome::Used);
        assert_eq!(find(&values, &[2, 1, 2], None), Outcome::Nowhere);
        assert_eq!(find(&values, &[3, 3], None), Outcome::Nowhere);
        assert_eq!(find(&values, &[], None), Outcome::Nowhere);
    }
}
