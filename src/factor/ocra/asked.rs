use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use super::challenge::SignatureChallenge;
use super::inputs::{Input, InputError};
use super::question::Question;
use super::suite::Suite;
use super::transaction::TransactionDetails;
use crate::ct::declassify::public;
use crate::ct::select::is_equal;
use crate::types::{Tag, Transaction, UnixTime};

/// The subject of a challenge.
#[derive(Clone, Copy)]
pub(crate) enum Subject<'a> {
    /// A login or a confirmation, with the data of its session.
    Login(Option<&'a [u8]>),
    /// A signature of these details.
    Signature(&'a TransactionDetails<'a>),
}

/// A challenge as the account keeps it, until it is answered or expires.
pub(crate) struct Asked {
    pub(super) login: Tag,
    pub(super) is_signature: bool,
    pub(crate) expires: UnixTime,
    /// The nonce of a signature, otherwise zeros.
    pub(super) nonce: [u8; 16],
    pub(super) question: Question,
    /// Empty if the suite has none.
    pub(super) session: Zeroizing<Vec<u8>>,
}

impl Asked {
    /// Makes a challenge. `random` is 32 random bytes.
    pub(super) fn new(
        suite: &Suite,
        login: &Transaction,
        subject: &Subject<'_>,
        now: UnixTime,
        random: &[u8; 32],
    ) -> Result<Self, InputError> {
        let is_signature = subject.is_signature();
        let (session, nonce, question) = match subject {
            Subject::Login(session) => (*session, [0; 16], Question::from_random(suite.question(), random)),
            Subject::Signature(details) => {
                let nonce = random.first_chunk().copied().unwrap_or_default();
                (None, nonce, details.question(suite.question(), &nonce))
            }
        };
        let session = match (suite.session_len(), session) {
            (None, None) => &[][..],
            (Some(expected), Some(session)) if expected == session.len() => session,
            (Some(expected), Some(session)) => {
                return Err(InputError::SessionLength { expected, found: session.len() });
            }
            (Some(_), None) => return Err(InputError::Missing(Input::Session)),
            (None, Some(_)) => return Err(InputError::Unexpected(Input::Session)),
        };
        let expires = now.saturating_add(Self::secs(is_signature));
        let session = Zeroizing::new(session.to_vec());
        Ok(Self { login: *login.hash(), is_signature, expires, nonce, question, session })
    }

    /// Returns the parts that leave the account. Of a login, the nonce has no meaning.
    pub(crate) const fn challenge(&self) -> SignatureChallenge {
        SignatureChallenge { question: self.question, nonce: self.nonce, expires: self.expires }
    }

    /// Returns the time in seconds for which a response is accepted.
    ///
    /// To type a question and a PIN into a token, and the response into the page, takes less than two minutes. To
    /// compare the details of a transaction takes longer.
    const fn secs(is_signature: bool) -> u64 {
        if is_signature { 300 } else { 120 }
    }

    /// Returns `true` if a response can be accepted now.
    ///
    /// A challenge that would last longer than any comes from a machine whose clock is far ahead.
    pub(crate) fn is_live(&self, now: UnixTime) -> bool {
        /// The number of seconds by which the clocks of machines may differ.
        const SKEW: u64 = 60;

        now < self.expires && self.expires <= now.saturating_add(Self::secs(self.is_signature) + SKEW)
    }

    /// Returns `true` if the challenge has this subject. It must be of the same kind, login or signature.
    pub(crate) fn is_about(&self, subject: &Subject<'_>) -> bool {
        match subject {
            Subject::Login(session) => public(is_equal(&self.session, session.unwrap_or_default()) != 0),
            Subject::Signature(details) => self.question == details.question(self.question.format(), &self.nonce),
        }
    }
}

impl Subject<'_> {
    pub(crate) const fn is_signature(&self) -> bool {
        matches!(self, Self::Signature(_))
    }
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asked(..)")
    }
}
