use core::mem;

use zeroize::Zeroize;

use crate::codes::lanes::Job;
use crate::codes::search::{Match, Search};
use crate::codes::{Key, lanes};
use crate::decision::{Decision, Refusal, Stage, State, Verified};
use crate::factor::Method;
use crate::policy::{Policy, Window};
use crate::types::{Code, MalformedCode, UnixTime};

/// A person's code for a login, and what it is to be decided on: one of many for [`verify_batch`].
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// How the authenticator's codes move on.
    pub method: Method,
    /// Its key.
    pub key: &'a Key,
    /// Its state.
    pub state: &'a State,
    /// The code submitted, or why what was submitted is none.
    pub entry: &'a Result<Code, MalformedCode>,
}

/// Decides about many people's codes as [`Method::verify`] does about one, side by side and therefore faster.
///
/// The decisions come in the attempts' order, each on the state given, and each is [committed](Decision::commit) for
/// itself: of two attempts with the same state only one can be stored. Any mix of methods, algorithms and states will do;
/// many of the same algorithm are fastest. It does not allocate, and takes attempts some dozens ahead of the decisions.
///
/// ```
/// use std::io;
/// use secondo::factor::{Attempt, Method, verify_batch};
/// use secondo::{Algorithm, Code, Key, Policy, Secret, State, Totp, UnixTime};
///
/// let key = Key::new(Algorithm::Sha1, &Secret::from_bytes(b"12345678901234567890")?);
/// let totp = Totp::default();
/// let state = State::new().confirmed();
/// let entries = ["050471", "000000"].map(|typed| Code::parse_typed(typed, totp.digits()));
///
/// let attempts = entries.iter().map(|entry| Attempt { method: Method::Totp(totp), key: &key, state: &state, entry });
/// let decisions = verify_batch(&Policy::default(), attempts, UnixTime::from_secs(1_111_111_111)?);
/// let accepted: Vec<_> = decisions.map(|decision| decision.commit(|_| Ok::<_, io::Error>(())).is_ok()).collect();
/// assert_eq!(accepted, [true, false]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn verify_batch<'a, I: IntoIterator<Item = Attempt<'a>>>(
    policy: &Policy,
    attempts: I,
    now: UnixTime,
) -> impl Iterator<Item = Decision<Verified>> + use<'a, I> {
    let (policy, attempts) = (*policy, attempts.into_iter());
    let searched = Searched { policy, attempts, now, found: [const { None }; ATTEMPTS], next: ATTEMPTS };
    searched.map(move |(attempt, found)| attempt.method.conclude(&policy, attempt.state, now, found))
}

/// The most HMACs that one attempt takes: two windows. Another attempt is taken while fewer than 53 are wanted.
const JOBS_EACH: usize = 2 * (Window::MAX as usize + 1);
const JOBS: usize = 52 + JOBS_EACH;
const ATTEMPTS: usize = 32;

struct Searched<'a, I> {
    policy: Policy,
    attempts: I,
    now: UnixTime,
    found: [Option<(Attempt<'a>, Result<Match, Refusal>)>; ATTEMPTS],
    next: usize,
}

impl<'a, I: Iterator<Item = Attempt<'a>>> Searched<'a, I> {
    fn fill(&mut self) {
        let mut searches: [Option<(&Key, Search)>; ATTEMPTS] = [const { None }; ATTEMPTS];
        let mut jobs = 0;
        for (search, slot) in searches.iter_mut().zip(&mut self.found) {
            if jobs + JOBS_EACH > JOBS {
                break;
            }
            let Some(attempt) = self.attempts.next() else { break };
            let Attempt { method, state, entry, .. } = attempt;
            let found = method.search(&self.policy, state, entry, self.now, Stage::Login).map(|of_this| {
                jobs += of_this.count();
                *search = Some((attempt.key, of_this));
                Match::default()
            });
            *slot = Some((attempt, found));
        }

        let mut values = [0; JOBS];
        let all = searches
            .iter()
            .flatten()
            .flat_map(|(key, search)| search.counters().map(move |counter| Job { key, counter }));
        lanes::each(all, values.get_mut(..jobs).unwrap_or_default());
        let mut rest = values.as_mut_slice();
        for (search, slot) in searches.into_iter().zip(&mut self.found) {
            let (Some((_, mut search)), Some((_, found))) = (search, slot) else { continue };
            while let Some((_, count)) = search.next()
                && let Some((of_this, others)) = mem::take(&mut rest).split_at_mut_checked(count)
            {
                search.take(of_this);
                rest = others;
            }
            *found = Ok(search.finish());
        }
        values.as_mut_slice().zeroize();
        self.next = 0;
    }
}

impl<'a, I: Iterator<Item = Attempt<'a>>> Iterator for Searched<'a, I> {
    type Item = (Attempt<'a>, Result<Match, Refusal>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.found.get(self.next).is_none_or(Option::is_none) {
            self.fill();
        }
        let found = self.found.get_mut(self.next)?.take();
        self.next += 1;
        found
    }
}
