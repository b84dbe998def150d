use alloc::vec::Vec;

use cmov::Cmov;
use zeroize::Zeroizing;

use super::asked::{Asked, Subject};
use super::inputs::{InputError, Inputs};
use super::pin_hash::PinHash;
use super::question::Question;
use super::suite::Suite;
use super::token::Token;
use super::verify::ResponseError;
use crate::codes::Key;
use crate::codes::search::Match;
use crate::ct::declassify::declassify;
use crate::decision::{Progress, Refusal, Stage};
use crate::factor::kind::{
    AAL2_SECRET_LEN, AAL2_STEP_SECS, Answer, Comparison, Computation, Kept, Kind, is_same_secret,
};
use crate::policy::Policy;
use crate::types::{Algorithm, Counter, Secret, Transaction, UnixTime};

/// A token in an account, with its challenges.
///
/// | field                                                        | length in bytes              |
/// |--------------------------------------------------------------|------------------------------|
/// | length of the suite, and its text                            | 1 and up to 46               |
/// | length of the secret, and the secret                         | 1 and up to 128              |
/// | hash of the PIN, if the suite has one                        | that of its hash function    |
/// | next counter, if the suite has one                           | 8                            |
/// | challenges, at most three                                    | see below                    |
///
/// A challenge is 0 for a login or 1 for a signature (1), the hash of its transaction (16), its expiry (5), the nonce
/// of a signature (16), the question in the suite's maximum length, and the data of the session in the suite's length.
#[derive(Debug)]
pub(crate) struct Ocra {
    token: Token,
    /// The counter of the next response, or 0 if the suite has none.
    next: u64,
    pub(crate) asked: Vec<Asked>,
}

impl Ocra {
    /// The maximum number of challenges that are pending in an account, and that a token keeps.
    pub(crate) const MOST: usize = 3;

    pub(crate) fn new(token: Token) -> Self {
        Self { token, next: 0, asked: Vec::with_capacity(Self::MOST) }
    }

    /// Returns a copy of a token that was never asked.
    pub(crate) fn copied(&self) -> Self {
        Self { next: self.next, ..Self::new(self.token.copied()) }
    }

    pub(crate) const fn suite(&self) -> &Suite {
        self.token.suite()
    }

    pub(crate) const fn secret(&self) -> (Algorithm, &Secret) {
        (self.suite().algorithm(), &self.token.secret)
    }

    /// Returns the challenge for a login in this transaction, or for a signature.
    pub(crate) fn asked_in(&self, login: &Transaction, is_signature: bool) -> Option<&Asked> {
        self.asked.iter().find(|asked| asked.is_signature == is_signature && login.is(&asked.login))
    }

    /// Adds a challenge, and returns it.
    pub(crate) fn ask(
        &mut self,
        login: &Transaction,
        subject: &Subject<'_>,
        now: UnixTime,
        random: &[u8; 32],
    ) -> Result<&Asked, InputError> {
        let asked = Asked::new(self.suite(), login, subject, now, random)?;
        self.asked.push(asked);
        self.asked.last().ok_or(InputError::Question)
    }

    /// Compares a response with all that are correct for a challenge. The match is still secret.
    pub(crate) fn search(
        &self,
        asked: &Asked,
        response: &str,
        policy: &Policy,
        now: UnixTime,
    ) -> Result<Match, Refusal> {
        let Token { suite, secret, pin_hash } = &self.token;
        let inputs = Inputs {
            counter: suite.has_counter().then_some(Counter::new(self.next)),
            pin_hash: suite.pin_hash().map(|_| pin_hash),
            session: suite.session_len().map(|_| asked.session.as_slice()),
            time: suite.time_step_secs().map(|_| now),
            ..Inputs::one_way(&asked.question)
        };
        let key = Key::new(suite.algorithm(), secret);
        suite.search(&key, &inputs, response, policy).map_err(|error| match error {
            ResponseError::Malformed(malformed) => Refusal::Malformed(malformed),
            // A challenge has all inputs of its suite.
            ResponseError::Input(_) | ResponseError::Wrong => Refusal::NotSent,
        })
    }

    /// Moves the counter beyond that of a match, if the match is fresh. No branch depends on the match.
    pub(crate) fn use_up(&mut self, found: &Match) {
        if self.suite().has_counter() {
            self.next.cmovnz(&found.counter().get().saturating_add(1), found.fresh());
        }
    }

    /// Returns the length of a challenge.
    fn asked_len(&self, is_signature: bool) -> usize {
        let nonce = if is_signature { 16 } else { 0 };
        1 + 16 + 5 + nonce + self.suite().question().max_len() + self.suite().session_len().unwrap_or(0)
    }

    /// Returns the length without challenges.
    fn token_len(&self) -> usize {
        let Token { suite, secret, .. } = &self.token;
        let counter = if suite.has_counter() { 8 } else { 0 };
        let pin_hash = suite.pin_hash().map_or(0, Algorithm::output_len);
        1 + suite.as_str().len() + 1 + secret.expose().len() + pin_hash + counter
    }
}

impl Kept for Ocra {
    fn kind(&self) -> Kind {
        Kind::Ocra
    }

    fn encoded_len(&self) -> usize {
        self.token_len() + self.asked.iter().map(|asked| self.asked_len(asked.is_signature)).sum::<usize>()
    }

    fn reserved_len(&self) -> usize {
        // A suite with data of a session has no signatures.
        self.token_len() + Self::MOST * self.asked_len(self.suite().session_len().is_none())
    }

    fn encode(&self, bytes: &mut Vec<u8>) {
        let Token { suite, secret, pin_hash } = &self.token;
        for part in [suite.as_str().as_bytes(), secret.expose()] {
            bytes.extend(part.len().to_le_bytes().first());
            bytes.extend(part);
        }
        if suite.pin_hash().is_some() {
            bytes.extend(pin_hash.expose());
        }
        if suite.has_counter() {
            bytes.extend(self.next.to_be_bytes());
        }
        for Asked { login, is_signature, expires, nonce, question, session } in &self.asked {
            bytes.push(u8::from(*is_signature));
            bytes.extend(login);
            bytes.extend(expires.to_be_bytes());
            if *is_signature {
                bytes.extend(nonce);
            }
            bytes.extend(question.as_str().bytes());
            bytes.extend(session.as_slice());
        }
    }

    fn decode(bytes: &mut [u8]) -> Result<Self, usize> {
        let mut reader = Reader { rest: bytes, at: 0 };
        let [suite_len] = reader.array()?;
        let at_suite = reader.at;
        let suite = core::str::from_utf8(reader.open(suite_len.into())?).ok();
        let suite = suite.and_then(|text| Suite::parse(text).ok()).ok_or(at_suite)?;
        let [secret_len] = reader.array()?;
        let at_secret = reader.at;
        let secret = Secret::import_short(reader.take(secret_len.into())?).map_err(|_| at_secret)?;
        let at_hash = reader.at;
        let pin_hash = match suite.pin_hash() {
            Some(algorithm) => {
                let hash = reader.take(algorithm.output_len())?;
                Some(PinHash::from_bytes(algorithm, hash).map_err(|_| at_hash)?)
            }
            None => None,
        };
        let next = if suite.has_counter() { u64::from_be_bytes(reader.array()?) } else { 0 };
        let token = Token::new(suite, secret, pin_hash).map_err(|_| at_suite)?;
        let mut kept = Self { next, ..Self::new(token) };
        while !reader.rest.is_empty() {
            if kept.asked.len() >= Self::MOST {
                return Err(reader.at);
            }
            kept.asked.push(reader.asked(&suite)?);
        }
        Ok(kept)
    }

    fn compare(&self, answer: &Answer<'_>) -> Result<Comparison<'_>, Refusal> {
        let asked = self.asked_in(answer.login, false).ok_or(Refusal::NotSent)?;
        if !asked.is_live(answer.now) {
            return Err(Refusal::Expired);
        }
        let response = answer.codes.first().copied().unwrap_or_default();
        self.search(asked, response, answer.policy, answer.now).map(Comparison::Match)
    }

    fn accept(&mut self, found: &Match, _: &Answer<'_>) -> Computation {
        // The account ends the challenges of an accepted transaction.
        self.use_up(found);
        Computation { counter: found.counter().get(), drift: 0 }
    }

    fn end_questions(&mut self, login: &Transaction) {
        self.asked.retain(|asked| !login.is(&asked.login));
    }

    fn start_at(&mut self, next: Counter) {
        if self.suite().has_counter() {
            self.next = self.next.max(next.get());
        }
    }

    fn import(&mut self, progress: &Progress) -> Result<(), Counter> {
        if let Some(last) = progress.watermark() {
            self.start_at(Counter::new(last.get().saturating_add(1)));
        }
        Ok(())
    }

    /// Ends all challenges, to which a login may have had the response.
    fn after_restore(&mut self, _: &Policy, _: UnixTime) {
        self.asked.clear();
    }

    fn takes(&self, stage: Stage) -> bool {
        // Consecutive codes would be responses to one question, of which a login accepts any within the look-ahead.
        stage != Stage::Resynchronization
    }

    fn counts_for_aal2(&self) -> bool {
        self.suite().time_step_secs().is_none_or(|secs| secs <= AAL2_STEP_SECS)
            && self.token.secret.expose().len() >= AAL2_SECRET_LEN
    }

    fn right_answers(&self, policy: &Policy) -> u8 {
        let counters = if self.suite().has_counter() { policy.look_ahead.saturating_add(1) } else { 1 };
        let (past, future) = (policy.window.past(), policy.window.future());
        let steps =
            if self.suite().time_step_secs().is_some() { past.saturating_add(future).saturating_add(1) } else { 1 };
        counters.saturating_mul(steps)
    }

    fn shares_secret(&self, other: &Self) -> bool {
        is_same_secret(self.secret(), other.secret())
    }
}

/// The bytes that are still to be read, and their offset.
struct Reader<'b> {
    rest: &'b mut [u8],
    at: usize,
}

impl<'b> Reader<'b> {
    /// Takes bytes that may be secret.
    fn take(&mut self, len: usize) -> Result<&'b mut [u8], usize> {
        let (taken, rest) = core::mem::take(&mut self.rest).split_at_mut_checked(len).ok_or(self.at)?;
        (self.rest, self.at) = (rest, self.at + len);
        Ok(taken)
    }

    /// Takes bytes that are not secret.
    fn open(&mut self, len: usize) -> Result<&'b [u8], usize> {
        let taken = self.take(len)?;
        declassify(taken);
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], usize> {
        let at = self.at;
        self.open(N)?.first_chunk().copied().ok_or(at)
    }

    fn asked(&mut self, suite: &Suite) -> Result<Asked, usize> {
        let at = self.at;
        let is_signature = match self.array()? {
            [0] => false,
            // A suite with data of a session has no signatures.
            [1] if suite.session_len().is_none() => true,
            _ => return Err(at),
        };
        let login = self.array()?;
        let at = self.at;
        let expires = UnixTime::from_be_bytes(self.array()?).ok_or(at)?;
        let nonce = if is_signature { self.array()? } else { [0; 16] };
        let at = self.at;
        let question = core::str::from_utf8(self.open(suite.question().max_len())?).ok();
        let question = question.and_then(|text| Question::new(suite.question(), text).ok()).ok_or(at)?;
        let session = Zeroizing::new(self.take(suite.session_len().unwrap_or(0))?.to_vec());
        Ok(Asked { login, is_signature, expires, nonce, question, session })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails so")]

    use super::*;
    use crate::factor::ocra::TransactionDetails;

    /// An account reserves room for as many challenges as there can be, so that it never refuses to ask.
    #[test]
    fn room_for_all_challenges_is_reserved() {
        let login = Transaction::new(&[1; 16]).unwrap();
        let details = TransactionDetails::new("10,00 EUR", "Maria Rossi", "").unwrap();
        let (of_login, of_signature) = (Subject::Login(Some(&[7; 64])), Subject::Signature(&details));
        for (suite, subject) in
            [("OCRA-1:HOTP-SHA256-8:QN08-S064", of_login), ("OCRA-1:HOTP-SHA512-8:C-QA64", of_signature)]
        {
            let secret = Secret::from_bytes(&[7; 64]).unwrap();
            let mut token = Ocra::new(Token::new(Suite::parse(suite).unwrap(), secret, None).unwrap());
            let reserved = token.reserved_len();
            for _ in 0..Ocra::MOST {
                token.ask(&login, &subject, UnixTime::EPOCH, &[7; 32]).unwrap();
            }
            assert_eq!((token.encoded_len(), token.reserved_len()), (reserved, reserved), "{suite}");
        }
    }
}
