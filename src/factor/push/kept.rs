use alloc::string::String;
use alloc::vec::Vec;
use core::slice;

use zeroize::Zeroize;

use super::activation::{Activation, ActivationAnswer};
use super::answer::Answer as Signed;
use super::challenge::Challenge;
use super::details::Details;
use super::key::{PublicKey, confirmation_code};
use super::notification::Notification;
use super::question::{Number, Question, Status};
use crate::codes::search::Match;
use crate::ct::declassify::declassify;
use crate::ct::select::is_equal;
use crate::decision::{Refusal, Stage};
use crate::factor::kind::{Answer, Comparison, Kept, Kind};
use crate::policy::Policy;
use crate::types::{AccountId, AuthenticatorNumber, DisplayName, SubmittedCode, Tag, Transaction, UnixTime};

/// A device in an account, with its challenges.
///
/// | field                                                    | length in bytes |
/// |----------------------------------------------------------|-----------------|
/// | id of the activation                                     | 16              |
/// | 0 before the activation was answered, 1 after            | 1               |
/// | secret of the activation, or the compressed public key   | 16 or 33        |
/// | challenges in a row that did not become a login          | 1               |
/// | end of the wait, or time of the last such challenge      | 5               |
/// | challenges, at most three                                | 75 each         |
///
/// A challenge has its id (16), hash (32), the hash of the transaction (16), the number (4), the way of matching (1),
/// the status (1) and the expiry (5). The codes of the last ones are in `matching` and `question`.
#[derive(Debug)]
pub(crate) struct Push {
    activation: [u8; 16],
    material: Material,
    pub(crate) misses: u8,
    pub(crate) held_until: UnixTime,
    pub(crate) questions: Vec<Question>,
}

enum Material {
    Secret([u8; 16]),
    Key(PublicKey),
}

impl Push {
    /// The maximum number of challenges that are pending in an account, and that a device keeps.
    pub(crate) const MOST: usize = 3;
    /// The time in seconds in which an activation must be answered.
    const ACTIVATION_SECS: u32 = 600;

    pub(crate) fn new(activation: &Activation) -> Self {
        Self {
            activation: activation.id,
            material: Material::Secret(activation.secret),
            misses: 0,
            held_until: UnixTime::EPOCH,
            questions: Vec::with_capacity(Self::MOST),
        }
    }

    /// Returns a copy of a device that was not activated yet.
    pub(crate) fn copied(&self) -> Self {
        let material = match &self.material {
            Material::Secret(secret) => Material::Secret(*secret),
            Material::Key(key) => Material::Key(*key),
        };
        let (activation, questions) = (self.activation, Vec::with_capacity(Self::MOST));
        Self { activation, material, misses: 0, held_until: UnixTime::EPOCH, questions }
    }

    /// Returns the public key, if the activation was answered.
    pub(crate) fn key(&self) -> Option<&PublicKey> {
        match &self.material {
            Material::Key(key) => Some(key),
            Material::Secret(_) => None,
        }
    }

    /// Returns the key of the device that an answer names, if it is this one.
    pub(crate) fn key_of(&self, answer: &Signed) -> Option<&PublicKey> {
        self.key().filter(|key| key.device() == answer.device)
    }

    /// Returns the challenge that an answer names.
    pub(crate) fn question(&self, answer: &Signed) -> Option<&Question> {
        self.questions.iter().find(|question| question.id == answer.id)
    }

    pub(crate) fn is_of(&self, answer: &ActivationAnswer) -> bool {
        self.activation == answer.id
    }

    /// Returns the key of an answer to the activation, if its proof is right.
    pub(crate) fn proven(&self, answer: &ActivationAnswer) -> Option<PublicKey> {
        let Material::Secret(secret) = &self.material else { return None };
        let key = PublicKey::from_uncompressed(&answer.key)?;
        let signed = Activation::signed(&answer.account, &answer.id, secret, &answer.key);
        key.verifies(&signed, &answer.proof).then_some(key)
    }

    pub(crate) fn activate(&mut self, key: PublicKey) {
        self.material = Material::Key(key);
    }

    /// Adds a challenge for this transaction. The oldest one that has ended gives way if there is no room.
    ///
    /// Returns `None` without a key, or if all challenges are pending.
    pub(crate) fn ask(
        &mut self,
        account: &AccountId,
        login: Tag,
        details: &Details,
        random: &[u8; 32],
        now: UnixTime,
    ) -> Option<()> {
        if self.questions.len() >= Self::MOST {
            let ended = self.questions.iter().position(|question| !question.is_live(now))?;
            self.questions.remove(ended);
        }
        let (id, rest) = random.split_first_chunk()?;
        let number = Number::draw(*rest.first_chunk()?, details.matching);
        let expires = now.saturating_add(details.secs.into());
        let (id, matching, status) = (*id, details.matching, Status::Pending);
        let mut question = Question { id, digest: [0; 32], login, number, matching, status, expires };
        question.digest = self.challenge(account, details, &question)?.digest();
        self.questions.push(question);
        Some(())
    }

    /// Returns the message of a challenge, or `None` if it had other details.
    pub(crate) fn notification(
        &self,
        question: &Question,
        account: &AccountId,
        details: &Details,
        (authenticator, name): (AuthenticatorNumber, DisplayName),
    ) -> Option<Notification> {
        let challenge = self.challenge(account, details, question)?;
        let (number, message, expires) = (question.shown(), challenge.message(), challenge.expires);
        let notification = Notification { number, message, authenticator, name, expires };
        (challenge.digest() == question.digest).then_some(notification)
    }

    fn challenge(&self, account: &AccountId, details: &Details, question: &Question) -> Option<Challenge> {
        let Details { relying_party, place, time, matching, .. } = details.clone();
        Some(Challenge {
            account: account.as_str().into(),
            device: self.key()?.device(),
            id: question.id,
            relying_party,
            place,
            time,
            matching,
            number: if matching.is_typed() { String::new() } else { question.shown() },
            expires: question.expires,
        })
    }
}

impl Kept for Push {
    fn kind(&self) -> Kind {
        Kind::Push
    }

    fn encoded_len(&self) -> usize {
        let material = match self.material {
            Material::Secret(_) => 16,
            Material::Key(_) => PublicKey::LEN,
        };
        16 + 1 + material + 1 + 5 + self.questions.len() * Question::LEN
    }

    fn reserved_len(&self) -> usize {
        16 + 1 + PublicKey::LEN + 1 + 5 + Self::MOST * Question::LEN
    }

    fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.activation);
        match &self.material {
            Material::Secret(secret) => {
                bytes.push(0);
                bytes.extend(secret);
            }
            Material::Key(key) => {
                bytes.push(1);
                bytes.extend(key.as_bytes());
            }
        }
        bytes.push(self.misses);
        bytes.extend(self.held_until.to_be_bytes());
        self.questions.iter().for_each(|question| bytes.extend(question.encode()));
    }

    fn decode(bytes: &mut [u8]) -> Result<Self, usize> {
        let length = bytes.len();
        let (head, rest) = bytes.split_first_chunk_mut::<17>().ok_or(0_usize)?;
        declassify(head);
        let [activation @ .., tag] = *head;
        let (material, rest) = match tag {
            0 => {
                let (secret, rest) = rest.split_first_chunk_mut().ok_or(17_usize)?;
                (Material::Secret(*secret), rest)
            }
            1 => {
                let (key, rest) = rest.split_first_chunk_mut().ok_or(17_usize)?;
                declassify(key);
                (Material::Key(PublicKey::from_stored(*key)), rest)
            }
            _ => return Err(16),
        };
        let at = length - rest.len();
        let (misses, rest) = rest.split_first_mut().ok_or(at)?;
        declassify(slice::from_mut(misses));
        let (held_until, mut rest) = rest.split_first_chunk_mut().ok_or(at + 1)?;
        declassify(held_until);
        let held_until = UnixTime::from_be_bytes(*held_until).ok_or(at + 1)?;
        let mut questions = Vec::with_capacity(Self::MOST);
        while !rest.is_empty() {
            let offset = length - rest.len();
            if questions.len() >= Self::MOST {
                return Err(offset);
            }
            let (question, others) = rest.split_first_chunk_mut::<{ Question::LEN }>().ok_or(offset)?;
            // Only the number is secret.
            let (before, after) = question.split_at_mut(Question::NUMBER_AT);
            declassify(before);
            declassify(after.get_mut(4..).unwrap_or_default());
            questions.push(Question::decode(question).map_err(|at| offset + at)?);
            rest = others;
        }
        Ok(Self { activation, material, misses: *misses, held_until, questions })
    }

    /// Compares the code of a confirmation, which the app shows once it is activated.
    fn compare(&self, answer: &Answer<'_>) -> Result<Comparison<'_>, Refusal> {
        let right = confirmation_code(&self.key().ok_or(Refusal::Unconfirmed)?.device());
        let code = answer.codes.first().map_or(SubmittedCode::new(""), |code| SubmittedCode::new(code));
        let code = code.code(right.digits()).map_err(Refusal::Malformed)?;
        let mut found = Match::default();
        found.add(0, is_equal(code.as_bytes(), right.as_bytes()), 0);
        Ok(Comparison::Match(found))
    }

    /// Ends the open challenge of the transaction, which has become a login in another way.
    fn end_questions(&mut self, login: &Transaction) {
        for question in &mut self.questions {
            if login.is(&question.login) && question.status.is_open() {
                question.status = Status::Used;
            }
        }
    }

    fn takes(&self, stage: Stage) -> bool {
        stage == Stage::Confirmation
    }

    /// Ends all pushes, with which a login may have been accepted.
    fn after_restore(&mut self, _: &Policy, _: UnixTime) {
        self.questions.clear();
    }

    fn is_activated(&self) -> bool {
        self.key().is_some()
    }

    fn confirmation_secs(&self, policy: &Policy) -> u32 {
        policy.enrollment_secs.get().min(Self::ACTIVATION_SECS)
    }

    fn shares_secret(&self, other: &Self) -> bool {
        self.activation == other.activation || self.key().is_some() && self.key() == other.key()
    }
}

impl Drop for Material {
    fn drop(&mut self) {
        if let Self::Secret(secret) = self {
            secret.as_mut_slice().zeroize();
        }
    }
}

impl core::fmt::Debug for Material {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(if matches!(self, Self::Secret(_)) { "Secret(..)" } else { "Key(..)" })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails so")]

    use super::*;

    /// An account reserves room for the key and for as many challenges as there can be, so that it never refuses to
    /// ask.
    #[test]
    fn room_for_all_challenges_is_reserved() {
        let account = AccountId::new("maria").unwrap();
        let mut app = Push::new(&Activation::new(&account, "idp.example.it", "Maria Rossi", &[7; 32]).unwrap());
        let reserved = app.reserved_len();
        app.activate(PublicKey::from_stored([2; PublicKey::LEN]));
        let details = Details::new("INPS", "Bari", "09:30").unwrap();
        for _ in 0..Push::MOST {
            app.ask(&account, [1; 16], &details, &[7; 32], UnixTime::EPOCH).unwrap();
        }
        assert_eq!((app.encoded_len(), app.reserved_len()), (reserved, reserved));
    }
}
