use alloc::string::String;
use core::fmt;
use core::time::Duration;

use sha2::{Digest, Sha256};
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::codes::put;
use super::hash::{Hash, Hashing};
use super::text;
use crate::types::SecretText;

const LABEL: &[u8] = b"secondo enrollment code";

/// A code that an operator issues to a subscriber who has lost every authenticator, to enroll the next one.
///
/// It is never a login: [`Verifier::enroll_with_code`](crate::Verifier::enroll_with_code) accepts it in one
/// transaction, after the password, and the subscriber logs in with the authenticator that was enrolled. The operator
/// identifies the subscriber as carefully as at the first enrollment, and passes the code on in person or to a
/// validated address (NIST SP 800-63B-4 section 4.2, SP 800-63A-4 section 3.12).
///
/// It has 80 random bits in the form of a [recovery code](crate::factor::RecoveryCodes).
///
/// ```
/// # #[cfg(feature = "std")] {
/// # pollster::block_on(async {
/// use std::time::Duration;
///
/// use secondo::audit::Operator;
/// use secondo::factor::EnrollmentCode;
/// # use secondo::{AccountId, Algorithm, Authenticator, Policy, Secret, State, Totp, Transaction, UnixTime, Verifier};
/// # let verifier = Verifier::unsealed(secondo::store::Memory::new(), Policy::default());
/// # let maria = AccountId::new("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")?;
/// # let phone = |byte| Secret::from_bytes(&[byte; 20]).map(|secret| Authenticator::new(Totp::default(),
/// Algorithm::Sha1, secret));
/// # let (login, now) = (Transaction::new(&[2; 16])?, UnixTime::from_secs(1_111_111_111)?);
/// # let desk = Operator::new("desk 7", "everything lost");
/// # verifier.import(&maria, &[(phone(1)?.into(), State::new().confirmed())], desk, now).await?;
/// # let new_phone = phone(2)?;
///
/// // The help desk. In production, the bytes are of a random number generator.
/// let code = EnrollmentCode::new(Duration::from_secs(60 * 60), &[7; 32])?;
/// verifier.issue_enrollment_code(&maria, &code, desk, now).await?;
/// let told = code.text(); // such as K7QF-M2XA-9PTR-4WZNC
///
/// // The page, after the password. It shows the new secret, and takes the first code of the new phone.
/// let number = verifier.enroll_with_code(&maria, &login, told.as_str(), &new_phone, now).await?.number;
/// let first_code = new_phone.totp_code(now).ok_or("TOTP")?;
/// let confirmed = verifier.confirm(&maria, &login, number, first_code.as_str(), now).await?;
/// assert!(confirmed.login().is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct EnrollmentCode {
    characters: Zeroizing<[u8; Self::LEN]>,
    salt: [u8; 16],
    pub(super) validity_secs: u32,
}

impl EnrollmentCode {
    /// The minimum validity: a minute.
    pub const MIN_VALIDITY: Duration = Duration::from_secs(60);
    /// The maximum validity: 21 days, for a code that is sent by post (NIST SP 800-63A-4 section 3.12).
    pub const MAX_VALIDITY: Duration = Duration::from_secs(21 * 24 * 60 * 60);
    /// The number of characters, the check symbol included.
    pub(super) const LEN: usize = 16 + 1;

    /// Creates a code from 32 random bytes. It can be used for this time after it is issued.
    ///
    /// # Errors
    ///
    /// Returns [`EnrollmentCodeError`] if the validity is not [`Self::MIN_VALIDITY`] to [`Self::MAX_VALIDITY`].
    pub fn new(validity: Duration, random: &[u8; 32]) -> Result<Self, EnrollmentCodeError> {
        let secs = u32::try_from(validity.as_secs()).ok();
        let is_allowed = (Self::MIN_VALIDITY..=Self::MAX_VALIDITY).contains(&validity);
        let validity_secs = secs.filter(|_| is_allowed).ok_or(EnrollmentCodeError { found: validity })?;
        let derive = |purpose: u8| {
            let mut derived = Zeroizing::new([0; 32]);
            let hash = Sha256::new().chain_update(LABEL).chain_update(random).chain_update([purpose]);
            hash.finalize_into((&mut *derived).into());
            derived
        };
        let mut characters = Zeroizing::new([0; Self::LEN]);
        text::write(&mut *characters, &*derive(1));
        let salt = derive(0).first_chunk().copied().unwrap_or_default();
        Ok(Self { characters, salt, validity_secs })
    }

    /// Returns the code in groups, to be shown once, read out or printed.
    #[must_use]
    pub fn text(&self) -> SecretText {
        let mut text = String::with_capacity(2 * Self::LEN);
        put(&mut text, &*self.characters);
        SecretText::new(text)
    }

    /// Hashes the code for the account.
    pub(super) fn hashed(&self) -> (Hashing, Hash) {
        let hashing = Self::hashing(self.salt);
        (hashing, hashing.hash(&*self.characters))
    }

    pub(super) const fn hashing(salt: [u8; 16]) -> Hashing {
        // Five bits for each symbol.
        Hashing::of_bits(80, salt)
    }
}

impl ZeroizeOnDrop for EnrollmentCode {}

impl fmt::Debug for EnrollmentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnrollmentCode(..)")
    }
}

/// A validity of an enrollment code that is too short or too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnrollmentCodeError {
    /// The validity.
    pub found: Duration,
}

impl EnrollmentCodeError {
    /// Returns a short name of the error, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        "enrollment_code"
    }
}

impl fmt::Display for EnrollmentCodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an enrollment code must be valid for 1 minute to 21 days, not {:?}", self.found)
    }
}

impl core::error::Error for EnrollmentCodeError {}
