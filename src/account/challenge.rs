use super::attempt::{Refused, Reply, Success};
use super::entry::Entry;
use super::outcomes::{Outcome, Verdict};
use super::subscriber::Account;
use crate::decision::{Refusal, Weighed};
use crate::factor::ocra::{Asked, ChallengeRefusal, Ocra, SignatureChallenge, Subject, TransactionDetails};
use crate::factor::{Factor, Kind};
use crate::policy::Policy;
use crate::types::{AuthenticatorNumber, Transaction, UnixTime};

/// The purpose of the hashes that recognize repeated signatures. The first byte differs from those of codes.
const SIGNATURE: &[u8; 5] = b"\x12sign";

/// A request for a challenge.
#[derive(Clone, Copy)]
pub(crate) struct Inquiry<'a> {
    pub(crate) login: &'a Transaction,
    pub(crate) number: AuthenticatorNumber,
    pub(crate) subject: Subject<'a>,
    pub(crate) random: &'a [u8; 32],
    pub(crate) now: UnixTime,
}

/// A challenge that is pending.
pub(crate) struct Pending {
    pub(crate) challenge: SignatureChallenge,
    /// `true` if it is new, so that the account must be stored.
    pub(crate) is_new: bool,
}

impl Account {
    /// Asks a token. Asking again in the same transaction about the same subject returns the same challenge.
    pub(crate) fn challenge(&mut self, inquiry: &Inquiry<'_>, policy: &Policy) -> Result<Pending, Refused> {
        let Inquiry { login, number, subject, random, now } = *inquiry;
        let no_token = Refused::Challenge(ChallengeRefusal::NoToken(number));
        let entry = self.entry(number).map_err(Refused::Account)?;
        let Factor::Ocra(token) = &*entry.factor else { return Err(no_token) };
        if !subject.is_signature() && !entry.is_confirmed() {
            self.enrollment(login, number, now)?;
        } else if !subject.is_signature() && self.outcomes.accepted(login, now).is_some() {
            return Err(Refused::Refusal(Refusal::LoggedIn));
        } else {
            self.admit(Some(number), policy, now).map_err(Refused::Refusal)?;
        }
        let pending = if subject.is_signature() {
            self.signature_in(login)
        } else {
            token.asked_in(login, false).map(|asked| (number, token, asked))
        };
        if let Some((of, _, asked)) = pending.filter(|(_, _, asked)| asked.is_live(now)) {
            let is_same = of == number && asked.is_about(&subject);
            let same = is_same.then(|| Pending { challenge: asked.challenge(), is_new: false });
            return same.ok_or(Refused::Challenge(ChallengeRefusal::Pending));
        }
        let mut live = 0;
        let mut from = None;
        for token in self.entries.iter_mut().filter_map(Entry::token_mut) {
            token.asked.retain(|asked| asked.is_live(now));
            live += token.asked.len();
            from = token.asked.iter().map(|asked| asked.expires).chain(from).min();
        }
        if let Some(from) = from.filter(|_| live >= Ocra::MOST) {
            return Err(Refused::Challenge(ChallengeRefusal::TooMany { from }));
        }
        let token = self.entry_mut(number).map_err(Refused::Account)?.token_mut().ok_or(no_token)?;
        let asked = token.ask(login, &subject, now, random);
        let asked = asked.map_err(|error| Refused::Challenge(ChallengeRefusal::Session(error)))?;
        let challenge = asked.challenge();
        // A response that was wrong before may be right now.
        self.outcomes.forget_refusals_in(login);
        self.changed();
        Ok(Pending { challenge, is_new: true })
    }

    /// Decides about a response to a challenge to sign these details.
    pub(crate) fn verify_signature(
        &mut self,
        login: &Transaction,
        details: &TransactionDetails<'_>,
        response: &str,
        policy: &Policy,
        now: UnixTime,
    ) -> Reply {
        // The same response to other details is another answer.
        let answer = login.answer(SIGNATURE, [details.hash().as_str(), response]);
        if let Some(refused) = self.repeated(login, &answer, now, policy.left_now(&self.attempts, now)) {
            return refused.unchanged();
        }
        let Some((number, token, asked)) = self.signature_in(login) else {
            return Refused::Refusal(Refusal::NotSent).unchanged();
        };
        if !asked.is_about(&Subject::Signature(details)) {
            return Refused::Challenge(ChallengeRefusal::OtherDetails).unchanged();
        }
        let found = if asked.is_live(now) {
            self.admit(Some(number), policy, now).and_then(|()| token.search(asked, response, policy, now))
        } else {
            Err(Refusal::Expired)
        };
        let failures_before = self.attempts.failures;
        let matched = found.unwrap_or_default();
        let mut weighed = Weighed::new(&self.attempts, found);
        policy.weigh(&mut weighed, now);
        let (verdict, attempts) = weighed.reveal();
        let is_changed = attempts.is_some();
        if let Some(attempts) = attempts {
            self.attempts = *attempts;
            self.changed();
        }
        let (verdict, outcome) = match verdict {
            Ok(()) => {
                if let Ok(entry) = self.entry_mut(number) {
                    entry.last_used = now.as_secs();
                    if let Some(token) = entry.token_mut() {
                        token.use_up(&matched);
                    }
                }
                self.end_questions(login);
                let success = Success {
                    number,
                    kind: Kind::Ocra as u8,
                    counter: matched.counter(),
                    drift: 0,
                    failures_before,
                    is_login: false,
                    codes_left: None,
                    // A signature is no login.
                    weak: 0,
                };
                (Ok(success), Some(Verdict::Done(number)))
            }
            Err(refusal) => {
                let is_kept = is_changed && matches!(refusal, Refusal::Wrong { .. });
                (Err(Refused::Refusal(refusal)), is_kept.then_some(Verdict::Refused(refusal)))
            }
        };
        if let Some(verdict) = outcome {
            self.outcomes.remember(Outcome { login: *login.hash(), answer, at: now, verdict });
        }
        Reply::Decided { verdict, is_changed }
    }

    /// Returns the token that is asked to sign in this transaction.
    pub(crate) fn signer(&self, login: &Transaction) -> Option<AuthenticatorNumber> {
        self.signature_in(login).map(|(number, ..)| number)
    }

    /// Returns the challenge to sign in this transaction, with its token.
    fn signature_in(&self, login: &Transaction) -> Option<(AuthenticatorNumber, &Ocra, &Asked)> {
        self.entries.iter().find_map(|entry| match &*entry.factor {
            Factor::Ocra(token) => Some((entry.number, token, token.asked_in(login, true)?)),
            _ => None,
        })
    }
}

impl Entry {
    fn token_mut(&mut self) -> Option<&mut Ocra> {
        match &mut *self.factor {
            Factor::Ocra(token) => Some(token),
            _ => None,
        }
    }
}
