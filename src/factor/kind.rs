//! The interface of a kind of authenticator to its account.

use alloc::vec::Vec;

use crate::codes::Key;
use crate::codes::search::{Match, Search};
use crate::ct::declassify::public;
use crate::ct::select::is_equal;
use crate::decision::{Progress, Refusal, Stage};
use crate::hsm::HsmKey;
use crate::policy::Policy;
use crate::types::{Algorithm, Counter, Secret, Transaction, UnixTime};

/// The kind of an authenticator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// One-time passwords of a counter (RFC 4226).
    Hotp,
    /// One-time passwords of the time (RFC 6238).
    Totp,
    /// Codes that are sent in text messages: see [`Destination`](crate::factor::Destination).
    Sms,
    /// Codes that are spoken in telephone calls.
    Voice,
    /// Codes that are sent by mail. They confirm an address, and are no second factor.
    Mail,
    /// An authenticator that other software judges: see [`External`](crate::factor::External).
    External,
    /// Recovery codes, which NIST SP 800-63B-4 section 3.1.2 calls look-up secrets: see
    /// [`RecoveryCodes`](crate::factor::RecoveryCodes).
    LookUp,
    /// A token that answers challenges (RFC 6287): see [`ocra::Token`](crate::factor::ocra::Token).
    Ocra,
    /// A browser that is remembered, which is no authenticator: see [`Verifier::remember`](crate::Verifier::remember).
    Browser,
    /// A code that an operator issued, which is no authenticator: see
    /// [`EnrollmentCode`](crate::factor::EnrollmentCode).
    EnrollmentCode,
    /// An app that signs the answers to notifications: see [`push`](crate::push).
    #[cfg(feature = "push")]
    Push,
    /// The kind that only the tests of this crate have.
    #[cfg(all(test, feature = "std"))]
    Words,
}

impl Kind {
    /// All kinds, in the order of the variants.
    const ALL: &[Self] = &[
        Self::Hotp,
        Self::Totp,
        Self::Sms,
        Self::Voice,
        Self::Mail,
        Self::External,
        Self::LookUp,
        Self::Ocra,
        Self::Browser,
        Self::EnrollmentCode,
        #[cfg(feature = "push")]
        Self::Push,
        #[cfg(all(test, feature = "std"))]
        Self::Words,
    ];

    /// Returns the kind with this number, in the order of the variants.
    ///
    /// A number can be selected without a branch, and becomes a kind once it is public.
    pub(crate) fn at(number: u8) -> Self {
        Self::ALL.get(usize::from(number)).copied().unwrap_or(Self::External)
    }

    /// Returns `true` if it is a restricted authenticator (NIST SP 800-63B-4 section 3.2.9): one that needs a telephone
    /// number. The provider must offer another one as well, and tell subscribers of the risk.
    #[must_use]
    pub const fn is_restricted(self) -> bool {
        matches!(self, Self::Sms | Self::Voice)
    }

    /// Returns the values of the claim `amr` that an accepted answer of this kind adds (RFC 8176 section 2).
    pub(crate) const fn amr(self) -> &'static [&'static str] {
        match self {
            Self::Hotp | Self::Totp | Self::Ocra => &["otp"],
            Self::Sms => &["sms"],
            Self::Voice => &["tel"],
            // The other software knows its methods, and RFC 8176 names none for a recovery code.
            Self::External | Self::LookUp => &[],
            Self::Mail | Self::Browser | Self::EnrollmentCode => &[],
            // Proof of possession of a key.
            #[cfg(feature = "push")]
            Self::Push => &["pop"],
            #[cfg(all(test, feature = "std"))]
            Self::Words => &["kba"],
        }
    }
}

/// The length in bytes from which a secret has the 112 bits of strength that AAL2 needs (NIST SP 800-63B-4 sections
/// 3.1.4.1 and 3.1.5.1).
pub(crate) const AAL2_SECRET_LEN: usize = 14;
/// The number of seconds after which AAL2 needs another time step (the same sections).
pub(crate) const AAL2_STEP_SECS: u32 = 120;

/// The state that a kind keeps in an account, and its part in the account's decisions.
pub(crate) trait Kept {
    fn kind(&self) -> Kind;

    /// Returns the length of the kind's own state in bytes.
    fn encoded_len(&self) -> usize;

    /// Returns the greatest length that the kind's own state has after any number of questions and answers.
    fn reserved_len(&self) -> usize {
        self.encoded_len()
    }

    /// Writes the kind's own state.
    fn encode(&self, bytes: &mut Vec<u8>);

    /// Reads the kind's own state. The error is the offset of the first invalid byte.
    fn decode(bytes: &mut [u8]) -> Result<Self, usize>
    where
        Self: Sized;

    /// Returns the comparison of an answer with this authenticator, or a refusal if there is nothing to compare.
    fn compare(&self, _: &Answer<'_>) -> Result<Comparison<'_>, Refusal> {
        Err(Refusal::NoCodes)
    }

    /// Stores the use of a matching answer if the match is fresh.
    ///
    /// Neither a branch nor a memory address may depend on the match.
    fn accept(&mut self, _: &Match, _: &Answer<'_>) -> Computation {
        Computation::default()
    }

    /// Ends the questions of a transaction in which an answer was accepted.
    fn end_questions(&mut self, _: &Transaction) {}

    /// Returns `true` if answers can be compared with it at this stage.
    fn takes(&self, _: Stage) -> bool {
        true
    }

    /// Returns `true` if its first answer confirms it. Without a confirmation it is active at once.
    fn is_confirmed_by_answer(&self) -> bool {
        self.takes(Stage::Confirmation)
    }

    /// Returns `false` if its device has to answer an activation before it can be confirmed.
    fn is_activated(&self) -> bool {
        true
    }

    /// Returns the time in seconds in which it must be confirmed.
    fn confirmation_secs(&self, policy: &Policy) -> u32 {
        policy.enrollment_secs.get()
    }

    /// Returns the time at which it ends by itself, if there is one.
    fn expires(&self) -> Option<UnixTime> {
        None
    }

    /// Returns `true` if it is an authenticator or an address of the subscriber, and `false` if it is only remembered.
    fn is_authenticator(&self) -> bool {
        true
    }

    /// Returns `true` if a login with it shows a second factor, so that an account which has it confirmed needs no
    /// other one.
    fn is_second_factor(&self) -> bool {
        self.is_authenticator()
    }

    /// Returns `false` if a login with it never counts as NIST AAL2.
    fn counts_for_aal2(&self) -> bool {
        true
    }

    /// Returns `true` if it suffices as the only authenticator of an account, so that the others may be revoked while
    /// it is active.
    fn can_be_last(&self) -> bool {
        self.is_second_factor()
    }

    /// Returns `true` if an account has at most one authenticator of this kind, so that a new one ends the earlier one.
    fn is_single(&self) -> bool {
        false
    }

    /// Marks the counters below this one as used, if it has a counter.
    fn start_at(&mut self, _: Counter) {}

    /// Takes over the progress from another system. It never makes a used code usable again. The error is the last used
    /// time step, if it is implausible.
    fn import(&mut self, _: &Progress) -> Result<(), Counter> {
        Ok(())
    }

    /// Ends, or marks as used, whatever a login may have used since the backup from which the account was restored, as
    /// far as that can be known.
    fn after_restore(&mut self, policy: &Policy, now: UnixTime);

    /// Ends a lock of the kind's own, if it has one, for an operator who unlocks the account.
    fn restart(&mut self) {}

    /// Returns the number of answers to the login field that are correct at one moment.
    fn right_answers(&self, _: &Policy) -> u8 {
        0
    }

    /// Returns `true` if both have the same secret.
    fn shares_secret(&self, other: &Self) -> bool
    where
        Self: Sized;
}

/// Returns `true` if two secrets are the same, or the same key of HMAC, which pads short secrets and hashes long ones.
pub(crate) fn is_same_secret((of_a, a): (Algorithm, &Secret), (of_b, b): (Algorithm, &Secret)) -> bool {
    public(is_equal(a.padded(), b.padded()) != 0) || of_a == of_b && Key::new(of_a, a).is_equal(&Key::new(of_b, b))
}

/// The codes that somebody submitted, with all that a kind needs to judge them.
pub(crate) struct Answer<'a> {
    pub(crate) login: &'a Transaction,
    /// One code for a login or a confirmation, or consecutive codes for a resynchronization.
    pub(crate) codes: &'a [&'a str],
    pub(crate) stage: Stage,
    pub(crate) policy: &'a Policy,
    pub(crate) now: UnixTime,
}

/// The comparison of an answer with one authenticator.
pub(crate) enum Comparison<'a> {
    /// The result.
    Match(Match),
    /// A search that needs the values of its counters under this key.
    Search(Search, SearchKey<'a>),
    /// A search that needs the values of its counters from the hardware security module.
    Hsm(Search, Algorithm, &'a HsmKey),
}

impl Comparison<'_> {
    pub(crate) fn search(&self) -> Option<(&Search, &Key)> {
        match self {
            Self::Search(search, key) => Some((search, key.get())),
            Self::Match(_) | Self::Hsm(..) => None,
        }
    }

    /// Returns `true` if it is a search that [is behind](Search::is_behind).
    pub(crate) fn is_behind(&self) -> bool {
        match self {
            Self::Search(search, _) | Self::Hsm(search, ..) => search.is_behind(),
            Self::Match(_) => false,
        }
    }

    /// Returns the result, after a search with what is left of it. A search in the hardware security module has none.
    pub(crate) fn finish(&mut self) -> Match {
        match self {
            Self::Match(found) => *found,
            Self::Search(search, key) => search.run(key.get()),
            Self::Hsm(..) => Match::default(),
        }
    }
}

/// The key of a search.
pub(crate) enum SearchKey<'a> {
    Prepared(&'a Key),
    Computed(Key),
}

impl SearchKey<'_> {
    fn get(&self) -> &Key {
        match self {
            Self::Prepared(key) => key,
            Self::Computed(key) => key,
        }
    }
}

/// The numbers of a match for the caller. They are arbitrary if the match is not fresh.
#[derive(Clone, Copy, Default)]
pub(crate) struct Computation {
    /// The time step (TOTP) or counter (HOTP) of the code, otherwise 0.
    pub(crate) counter: u64,
    /// The number of time steps that the code is ahead of the verifier's clock.
    pub(crate) drift: i64,
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::Kind;

    #[test]
    fn every_kind_is_found_by_its_number() {
        for (number, kind) in (0..).zip(Kind::ALL) {
            assert_eq!((Kind::at(number), *kind as u8), (*kind, number));
        }
        assert_eq!(Kind::ALL.last(), Some(&Kind::Words));
    }
}
