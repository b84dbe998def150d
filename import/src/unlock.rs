use core::fmt;

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce, Tag};
use secondo::Digits;
use secondo::formats::pskc::Credential;
use secondo::formats::usersfile;
use zeroize::Zeroizing;

use crate::Problem;

/// The passphrase or key of a file, the number of digits that a usersfile does not have, and the limits on the cost of
/// reading.
///
/// The cost of decryption is written in the file, so that anybody who can write a file chooses it. A derivation that
/// would exceed a limit is not begun, and the file is rejected with [`Problem::Cost`].
#[derive(Clone, Copy)]
pub struct Unlock<'a> {
    credential: Credential<'a>,
    takes_plain_secrets: bool,
    max_iterations: u32,
    max_scrypt: u64,
    max_codes: u64,
    digits: Option<Digits>,
}

impl<'a> Unlock<'a> {
    /// The default limit on PBKDF2 iterations, more than ten times what the apps write. They take about a second.
    pub const MAX_ITERATIONS: u32 = 2_000_000;
    /// The default limit on `N·r·p` of scrypt: four times what Aegis writes. Each unit takes 128 bytes of memory, 128
    /// MiB in all.
    pub const MAX_SCRYPT: u64 = 1 << 20;
    /// The default limit on the codes that are computed for a usersfile.
    pub const MAX_CODES: u64 = usersfile::Reader::<'_>::BUDGET;

    /// Creates a value without a passphrase or key, with the default limits.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            credential: Credential::None,
            takes_plain_secrets: false,
            max_iterations: Self::MAX_ITERATIONS,
            max_scrypt: Self::MAX_SCRYPT,
            max_codes: Self::MAX_CODES,
            digits: None,
        }
    }

    /// Sets the passphrase, in the place of a key. A file that is not encrypted is read without it, except that PSKC
    /// with plain secrets is then rejected: see [`Self::with_plain_secrets`].
    #[must_use]
    pub const fn with_passphrase(mut self, passphrase: &'a str) -> Self {
        self.credential = Credential::Passphrase(passphrase);
        self
    }

    /// Sets the AES key that both sides share, 16, 24 or 32 bytes, in the place of a passphrase. Only PSKC has one.
    #[must_use]
    pub const fn with_key(mut self, key: &'a [u8]) -> Self {
        self.credential = Credential::Key(key);
        self
    }

    /// Accepts secrets that are not encrypted in a PSKC file that is read with a passphrase or key.
    ///
    /// An attacker who can change the file can then replace an encrypted secret with a known one.
    #[must_use]
    pub const fn with_plain_secrets(mut self) -> Self {
        self.takes_plain_secrets = true;
        self
    }

    /// Sets the limit on PBKDF2 iterations.
    #[must_use]
    pub const fn with_max_iterations(mut self, iterations: u32) -> Self {
        self.max_iterations = iterations;
        self
    }

    /// Sets the limit on `N·r·p` of scrypt, over all keys that a file has. Memory is at most 128 bytes for each.
    #[must_use]
    pub const fn with_max_scrypt(mut self, cost: u64) -> Self {
        self.max_scrypt = cost;
        self
    }

    /// Sets the limit on the codes that are computed for a usersfile, to find those of the last logins. A line of HOTP
    /// takes one code, and one of TOTP up to 3,400. A line beyond the limit is refused with
    /// [`Problem::Budget`](secondo::formats::Problem::Budget).
    #[must_use]
    pub const fn with_max_codes(mut self, codes: u64) -> Self {
        self.max_codes = codes;
        self
    }

    /// Sets the number of digits of the lines of a usersfile without a last code, as the option `digits` of `pam_oath`.
    #[must_use]
    pub const fn with_digits(mut self, digits: Digits) -> Self {
        self.digits = Some(digits);
        self
    }

    pub(crate) const fn credential(&self) -> Credential<'a> {
        self.credential
    }

    pub(crate) const fn takes_plain_secrets(&self) -> bool {
        self.takes_plain_secrets
    }

    pub(crate) const fn digits(&self) -> Option<Digits> {
        self.digits
    }

    fn passphrase(&self) -> Result<&'a str, Problem> {
        match self.credential {
            Credential::Passphrase(passphrase) => Ok(passphrase),
            _ => Err(Problem::PassphraseMissing),
        }
    }

    pub(crate) const fn max_iterations(&self) -> u32 {
        self.max_iterations
    }

    pub(crate) const fn max_codes(&self) -> u64 {
        self.max_codes
    }

    /// Derives a key with PBKDF2, with `Hash` as the hash function of HMAC.
    pub(crate) fn pbkdf2<Hash>(&self, salt: &[u8], iterations: u32) -> Result<Zeroizing<[u8; 32]>, Problem>
    where
        Hash: pbkdf2::hmac::EagerHash,
    {
        let passphrase = self.passphrase()?;
        if iterations > self.max_iterations {
            return Err(Problem::Cost { found: iterations.into(), max: self.max_iterations.into() });
        }
        let mut key = Zeroizing::new([0; 32]);
        pbkdf2::pbkdf2_hmac::<Hash>(passphrase.as_bytes(), salt, iterations, key.as_mut_slice());
        Ok(key)
    }
}

/// The scrypt costs of a file, counted together.
pub(crate) struct Scrypt<'a> {
    passphrase: &'a str,
    spent: u64,
    max: u64,
}

impl<'a> Scrypt<'a> {
    pub(crate) fn new(unlock: &Unlock<'a>) -> Result<Self, Problem> {
        let passphrase = unlock.passphrase()?;
        Ok(Self { passphrase, spent: 0, max: unlock.max_scrypt })
    }

    /// Derives a key with scrypt.
    pub(crate) fn derive(&mut self, salt: &[u8], [n, r, p]: [u32; 3]) -> Result<Zeroizing<[u8; 32]>, Problem> {
        let cost = [r, p].into_iter().fold(u64::from(n), |cost, factor| cost.saturating_mul(factor.into()));
        self.spent = self.spent.saturating_add(cost);
        if self.spent > self.max {
            return Err(Problem::Cost { found: self.spent, max: self.max });
        }
        let log_n = u8::try_from(n.trailing_zeros()).ok().filter(|_| n.is_power_of_two());
        let params =
            log_n.and_then(|log_n| scrypt::Params::new(log_n, r, p).ok()).ok_or(Problem::invalid("n, r or p"))?;
        let mut key = Zeroizing::new([0; 32]);
        let derived = scrypt::scrypt(self.passphrase.as_bytes(), salt, &params, key.as_mut_slice());
        derived.map_err(|_| Problem::invalid("n, r or p")).map(|()| key)
    }
}

impl Default for Unlock<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Unlock<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unlock")
            .field("max_iterations", &self.max_iterations)
            .field("max_scrypt", &self.max_scrypt)
            .field("max_codes", &self.max_codes)
            .finish_non_exhaustive()
    }
}

/// Decrypts in place with AES-256-GCM. The tag is checked before the text is returned.
pub(crate) fn decrypt(key: &[u8; 32], nonce: &[u8; 12], tag: &[u8; 16], text: &mut [u8]) -> Result<(), Problem> {
    let opened =
        Aes256Gcm::new(key.into()).decrypt_inout_detached(&Nonce::from(*nonce), &[], text.into(), &Tag::from(*tag));
    opened.map_err(|_| Problem::Authentication)
}

/// Removes the tag from the end of an encrypted text.
pub(crate) fn detach(text: &mut Vec<u8>) -> Result<[u8; 16], Problem> {
    let tag = *text.last_chunk().ok_or(Problem::Authentication)?;
    text.truncate(text.len() - tag.len());
    Ok(tag)
}
