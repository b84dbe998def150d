//! Secrets sealed at rest: what is stored under an id is encrypted and authenticated, and bound to that id.
//!
//! A record is sealed with AES-256-GCM-SIV (RFC 8452). Its associated data are the record's version and kind, the id of the
//! sealing key, and the authenticator's id, so that a record cannot be passed off as another person's, or as one of
//! another kind. The nonce is the [state's revision](crate::State::revision). It repeats from person to person, which this
//! cipher withstands, so that sealing needs no random numbers and a bad generator can do no harm. With XChaCha20-Poly1305
//! it would, and that took four times as long.
//!
//! Since sealing needs no random numbers, the same secret sealed again for the same id and state gives the same bytes: who
//! sees both sees that it is the same.
//!
//! Sealing does not stop a person who can write to the store from putting an older record of the same id back, or from
//! removing it. And who reads the memory of a process that verifies has the sealing keys; only a seed in an
//! [`Hsm`](crate::hsm::Hsm) is not there either.
//!
//! # Keys
//!
//! A [`SealingKey`] is derived from a [`MasterKey`] and the name of the [`Deployment`]. The master key is read from a file
//! or the environment ([`LocalMasterKey`]), or stays in a hardware security module (the package `secondo-pkcs11`). A
//! [`KeyRing`] holds the sealing key in use, and older ones that still open.
//!
//! Without the master key every record is lost, and with it every authenticator: keep a copy of it, or of the module that
//! holds it, apart from the backups of the store, and try once that the copy opens a record.
//!
//! # Rotation
//!
//! 1. Give every verifier a ring that opens with the new key, but still seals with the old one.
//! 2. Give them one that seals with the new key and opens with the old one. From here on every verification that changes
//!    a state seals its record anew.
//! 3. [`reseal_all`](crate::Verifier::reseal_all) moves the records of those who do not come.
//! 4. When it reports that none is left, take the old key out of the ring.
//!
//! ```
//! use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
//!
//! // From `openssl rand -hex 32`; see `LocalMasterKey::from_file` and `from_env`.
//! let old = LocalMasterKey::from_hex("9f2c6f7e0b1d4a58c3e2f1a0b9c8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c0")?;
//! let new = LocalMasterKey::from_hex("0c1b2a3f4e5d6c7b8a9f0e1d2c3b4a5f6e7d8c9b0a1f2e3d4c5b6a7f8e9d0c1b")?;
//! let deployment = Deployment::new("idp.example.it")?;
//! let old = SealingKey::derive(&deployment, KeyId::new(1), &old)?;
//! let new = SealingKey::derive(&deployment, KeyId::new(2), &new)?;
//! let ring = KeyRing::new(new, [old])?;
//! assert_eq!(ring.active(), KeyId::new(2));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use aes::Aes256;
use aes_gcm_siv::aead::{AeadInOut, KeyInit};
use aes_gcm_siv::{AesGcmSiv, Nonce};
use zeroize::{ZeroizeOnDrop, Zeroizing};

mod master;

pub use master::{LocalMasterKey, MasterKey, MasterKeyError};

use crate::ct::declassify::public;
use crate::types::{AuthenticatorId, IdError, Name};

/// The bytes that sealing adds after the body.
pub(crate) const TAG_LEN: usize = 16;

/// Which sealing key a record is sealed with: stored beside it in the clear, and never used again for another key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(u32);

impl KeyId {
    /// The id of this number.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The name of one installation of a provider: 1 to 64 visible ASCII characters, such as its host name.
///
/// Two deployments under one master key, such as production and its test system or two tenants, have different sealing
/// keys. A record of one does not open in the other. To rename a deployment is to rotate the keys.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Deployment(Name);

impl Deployment {
    /// Creates a deployment from its name.
    ///
    /// # Errors
    ///
    /// [`IdError`].
    pub fn new(name: &str) -> Result<Self, IdError> {
        Name::new(name).map(Self)
    }

    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Debug for Deployment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Deployment({})", self.as_str())
    }
}

/// A key that seals and opens records: AES-256, wiped on drop.
pub struct SealingKey {
    id: KeyId,
    // In its place on the heap: a ring that grows would leave copies behind.
    cipher: Box<AesGcmSiv<Aes256>>,
}

impl SealingKey {
    /// Derives the key of this id and deployment from this master key: HKDF-Expand (RFC 5869 section 2.3) with SHA-256.
    ///
    /// Another id gives another key, so a rotation may keep the master key or change it.
    ///
    /// # Errors
    ///
    /// The master key's own.
    pub fn derive<M: MasterKey + ?Sized>(deployment: &Deployment, id: KeyId, master: &M) -> Result<Self, M::Error> {
        const LABEL: &[u8] = b"secondo sealing key";

        // The `info`, in which the name has its length before it; and a counter of 1 makes the first and only block.
        let mut info = Vec::with_capacity(LABEL.len() + 1 + Name::MAX_LEN + 4 + 1);
        info.extend_from_slice(LABEL);
        info.push(deployment.0.len());
        info.extend_from_slice(deployment.as_str().as_bytes());
        info.extend_from_slice(&id.0.to_be_bytes());
        info.push(1);
        let mut key = Zeroizing::new([0; 32]);
        master.hmac_sha256(&info, &mut key)?;
        Ok(Self { id, cipher: Box::new(AesGcmSiv::new((&*key).into())) })
    }

    /// The id.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }
}

// The cipher wipes itself: the feature `zeroize` of `aes`.
impl ZeroizeOnDrop for SealingKey {}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKey({})", self.id)
    }
}

/// The key that seals, and those that open what was sealed before.
///
/// A verifier takes it whole or shared in an [`Arc`](alloc::sync::Arc).
#[derive(Debug)]
pub struct KeyRing {
    /// The active one first.
    keys: Vec<SealingKey>,
}

impl KeyRing {
    /// A ring that seals with the active key, and opens with it and the others.
    ///
    /// # Errors
    ///
    /// [`DuplicateKeyId`] if two of them have the same id.
    pub fn new(active: SealingKey, others: impl IntoIterator<Item = SealingKey>) -> Result<Self, DuplicateKeyId> {
        let mut keys = Vec::from([active]);
        for key in others {
            if keys.iter().any(|held| held.id == key.id) {
                return Err(DuplicateKeyId(key.id));
            }
            keys.push(key);
        }
        Ok(Self { keys })
    }

    /// The id of the key that seals.
    #[must_use]
    pub fn active(&self) -> KeyId {
        self.keys.first().map_or(KeyId::new(0), SealingKey::id)
    }

    /// Encrypts the body in place, with the key that the head names.
    pub(crate) fn seal(&self, head: &Head, id: &AuthenticatorId, body: &mut [u8]) -> Result<[u8; TAG_LEN], SealError> {
        let cipher = &self.key(head.key)?.cipher;
        let sealed = cipher.encrypt_inout_detached(&head.nonce(), &head.bound_to(id), body.into());
        Ok(sealed.map_err(|_| SealError::Altered)?.into())
    }

    /// Decrypts the body in place, if it was sealed with this head and id; else it stays as it is.
    pub(crate) fn open(
        &self,
        head: &Head,
        id: &AuthenticatorId,
        body: &mut [u8],
        tag: [u8; TAG_LEN],
    ) -> Result<(), SealError> {
        let cipher = &self.key(head.key)?.cipher;
        let opened = cipher.decrypt_inout_detached(&head.nonce(), &head.bound_to(id), body.into(), &tag.into());
        if public(opened.is_ok()) { Ok(()) } else { Err(SealError::Altered) }
    }

    fn key(&self, id: KeyId) -> Result<&SealingKey, SealError> {
        self.keys.iter().find(|key| key.id == id).ok_or(SealError::UnknownKey(id))
    }
}

/// Two sealing keys of a ring have this id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DuplicateKeyId(pub KeyId);

impl fmt::Display for DuplicateKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "two sealing keys have the id {}", self.0)
    }
}

impl core::error::Error for DuplicateKeyId {}

/// What stands in the clear before a sealed body.
#[derive(Clone, Copy)]
pub(crate) struct Head {
    pub(crate) version: u8,
    pub(crate) kind: u8,
    pub(crate) key: KeyId,
    pub(crate) revision: u64,
}

impl Head {
    fn nonce(&self) -> Nonce {
        let mut nonce = Nonce::default();
        if let Some(end) = nonce.last_chunk_mut() {
            *end = self.revision.to_be_bytes();
        }
        nonce
    }

    /// The associated data. An id has no zero byte, so that the zeros after it say where it ends.
    fn bound_to(&self, id: &AuthenticatorId) -> [u8; 6 + AuthenticatorId::MAX_LEN] {
        let mut bound = [0; _];
        bound[0] = self.version;
        bound[1] = self.kind;
        bound[2..6].copy_from_slice(&self.key.0.to_be_bytes());
        bound[6..].copy_from_slice(id.padded());
        bound
    }
}

/// Why a record was not opened. Nothing of what is in it is known then, and nothing was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SealError {
    /// The ring has no key of this id.
    UnknownKey(KeyId),
    /// A byte was changed, or the record was sealed for another id or deployment, or with another key of the same id.
    Altered,
    /// The record is not sealed, and the verifier takes only those that are.
    NotSealed,
    /// The record is sealed, and the verifier has no keys.
    NoKeys,
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKey(id) => write!(f, "sealed with key {id}, which is not in the ring"),
            Self::Altered => f.write_str("altered, or sealed for another id or deployment or with another key"),
            Self::NotSealed => f.write_str("not sealed, where only sealed records are taken"),
            Self::NoKeys => f.write_str("sealed, and there are no keys to open it"),
        }
    }
}

impl core::error::Error for SealError {}
