//! A kind for tests: a list of two words, each of which is accepted once. It shows that the joint carries kinds that
//! are not one-time passwords.

use alloc::vec::Vec;

use cmov::Cmov;

use super::kind::{Answer, Comparison, Computation, Kept, Kind};
use crate::codes::search::Match;
use crate::ct::select::is_equal;
use crate::decision::Refusal;
use crate::policy::Policy;
use crate::types::UnixTime;

#[derive(Debug)]
pub(crate) struct Words {
    words: [[u8; 8]; 2],
    used: [u8; 2],
}

impl Words {
    pub(crate) fn new(words: [&[u8; 8]; 2]) -> Self {
        Self { words: words.map(|word| *word), used: [0; 2] }
    }

    pub(super) const fn copied(&self) -> Self {
        Self { words: self.words, used: self.used }
    }
}

impl Kept for Words {
    fn kind(&self) -> Kind {
        Kind::Words
    }

    fn encoded_len(&self) -> usize {
        18
    }

    fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.used);
        bytes.extend(self.words.as_flattened());
    }

    fn decode(bytes: &mut [u8]) -> Result<Self, usize> {
        let (used, words) = bytes.split_first_chunk().ok_or(0_usize)?;
        let ([first, second], []) = words.as_chunks() else { return Err(2) };
        Ok(Self { words: [*first, *second], used: *used })
    }

    fn compare(&self, answer: &Answer<'_>) -> Result<Comparison<'_>, Refusal> {
        let text = answer.codes.first().map_or(&[][..], |code| code.as_bytes());
        let mut found = Match::default();
        for (counter, (word, used)) in (0..).zip(self.words.iter().zip(self.used)) {
            found.add(counter, is_equal(word, text), used);
        }
        Ok(Comparison::Match(found))
    }

    fn accept(&mut self, found: &Match, _: &Answer<'_>) -> Computation {
        for (place, used) in (0..).zip(&mut self.used) {
            used.cmovnz(&1, found.fresh() & u8::from(found.counter().get() == place));
        }
        Computation { counter: found.counter().get(), drift: 0 }
    }

    /// Does nothing: words have no time.
    fn after_restore(&mut self, _: &Policy, _: UnixTime) {}

    fn right_answers(&self, _: &Policy) -> u8 {
        2
    }

    fn shares_secret(&self, other: &Self) -> bool {
        self.words == other.words
    }
}
