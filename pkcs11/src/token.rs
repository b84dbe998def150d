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
use crate::connection::{Access, Connection, Link, Name, Rights, lock, mechanism};
use crate::module::Module;

/// A token of a PKCS #11 module to which this process is logged in. Clones share the login.
///
/// Its methods block until the module answers. Verifications go through [`Workers`](crate::Workers), and do not block.
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
    /// A session that stays open for as long as the token, since the login ends with the last session.
    link: Arc<Mutex<Link>>,
}

impl Token {
    /// Loads the module at this path, finds the token with this label, and logs in with its user PIN.
    ///
    /// The module is code that runs in this process, so its path must be trusted. The PIN is kept in memory to log in
    /// again after the token was away. It is wiped when the token refuses it or the last clone is dropped. The token is
    /// found by its label alone, since slot numbers change.
    ///
    /// A token that is missing is looked for [again](crate#tokens-that-come-and-go) at each call, also by a program
    /// that calls this method again.
    ///
    /// # Errors
    ///
    /// Returns [`TokenError::Module`] if the module cannot be loaded or fails, [`TokenError::NoToken`] or
    /// [`TokenError::DuplicateToken`] if the label does not name exactly one token, and [`TokenError::Pin`] if the
    /// token refuses the PIN.
    pub fn open(module: impl AsRef<Path>, label: &str, pin: &str) -> Result<Self, TokenError> {
        Self::open_named(module.as_ref(), Name::Label(label.into()), pin)
    }

    /// Loads the module at this path, finds the token with this serial number, and logs in with its user PIN.
    ///
    /// It chooses one of several tokens of one label. `pkcs11-tool --module MODULE --list-token-slots` shows the serial
    /// numbers, of at most 16 characters. All else is as in [`Self::open`].
    ///
    /// ```no_run
    /// use secondo_pkcs11::Token;
    ///
    /// # let pin = "1234";
    /// let token = Token::open_by_serial("/usr/lib/softhsm/libsofthsm2.so", "4c1f0d5b9a3e2678", pin)?;
    /// # Ok::<(), secondo_pkcs11::TokenError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Self::open`], for the serial number in place of the label.
    pub fn open_by_serial(module: impl AsRef<Path>, serial: &str, pin: &str) -> Result<Self, TokenError> {
        Self::open_named(module.as_ref(), Name::Serial(serial.into()), pin)
    }

    fn open_named(module: &Path, name: Name, pin: &str) -> Result<Self, TokenError> {
        let access = Arc::new(Access::new(module, name, pin)?);
        let mut link = Link::new(access.clone(), Rights::Use);
        link.with(|_| Ok(()))?;
        Ok(Self { access, link: Arc::new(Mutex::new(link)) })
    }

    /// Logs in with this PIN in place of the one that was refused, for all clones and [workers](crate::Workers).
    ///
    /// This is the way back after [`TokenError::Pin`] without a restart: an operator has the PIN unlocked or set, and
    /// enters it. One login is tried, unless the process is logged in to the token.
    ///
    /// # Errors
    ///
    /// Returns [`TokenError::Pin`] if the token refuses this PIN as well, and otherwise the errors of [`Self::open`].
    pub fn log_in(&self, pin: &str) -> Result<(), TokenError> {
        self.access.set_pin(pin);
        let mut link = Link::new(self.access.clone(), Rights::Use);
        link.with(|_| Ok(()))?;
        // It takes the place of the session that kept the process logged in.
        *lock(&self.link) = link;
        Ok(())
    }

    /// Finalizes the module at this path, so that the next calls initialize it and find the tokens that are there then.
    ///
    /// The package does this by itself while a token is missing, unless other code of the process initialized the
    /// module or this package has sessions with other tokens. In these cases the caller decides, since all sessions of
    /// the process with all tokens of the module end. The calls of this package connect again. This method waits for
    /// its calls that are under way; other code must make none meanwhile.
    ///
    /// # Errors
    ///
    /// Returns [`TokenError::Module`] if the module cannot be loaded or does not finalize.
    pub fn reinitialize(module: impl AsRef<Path>) -> Result<(), TokenError> {
        Module::load(module.as_ref())?.finalize_now()
    }

    /// Returns the key with this `CKA_ID` as a master key, from which sealing keys are derived.
    ///
    /// The key is looked up when it is used, not here. Its creator must make it impossible to extract, as in the
    /// [crate's example](crate#requirements).
    #[must_use]
    pub fn master_key(&self, key: HsmKey) -> TokenMasterKey {
        TokenMasterKey { token: self.clone(), key }
    }

    /// Stores a seed on the token, under this `CKA_ID`.
    ///
    /// The key is sensitive, cannot be extracted, and serves for HMACs with this algorithm alone.
    ///
    /// PKCS #11 does not keep two keys from having the same id. This method looks for an existing key first, but two
    /// programs that import the same id at the same moment can both succeed. Neither key is used until one is removed
    /// by other means, since [`Self::remove`] does not choose between them.
    ///
    /// # Errors
    ///
    /// Returns [`TokenError::KeyExists`] if the token has a key with this id, and [`TokenError::Module`] if the module
    /// fails, for example because it does not support `CKA_ALLOWED_MECHANISMS`. The call opens a session, which can
    /// fail as in [`Self::open`].
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

    /// Destroys the key with this `CKA_ID`, including one that another program created.
    ///
    /// # Errors
    ///
    /// Returns [`TokenError::NoKey`] or [`TokenError::DuplicateKey`] if the token does not have exactly one key with
    /// this id, and [`TokenError::Module`] if the module fails. The call opens a session, which can fail as in
    /// [`Self::open`].
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

/// A master key that stays on the token, from [`Token::master_key`].
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

/// The attributes of a seed, whose value is wiped on drop.
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

/// Returns the seed, padded with zeros to the length of the hash if it is shorter.
///
/// HMAC would add these zeros itself (RFC 2104 section 2), but many modules refuse shorter keys.
fn padded(secret: &Secret, algorithm: Algorithm) -> Vec<u8> {
    let seed = secret.expose();
    let mut padded = vec![0; seed.len().max(algorithm.output_len())];
    for (slot, byte) in padded.iter_mut().zip(seed) {
        *slot = *byte;
    }
    padded
}
