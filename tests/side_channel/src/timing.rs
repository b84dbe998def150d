//! The timing check: tests if two kinds of input take different times on this processor.
//!
//! It applies Welch's t-test to many samples in random order, as in "Dude, is my code constant time?" (Reparaz,
//! Balasch, Verbauwhede, 2016). It covers what valgrind does not: the hash instructions, the widest vectors and the
//! caches.
//!
//! The test is implemented here because `dudect-bencher` prints its result and does not return it.

use std::convert::Infallible;
use std::hint::black_box;
use std::time::Instant;

use secondo::decision::Decision;
use secondo::{Algorithm, Code, State, SubmittedCode, Totp, UnixTime};

use crate::controls::early_exit;
use crate::login::{Login, STEPS, Subject, Typed, key};
use crate::report::Report;

/// The largest permitted |t|. A comparison fails if it exceeds this limit [`TIMES`] times in the same direction.
///
/// Values below 5 show no difference. Other programs on the machine can raise |t| above that, but not every time and in
/// the same direction, as a leak does.
const LIMIT: f64 = 10.0;
const TIMES: u64 = 5;

/// The number of subscribers, each with a different key.
const PEOPLE: u8 = 32;

/// Returns `true` if the test finds a difference in the planted leak and in no other comparison.
pub(crate) fn check(samples: u64) -> bool {
    let mut report = Report::new(&format!("the timing test, {samples} samples each"));
    let mut found: Vec<_> = comparisons().into_iter().map(|comparison| (comparison, Vec::new())).collect();
    // Between two measurements of a comparison lie those of the others, and so some time.
    for time in 1..=TIMES {
        for (comparison, found) in &mut found {
            if found.iter().all(|t: &f64| t.abs() > LIMIT) {
                found.push((comparison.t)(samples, time));
            }
        }
    }
    for (Comparison { name, is_leaky, .. }, found) in found {
        let told: Vec<_> = found.iter().map(|t| format!("{t:+.2}")).collect();
        println!("t = {:>6} {name}", told.join(" "));
        let leaks = found.iter().all(|t| *t > LIMIT) || found.iter().all(|t| *t < -LIMIT);
        report.test(
            &name,
            match (is_leaky, leaks) {
                (false, true) => Err(format!("|t| is above {LIMIT} in one direction {TIMES} times")),
                (true, false) => Err("the check missed a planted leak".to_owned()),
                _ => Ok(()),
            },
        );
    }
    report.finish()
}

/// The input for one sample. Inputs of both kinds are for the same subscriber and are copied to the same place in
/// memory.
#[derive(Clone, Copy)]
struct Input {
    code: [u8; 6],
    state: State,
    now: UnixTime,
}

impl Input {
    fn new(login: &Login<'_>) -> Self {
        let code = login.code.as_str().as_bytes().try_into().expect("six digits");
        Self { code, state: login.state, now: login.now }
    }

    fn submitted(&self) -> SubmittedCode {
        SubmittedCode::new(str::from_utf8(&self.code).expect("digits"))
    }
}

fn verify(subject: &Subject, input: &Input, code: &SubmittedCode) -> Decision {
    subject.method.verify(&subject.key, &subject.policy, &input.state, code, input.now)
}

fn tell(subject: &Subject, input: &Input, code: &SubmittedCode) -> bool {
    let verdict = verify(subject, input, code).commit(|next| {
        black_box(next.to_bytes());
        Ok::<_, Infallible>(())
    });
    verdict.is_ok()
}

fn show(subject: &Subject, input: &Input, _: &SubmittedCode) -> Option<Code> {
    Totp::default().generate(&subject.key, input.now).ok()
}

fn leak(_: &Subject, input: &Input, _: &SubmittedCode) -> Option<usize> {
    early_exit(black_box(b"755224287082359152000000"), &input.code)
}

/// A comparison of the times that two kinds of input take.
struct Comparison {
    name: String,
    /// `true` if a defect is planted in the work.
    is_leaky: bool,
    /// The function that takes a number of samples and a seed, and returns the t that is farthest from 0.
    t: Box<dyn FnMut(u64, u64) -> f64>,
}

impl Comparison {
    /// Creates a comparison; `inputs` returns the two kinds of input for the subscriber with this number.
    fn new<T: 'static>(
        name: String,
        algorithm: Algorithm,
        inputs: impl Fn(u8) -> [Input; 2],
        run: fn(&Subject, &Input, &SubmittedCode) -> T,
    ) -> Self {
        let person = |number| {
            let [one, other] = inputs(number);
            (subject(algorithm, number), [(0, one), (1, other)])
        };
        let mut people: Vec<_> = (0..PEOPLE).map(person).collect();
        Self { name, is_leaky: false, t: Box::new(move |samples, seed| largest_t(samples, seed, &mut people, run)) }
    }
}

fn subject(algorithm: Algorithm, number: u8) -> Subject {
    Subject::new(Totp::default(), key(algorithm, number), 1_000)
}

fn comparisons() -> Vec<Comparison> {
    let mut all = Vec::new();
    for algorithm in Algorithm::ALL.iter().copied() {
        let subject = move |number| subject(algorithm, number);
        let kinds = |kinds: [(Typed, Option<u64>); 2]| {
            move |number| kinds.map(|(typed, used)| Input::new(&subject(number).login(typed, used)))
        };
        // Two times for each subscriber: at one of them the code begins with zeros.
        let zeros = move |number| {
            [subject(number).with_leading_zeros(), subject(number)]
                .map(|subject| Input::new(&subject.login(Typed::Right(1), Some(0))))
        };
        let used = kinds([(Typed::Used, Some(1)), (Typed::Wrong, Some(1))]);
        let masks = kinds([(Typed::Wrong, Some(2)), (Typed::Wrong, None)]);

        for step in 0..STEPS {
            let right = kinds([(Typed::Right(step), Some(0)), (Typed::Wrong, Some(0))]);
            all.push(Comparison::new(format!("{algorithm} right at step {step} vs wrong"), algorithm, right, verify));
        }
        all.push(Comparison::new(format!("{algorithm} used vs wrong"), algorithm, used, verify));
        all.push(Comparison::new(format!("{algorithm} used vs wrong, committed"), algorithm, used, tell));
        all.push(Comparison::new(format!("{algorithm} watermark vs none"), algorithm, masks, verify));
        all.push(Comparison::new(format!("{algorithm} leading zeros vs none, verified"), algorithm, zeros, verify));
        all.push(Comparison::new(format!("{algorithm} leading zeros vs none, shown"), algorithm, zeros, show));
    }
    let codes = |_| [*b"755224", *b"000000"].map(|code| Input { code, state: State::new(), now: UnixTime::default() });
    let planted = Comparison::new("planted: a search that ends at the match".to_owned(), Algorithm::Sha1, codes, leak);
    all.push(Comparison { is_leaky: true, ..planted });
    all
}

/// Returns the t that is farthest from 0, of all samples and of the fastest 50 to 99 % of them.
///
/// `people` are subscribers with their two inputs, each with the number of its kind.
///
/// The slowest samples are left out because they include other work of the machine.
fn largest_t<T>(
    samples: u64,
    seed: u64,
    people: &mut [(Subject, [(usize, Input); 2])],
    run: fn(&Subject, &Input, &SubmittedCode) -> T,
) -> f64 {
    const FIRST: usize = 10_000;
    const KEPT: [usize; 6] = [50, 75, 90, 95, 99, 100];

    let mut random = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed);
    let mut sample = || {
        // Xorshift (Marsaglia, 2003).
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let (subject, inputs) = &mut people[(random >> 40) as usize % usize::from(PEOPLE)];
        // Which of two places was read last can be measured on some processors. It must say nothing about the kind.
        if random >> 33 & 1 == 1 {
            inputs.swap(0, 1);
        }
        let (kind, input) = black_box(inputs[(random >> 32 & 1) as usize]);
        let code = black_box(input.submitted());
        let start = Instant::now();
        let result = black_box(run(subject, &input, &code));
        let taken = start.elapsed();
        drop(result);
        (kind, taken.as_secs_f64() * 1e9)
    };

    let mut first: Vec<f64> = (0..FIRST).map(|_| sample().1).collect();
    first.sort_by(f64::total_cmp);
    let limits = KEPT.map(|percent| if percent < 100 { first[FIRST * percent / 100] } else { f64::INFINITY });
    let mut times = limits.map(|_| [Times::default(), Times::default()]);
    for _ in 0..samples {
        let (kind, taken) = sample();
        for (times, limit) in times.iter_mut().zip(limits) {
            if taken <= limit {
                times[kind].add(taken);
            }
        }
    }
    // It is not a number if none of a kind is among the fastest.
    let finite = times.iter().map(|[one, other]| one.t(other)).filter(|t| t.is_finite());
    finite.max_by(|one, other| one.abs().total_cmp(&other.abs())).unwrap_or(0.0)
}

/// The running mean and variance of samples (Welford, 1962).
#[derive(Default)]
struct Times {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Times {
    fn add(&mut self, taken: f64) {
        self.count += 1.0;
        let off = taken - self.mean;
        self.mean += off / self.count;
        self.squares += off * (taken - self.mean);
    }

    fn t(&self, other: &Self) -> f64 {
        let error = |of: &Self| of.squares / (of.count - 1.0) / of.count;
        (self.mean - other.mean) / (error(self) + error(other)).sqrt()
    }
}
