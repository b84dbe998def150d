use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use std::path::Path;
use std::sync::Mutex;

use cryptoki::object::{Attribute, KeyType, ObjectClass};
use secondo::hsm::HsmKey;
use secondo::seal::MasterKey;
use secondo::{Algorithm, Secret};
use zeroize::Zeroize;

use crate::TokenError;
use crate::connection::{Access, Connection, Link, Rights, lock, mechanism};

/// A token of a PKCS #11 module that this process is logged in to. Clones share the login.
///
/// Its calls block until the module answers. Verifications go through [`Workers`](crate::Workers), which do not.
///
/// ```no_run
/// use secondo_pkcs11::Token;
///
/// # let pin = "1234";
/// let token = Token::open("/usr/lib/softhsm/libsofthsm2.so", "verifier", pin)?;
/// # Ok::<(), secondo_pkcs11::TokenError>(())
/// ```
#[derive(Clone)]
pub struct Token {
    pub(crate) access: Arc<Access>,
    /// Open as long as the token: where the last session ends, so does the login.
    link: Arc<Mutex<Link>>,
}

impl Token {
    /// Loads the module at this path, finds the token with this label, and logs in with its user PIN.
    ///
    /// The path is code that runs in this process. The PIN is kept to log in anew when the token was away, until the token
    /// refuses it or the last clone is dropped, and then wiped. Slots have no part in this: their numbers change.
    ///
    /// # Errors
    ///
    /// [`TokenError::Module`], [`TokenError::NoToken`], [`TokenError::DuplicateToken`] or [`TokenError::Pin`].
    pub fn open(module: impl AsRef<Path>, label: &str, pin: &str) -> Result<Self, TokenError> {
        let access = Arc::new(Access::new(module.as_ref(), label, pin)?);
        let mut link = Link::new(access.clone(), Rights::Use);
        link.with(|_| Ok(()))?;
        Ok(Self { access, link: Arc::new(Mutex::new(link)) })
    }

    /// The key of this `CKA_ID`, as what sealing keys are derived from.
    ///
    /// It is looked for when it is used. That it cannot be extracted is up to who made it: see [the example](crate).
    #[must_use]
    pub fn master_key(&self, key: HsmKey) -> TokenMasterKey {
        TokenMasterKey { token: self.clone(), key }
    }

    /// Puts a seed on the token, under this `CKA_ID`: sensitive, not extractable, and for HMACs with this algorithm alone.
    ///
    /// That a token has no two keys with one id, PKCS #11 leaves to its users. It is looked for one first, but
    /// where two programs import the same id at the same moment, both can succeed; then neither key is used until one is
    /// taken away.
    ///
    /// # Errors
    ///
    /// [`TokenError::KeyExists`], or [`TokenError::Module`]: for example where the module does not know
    /// `CKA_ALLOWED_MECHANISMS`.
    pub fn import(&self, key: &HsmKey, secret: &Secret, algorithm: Algorithm) -> Result<(), TokenError> {
        let (_, mechanism) = mechanism(algorithm)?;
        let template = Template([
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::KeyType(KeyType::GENERIC_SECRET),
            Attribute::Id(key.as_bytes().into()),
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Modifiable(false),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Sign(true),
            Attribute::Verify(false),
            Attribute::Encrypt(false),
            Attribute::Decrypt(false),
            Attribute::Wrap(false),
            Attribute::Unwrap(false),
            Attribute::Derive(false),
            Attribute::AllowedMechanisms([mechanism].into()),
            Attribute::Value(padded(secret, algorithm)),
        ]);
        self.change(|connection| connection.create(key, &template.0))
    }

    /// Erases the key of this `CKA_ID`, whoever put it there.
    ///
    /// # Errors
    ///
    /// [`TokenError::NoKey`], [`TokenError::DuplicateKey`] or [`TokenError::Module`].
    pub fn remove(&self, key: &HsmKey) -> Result<(), TokenError> {
        self.change(|connection| connection.destroy(key))
    }

    fn change(&self, work: impl FnOnce(&mut Connection) -> Result<(), TokenError>) -> Result<(), TokenError> {
        Link::new(self.access.clone(), Rights::Change).with(work)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// A master key that stays on the token: see [`Token::master_key`].
#[derive(Clone, Debug)]
pub struct TokenMasterKey {
    token: Token,
    key: HsmKey,
}

impl MasterKey for TokenMasterKey {
    type Error = TokenError;

    fn hmac_sha256(&self, message: &[u8], mac: &mut [u8; 32]) -> Result<(), TokenError> {
        let hmacs = lock(&self.token.link)
            .with(|connection| connection.hmacs(&self.key, Algorithm::Sha256, [message].iter()))?;
        let hmac = hmacs.first().ok_or(TokenError::WrongAnswer)?;
        mac.copy_from_slice(hmac);
        Ok(())
    }
}

/// The attributes of a seed; its value is wiped on drop.
struct Template<const N: usize>([Attribute; N]);

impl<const N: usize> Drop for Template<N> {
    fn drop(&mut self) {
        for attribute in &mut self.0 {
            if let Attribute::Value(seed) = attribute {
                seed.zeroize();
            }
        }
    }
}

/// The seed, with the zeros up to the length of a hash that HMAC would add itself (RFC 2104 section 2): many modules take no
/// shorter keys.
fn padded(secret: &Secret, algorithm: Algorithm) -> Vec<u8> {
    let seed = secret.expose();
    let mut padded = vec![0; seed.len().max(algorithm.output_len())];
    for (slot, byte) in padded.iter_mut().zip(seed) {
        *slot = *byte;
    }
    padded
}
