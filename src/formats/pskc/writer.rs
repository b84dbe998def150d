use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use std::io::Write;

use rand_core::TryCryptoRng;
use zeroize::Zeroizing;

use super::error::PskcWriteError;
use super::markup::{Markup, SecretValue};
use super::protection::{BLOCK, Hash, cbc_encrypt, hmac_sha1};
use super::{MAX_ITERATIONS, Protection, Token};

const SALT: usize = 16;
/// The length of the MAC key in bytes, that of the output of HMAC-SHA-1 (RFC 2104 section 3).
const MAC_KEY: usize = 20;
/// The length of a derived key in bytes: AES-128, as in RFC 6030 section 6.2. One output of the PRF is enough for it.
const DERIVED_KEY: usize = 16;

/// A writer of tokens as a PSKC document, one by one: see [the module](super).
///
/// Secrets are encrypted with AES in CBC mode and authenticated with HMAC-SHA-1. PBKDF2 with HMAC-SHA-1 derives keys
/// from passphrases. Every reader of RFC 6030 supports these. Everything else in the document is neither encrypted nor
/// authenticated.
///
/// ```
/// use rand::rngs::SysRng;
/// use secondo::formats::pskc::{Protection, Token, Writer};
/// use secondo::types::Counter;
/// use secondo::{Algorithm, Authenticator, Hotp, Secret, State};
///
/// let secret = Secret::from_bytes(b"12345678901234567890")?;
/// let authenticator = Authenticator::new(Hotp::default(), Algorithm::Sha1, secret);
/// let token = Token::new("123456781", authenticator, State::new().starting_at(Counter::new(42)));
///
/// let protection = Protection::Passphrase { passphrase: "correct horse battery staple", iterations: 100_000 };
/// let mut writer = Writer::new(Vec::new(), protection, SysRng)?;
/// writer.write(&token)?;
/// let document = writer.finish()?;
/// assert!(String::from_utf8(document)?.contains("<Counter><PlainValue>42</PlainValue></Counter>"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Writer<W, G> {
    write: W,
    rng: G,
    keys: Option<Keys>,
}

struct Keys {
    encryption: Zeroizing<Vec<u8>>,
    mac: Zeroizing<Vec<u8>>,
}

impl<W: Write, G: TryCryptoRng> Writer<W, G> {
    /// Creates a writer with this protection, and writes the start of the document.
    ///
    /// The salt, the IVs and the MAC key come from `rng`.
    ///
    /// # Errors
    ///
    /// Returns [`PskcWriteError::KeyLength`] or [`PskcWriteError::Value`] if the protection is invalid,
    /// [`PskcWriteError::Io`] if the output fails, and [`PskcWriteError::Random`] if the generator fails.
    pub fn new(write: W, protection: Protection<'_>, rng: G) -> Result<Self, PskcWriteError<G::Error>> {
        let mut writer = Self { write, rng, keys: None };
        let mut header = Markup::container();
        let encryption = match protection {
            Protection::Plain => None,
            Protection::Key { name, key } => {
                if ![16, 24, 32].contains(&key.len()) {
                    return Err(PskcWriteError::KeyLength(key.len()));
                }
                header.key_name(name)?;
                Some(Zeroizing::new(key.to_vec()))
            }
            Protection::Passphrase { passphrase, iterations } => {
                if !(1..=MAX_ITERATIONS).contains(&iterations) {
                    return Err(PskcWriteError::Value("IterationCount"));
                }
                let salt = writer.random(SALT)?;
                let mut key = Zeroizing::new(vec![0; DERIVED_KEY]);
                Hash::Sha1.pbkdf2(passphrase, &salt, iterations, &mut key);
                header.derived_key(&salt, &iterations.to_string(), &DERIVED_KEY.to_string());
                Some(key)
            }
        };
        if let Some(encryption) = encryption {
            let mac = writer.random(MAC_KEY)?;
            header.mac_method(encryption.len(), &writer.encrypt(&encryption, &mac)?);
            writer.keys = Some(Keys { encryption, mac });
        }
        writer.write.write_all(header.as_bytes())?;
        Ok(writer)
    }

    /// Writes one token, with the counter, or the time step and the drift, of its state.
    ///
    /// PSKC has no place for the rest of the state. A reader of the document gets a token that is not confirmed, not
    /// suspended, and has no failures.
    ///
    /// # Errors
    ///
    /// Returns [`PskcWriteError::NoSecret`], [`PskcWriteError::Value`] or [`PskcWriteError::Random`] before anything of
    /// the token is written, and [`PskcWriteError::Io`] if the output fails.
    pub fn write(&mut self, token: &Token) -> Result<(), PskcWriteError<G::Error>> {
        let secret = token.authenticator.secret().ok_or(PskcWriteError::NoSecret)?.expose();
        let value = match self.keys.take() {
            None => SecretValue::Plain(secret),
            Some(keys) => {
                let sealed = self.seal(&keys, secret);
                self.keys = Some(keys);
                sealed?
            }
        };
        let package = Markup::package(token, &value)?;
        self.write.write_all(package.as_bytes())?;
        Ok(())
    }

    /// Ends the document and returns the output. Readers reject a document that was not ended.
    ///
    /// # Errors
    ///
    /// Returns [`PskcWriteError::Io`] if the output fails.
    pub fn finish(mut self) -> Result<W, PskcWriteError<G::Error>> {
        self.write.write_all(Markup::CONTAINER_END)?;
        self.write.flush()?;
        Ok(self.write)
    }

    fn seal<'s>(&mut self, keys: &Keys, secret: &[u8]) -> Result<SecretValue<'s>, PskcWriteError<G::Error>> {
        let key_len = keys.encryption.len();
        let bytes = self.encrypt(&keys.encryption, secret)?;
        let mac = hmac_sha1(&keys.mac, &bytes).ok_or(PskcWriteError::KeyLength(keys.mac.len()))?;
        Ok(SecretValue::Encrypted { key_len, bytes, mac })
    }

    /// Encrypts with a new IV, which precedes the ciphertext.
    fn encrypt(&mut self, key: &[u8], plain: &[u8]) -> Result<Vec<u8>, PskcWriteError<G::Error>> {
        let mut iv = [0; BLOCK];
        self.rng.try_fill_bytes(&mut iv).map_err(PskcWriteError::Random)?;
        cbc_encrypt(key, &iv, plain).ok_or(PskcWriteError::KeyLength(key.len()))
    }

    fn random(&mut self, len: usize) -> Result<Zeroizing<Vec<u8>>, PskcWriteError<G::Error>> {
        let mut bytes = Zeroizing::new(vec![0; len]);
        self.rng.try_fill_bytes(&mut bytes).map_err(PskcWriteError::Random)?;
        Ok(bytes)
    }
}

impl<W, G> fmt::Debug for Writer<W, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("is_encrypted", &self.keys.is_some()).finish_non_exhaustive()
    }
}
