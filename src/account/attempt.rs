use alloc::vec;
use alloc::vec::Vec;

use cmov::Cmov;
use zeroize::Zeroizing;

use super::entry::{Enrollment, Entry};
use super::error::AccountError;
use super::outcomes::{Outcome, Verdict};
use super::subscriber::Account;
use crate::codes::lanes::{self, Job};
use crate::codes::search::{Match, Search};
use crate::decision::{Hold, Refusal, Stage, Weighed};
use crate::factor::ocra::ChallengeRefusal;
#[cfg(feature = "push")]
use crate::factor::push::PushRefusal;
use crate::factor::{Answer, Authenticator, Comparison, Computation, Factor, RecoveryCodesLeft};
use crate::hsm::HsmKey;
use crate::policy::Policy;
use crate::types::{Algorithm, AuthenticatorNumber, Counter, Transaction, UnixTime};

#[cfg(doc)]
use crate::factor::Kind;

/// The result of an attempt on an account.
pub(crate) enum Reply {
    /// HMACs of a hardware security module are missing. The account is unchanged.
    Missing,
    Decided {
        verdict: Result<Success, Refused>,
        /// `true` if the account has changed, and must be stored before the verdict is returned.
        is_changed: bool,
    },
}

/// An accepted answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Success {
    pub(crate) number: AuthenticatorNumber,
    /// The number of the authenticator's kind: see [`Kind::at`].
    pub(crate) kind: u8,
    pub(crate) counter: Counter,
    pub(crate) drift: i64,
    /// The number of consecutive failures before it.
    pub(crate) failures_before: u8,
    /// `true` if the answer is a login.
    pub(crate) is_login: bool,
    /// The number of codes left, if the answer is a recovery code.
    pub(crate) codes_left: Option<RecoveryCodesLeft>,
    /// 1 if the answer never counts as AAL2, otherwise 0.
    pub(crate) weak: u8,
}

/// The reason that an answer is not accepted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Refused {
    Refusal(Refusal),
    /// The same answer was submitted and accepted before in this transaction.
    Repeated {
        number: AuthenticatorNumber,
        at: UnixTime,
        is_login: bool,
    },
    Account(AccountError),
    Challenge(ChallengeRefusal),
    #[cfg(feature = "push")]
    Push(PushRefusal),
}

impl Account {
    /// Decides about an answer for a login or a resynchronization. `named` is the only authenticator to compare with;
    /// without it, all active ones are compared.
    pub(crate) fn attempt(
        &mut self,
        named: Option<AuthenticatorNumber>,
        answer: &Answer<'_>,
        hmacs: &mut Hmacs,
    ) -> Reply {
        let login = answer.login;
        let hash = answer_hash(named, answer);
        if let Some(refused) =
            self.repeated(login, &hash, answer.now, answer.policy.left_now(&self.attempts, answer.now))
        {
            return refused.unchanged();
        }
        // Another authenticator can be confirmed after a login in the same transaction, but nobody logs in again.
        if self.outcomes.accepted(login, answer.now).is_some() {
            return Refused::Refusal(Refusal::LoggedIn).unchanged();
        }
        if let Some(number) = named
            && let Err(error) = self.entry(number)
        {
            return Refused::Account(error).unchanged();
        }
        let found = match self.admit(named, answer.policy, answer.now).and_then(|()| self.search(named, answer, hmacs))
        {
            Ok(Some(found)) => Ok(found),
            Ok(None) => return Reply::Missing,
            Err(refusal) => Err(refusal),
        };
        let matches = found.as_ref().map_or(&[][..], Vec::as_slice);
        let mut any = Match::default();
        for (_, found) in matches {
            any.or(found);
        }
        let found = found.as_ref().map(|_| any).map_err(|refusal| *refusal);
        let mut weighed = Weighed::new(&self.attempts, found);
        answer.policy.weigh(&mut weighed, answer.now);
        let (verdict, attempts) = weighed.reveal();
        let failures_before = self.attempts.failures;
        let is_changed = attempts.is_some();
        if let Some(attempts) = attempts {
            self.attempts = *attempts;
            self.changed();
        }
        let is_login = answer.stage == Stage::Login;
        let (verdict, outcome) = match verdict {
            Ok(()) => {
                let success = Success { failures_before, is_login, ..self.accept(matches, answer) };
                self.end_questions(answer.login);
                (Ok(success), Some(success.outcome()))
            }
            Err(refusal) => {
                let is_kept = is_changed && matches!(refusal, Refusal::Wrong { .. } | Refusal::Replayed { .. });
                (Err(Refused::Refusal(refusal)), is_kept.then_some(Verdict::Refused(refusal)))
            }
        };
        if let Some(verdict) = outcome {
            self.outcomes.remember(Outcome { login: *login.hash(), answer: hash, at: answer.now, verdict });
        }
        Reply::Decided { verdict, is_changed }
    }

    /// Decides about the first code of an authenticator that was enrolled in the same transaction.
    ///
    /// A wrong code counts on the enrollment alone, and ends it at the policy's failure cap.
    pub(crate) fn confirm(&mut self, number: AuthenticatorNumber, answer: &Answer<'_>, hmacs: &mut Hmacs) -> Reply {
        let login = answer.login;
        let hash = answer_hash(Some(number), answer);
        let of_entry = self.entry(number).ok().and_then(Entry::enrollment);
        let remaining = of_entry.map_or(0, |enrollment| answer.policy.left_to_confirm(enrollment.failures));
        if let Some(refused) = self.repeated(login, &hash, answer.now, (remaining, Hold::None)) {
            return refused.unchanged();
        }
        let enrollment = match self.enrollment(login, number, answer.now) {
            Ok(enrollment) => enrollment,
            Err(refused) => return refused.unchanged(),
        };
        let matches = match self.search(Some(number), answer, hmacs) {
            Ok(Some(matches)) => matches,
            Ok(None) => return Reply::Missing,
            Err(refusal) => return Refused::Refusal(refusal).unchanged(),
        };
        self.changed();
        let (verdict, outcome) = if matches.iter().all(|(_, found)| found.is_fresh()) {
            let accepted = self.accept(&matches, answer);
            let is_login = self.activate(number, answer.policy, answer.now);
            self.end_questions(login);
            // A wrong code that is repeated is no longer about an enrollment.
            self.outcomes.forget_refusals_in(login);
            let success = Success { number, failures_before: enrollment.failures, is_login, ..accepted };
            (Ok(success), success.outcome())
        } else {
            let failures = enrollment.failures.saturating_add(1);
            let remaining = answer.policy.left_to_confirm(failures);
            if remaining == 0 {
                self.entries.retain(|entry| entry.number != number);
            } else if let Ok(entry) = self.entry_mut(number) {
                entry.enrollment.failures = failures;
            }
            let refusal = Refusal::Wrong { remaining, hold: Hold::None };
            (Err(Refused::Refusal(refusal)), Verdict::Refused(refusal))
        };
        self.outcomes.remember(Outcome { login: *login.hash(), answer: hash, at: answer.now, verdict: outcome });
        Reply::Decided { verdict, is_changed: true }
    }

    /// Ends the enrollment of an authenticator that is confirmed. Returns `true` if the confirmation is a login.
    pub(super) fn activate(&mut self, number: AuthenticatorNumber, policy: &Policy, now: UnixTime) -> bool {
        let is_first = !self.has_confirmed();
        let is_with_code = self.entry(number).is_ok_and(|entry| self.code_used_in(&entry.enrollment.login).is_some());
        let is_held = self.attempts.hold.is_in_force(now);
        if let Ok(entry) = self.entry_mut(number) {
            entry.activate();
        }
        self.end_first_enrollments();
        is_first && self.has_confirmed() && !is_held && !is_with_code && policy.confirmation_login
    }

    /// Returns an authenticator of one-time passwords that can be confirmed now in this transaction.
    pub(crate) fn pending(
        &self,
        login: &Transaction,
        number: AuthenticatorNumber,
        now: UnixTime,
    ) -> Result<Authenticator, Refused> {
        self.enrollment(login, number, now)?;
        match self.entry(number).map(|entry| &*entry.factor) {
            Ok(Factor::Otp(otp)) => Ok(otp.authenticator.copied()),
            _ => Err(Refused::Account(AccountError::UnknownAuthenticator(number))),
        }
    }

    /// Returns the enrollment of an authenticator that can be confirmed now in this transaction.
    pub(super) fn enrollment(
        &self,
        login: &Transaction,
        number: AuthenticatorNumber,
        now: UnixTime,
    ) -> Result<Enrollment, Refused> {
        let entry = self.entry(number).map_err(Refused::Account)?;
        let enrollment = entry.enrollment().ok_or(Refused::Refusal(Refusal::AlreadyConfirmed))?;
        if !enrollment.is_in(login) {
            return Err(Refused::Account(AccountError::OtherTransaction));
        }
        if now >= enrollment.expires {
            return Err(Refused::Account(AccountError::Expired));
        }
        if self.is_suspended {
            return Err(Refused::Refusal(Refusal::Suspended));
        }
        Ok(*enrollment)
    }

    /// Ends the questions of a transaction in which an answer was accepted, of whichever authenticator they are.
    pub(super) fn end_questions(&mut self, login: &Transaction) {
        self.entries.iter_mut().for_each(|entry| entry.factor.kept_mut().end_questions(login));
    }

    /// Ends the enrollments that began before any authenticator was confirmed, if one is now.
    pub(super) fn end_first_enrollments(&mut self) {
        if !self.has_confirmed() {
            return;
        }
        self.entries.retain(|entry| entry.enrollment().is_none_or(|enrollment| !enrollment.is_first));
    }

    /// Returns the refusal of an answer that was submitted before in this transaction.
    ///
    /// If the answer was refused, the refusal is the same, with the number of attempts that are left now, and the hold
    /// that is in force.
    pub(super) fn repeated(
        &self,
        login: &Transaction,
        hash: &[u8; 8],
        now: UnixTime,
        (remaining, hold): (u8, Hold),
    ) -> Option<Refused> {
        let outcome = self.outcomes.of(login, hash, now)?;
        Some(match outcome.verdict {
            Verdict::Accepted(number) => Refused::Repeated { number, at: outcome.at, is_login: true },
            Verdict::Done(number) => Refused::Repeated { number, at: outcome.at, is_login: false },
            Verdict::Refused(Refusal::Replayed { .. }) => Refused::Refusal(Refusal::Replayed { remaining, hold }),
            Verdict::Refused(_) => Refused::Refusal(Refusal::Wrong { remaining, hold }),
        })
    }

    /// Checks that the account admits a login or a resynchronization.
    pub(super) fn admit(
        &self,
        named: Option<AuthenticatorNumber>,
        policy: &Policy,
        now: UnixTime,
    ) -> Result<(), Refusal> {
        if self.is_suspended {
            return Err(Refusal::Suspended);
        }
        let mut candidates = self.candidates(named, Stage::Login);
        if !candidates.clone().any(Entry::is_active) {
            let is_named = |entry: &&Entry| named.is_none_or(|number| number == entry.number);
            let has_others =
                self.entries.iter().filter(is_named).any(|entry| entry.is_active() && entry.is_second_factor());
            return Err(match (candidates.any(Entry::is_confirmed), has_others) {
                (true, _) => Refusal::Suspended,
                (false, true) => Refusal::NoCodes,
                (false, false) => Refusal::Unconfirmed,
            });
        }
        policy.admit_attempt(&self.attempts, now)
    }

    fn candidates(&self, named: Option<AuthenticatorNumber>, stage: Stage) -> impl Iterator<Item = &Entry> + Clone {
        let is_named = move |entry: &&Entry| named.is_none_or(|number| number == entry.number);
        self.entries.iter().filter(is_named).filter(move |entry| entry.factor.kept().takes(stage))
    }

    /// Compares the answer with the authenticators that can be used, all of them side by side.
    ///
    /// Returns the match of each, or `None` if HMACs are missing. Returns the most telling refusal if the answer cannot
    /// be accepted by any. An authenticator whose steps are all used is compared only beside others that are not, since
    /// its right codes must not count as wrong.
    fn search(
        &self,
        named: Option<AuthenticatorNumber>,
        answer: &Answer<'_>,
        hmacs: &mut Hmacs,
    ) -> Result<Option<Vec<(AuthenticatorNumber, Match)>>, Refusal> {
        let is_usable = |entry: &&Entry| entry.is_active() != (answer.stage == Stage::Confirmation);
        let (mut is_compared, mut refusal) = (false, Refusal::NoCodes);
        let mut searches = Vec::with_capacity(self.entries.len());
        // Not beside the searches with keys: these are shorter, and the rest of their places may hold old contents of the
        // stack.
        let (mut found, mut of_module) = (Vec::new(), Vec::new());
        for entry in self.candidates(named, answer.stage).filter(is_usable) {
            let comparison = entry.factor.kept().compare(answer);
            let other = match &comparison {
                Ok(comparison) => comparison.is_behind().then_some(Refusal::ClockBehind),
                Err(other) => Some(*other),
            };
            match other {
                None => is_compared = true,
                Some(other) if telling(&other) >= telling(&refusal) => refusal = other,
                Some(_) => {}
            }
            match comparison {
                Ok(Comparison::Match(of_kind)) => found.push((entry.number, of_kind)),
                Ok(Comparison::Hsm(search, algorithm, key)) => of_module.push((entry.number, search, algorithm, key)),
                Ok(search) => searches.push((entry.number, search)),
                Err(_) => {}
            }
        }
        if !is_compared {
            return Err(refusal);
        }
        let mut is_missing = false;
        for (number, search, algorithm, key) in of_module {
            match hmacs.search(algorithm, key, search) {
                Some(of_entry) => found.push((number, of_entry)),
                None => is_missing = true,
            }
        }
        if is_missing {
            return Ok(None);
        }
        let mut matches = run(&mut searches);
        if !found.is_empty() {
            matches.append(&mut found);
            matches.sort_unstable_by_key(|(number, _)| number.get());
        }
        Ok(Some(matches))
    }

    /// Stores the use of the answer on every authenticator where it matches, and returns the first of them.
    ///
    /// Neither a branch nor a memory address depends on the matches.
    fn accept(&mut self, matches: &[(AuthenticatorNumber, Match)], answer: &Answer<'_>) -> Success {
        let (mut number, mut kind, mut computation) = (0, 0, Computation::default());
        let (mut weak, mut is_accepted) = (0, 0);
        for (of, found) in matches {
            let Ok(entry) = self.entry_mut(*of) else { continue };
            let computed = entry.factor.kept_mut().accept(found, answer);
            entry.last_used.cmovnz(&answer.now.as_secs(), found.fresh());
            let is_first = found.fresh() & (is_accepted ^ 1);
            number.cmovnz(&of.get(), is_first);
            kind.cmovnz(&(entry.factor.kept().kind() as u8), is_first);
            weak.cmovnz(&u8::from(!entry.factor.kept().counts_for_aal2()), is_first);
            computation.counter.cmovnz(&computed.counter, is_first);
            computation.drift.cmovnz(&computed.drift, is_first);
            is_accepted |= found.fresh();
        }
        let Computation { counter, drift } = computation;
        let (number, counter) = (AuthenticatorNumber::new(number), Counter::new(counter));
        Success { number, kind, counter, drift, failures_before: 0, is_login: false, codes_left: None, weak }
    }
}

impl Success {
    fn outcome(&self) -> Verdict {
        if self.is_login { Verdict::Accepted(self.number) } else { Verdict::Done(self.number) }
    }
}

/// Returns a rank of the refusals of single authenticators, of which the most telling one stands for the account.
///
/// A text of another length says less than a clock that is wrong, and more than a code that was never sent.
const fn telling(refusal: &Refusal) -> u8 {
    match refusal {
        Refusal::Unconfirmed | Refusal::NoCodes => 0,
        Refusal::NotSent => 1,
        Refusal::Malformed(_) => 2,
        _ => 3,
    }
}

impl Refused {
    pub(super) fn unchanged(self) -> Reply {
        Reply::Decided { verdict: Err(self), is_changed: false }
    }
}

impl Enrollment {
    pub(super) fn is_in(&self, login: &Transaction) -> bool {
        login.is(&self.login)
    }
}

/// Returns the keyed hash that recognizes an answer to the same question.
fn answer_hash(named: Option<AuthenticatorNumber>, answer: &Answer<'_>) -> [u8; 8] {
    let stage = match answer.stage {
        Stage::Login => 0,
        Stage::Confirmation => 1,
        Stage::Resynchronization => 2,
    };
    let [a, b, c, d] = named.map_or(0, AuthenticatorNumber::get).to_be_bytes();
    answer.login.answer(&[stage, a, b, c, d], answer.codes.iter().copied())
}

/// Runs all searches side by side, and returns every result.
fn run(comparisons: &mut [(AuthenticatorNumber, Comparison<'_>)]) -> Vec<(AuthenticatorNumber, Match)> {
    if comparisons.len() > 1 {
        let searches = || comparisons.iter().filter_map(|(_, comparison)| comparison.search());
        let count = searches().map(|(search, _)| search.count()).sum();
        let jobs = searches().flat_map(|(search, key)| search.counters().map(move |counter| Job { key, counter }));
        let mut values = Zeroizing::new(vec![0; count]);
        lanes::each(jobs, &mut values);
        let mut rest = values.as_mut_slice();
        for (_, comparison) in &mut *comparisons {
            let Comparison::Search(search, _) = comparison else { continue };
            let Some((of_search, others)) = rest.split_at_mut_checked(search.count()) else { break };
            search.take(of_search);
            rest = others;
        }
    }
    // Only a search that is alone has anything left to run.
    comparisons.iter_mut().map(|(number, comparison)| (*number, comparison.finish())).collect()
}

/// The HMACs that a hardware security module computed for an attempt, and those that it must compute.
#[derive(Default)]
pub(crate) struct Hmacs(pub(crate) Vec<Request>);

/// A request to a hardware security module, with its result.
pub(crate) struct Request {
    pub(crate) algorithm: Algorithm,
    pub(crate) key: HsmKey,
    pub(crate) counters: Vec<Counter>,
    /// The truncated HMACs, or none as long as they are not computed.
    pub(crate) truncated: Zeroizing<Vec<u32>>,
}

impl Hmacs {
    /// Returns the result of a search, or requests its HMACs.
    fn search(&mut self, algorithm: Algorithm, key: &HsmKey, mut search: Search) -> Option<Match> {
        let counters: Vec<Counter> = search.counters().collect();
        let is_asked =
            |request: &&Request| request.algorithm == algorithm && request.key == *key && request.counters == counters;
        match self.0.iter().find(is_asked) {
            Some(request) if request.truncated.len() == counters.len() => {
                search.take(&mut request.truncated.clone());
                Some(search.finish())
            }
            Some(_) => None,
            None => {
                self.0.push(Request { algorithm, key: *key, counters, truncated: Zeroizing::new(Vec::new()) });
                None
            }
        }
    }
}
