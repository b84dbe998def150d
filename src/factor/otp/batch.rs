use core::{iter, mem};

use zeroize::Zeroize;

use crate::codes::lanes::Job;
use crate::codes::search::{Match, Search};
use crate::codes::{Key, lanes};
use crate::decision::{Decision, Refusal, Stage, State, Verified};
use crate::factor::Method;
use crate::policy::{Policy, Window};
use crate::types::{SubmittedCode, UnixTime};

/// One login for [`verify_batch`]: a submitted code, and the authenticator that it is verified for.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// The kind of the authenticator's codes.
    pub method: Method,
    /// The authenticator's key.
    pub key: &'a Key,
    /// The authenticator's state.
    pub state: &'a State,
    /// The submitted code.
    pub code: &'a SubmittedCode,
}

/// Decides about many logins at once, each as [`Method::verify`] does, but faster.
///
/// The decisions come in the order of the attempts. Each is made on the state given with the attempt, and each is
/// [committed](Decision::commit) separately: of two attempts with the same state only one can be stored. Methods,
/// algorithms and states can be mixed; many attempts with the same algorithm are fastest. The function does not
/// allocate, and takes up to 16 attempts ahead of the decision that it returns.
///
/// ```
/// use std::io;
/// use secondo::factor::{Attempt, verify_batch};
/// use secondo::{Algorithm, Key, Method, Policy, Secret, State, SubmittedCode, Totp, UnixTime};
///
/// let key = Key::new(Algorithm::Sha1, &Secret::from_bytes(b"12345678901234567890")?);
/// let method = Method::Totp(Totp::default());
/// let state = State::new().confirmed();
/// let codes = ["050471", "000000"].map(SubmittedCode::new);
///
/// let attempts = codes.iter().map(|code| Attempt { method, key: &key, state: &state, code });
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
    Batch { policy: *policy, attempts: attempts.into_iter(), now, found: [None; ATTEMPTS], next: ATTEMPTS }
}

/// The most HMACs that one attempt takes: those of two windows.
const JOBS_EACH: usize = 2 * (Window::MAX as usize + 1);
/// The most HMACs at once. Another attempt is taken as long as the attempts before it want at most 52.
const JOBS: usize = 52 + JOBS_EACH;
const ATTEMPTS: usize = 16;
/// If fewer attempts follow, one after the other is faster. `benchmarks.md` has the measurement.
const FEW: usize = 4;

/// The decisions about attempts. The searches themselves are not kept here, since the value is moved to the caller.
struct Batch<'a, I> {
    policy: Policy,
    attempts: I,
    now: UnixTime,
    /// The attempts that were taken from the iterator and not decided yet, with the results of their searches.
    found: [Option<(Attempt<'a>, Result<Match, Refusal>)>; ATTEMPTS],
    next: usize,
}

impl<'a, I: Iterator<Item = Attempt<'a>>> Batch<'a, I> {
    /// Takes attempts from this one on, and searches for their codes side by side.
    fn fill(&mut self, first: Attempt<'a>) {
        let mut jobs = 0;
        let mut searches = [const { None }; ATTEMPTS];
        let mut attempts = iter::once(first).chain(&mut self.attempts);
        for slot in &mut searches {
            if jobs + JOBS_EACH > JOBS {
                break;
            }
            let Some(attempt) = attempts.next() else { break };
            let Attempt { method, state, code, .. } = attempt;
            let values = iter::once(code.value(method.digits()));
            let search = method.admit_and_search(&self.policy, state, self.now, Stage::Login, 1, values);
            jobs += search.as_ref().map_or(0, Search::count);
            *slot = Some((attempt, search));
        }

        let mut values = [0; JOBS];
        let all = searches.iter().flatten();
        let all = all.filter_map(|(attempt, search)| search.as_ref().ok().map(|search| (attempt.key, search)));
        let all = all.flat_map(|(key, search)| search.counters().map(move |counter| Job { key, counter }));
        lanes::each(all, values.get_mut(..jobs).unwrap_or_default());
        let mut rest = values.as_mut_slice();
        for (slot, search) in self.found.iter_mut().zip(&mut searches) {
            *slot = search.as_mut().map(|(attempt, search)| {
                let found = search.as_mut().map(|search| {
                    let (of_search, others) =
                        mem::take(&mut rest).split_at_mut_checked(search.count()).unwrap_or_default();
                    search.take(of_search);
                    rest = others;
                    search.finish()
                });
                (*attempt, found.map_err(|refusal| *refusal))
            });
        }
        values.as_mut_slice().zeroize();
        self.next = 0;
    }
}

impl<'a, I: Iterator<Item = Attempt<'a>>> Iterator for Batch<'a, I> {
    type Item = Decision<Verified>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.found.get(self.next).is_none_or(Option::is_none) {
            let first = self.attempts.next()?;
            if self.attempts.size_hint().1.is_some_and(|left| left < FEW) {
                let Attempt { method, key, state, code } = first;
                return Some(method.verify(key, &self.policy, state, code, self.now));
            }
            self.fill(first);
        }
        let (Attempt { method, state, .. }, found) = self.found.get_mut(self.next)?.take()?;
        self.next += 1;
        let (policy, now) = (&self.policy, self.now);
        Some(policy.decide(state, now, found, |next, counter| method.accept(policy, next, counter, now)))
    }
}
