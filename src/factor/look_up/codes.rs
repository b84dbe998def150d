use alloc::string::String;
use core::fmt::{self, Write};

use sha2::{Digest, Sha256};
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::hash::Hashing;
use super::set::{Form, LookUp};
use super::text;
use crate::types::SecretText;

const LABEL: &[u8] = b"secondo recovery codes";

/// A new set of ten recovery codes, to be enrolled and then shown once.
///
/// A subscriber who loses an authenticator types one of the codes: see [`Verifier::recover`](crate::Verifier::recover).
/// Each code is accepted once. It has digits, and letters without I, L, O and U, in groups of four. Its last character
/// tells a typing error from a wrong code. It may be typed in lower case, without hyphens, and with O for 0 or with I
/// or L for 1.
///
/// Enroll the set like an authenticator. A new set ends the earlier one. The account keeps only hashes, so that the
/// codes cannot be shown again.
///
/// ```
/// use secondo::factor::RecoveryCodes;
///
/// let random = [7; 32]; // in production: 32 bytes of a random number generator
/// let codes = RecoveryCodes::new(&random);
/// // verifier.enroll(&maria, &login, &codes, now).await?;
/// assert_eq!(codes.texts().next().unwrap().as_str().len(), "K7QF-M2XA-9PTR-4WZNC".len());
/// assert_eq!(codes.to_page().as_str().lines().count(), 10);
/// ```
pub struct RecoveryCodes {
    /// The codes one after another.
    characters: Zeroizing<[u8; Self::COUNT * RecoveryCodes::LONG]>,
    /// The number of characters of each.
    len: usize,
    salt: [u8; 16],
}

impl RecoveryCodes {
    /// The number of codes in a set.
    pub const COUNT: usize = 10;
    /// The numbers of characters of codes with 80 and with 120 bits.
    const SHORT: usize = 16 + 1;
    const LONG: usize = 24 + 1;

    /// Creates codes of 80 bits each, from 32 random bytes.
    ///
    /// Both the count of failures and a password hash protect them.
    #[must_use]
    pub fn new(random: &[u8; 32]) -> Self {
        Self::of_len(Self::SHORT, random)
    }

    /// Creates codes of 120 bits each, from 32 random bytes.
    ///
    /// They are longer to type, and so strong that a fast hash protects them (NIST SP 800-63B-4 section 3.1.2.2).
    #[must_use]
    pub fn long(random: &[u8; 32]) -> Self {
        Self::of_len(Self::LONG, random)
    }

    fn of_len(len: usize, random: &[u8; 32]) -> Self {
        let derive = |number: u8| {
            let mut derived = Zeroizing::new([0; 32]);
            let hash = Sha256::new().chain_update(LABEL).chain_update(random).chain_update([number]);
            hash.finalize_into((&mut *derived).into());
            derived
        };
        let mut codes = Self { characters: Zeroizing::new([0; _]), len, salt: [0; 16] };
        for (number, code) in (1..).zip(codes.characters.chunks_exact_mut(len).take(Self::COUNT)) {
            text::write(code, &*derive(number));
        }
        if let Some(salt) = derive(0).first_chunk() {
            codes.salt = *salt;
        }
        codes
    }

    /// Returns the codes in groups, to show each of them.
    pub fn texts(&self) -> impl Iterator<Item = SecretText> {
        self.codes().map(|code| {
            let mut text = String::with_capacity(2 * Self::LONG);
            put(&mut text, code);
            SecretText::new(text)
        })
    }

    /// Returns the codes as numbered lines, to be printed or saved.
    #[must_use]
    pub fn to_page(&self) -> SecretText {
        // Large enough from the start: reallocation would leave a copy of the codes behind.
        let mut page = String::with_capacity(Self::COUNT * (2 * Self::LONG + 8));
        for (number, code) in (1..).zip(self.codes()) {
            // Writing into a string cannot fail.
            let _ = write!(page, "{number:>2}  ");
            put(&mut page, code);
            page.push('\n');
        }
        SecretText::new(page)
    }

    fn codes(&self) -> impl Iterator<Item = &[u8]> {
        self.characters.chunks_exact(self.len).take(Self::COUNT)
    }

    /// Hashes the codes for the account.
    pub(crate) fn to_set(&self) -> LookUp {
        // Five bits for each symbol.
        let bits = if self.len == Self::LONG { 120 } else { 80 };
        let hashing = Hashing::of_bits(bits, self.salt);
        LookUp::new(Form::Checked, self.len, bits, hashing, self.codes().map(|code| hashing.hash(code)))
    }
}

/// Writes a code in groups of four characters. The check symbol belongs to the last group.
pub(super) fn put(text: &mut String, code: &[u8]) {
    let groups = code.len() / 4;
    for (at, character) in code.iter().enumerate() {
        if at > 0 && at.is_multiple_of(4) && at / 4 < groups {
            text.push('-');
        }
        text.push(char::from(*character));
    }
}

impl ZeroizeOnDrop for RecoveryCodes {}

impl fmt::Debug for RecoveryCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCodes(..)")
    }
}
