use alloc::vec::Vec;

use super::attempt::{Refused, Success};
use super::entry::Entry;
use super::error::AccountError;
use super::outcomes::{Outcome, Verdict};
use super::subscriber::Account;
use crate::codes::search::Match;
use crate::decision::{Refusal, Weighed};
use crate::factor::push::{self, ActivationAnswer, Details, Notification, Push, PushRefusal, Question, Status};
use crate::factor::{Factor, Kind};
use crate::policy::Policy;
use crate::types::{AccountId, AuthenticatorNumber, Counter, Transaction, UnixTime};

/// The number of challenges in a row without a login after which pushes wait.
const MISSES: u32 = 3;
/// The first wait in seconds. It doubles with each further challenge that does not become a login, up to a day.
const WAIT: u64 = 15 * 60;
const DAY: u64 = 24 * 60 * 60;
/// The wait in seconds after the person reported a push.
const REPORTED_WAIT: u64 = 60 * 60;
/// The time in seconds in which the page must fetch an approval.
const APPROVED_SECS: u64 = 60;

/// The purpose of the hash that recognizes repeated polls. The first byte differs from those of codes.
const POLL: &[u8; 5] = b"\x10poll";

/// The result of a call on an account.
pub(crate) struct Turn<T> {
    pub(crate) verdict: Result<T, Refused>,
    /// `true` if the account has changed, and must be stored before the verdict is returned.
    pub(crate) is_changed: bool,
    /// The device, if the verdict is about an answer that it signed.
    pub(crate) signed_by: Option<AuthenticatorNumber>,
}

/// A request to ask a device.
#[derive(Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) id: &'a AccountId,
    pub(crate) login: &'a Transaction,
    pub(crate) number: AuthenticatorNumber,
    pub(crate) details: &'a Details,
    pub(crate) random: &'a [u8; 32],
    pub(crate) now: UnixTime,
}

/// Returns the end of a wait, or the earliest time if only a clock that was ahead can have set it.
fn plausible(until: UnixTime, now: UnixTime) -> UnixTime {
    /// The number of seconds by which the clocks of machines may differ.
    const SKEW: u64 = 60;

    if until <= now.saturating_add(DAY + SKEW) { until } else { UnixTime::EPOCH }
}

impl<T> Turn<T> {
    fn unchanged(verdict: Result<T, Refused>) -> Self {
        Self { verdict, is_changed: false, signed_by: None }
    }

    fn changed(verdict: Result<T, Refused>) -> Self {
        Self { verdict, is_changed: true, signed_by: None }
    }

    fn refused(refusal: PushRefusal) -> Self {
        Self::unchanged(Err(Refused::Push(refusal)))
    }
}

impl Account {
    /// Asks a device. Asking again in the same transaction with the same details returns the same notification.
    pub(crate) fn push(&mut self, ask: &Ask<'_>, policy: &Policy) -> Turn<Notification> {
        let Ask { id, login, number, details, random, now } = *ask;
        if let Err(refused) = self.admit_push(login, number, policy, now) {
            return Turn::unchanged(Err(refused));
        }
        if let Some((of, question)) = self.question_of(login, now).filter(|(_, question)| question.is_live(now)) {
            let same = self.notification(number, question, id, details).filter(|_| of == number);
            return Turn::unchanged(same.ok_or(Refused::Push(PushRefusal::Pending)));
        }
        self.drop_challenges(now);
        if let Some(until) = self.pushes_held(now) {
            return Turn::refused(PushRefusal::Held { until });
        }
        let pending = |push: &Push| push.questions.iter().filter(|question| question.is_live(now)).count();
        if self.pushes().map(|(_, push)| pending(push)).sum::<usize>() >= Push::MOST {
            return Turn::refused(PushRefusal::TooMany);
        }
        let asked = self.push_mut(number).and_then(|push| push.ask(id, *login.hash(), details, random, now));
        let question = asked.and_then(|()| self.question_of(login, now));
        let notification = question.and_then(|(_, question)| self.notification(number, question, id, details));
        // An active device has a key.
        let Some(notification) = notification else { return Turn::refused(PushRefusal::Unknown) };
        self.changed();
        Turn::changed(Ok(notification))
    }

    /// Judges the answer of a device to a challenge.
    ///
    /// Everything that anybody could send is refused before anything is changed. Comparisons are cheaper than the
    /// signature, and come first.
    pub(crate) fn answer_push(
        &mut self,
        id: &AccountId,
        answer: &push::Answer,
        policy: &Policy,
        now: UnixTime,
    ) -> Turn<AuthenticatorNumber> {
        let (number, found) = match self.verified(id, answer, now) {
            Ok(verified) => verified,
            Err(refusal) => return Turn::refused(refusal),
        };
        let turn = if self.is_suspended || !self.entry(number).is_ok_and(Entry::is_active) {
            Turn::unchanged(Err(Refused::Refusal(Refusal::Suspended)))
        } else {
            match answer.verdict() {
                push::Verdict::Accept => self.accept_push(number, answer, found, policy, now),
                push::Verdict::Deny => self.deny_push(number, answer, Status::Denied, now),
                push::Verdict::NotMe => self.deny_push(number, answer, Status::NotMe, now),
            }
        };
        Turn { signed_by: Some(number), ..turn }
    }

    /// Returns the login of an approved challenge of this transaction.
    pub(crate) fn poll_push(&mut self, login: &Transaction, policy: &Policy, now: UnixTime) -> Turn<Success> {
        let hash = login.answer(POLL, None);
        if let Some(refused) = self.repeated(login, &hash, now, policy.left_now(&self.attempts, now)) {
            return Turn::unchanged(Err(refused));
        }
        if self.outcomes.accepted(login, now).is_some() {
            return Turn::unchanged(Err(Refused::Refusal(Refusal::LoggedIn)));
        }
        let Some((number, question)) = self.question_of(login, now) else {
            return Turn::refused(PushRefusal::Unknown);
        };
        let (id, weak) = (question.id, u8::from(!question.matching.counts_for_aal2()));
        match question.status {
            Status::Pending if question.is_live(now) => return Turn::refused(PushRefusal::Waiting),
            Status::Approved if question.is_live(now) => {}
            Status::Pending | Status::Approved => return Turn::refused(PushRefusal::Expired),
            Status::Denied => return Turn::refused(PushRefusal::Denied),
            Status::NotMe => return Turn::refused(PushRefusal::NotMe),
            Status::Wrong => return Turn::refused(PushRefusal::WrongNumber),
            Status::Used => return Turn::refused(PushRefusal::Answered),
        }
        if let Err(refused) = self.admit_push(login, number, policy, now) {
            return Turn::unchanged(Err(refused));
        }
        let failures_before = self.attempts.failures;
        self.attempts.restart();
        self.pushes_mut().for_each(|push| push.misses = 0);
        self.end_question(number, &id, Status::Used);
        self.end_questions(login);
        if let Ok(entry) = self.entry_mut(number) {
            entry.last_used = now.as_secs();
        }
        self.changed();
        let verdict = Verdict::Accepted(number);
        self.outcomes.remember(Outcome { login: *login.hash(), answer: hash, at: now, verdict });
        let (kind, counter) = (Kind::Push as u8, Counter::new(0));
        let success =
            Success { number, kind, counter, drift: 0, failures_before, is_login: true, codes_left: None, weak };
        Turn::changed(Ok(success))
    }

    /// Takes the key of a device from its answer to an activation.
    pub(crate) fn activate_push(
        &mut self,
        id: &AccountId,
        answer: &ActivationAnswer,
        now: UnixTime,
    ) -> Turn<AuthenticatorNumber> {
        if answer.account() != id.as_str() {
            return Turn::refused(PushRefusal::OtherAccount);
        }
        let Some((entry, push)) = self.pushes().find(|(_, push)| push.is_of(answer)) else {
            return Turn::refused(PushRefusal::Unknown);
        };
        let number = entry.number;
        if push.key().is_some() {
            return Turn::refused(PushRefusal::Answered);
        }
        if entry.enrollment().is_none_or(|enrollment| now >= enrollment.expires) {
            return Turn::refused(PushRefusal::Expired);
        }
        let Some(key) = push.proven(answer) else { return Turn::refused(PushRefusal::Signature) };
        if self.is_suspended {
            return Turn::unchanged(Err(Refused::Refusal(Refusal::Suspended)));
        }
        if let Some((same, _)) = self.pushes().find(|(_, push)| push.key() == Some(&key)) {
            return Turn::unchanged(Err(Refused::Account(AccountError::SecretInUse(same.number))));
        }
        if let Some(push) = self.push_mut(number) {
            push.activate(key);
        }
        self.changed();
        Turn::changed(Ok(number))
    }

    /// Returns the time until which pushes wait, or `None` if they do not.
    pub(super) fn pushes_held(&self, now: UnixTime) -> Option<UnixTime> {
        let holds = self.pushes().map(|(_, push)| plausible(push.held_until, now));
        holds.max().filter(|until| now < *until)
    }

    /// Returns the devices to which a push can be sent now.
    pub(super) fn push_options(&self, now: UnixTime) -> impl Iterator<Item = &Entry> {
        let is_usable = !self.is_suspended && self.pushes_held(now).is_none();
        self.pushes().map(|(entry, _)| entry).filter(move |entry| is_usable && entry.is_active())
    }

    /// Ends the waits of pushes.
    pub(super) fn release_pushes(&mut self) {
        for push in self.pushes_mut() {
            (push.misses, push.held_until) = (0, UnixTime::EPOCH);
        }
    }

    /// Checks that a device can be asked for a login, or complete one.
    fn admit_push(
        &self,
        login: &Transaction,
        number: AuthenticatorNumber,
        policy: &Policy,
        now: UnixTime,
    ) -> Result<(), Refused> {
        if self.outcomes.accepted(login, now).is_some() {
            return Err(Refused::Refusal(Refusal::LoggedIn));
        }
        let entry = self.entry(number).map_err(Refused::Account)?;
        if !matches!(&*entry.factor, Factor::Push(_)) {
            return Err(Refused::Push(PushRefusal::Unknown));
        }
        if !entry.is_confirmed() {
            return Err(Refused::Refusal(Refusal::Unconfirmed));
        }
        if self.is_suspended || !entry.is_active() {
            return Err(Refused::Refusal(Refusal::Suspended));
        }
        policy.admit_attempt(&self.attempts, now).map_err(Refused::Refusal)
    }

    /// Returns the device of a verified answer to a pending challenge, with the comparison of its number.
    fn verified(
        &self,
        id: &AccountId,
        answer: &push::Answer,
        now: UnixTime,
    ) -> Result<(AuthenticatorNumber, Match), PushRefusal> {
        if answer.account() != id.as_str() {
            return Err(PushRefusal::OtherAccount);
        }
        let asked = self.pushes().find_map(|(entry, push)| Some((entry, push, push.question(answer)?)));
        let (entry, push, question) = asked.ok_or(PushRefusal::Unknown)?;
        let key = push.key_of(answer).ok_or(PushRefusal::OtherDevice)?;
        if !question.is_to(answer) {
            return Err(PushRefusal::OtherDetails);
        }
        if question.status != Status::Pending {
            return Err(PushRefusal::Answered);
        }
        if !question.is_live(now) {
            return Err(PushRefusal::Expired);
        }
        if !answer.is_signed_by(key) {
            return Err(PushRefusal::Signature);
        }
        Ok((entry.number, question.compare(answer)))
    }

    /// Approves a challenge, or counts a wrong number and ends the challenge.
    fn accept_push(
        &mut self,
        number: AuthenticatorNumber,
        answer: &push::Answer,
        found: Match,
        policy: &Policy,
        now: UnixTime,
    ) -> Turn<AuthenticatorNumber> {
        let found = policy.admit_attempt(&self.attempts, now).map(|()| found);
        let mut weighed = Weighed::new(&self.attempts, found);
        policy.weigh(&mut weighed, now);
        let (verdict, attempts) = weighed.reveal();
        let is_changed = match verdict {
            // The count starts again only with the login.
            Ok(()) => {
                if let Some(question) = self.question_mut(number, answer.id()) {
                    question.status = Status::Approved;
                    question.expires = now.saturating_add(APPROVED_SECS);
                }
                true
            }
            Err(Refusal::Wrong { .. }) => {
                self.attempts = *attempts.unwrap_or(&self.attempts);
                self.end_question(number, answer.id(), Status::Wrong);
                true
            }
            Err(_) => {
                self.attempts = *attempts.unwrap_or(&self.attempts);
                attempts.is_some()
            }
        };
        if is_changed {
            self.changed();
        }
        Turn { verdict: verdict.map(|()| number).map_err(Refused::Refusal), is_changed, signed_by: None }
    }

    fn deny_push(
        &mut self,
        number: AuthenticatorNumber,
        answer: &push::Answer,
        status: Status,
        now: UnixTime,
    ) -> Turn<AuthenticatorNumber> {
        self.end_question(number, answer.id(), status);
        let reported = if status == Status::NotMe { now.saturating_add(REPORTED_WAIT) } else { UnixTime::EPOCH };
        self.count_miss(number, (now, reported), now);
        self.changed();
        Turn::changed(Ok(number))
    }

    /// Counts a challenge of this time that did not become a login, and sets the wait that follows.
    ///
    /// The counts of all devices halve with each day since the last one, or since the wait that followed it.
    fn count_miss(&mut self, number: AuthenticatorNumber, (at, least): (UnixTime, UnixTime), now: UnixTime) {
        let last = self.pushes().map(|(_, push)| push.held_until).max().unwrap_or(UnixTime::EPOCH);
        // The time since a wait that a wrong clock has set is unknown.
        let mut next = if plausible(last, now) == last { last.saturating_add(DAY) } else { UnixTime::MAX };
        while next <= at && self.pushes().any(|(_, push)| push.misses > 0) {
            self.pushes_mut().for_each(|push| push.misses /= 2);
            next = next.saturating_add(DAY);
        }
        let misses = self.pushes().map(|(_, push)| u32::from(push.misses)).sum::<u32>().saturating_add(1);
        let doublings = misses.saturating_sub(MISSES).min(7);
        let wait = if misses < MISSES { at } else { at.saturating_add((WAIT << doublings).min(DAY)) };
        if let Some(push) = self.push_mut(number) {
            push.misses = push.misses.saturating_add(1);
            push.held_until = plausible(push.held_until, now).max(wait).max(least);
        }
    }

    /// Returns the account without the challenges whose time is over.
    pub(super) fn without_old_challenges(mut self, now: UnixTime) -> Self {
        self.drop_challenges(now);
        self
    }

    /// Removes the challenges whose time is over. One that was never answered counts like a denied one.
    fn drop_challenges(&mut self, now: UnixTime) {
        let mut missed = Vec::new();
        for (entry, push) in self.pushes() {
            let of_device = push.questions.iter().filter(|question| question.status == Status::Pending);
            missed.extend(of_device.filter(|q| !q.is_live(now)).map(|question| (entry.number, question.expires)));
        }
        for push in self.pushes_mut() {
            push.questions
                .retain(|question| question.is_live(now) || !question.status.is_open() && now < question.expires);
        }
        missed.sort_by_key(|(_, at)| *at);
        for (number, at) in missed {
            self.count_miss(number, (at.min(now), UnixTime::EPOCH), now);
        }
    }

    /// Returns the challenge of a transaction with its device: one that can become a login, or else the last one.
    fn question_of(&self, login: &Transaction, now: UnixTime) -> Option<(AuthenticatorNumber, &Question)> {
        let questions =
            self.pushes().flat_map(|(entry, push)| push.questions.iter().map(|asked| (entry.number, asked)));
        questions
            .filter(|(_, question)| login.is(&question.login))
            .max_by_key(|(_, question)| (question.is_live(now), question.expires))
    }

    fn notification(
        &self,
        number: AuthenticatorNumber,
        question: &Question,
        id: &AccountId,
        details: &Details,
    ) -> Option<Notification> {
        let (entry, push) = self.pushes().find(|(entry, _)| entry.number == number)?;
        push.notification(question, id, details, (number, entry.name))
    }

    fn end_question(&mut self, number: AuthenticatorNumber, id: &[u8; 16], status: Status) {
        if let Some(question) = self.question_mut(number, id) {
            question.status = status;
        }
    }

    fn question_mut(&mut self, number: AuthenticatorNumber, id: &[u8; 16]) -> Option<&mut Question> {
        self.push_mut(number)?.questions.iter_mut().find(|question| question.id == *id)
    }

    fn push_mut(&mut self, number: AuthenticatorNumber) -> Option<&mut Push> {
        match self.entry_mut(number).map(|entry| &mut *entry.factor) {
            Ok(Factor::Push(push)) => Some(push),
            _ => None,
        }
    }

    fn pushes(&self) -> impl Iterator<Item = (&Entry, &Push)> {
        self.entries.iter().filter_map(|entry| match &*entry.factor {
            Factor::Push(push) => Some((entry, push)),
            _ => None,
        })
    }

    fn pushes_mut(&mut self) -> impl Iterator<Item = &mut Push> {
        self.entries.iter_mut().filter_map(|entry| match &mut *entry.factor {
            Factor::Push(push) => Some(push),
            _ => None,
        })
    }
}
