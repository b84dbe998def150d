use alloc::vec::Vec;

use super::{Channel, Destination};
use crate::codes::search::Match;
use crate::ct::declassify::declassify;
use crate::ct::select::is_equal;
use crate::decision::{Refusal, Stage};
use crate::factor::kind::{Answer, Comparison, Kept, Kind};
use crate::policy::{Policy, Sending};
use crate::types::{Code, Digits, SubmittedCode, Tag, Transaction, UnixTime};

/// A destination in an account, with the codes that were sent to it and not submitted yet.
///
/// | field                                | length in bytes       |
/// |--------------------------------------|-----------------------|
/// | channel                              | 1                     |
/// | length of the address, and address   | 1 and up to 254       |
/// | sent codes                           | 35 each, at most 6    |
///
/// A sent code is the hash of its transaction (16), the hash of the code (8), the times at which it was made and at
/// which it expires (5 and 5), and its number of digits (1).
#[derive(Debug)]
pub(crate) struct OutOfBand {
    pub(crate) destination: Destination,
    pub(crate) sent: Vec<SentCode>,
}

/// A code that was sent in a transaction. It can be submitted until it expires or is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SentCode {
    pub(crate) login: Tag,
    pub(crate) hash: [u8; 8],
    pub(crate) at: UnixTime,
    pub(crate) expires: UnixTime,
    pub(crate) digits: Digits,
}

impl OutOfBand {
    /// The maximum number of codes at once. It is more than the default policy sends within the validity of a code.
    const MAX_SENT: usize = 6;

    pub(crate) const fn new(destination: Destination) -> Self {
        Self { destination, sent: Vec::new() }
    }

    pub(crate) fn copied(&self) -> Self {
        Self { destination: self.destination.clone(), sent: self.sent.clone() }
    }

    /// Returns the code that was sent last in this transaction.
    pub(crate) fn sent_in(&self, login: &Transaction) -> Option<&SentCode> {
        self.sent.iter().find(|sent| login.is(&sent.login))
    }

    /// Ends the code of a transaction.
    pub(crate) fn end(&mut self, login: &Transaction) {
        self.sent.retain(|sent| !login.is(&sent.login));
    }

    /// Keeps the hash of a code that is sent in this transaction. It replaces the transaction's earlier one.
    pub(crate) fn keep(&mut self, login: &Transaction, code: &Code, rules: &Sending, now: UnixTime) -> SentCode {
        let sent = SentCode {
            login: *login.hash(),
            hash: login.hash_of_code(code),
            at: now,
            expires: now.saturating_add(rules.validity.get().into()),
            digits: rules.digits,
        };
        self.sent.retain(|sent| sent.is_live(now) && !login.is(&sent.login));
        if self.sent.len() >= Self::MAX_SENT {
            self.sent.remove(0);
        }
        self.sent.push(sent);
        sent
    }
}

impl SentCode {
    const LEN: usize = 16 + 8 + 5 + 5 + 1;

    /// Returns `true` if the code can be submitted now.
    ///
    /// A code of a machine whose clock is far ahead cannot: it would be valid for too long.
    pub(crate) fn is_live(&self, now: UnixTime) -> bool {
        /// The number of seconds by which the clocks of machines may differ.
        const SKEW: u64 = 60;

        now < self.expires && self.at <= now.saturating_add(SKEW)
    }

    /// Returns the time from which another code can be sent in the same transaction.
    pub(crate) fn next_at(&self, rules: &Sending) -> UnixTime {
        self.at.saturating_add(rules.pause.get().into())
    }

    fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.login);
        bytes.extend(self.hash);
        bytes.extend(self.at.to_be_bytes());
        bytes.extend(self.expires.to_be_bytes());
        bytes.push(self.digits as u8);
    }

    fn decode(bytes: &[u8; Self::LEN]) -> Option<Self> {
        let (login, rest) = bytes.split_first_chunk()?;
        let (hash, rest) = rest.split_first_chunk()?;
        let (at, rest) = rest.split_first_chunk()?;
        let (expires, digits) = rest.split_first_chunk()?;
        Some(Self {
            login: *login,
            hash: *hash,
            at: UnixTime::from_be_bytes(*at)?,
            expires: UnixTime::from_be_bytes(*expires)?,
            digits: Digits::try_from(*digits.first()?).ok()?,
        })
    }
}

impl Kept for OutOfBand {
    fn kind(&self) -> Kind {
        match self.destination.channel() {
            Channel::Sms => Kind::Sms,
            Channel::Voice => Kind::Voice,
            Channel::Mail => Kind::Mail,
        }
    }

    fn encoded_len(&self) -> usize {
        2 + self.destination.address().len() + self.sent.len() * SentCode::LEN
    }

    fn reserved_len(&self) -> usize {
        2 + self.destination.address().len() + Self::MAX_SENT * SentCode::LEN
    }

    fn encode(&self, bytes: &mut Vec<u8>) {
        let address = self.destination.address();
        bytes.push(self.destination.channel() as u8);
        bytes.extend(address.len().to_le_bytes().first());
        bytes.extend(address.bytes());
        self.sent.iter().for_each(|sent| sent.encode(bytes));
    }

    fn decode(bytes: &mut [u8]) -> Result<Self, usize> {
        // The hashes of codes are keyed with a transaction that is not stored.
        declassify(bytes);
        let ([channel, len], rest) = bytes.split_first_chunk().ok_or(0_usize)?;
        let (address, rest) = rest.split_at_checked(usize::from(*len)).ok_or(1_usize)?;
        let address = core::str::from_utf8(address).map_err(|_| 2_usize)?;
        let destination = Destination::stored(*channel, address).ok_or(2_usize)?;
        let at = 2 + address.len();
        // Chunks of a slice would need a division.
        let (mut sent, mut rest) = (Vec::with_capacity(Self::MAX_SENT), rest);
        while let Some((code, others)) = rest.split_first_chunk() {
            if sent.len() >= Self::MAX_SENT {
                return Err(at);
            }
            sent.push(SentCode::decode(code).ok_or(at)?);
            rest = others;
        }
        if rest.is_empty() { Ok(Self { destination, sent }) } else { Err(at) }
    }

    fn compare(&self, answer: &Answer<'_>) -> Result<Comparison<'_>, Refusal> {
        let sent = self.sent_in(answer.login).ok_or(Refusal::NotSent)?;
        if !sent.is_live(answer.now) {
            return Err(Refusal::Expired);
        }
        let code = answer.codes.first().map_or(SubmittedCode::new(""), |code| SubmittedCode::new(code));
        let code = code.code(sent.digits).map_err(Refusal::Malformed)?;
        let mut found = Match::default();
        found.add(0, is_equal(&answer.login.hash_of_code(&code), &sent.hash), 0);
        Ok(Comparison::Match(found))
    }

    /// Ends the code of the accepted transaction.
    fn end_questions(&mut self, login: &Transaction) {
        self.end(login);
    }

    /// Ends the codes that were sent, which a login may have used.
    fn after_restore(&mut self, _: &Policy, _: UnixTime) {
        self.sent.clear();
    }

    fn takes(&self, stage: Stage) -> bool {
        match stage {
            Stage::Confirmation => true,
            Stage::Login => self.is_second_factor(),
            Stage::Resynchronization => false,
        }
    }

    fn is_second_factor(&self) -> bool {
        self.destination.channel() != Channel::Mail
    }

    fn right_answers(&self, _: &Policy) -> u8 {
        1
    }

    fn shares_secret(&self, other: &Self) -> bool {
        self.destination == other.destination
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails so")]

    use super::*;

    /// An account reserves room for as many codes as there can be, so that it never refuses to send one.
    #[test]
    fn room_for_all_codes_is_reserved() {
        let mut sms = OutOfBand::new(Destination::sms("+39 333 123 4567").unwrap());
        let reserved = sms.reserved_len();
        for login in 0..10 {
            let login = Transaction::new(&[login; 16]).unwrap();
            sms.keep(&login, &Code::from_truncated(0, Digits::Six), &Sending::new(), UnixTime::EPOCH);
        }
        assert_eq!((sms.encoded_len(), sms.reserved_len()), (reserved, reserved));
    }
}
