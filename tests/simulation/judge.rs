//! The judge of the simulation. It follows what is written and told, and what the callers are answered.
//!
//! Its own counts and counters follow the documentation of the policy, and share no code with the library.

mod challenge;
mod clock;
mod count;
mod counter;
mod limit;
mod push;
mod stored;

use std::collections::{BTreeMap, BTreeSet};

use pollster::block_on;
use secondo::decision::Hold;
use secondo::factor::Kind;
use secondo::{AuthenticatorNumber, Refusal, UnixTime, Verifier};

use crate::call::{Answer, Call, Request, Session};
use crate::person::Person;
use crate::store::{Connection, Logged};

pub(crate) use self::clock::{FUTURE, PAST};

use self::clock::Followed;
use self::limit::Limit;
use self::stored::Stored;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Used {
    Step(u32, u64),
    Counter(u64),
    Recovery(usize),
    Session(Session),
    Signature(Session),
    /// The code that was sent, the challenge or the push of a transaction.
    Question(Session),
}

impl Used {
    /// Returns `true` if a restore makes it usable again, as the documentation says. In a transaction whose login is
    /// undone, another login is possible.
    fn is_reopened(self) -> bool {
        matches!(self, Self::Counter(_) | Self::Recovery(_) | Self::Session(_))
    }
}

struct Account {
    stored: Stored,
    /// Everything that a caller was told to be accepted.
    accepted: BTreeSet<Used>,
    /// The answers whose failures were counted. A repetition is refused again without a count.
    counted: BTreeSet<(Session, Request)>,
    sent: BTreeSet<(Session, String)>,
    /// The answers to pushes that were taken.
    answered: BTreeSet<String>,
    /// The revisions that events have told, and those whose machine crashed or lost its connection.
    told: BTreeSet<u64>,
    gaps: BTreeSet<u64>,
    /// The revision from which `told` and `gaps` are complete.
    first: u64,
}

impl Account {
    /// Uses up the codes of a resynchronization whose last code was this one. Returns what has happened.
    fn resynchronized(&mut self, call: &Call, person: &Person, counter: u64) -> &'static str {
        let Request::Resync(number, _) = call.request else { panic!("{call:?} is a resynchronization") };
        let is_clock = person.clocks().any(|clock| clock.number == number);
        let used = |at| if is_clock { Used::Step(number.get(), at) } else { Used::Counter(at) };
        for used in [counter - 1, counter].map(used) {
            assert!(self.accepted.insert(used), "{used:?} of {} is accepted twice: {call:?}", person.id);
        }
        if is_clock { "clock resynchronized" } else { "counter resynchronized" }
    }

    /// Checks a failure that a caller was told: it is the one that was counted, or one of a repeated answer.
    fn check_failure(&self, call: &Call, counted: Option<(u8, Hold)>, told: (u8, Hold)) {
        let is_repeated = self.counted.contains(&(call.session, call.request.clone()));
        match counted {
            // It counts on the enrollment alone.
            None if matches!(call.request, Request::Confirm(..)) => assert_eq!(told.1, Hold::None),
            Some(counted) => assert_eq!(told, counted, "{call:?}"),
            None => assert!(is_repeated, "{call:?} is judged and not counted: {told:?}"),
        }
    }

    /// Checks an accepted code, and returns what is used up by it.
    fn used_by(&self, call: &Call, person: &Person, number: AuthenticatorNumber, kind: Kind, counter: u64) -> Used {
        match (kind, &call.request) {
            (Kind::Totp, Request::Verify(text) | Request::VerifyWith(_, text)) => {
                let clock = person.clocks().find(|clock| clock.number == number).unwrap();
                assert_eq!(*text, clock.code_of(counter), "a wrong code is accepted");
                Used::Step(number.get(), counter)
            }
            (Kind::Hotp, Request::Verify(text) | Request::VerifyWith(_, text)) => {
                let token = person.token.as_ref().filter(|token| token.number == number).unwrap();
                assert_eq!(*text, token.code_of(counter), "a wrong code is accepted");
                Used::Counter(counter)
            }
            (Kind::Sms, Request::Verify(text) | Request::VerifyWith(_, text)) => {
                let is_sent = self.sent.contains(&(call.session, text.clone()));
                assert!(is_sent, "a code that was not sent in this login is accepted");
                Used::Question(call.session)
            }
            (Kind::LookUp, Request::Recover(text)) => {
                let code = person.codes.iter().position(|code| code == text);
                Used::Recovery(code.expect("a wrong recovery code is accepted"))
            }
            // The judge has checked the response when it was stored.
            (Kind::Ocra, Request::Verify(_)) | (Kind::Push, Request::Poll) => Used::Question(call.session),
            (kind, request) => panic!("{request:?} is accepted as {kind:?}"),
        }
    }
}

/// The writes, the count of failures and the events of a call that is still running.
#[derive(Default)]
pub(crate) struct Progress {
    /// The number of the key that seals on the call's machine.
    key: u32,
    written: Vec<u64>,
    /// The revisions of its writes that a restore has undone.
    undone: Vec<u64>,
    counted: Option<(u8, Hold)>,
    told: Vec<(Option<&'static str>, Option<u64>)>,
}

impl Progress {
    pub(crate) fn new(key: u32) -> Self {
        Self { key, ..Self::default() }
    }
}

/// The limits of destinations, by the number and by the key that seals: a limit starts again when the key changes.
type Destinations = BTreeMap<(String, u32), Limit>;

pub(crate) struct Judge {
    reader: Verifier<Connection<0>>,
    accounts: Vec<Account>,
    places: BTreeMap<String, usize>,
    destinations: Destinations,
    /// The number of things that were checked, to show that none of them is missing.
    pub(crate) seen: BTreeMap<String, u64>,
}

/// A backup of the judge's copies.
pub(crate) struct Backup(Vec<Stored>, Destinations);

impl Judge {
    pub(crate) fn new(reader: Verifier<Connection<0>>, people: &[Person], now: UnixTime) -> Self {
        let account = |person: &Person| {
            let mut stored = Stored::new(block_on(reader.view(&person.id, now)).unwrap().revision);
            // The recovery codes and the app. Imports do not count.
            (0..2).for_each(|_| stored.enrollments.count(now));
            let first = stored.revision;
            Account {
                stored,
                accepted: BTreeSet::new(),
                counted: BTreeSet::new(),
                sent: BTreeSet::new(),
                answered: BTreeSet::new(),
                told: BTreeSet::new(),
                gaps: BTreeSet::new(),
                first,
            }
        };
        let accounts = people.iter().map(account).collect();
        let places = people.iter().enumerate().map(|(place, person)| (person.id.as_str().to_owned(), place)).collect();
        Self { reader, accounts, places, destinations: Destinations::new(), seen: BTreeMap::new() }
    }

    /// Gives the judge a verifier that opens records of new sealing keys.
    pub(crate) fn read_with(&mut self, reader: Verifier<Connection<0>>) {
        self.reader = reader;
    }

    /// Follows what a call has done, at the time of its machine's clock.
    pub(crate) fn follow(
        &mut self,
        log: Vec<Logged>,
        call: Option<&Call>,
        people: &[Person],
        progress: &mut Progress,
        now: UnixTime,
    ) {
        for logged in log {
            match logged {
                Logged::Written(id) => {
                    if let Some(place) = self.places.get(id.as_str()).copied() {
                        self.written(place, call, &people[place], progress, now);
                    } else {
                        // The limit of a destination has a record of its own.
                        self.destination(call.unwrap(), people, progress).count(now);
                    }
                }
                Logged::Told(told) => {
                    let Some(place) = self.places.get(told.account.as_str()).copied() else { continue };
                    if let Some(revision) = told.revision
                        && !progress.undone.contains(&revision)
                    {
                        let is_new = self.accounts[place].told.insert(revision);
                        assert!(is_new, "revision {revision} is told twice, now by {:?}", told.action);
                        assert!(progress.written.contains(&revision), "the event of {call:?} has another's revision");
                    }
                    if let Some(call) = call.filter(|_| told.problem == Some("too_many_sends_to_destination")) {
                        let used_up = self.destination(call, people, progress).used_up(now);
                        assert!(used_up.is_some(), "{call:?} is not sent, and the limit is not used up");
                    }
                    progress.told.push((told.problem, told.revision));
                }
            }
        }
    }

    /// Returns the limit of the destination to which a call sends.
    fn destination(&mut self, call: &Call, people: &[Person], progress: &Progress) -> &mut Limit {
        let number = people[call.account].phone_number.clone();
        self.destinations.entry((number, progress.key)).or_insert(Limit::SENDS_TO_DESTINATION)
    }

    fn written(&mut self, place: usize, call: Option<&Call>, person: &Person, progress: &mut Progress, now: UnixTime) {
        let view = block_on(self.reader.view(&person.id, now)).unwrap();
        let Account { stored, counted, sent, .. } = &mut self.accounts[place];
        if view.revision == stored.revision {
            self.see("resealed");
            return;
        }
        assert_eq!(view.revision, stored.revision + 1, "a change is lost under {call:?}");
        stored.revision = view.revision;
        progress.written.push(view.revision);
        if let Some(call) = call {
            let is_sent = match &call.request {
                Request::Verify(text) | Request::VerifyWith(_, text) => sent.contains(&(call.session, text.clone())),
                _ => false,
            };
            let is_accepted = view.failures <= stored.count.in_a_row;
            stored.follow_codes(call, person, is_accepted, is_sent, now);
            stored.follow_limits(call, progress.written.len() + progress.undone.len() > 1, is_accepted, now);
        } else {
            stored.raise(person, now);
        }
        let Stored { count, count_of_recovery, used_recovery, .. } = stored;
        if let Some(Call { request: Request::Recover(text), .. }) = call {
            assert!(!count_of_recovery.hold.is_in_force(now), "a recovery code is judged under a lock");
            let code = person.codes.iter().position(|code| code == text);
            if code.is_some_and(|code| used_recovery.insert(code)) {
                count_of_recovery.restart();
            } else {
                progress.counted = Some(count_of_recovery.fail(now));
                if count_of_recovery.hold == Hold::Locked {
                    // The set has ended.
                    used_recovery.extend(0..person.codes.len());
                }
            }
        } else if view.failures > count.in_a_row {
            assert!(!count.hold.is_in_force(now), "a guess is judged under a lock: {call:?}");
            progress.counted = Some(count.fail(now));
        } else if let Some(Call { request: Request::Unlock, .. }) = call {
            count.restart();
            count_of_recovery.restart();
        } else if view.failures < count.in_a_row {
            let is_success = matches!(
                call.map(|call| &call.request),
                Some(
                    Request::Verify(_)
                        | Request::VerifyWith(..)
                        | Request::VerifySignature(..)
                        | Request::Resync(..)
                        | Request::Poll
                )
            );
            assert!(is_success, "{call:?} ends the count");
            count.restart();
        }
        if let (Some(call), Some(_)) = (call, progress.counted) {
            counted.insert((call.session, call.request.clone()));
        }
        let hold = if count.hold.is_in_force(now) { count.hold } else { Hold::None };
        assert_eq!((view.failures, view.hold), (count.in_a_row, hold), "after {call:?} at {now}");
    }

    /// Counts something that has happened.
    pub(crate) fn see(&mut self, what: &str) {
        *self.seen.entry(what.to_owned()).or_default() += 1;
    }

    /// Judges the answer of a call.
    pub(crate) fn answered(
        &mut self,
        call: &Call,
        person: &Person,
        progress: Progress,
        answer: &Answer,
        now: UnixTime,
    ) {
        let Progress { written, undone, counted, told, .. } = progress;
        let stored: Vec<_> = undone.iter().chain(&written).copied().collect();
        let account = &mut self.accounts[call.account];
        let mut see = |what: &str| *self.seen.entry(what.to_owned()).or_default() += 1;
        match answer {
            Answer::Accepted { number, kind, counter } => {
                assert!(stored.len() == 1 && counted.is_none(), "{call:?} is accepted and not stored");
                assert_eq!(told, [(None, Some(stored[0]))], "{call:?} is accepted without its event");
                see(&format!("{kind:?}"));
                let used = account.used_by(call, person, *number, *kind, *counter);
                if *kind == Kind::Totp && !clock::is_usual(*counter, now) {
                    see("clock followed");
                }
                if !undone.is_empty() {
                    see("undone");
                }
                let is_reopened = |used: &Used| !undone.is_empty() && used.is_reopened();
                for used in [Used::Session(call.session), used].into_iter().filter(|used| !is_reopened(used)) {
                    assert!(account.accepted.insert(used), "{used:?} of {} is accepted twice: {call:?}", person.id);
                }
            }
            Answer::Refused(Refusal::Wrong { remaining, hold } | Refusal::Replayed { remaining, hold }) => {
                account.check_failure(call, counted, (*remaining, *hold));
                see(if matches!(answer, Answer::Refused(Refusal::Wrong { .. })) { "wrong" } else { "replayed" });
                if *hold == Hold::Locked {
                    see("locked for good");
                }
            }
            Answer::Refused(refusal) => {
                assert!(written.is_empty(), "{call:?} changes the account: {refusal:?}");
                see(refusal.label());
            }
            Answer::Other(label, from) => {
                // A code that is not sent is withdrawn.
                let may_write = matches!(call.request, Request::Send(..));
                assert!(may_write || written.is_empty(), "{call:?} changes the account: {label}");
                account.stored.check_limits(call, label, *from, now);
                see(label);
            }
            Answer::OtherVersion => {
                assert!(written.is_empty(), "{call:?} changes the record of another version");
                see("other version");
            }
            Answer::Resynchronized { counter } => {
                assert!(stored.len() == 1 && counted.is_none(), "{call:?} finds a token and is not stored");
                see(account.resynchronized(call, person, *counter));
            }
            Answer::Repeated { .. } => {
                assert!(written.is_empty(), "{call:?} is repeated, and changes the account");
                see("repeated");
            }
            Answer::Outage => see("outage"),
            Answer::Crashed => see("crashed"),
            Answer::Sent(code) => {
                account.sent.extend(code.iter().map(|code| (call.session, code.clone())));
                see("sent");
            }
            Answer::Pushed(_) => see("pushed"),
            Answer::Enrolled(_) => see("enrolled"),
            Answer::Asked(question) => {
                let right = person.challenge_token.as_ref().unwrap().respond(question);
                account.stored.challenges.tell(call.session, None, &right);
                see("asked");
            }
            Answer::ToSign(nonce) => {
                let Request::Sign(_, payee, _) = call.request else { panic!("{call:?} is answered with a nonce") };
                let right = person.challenge_token.as_ref().unwrap().sign(payee, nonce);
                account.stored.challenges.tell(call.session, Some(payee), &right);
                see("to sign");
            }
            Answer::Signed => {
                assert!(stored.len() == 1 && counted.is_none(), "{call:?} is signed and not stored");
                let is_first = account.accepted.insert(Used::Signature(call.session));
                assert!(is_first, "{call:?} is signed twice");
                see("signed");
            }
            Answer::Done => {
                if let Request::AnswerPush(reply) = &call.request {
                    assert!(account.answered.insert(reply.text.clone()), "an answer to a push is taken twice");
                }
                let is_enrolled = matches!(call.request, Request::EnrollFirst(_));
                assert!(!is_enrolled, "a phone is enrolled with the password alone");
                see("done");
            }
        }
        match answer {
            // The machine cannot tell of a change of which it does not know. The revision is missing in the events.
            Answer::Crashed | Answer::Outage => {
                account.gaps.extend(written.iter().filter(|revision| !account.told.contains(revision)));
            }
            Answer::Other("waiting", _) => {}
            _ if call.request == Request::ResealAll => {}
            _ => {
                assert!(!told.is_empty(), "{call:?} has no event");
                for revision in written {
                    assert!(account.told.contains(&revision), "{call:?} has no event of revision {revision}");
                }
            }
        }
    }

    /// Checks that each revision is told, or is a gap that a crash explains.
    pub(crate) fn all_is_told(&mut self) {
        for account in &mut self.accounts {
            for revision in account.first + 1..=account.stored.revision {
                let is_told = account.told.remove(&revision);
                assert!(is_told != account.gaps.remove(&revision), "revision {revision} is not told");
            }
            assert!(account.told.is_empty() && account.gaps.is_empty());
            account.first = account.stored.revision;
            // Answers are recognized for two minutes, and codes are sent for five.
            account.counted.clear();
            account.sent.clear();
        }
    }

    pub(crate) fn backup(&self) -> Backup {
        Backup(self.accounts.iter().map(|account| account.stored.clone()).collect(), self.destinations.clone())
    }

    /// Follows a restore. What a restore reopens is documented: recovery codes and counters that were used since the
    /// backup.
    ///
    /// Calls that are under way go on with what is restored. Some callers are told what the restore has undone.
    pub(crate) fn restore(&mut self, Backup(backup, destinations): &Backup, under_way: Vec<(&Call, &mut Progress)>) {
        let mut sent = Vec::new();
        for (call, progress) in under_way {
            self.see("under way");
            let account = &mut self.accounts[call.account];
            account.gaps.extend(progress.written.iter().filter(|revision| !account.told.contains(revision)));
            progress.undone.append(&mut progress.written);
            // The restored account does not know that its transaction has logged in.
            account.accepted.remove(&Used::Session(call.session));
            let of_call = account.sent.iter().filter(|(session, _)| *session == call.session);
            sent.extend(of_call.map(|of_call| (call.account, of_call.clone())));
        }
        self.all_is_told();
        for (place, of_call) in sent {
            self.accounts[place].sent.insert(of_call);
        }
        self.destinations.clone_from(destinations);
        for (account, stored) in self.accounts.iter_mut().zip(backup) {
            account.accepted.retain(|used| match used {
                Used::Recovery(code) => stored.used_recovery.contains(code),
                Used::Counter(counter) => Some(*counter) <= stored.counter,
                Used::Step(..) | Used::Session(_) | Used::Signature(_) | Used::Question(_) => true,
            });
            (account.first, account.stored) = (stored.revision, stored.clone());
        }
    }

    /// Returns `true` if the known drift of an authenticator is that of a clock that was always right.
    pub(crate) fn is_right(&self, place: usize, number: AuthenticatorNumber) -> bool {
        self.accounts[place].stored.clocks.get(&number.get()).is_none_or(Followed::is_right)
    }

    /// Returns `true` if recovery codes are accepted at this time.
    pub(crate) fn recovers(&self, place: usize, now: UnixTime) -> bool {
        let hold = self.accounts[place].stored.count_of_recovery.hold;
        hold != Hold::Locked && !hold.is_in_force(now)
    }

    /// Returns `true` if the recovery code at this place is used.
    pub(crate) fn is_recovery_used(&self, place: usize, code: usize) -> bool {
        self.accounts[place].stored.used_recovery.contains(&code)
    }
}
