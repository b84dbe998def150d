use core::fmt;

use super::error::RecoveryCodesError;
use super::hash::{Hash, Hashing};
use super::set::{Form, LookUp};
use super::text::Entered;

/// Recovery codes of another system, hashed and ready for [`Verifier::import`](crate::Verifier::import).
///
/// The entropy of each code decides its limits. Below 20 bits, which six decimal digits have, a login with a code never
/// counts as NIST AAL2. Below 64 bits, a wrong code counts on the account like a wrong one-time
/// password, and no code is accepted while the account is locked. From 64 bits, the set has a count of its own. Below
/// 112 bits, the codes are kept under a salted password hash.
///
/// Spaces, hyphens and the case of letters do not matter. No other characters are mistaken for each other.
///
/// ```
/// use secondo::State;
/// use secondo::factor::{ImportedRecoveryCodes, NewAuthenticator, RecoveryCodesError};
///
/// let salt = [7; 16]; // in production: 16 bytes of a random number generator
/// let codes = ImportedRecoveryCodes::from_texts(["geo3x2ab", "7sk2pq4d"], 40, &salt)?;
/// let imported = [(NewAuthenticator::from(codes), State::new().confirmed())];
/// // verifier.import(&maria, &imported, operator, now).await?;
/// # Ok::<(), RecoveryCodesError>(())
/// ```
pub struct ImportedRecoveryCodes(LookUp);

impl ImportedRecoveryCodes {
    /// The maximum number of codes in a set.
    pub const MAX_CODES: usize = LookUp::MAX_CODES;

    /// Creates a set from the texts of its unused codes, which have `bits` bits of entropy each.
    ///
    /// # Errors
    ///
    /// Returns [`RecoveryCodesError`] if there are no codes or more than [`Self::MAX_CODES`], or if a code is empty or
    /// longer than 64 bytes.
    pub fn from_texts<'a>(
        codes: impl IntoIterator<Item = &'a str>,
        bits: u8,
        salt: &[u8; 16],
    ) -> Result<Self, RecoveryCodesError> {
        let hashing = Hashing::of_bits(bits, *salt);
        let mut hashes = Hashes::default();
        let mut lens = None;
        for code in codes {
            let entered = Entered::new(code);
            if entered.characters().is_empty() {
                return Err(RecoveryCodesError::Length(code.len()));
            }
            // A set of codes of different lengths has no length that a typed text could be checked for.
            lens = Some(if lens.is_none_or(|len| len == entered.len()) { entered.len() } else { 0 });
            hashes.add(|| hashing.hash(entered.characters()));
        }
        hashes.into_set(Form::Text, lens.unwrap_or(0), bits, hashing)
    }

    /// Creates a set from the SHA-512 hashes of its unused codes in upper case, without hyphens. The codes have `len`
    /// characters and `bits` bits of entropy each.
    ///
    /// # Errors
    ///
    /// Returns [`RecoveryCodesError`] if there are no codes or more than [`Self::MAX_CODES`], or if `len` is 0 or more
    /// than 64.
    pub fn from_sha512(
        hashed: impl IntoIterator<Item = [u8; 64]>,
        len: u8,
        bits: u8,
        salt: &[u8; 16],
    ) -> Result<Self, RecoveryCodesError> {
        let len = usize::from(len);
        if !(1..=Entered::MAX_LEN).contains(&len) {
            return Err(RecoveryCodesError::Length(len));
        }
        let hashing = Hashing::of_bits(bits, *salt);
        let mut hashes = Hashes::default();
        hashed.into_iter().for_each(|of_code| hashes.add(|| hashing.hash(&of_code)));
        hashes.into_set(Form::Sha512, len, bits, hashing)
    }

    pub(crate) fn into_set(self) -> LookUp {
        self.0
    }
}

impl fmt::Debug for ImportedRecoveryCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ImportedRecoveryCodes({:?})", self.0)
    }
}

/// The hashes of the first codes, and the number of all.
#[derive(Default)]
struct Hashes {
    first: [Hash; LookUp::MAX_CODES],
    count: usize,
}

impl Hashes {
    /// Adds a code if there is room for it, and counts it.
    fn add(&mut self, hash: impl FnOnce() -> Hash) {
        if let Some(slot) = self.first.get_mut(self.count) {
            *slot = hash();
        }
        self.count += 1;
    }

    fn into_set(
        self,
        form: Form,
        len: usize,
        bits: u8,
        hashing: Hashing,
    ) -> Result<ImportedRecoveryCodes, RecoveryCodesError> {
        match self.first.get(..self.count) {
            Some(hashes @ [_, ..]) => {
                Ok(ImportedRecoveryCodes(LookUp::new(form, len, bits, hashing, hashes.iter().copied())))
            }
            _ => Err(RecoveryCodesError::Count(self.count)),
        }
    }
}
