use core::array;

use fearless_simd::{Level, Simd, SimdBase, SimdInt, dispatch, u32x8, u64x4};
use zeroize::Zeroize;

use super::hash;
use super::job::Job;
use crate::codes::Key;
use crate::codes::key::{high, low};
use crate::types::{Algorithm, Counter};

/// Computes the values of `super::consecutive`, in vectors if that is faster.
pub(super) fn consecutive(key: &Key, first: Counter, values: &mut [u32]) {
    let level = Level::new();
    let width = width(level, key.algorithm());
    let least = least(key.algorithm(), width);
    let mut first = first.get();
    for group in values.chunks_mut(width) {
        if group.len() >= least {
            side_by_side(level, key.algorithm(), &Run { key, first }, group);
        } else {
            let counter = |lane| Counter::new(first.wrapping_add(lane as u64));
            in_stages(key.algorithm(), group, |lane| (key, counter(lane)));
        }
        first = first.wrapping_add(group.len() as u64);
    }
}

/// Computes the values of `super::each`, in vectors if that is faster.
pub(super) fn each<'k>(jobs: impl Iterator<Item = Job<'k>>, values: &mut [u32]) {
    let level = Level::new();
    // Not `map` over the algorithms, which moves each group several times.
    let mut groups = [
        Group::new(level, Algorithm::Sha1),
        Group::new(level, Algorithm::Sha256),
        Group::new(level, Algorithm::Sha512),
    ];
    // Not a loop: the jobs are chained iterators, which call a closure faster.
    jobs.enumerate().for_each(|(place, job)| {
        if let Some(group) = groups.iter_mut().find(|group| group.algorithm == job.key.algorithm()) {
            group.push(job, place);
            if group.count == group.width {
                group.run(values);
            }
        }
    });
    for group in &mut groups {
        group.run(values);
    }
}

/// Jobs of one algorithm that wait until there are enough for a whole vector.
struct Group<'k> {
    level: Level,
    algorithm: Algorithm,
    width: usize,
    count: usize,
    /// The waiting jobs. Slots past `count` hold stale jobs, which are computed again and whose results are ignored.
    jobs: Option<[Job<'k>; LANES]>,
    /// The index of each job's value in the output.
    places: [usize; LANES],
}

impl<'k> Group<'k> {
    fn new(level: Level, algorithm: Algorithm) -> Self {
        Self { level, algorithm, width: width(level, algorithm), count: 0, jobs: None, places: [0; LANES] }
    }

    fn push(&mut self, job: Job<'k>, place: usize) {
        let jobs = self.jobs.get_or_insert([job; LANES]);
        if let (Some(slot), Some(of_value)) = (jobs.get_mut(self.count), self.places.get_mut(self.count)) {
            *slot = job;
            *of_value = place;
            self.count += 1;
        }
    }

    fn run(&mut self, values: &mut [u32]) {
        let mut of_group = [0; LANES];
        let of_lanes = of_group.get_mut(..self.count).unwrap_or_default();
        let Some(jobs) = &self.jobs else { return };
        if self.count >= least(self.algorithm, self.width) {
            side_by_side(self.level, self.algorithm, jobs, of_lanes);
        } else {
            #[expect(clippy::indexing_slicing, reason = "a group has at most as many jobs as a vector has lanes")]
            let job = |lane: usize| (jobs[lane].key, jobs[lane].counter);
            in_stages(self.algorithm, of_lanes, job);
        }
        for (value, place) in of_lanes.iter().zip(self.places) {
            if let Some(slot) = values.get_mut(place) {
                *slot = *value;
            }
        }
        of_group.as_mut_slice().zeroize();
        self.count = 0;
    }
}

/// Computes the value of each lane without vectors, four at a time.
#[inline]
fn in_stages<'k>(algorithm: Algorithm, values: &mut [u32], job: impl Fn(usize) -> (&'k Key, Counter)) {
    fn at_once<'k, const N: usize>(
        algorithm: Algorithm,
        values: &mut [u32],
        job: impl Fn(usize) -> (&'k Key, Counter),
    ) {
        if let Some(values) = values.first_chunk_mut::<N>() {
            Key::truncated_in_stages(algorithm, array::from_fn(job), values);
        }
    }

    for (values, lane) in values.chunks_mut(4).zip((0..).step_by(4)) {
        match values.len() {
            1 => at_once::<1>(algorithm, values, |n| job(lane + n)),
            2 => at_once::<2>(algorithm, values, |n| job(lane + n)),
            3 => at_once::<3>(algorithm, values, |n| job(lane + n)),
            _ => at_once::<4>(algorithm, values, |n| job(lane + n)),
        }
    }
}

/// Returns the least number of jobs for which vectors with `width` lanes are faster than one job after the other.
///
/// Returns `usize::MAX` if vectors are never faster. `benchmarks.md` explains the numbers.
fn least(algorithm: Algorithm, width: usize) -> usize {
    match (algorithm, width) {
        _ if !hashes_in_hardware(algorithm) => 2,
        (Algorithm::Sha1, 16) => 4,
        (Algorithm::Sha1, 8) | (Algorithm::Sha256, 16) => 6,
        _ => usize::MAX,
    }
}

/// Returns `true` if the processor has instructions for this hash, which the hash crates then use for single jobs.
fn hashes_in_hardware(algorithm: Algorithm) -> bool {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    return algorithm != Algorithm::Sha512 && std::arch::is_x86_feature_detected!("sha");
    #[cfg(target_arch = "aarch64")]
    return match algorithm {
        Algorithm::Sha512 => std::arch::is_aarch64_feature_detected!("sha3"),
        _ => std::arch::is_aarch64_feature_detected!("sha2"),
    };
    #[cfg(not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")))]
    {
        let _ = algorithm;
        false
    }
}

fn width(level: Level, algorithm: Algorithm) -> usize {
    fn lanes<S: Simd>(_: S, algorithm: Algorithm) -> usize {
        match algorithm {
            Algorithm::Sha1 | Algorithm::Sha256 => S::u32s::LEN,
            Algorithm::Sha512 => S::u64s::LEN,
        }
    }
    dispatch!(level, simd => lanes(simd, algorithm))
}

/// The maximum number of lanes in a vector.
const LANES: usize = 16;

/// A source of the words for each lane: those of its key's two hash states, as in [`Key`], and of its counter.
trait Source {
    /// Returns word `n` of this part for this lane. A counter has two words, the upper half first.
    fn word(&self, part: Part, n: usize, lane: usize) -> u32;
}

#[derive(Clone, Copy)]
enum Part {
    Inner,
    Outer,
    Counter,
}

/// One key with consecutive counters.
struct Run<'k> {
    key: &'k Key,
    first: u64,
}

#[expect(clippy::indexing_slicing, reason = "no hash state has more words")]
impl Source for Run<'_> {
    #[inline(always)]
    fn word(&self, part: Part, n: usize, lane: usize) -> u32 {
        match part {
            Part::Inner => self.key.inner[n],
            Part::Outer => self.key.outer[n],
            Part::Counter => halves(self.first.wrapping_add(lane as u64))[n],
        }
    }
}

/// A job of its own for each lane.
#[expect(clippy::indexing_slicing, reason = "no hash state has more words, and no vector more lanes")]
impl Source for [Job<'_>; LANES] {
    #[inline(always)]
    fn word(&self, part: Part, n: usize, lane: usize) -> u32 {
        let Job { key, counter } = self[lane];
        match part {
            Part::Inner => key.inner[n],
            Part::Outer => key.outer[n],
            Part::Counter => halves(counter.get())[n],
        }
    }
}

fn halves(counter: u64) -> [u32; 2] {
    [high(counter), low(counter)]
}

/// Computes one value in each lane. There must be at most as many values as lanes.
///
/// It is not inlined, because the compiler would then load the key into vectors also for jobs that need none.
#[inline(never)]
fn side_by_side(level: Level, algorithm: Algorithm, source: &impl Source, values: &mut [u32]) {
    let count = values.len();
    let mut lanes = match algorithm {
        Algorithm::Sha1 => dispatch!(level, simd => sha1(simd, source, count)),
        Algorithm::Sha256 => dispatch!(level, simd => sha256(simd, source, count)),
        Algorithm::Sha512 => dispatch!(level, simd => sha512(simd, source, count)),
    };
    for (value, lane) in values.iter_mut().zip(lanes) {
        *value = lane;
    }
    lanes.as_mut_slice().zeroize();
}

macro_rules! on_vectors {
    ($name:ident, $word:ident, $native:ident, $half:ident, $words:ident, $hmac:path) => {
        #[inline(always)]
        fn $name<S: Simd>(simd: S, source: &impl Source, count: usize) -> [u32; LANES] {
            #[inline(always)]
            fn run<S: Simd, V: SimdInt<S, Element = $word>>(simd: S, source: &impl Source) -> [u32; LANES] {
                let inner = $words(simd, source, Part::Inner);
                let outer = $words(simd, source, Part::Outer);
                let counter = $words(simd, source, Part::Counter);
                let truncated: V = $hmac(simd, inner, outer, counter);
                let mut lanes = [0; LANES];
                for (lane, word) in lanes.iter_mut().zip(truncated.as_slice()) {
                    *lane = low(u64::from(*word));
                }
                lanes
            }

            // Jobs that fit into half of a 512-bit vector are faster there. Half of a narrower vector is not faster.
            if S::$native::LEN == 2 * $half::<S>::LEN && count <= $half::<S>::LEN {
                run::<S, $half<S>>(simd, source)
            } else {
                run::<S, S::$native>(simd, source)
            }
        }
    };
}

on_vectors!(sha1, u32, u32s, u32x8, words, hash::hmac_sha1);
on_vectors!(sha256, u32, u32s, u32x8, words, hash::hmac_sha256);
on_vectors!(sha512, u64, u64s, u64x4, double_words, hash::hmac_sha512);

#[inline(always)]
fn words<S: Simd, V: SimdInt<S, Element = u32>, const N: usize>(simd: S, source: &impl Source, part: Part) -> [V; N] {
    let mut words = [V::splat(simd, 0); N];
    for (n, word) in words.iter_mut().enumerate() {
        *word = V::from_fn(
            simd,
            #[inline(always)]
            |lane| source.word(part, n, lane),
        );
    }
    words
}

/// Returns words of 64 bits, each joined from two words of the source.
#[inline(always)]
fn double_words<S: Simd, V: SimdInt<S, Element = u64>, const N: usize>(
    simd: S,
    source: &impl Source,
    part: Part,
) -> [V; N] {
    let mut words = [V::splat(simd, 0); N];
    for (n, word) in words.iter_mut().enumerate() {
        *word = V::from_fn(
            simd,
            #[inline(always)]
            |lane| u64::from(source.word(part, 2 * n, lane)) << 32 | u64::from(source.word(part, 2 * n + 1, lane)),
        );
    }
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::types::Secret;

    /// Returns every instruction set level of this processor, best first.
    fn levels() -> Vec<Level> {
        let best = Level::new();
        let mut levels = vec![best];
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        {
            levels.extend(best.as_avx2().map(Simd::level));
            levels.extend(best.as_sse4_2().map(Simd::level));
            levels.extend(best.as_sse2().map(Simd::level));
        }
        levels
    }

    fn key() -> impl Strategy<Value = Key> {
        let algorithm = prop_oneof![Just(Algorithm::Sha1), Just(Algorithm::Sha256), Just(Algorithm::Sha512)];
        let secret = prop::collection::vec(any::<u8>(), 16..=64);
        (algorithm, secret).prop_map(|(algorithm, secret)| Key::new(algorithm, &Secret::from_bytes(&secret).unwrap()))
    }

    /// Returns a strategy for counters, including some just before the upper 32 bits change.
    fn counter() -> impl Strategy<Value = u64> {
        prop_oneof![any::<u64>(), (1..=u64::from(u32::MAX)).prop_map(|high| (high << 32) - 5)]
    }

    proptest! {
        #[test]
        fn a_run_of_any_length_is_that_of_single_codes(key in key(), first in counter(), count in 0..40_u64) {
            let first = first.min(u64::MAX - count);
            let mut values = vec![0; usize::try_from(count).unwrap()];
            consecutive(&key, Counter::new(first), &mut values);
            let singly: Vec<_> = (first..first + count).map(|counter| key.truncated(Counter::new(counter))).collect();
            prop_assert_eq!(values, singly);
        }

        #[test]
        fn each_of_any_mix_gets_its_own_value(keys in prop::collection::vec((key(), counter()), 0..60)) {
            let jobs: Vec<_> = keys.iter().map(|(key, counter)| Job { key, counter: Counter::new(*counter) }).collect();
            let mut values = vec![0; jobs.len()];
            each(jobs.iter().copied(), &mut values);
            prop_assert_eq!(values, jobs.iter().map(|job| job.key.truncated(job.counter)).collect::<Vec<_>>());
        }

        /// Checks every level and number of lanes, even those that this machine never chooses.
        #[test]
        fn every_level_computes_the_same(key in key(), first in counter()) {
            let algorithm = key.algorithm();
            for level in levels() {
                for count in 1..=width(level, algorithm) {
                    let mut values = vec![0; count];
                    side_by_side(level, algorithm, &Run { key: &key, first }, &mut values);
                    let singly = (0..).map(|lane| key.truncated(Counter::new(first.wrapping_add(lane))));
                    prop_assert_eq!(values, singly.take(count).collect::<Vec<_>>(), "{:?} {}", level, count);
                }
            }
        }
    }
}
