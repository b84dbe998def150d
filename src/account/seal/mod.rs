//! Sealing of records at rest: each record is encrypted, authenticated, and bound to the id of its account.
//!
//! A record is sealed with AES-256-GCM-SIV (RFC 8452). Its associated data are the record's version and kind, the id of
//! the sealing key, and the account's id. A record can therefore not be passed off as the record of another
//! subscriber, or as a record of another kind.
//!
//! The nonce is the account's [revision](crate::account::AccountView::revision), which repeats between accounts.
//! AES-GCM-SIV withstands repeated nonces, so sealing needs no random numbers, and a weak random number generator does
//! no harm. XChaCha20-Poly1305 would depend on the generator, and was four times as slow when measured.
//!
//! Sealing is deterministic: the same account sealed again for the same id and revision gives the same bytes. Anyone
//! who sees both records learns that their content is the same.
//!
//! Sealing does not stop an attacker who can write to the store from restoring an older record of the same id, or from
//! removing a record. An attacker who can read the memory of a verifying process has the sealing keys, and with them
//! all secrets except those in an [`Hsm`](crate::hsm::Hsm).
//!
//! # Keys
//!
//! A [`SealingKey`] is derived from a [`MasterKey`] and the name of the [`Deployment`]. The master key is read from a
//! file or the environment ([`LocalMasterKey`]), or stays in a hardware security module (the package `secondo-pkcs11`).
//! A [`KeyRing`] holds the active sealing key, which seals, and older sealing keys, which only open.
//!
//! If the master key is lost, every account is lost. Keep a copy of the master key, or
//! of the module that holds it, apart from the backups of the store. Test that the copy opens a record.
//!
//! # Rotation
//!
//! 1. Give every verifier a ring that seals with the old key and opens with both the old and the new key.
//! 2. Give every verifier a ring that seals with the new key and opens with both. From now on, each verification that
//!    changes an account seals it with the new key.
//! 3. Call [`reseal_all`](crate::Verifier::reseal_all) for the accounts of subscribers who do not log in. If the store
//!    cannot list its ids, call [`reseal`](crate::Verifier::reseal) for each id of the provider's own table.
//! 4. When `reseal_all` reports 0 failures, remove the old key from the ring.
//!
//! Call [`Verifier::check_keys`](crate::Verifier::check_keys) before a verifier serves logins. It finds a master key or
//! a name of the deployment that differs from that of other machines, before an account is sealed with them.
//!
//! ```
//! use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
//!
//! // `openssl rand -hex 32` makes a master key. In production, use `LocalMasterKey::from_file` or `from_env`.
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

use aes::Aes256Enc;
use aes_gcm_siv::aead::{AeadInOut, KeyInit};
use aes_gcm_siv::{AesGcmSiv, Nonce};
use zeroize::{ZeroizeOnDrop, Zeroizing};

mod master;

pub use master::{LocalMasterKey, MasterKey, MasterKeyError};

use crate::ct::declassify::{declassify, public};
use crate::types::{AccountId, IdError, Name};

/// The length in bytes of the authentication tag, which sealing adds after the body.
pub(crate) const TAG_LEN: usize = 16;

/// The id of a sealing key, stored unencrypted in each record that the key sealed.
///
/// Never use an id again for another key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(u32);

impl KeyId {
    /// Creates an id from its number.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Returns the number of the id.
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
/// Two deployments under one master key, such as a production and a test system, or two tenants, have different sealing
/// keys. A record of one deployment does not open in the other. A new name for a deployment therefore requires a key
/// rotation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Deployment(Name);

impl Deployment {
    /// Creates a deployment from its name.
    ///
    /// # Errors
    ///
    /// Returns [`IdError`] if the name is not 1 to 64 visible ASCII characters.
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
    // Boxed, because a `Vec` of keys that grows would leave copies of them behind.
    cipher: Box<AesGcmSiv<Aes256Enc>>,
}

impl SealingKey {
    /// Derives the sealing key of a deployment and an id from the master key.
    ///
    /// The derivation is HKDF-Expand (RFC 5869 section 2.3) with SHA-256. Different ids give different keys, so a
    /// rotation may keep the master key or change it.
    ///
    /// # Errors
    ///
    /// Returns the master key's own error if it cannot compute the HMAC.
    pub fn derive<M: MasterKey + ?Sized>(deployment: &Deployment, id: KeyId, master: &M) -> Result<Self, M::Error> {
        const LABEL: &[u8] = b"secondo sealing key";

        // The `info` of HKDF, in which a length precedes the deployment's name, and the counter 1 of the only output
        // block.
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

    /// Returns the id of the key.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }
}

// The cipher wipes itself, because the feature `zeroize` of `aes` is on.
impl ZeroizeOnDrop for SealingKey {}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKey({})", self.id)
    }
}

/// A ring of sealing keys: the active key seals and opens records, and the other keys only open them.
///
/// [`Verifier::new`](crate::Verifier::new) takes a ring by value or in an [`Arc`](alloc::sync::Arc).
#[derive(Debug)]
pub struct KeyRing {
    /// The keys, the active one first.
    keys: Vec<SealingKey>,
}

impl KeyRing {
    /// Creates a ring that seals records with `active`, and opens records sealed with any of the keys.
    ///
    /// # Errors
    ///
    /// Returns [`DuplicateKeyId`] if two keys have the same id.
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

    /// Returns the ids of all keys, the active one first.
    pub(crate) fn ids(&self) -> impl Iterator<Item = KeyId> {
        self.keys.iter().map(SealingKey::id)
    }

    /// Returns the id of the active key, which seals.
    #[must_use]
    pub fn active(&self) -> KeyId {
        self.keys.first().map_or(KeyId::new(0), SealingKey::id)
    }

    /// Encrypts the body in place with the key that the head names, and returns the tag.
    pub(crate) fn seal(&self, head: &Head, id: &AccountId, body: &mut [u8]) -> Result<[u8; TAG_LEN], SealError> {
        let cipher = &self.key(head.key)?.cipher;
        let sealed = cipher.encrypt_inout_detached(&head.nonce(), &head.bound_to(id), body.into());
        Ok(sealed.map_err(|_| SealError::Altered)?.into())
    }

    /// Decrypts the body in place if it was sealed with this head for this id; leaves it unchanged otherwise.
    pub(crate) fn open(
        &self,
        head: &Head,
        id: &AccountId,
        body: &mut [u8],
        tag: [u8; TAG_LEN],
    ) -> Result<(), SealError> {
        let cipher = &self.key(head.key)?.cipher;
        let opened = cipher.decrypt_inout_detached(&head.nonce(), &head.bound_to(id), body.into(), &tag.into());
        if public(opened.is_ok()) { Ok(()) } else { Err(SealError::Altered) }
    }

    /// Returns a hash of a text whose key is the active key. It does not repeat what [`Self::seal`] computes.
    pub(crate) fn hash(&self, text: &str) -> [u8; 16] {
        // The tag of an empty message is a keyed hash of its associated data. No record has this nonce.
        let nonce = Nonce::from([0xff; 12]);
        let cipher = self.keys.first().map(|key| &key.cipher);
        let tag =
            cipher.and_then(|cipher| cipher.encrypt_inout_detached(&nonce, text.as_bytes(), (&mut [][..]).into()).ok());
        let mut hash: [u8; 16] = tag.map(Into::into).unwrap_or_default();
        // It is part of the id of a record.
        declassify(&mut hash);
        hash
    }

    fn key(&self, id: KeyId) -> Result<&SealingKey, SealError> {
        self.keys.iter().find(|key| key.id == id).ok_or(SealError::UnknownKey(id))
    }
}

/// An id that two sealing keys of a ring share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DuplicateKeyId(pub KeyId);

impl DuplicateKeyId {
    /// Returns a short name of the error, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        "duplicate_key_id"
    }
}

impl fmt::Display for DuplicateKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "two sealing keys of the ring have the id {}", self.0)
    }
}

impl core::error::Error for DuplicateKeyId {}

/// The unencrypted fields before a sealed body. All of them are authenticated.
#[derive(Clone, Copy)]
pub(crate) struct Head {
    pub(crate) version: u8,
    pub(crate) kind: u8,
    pub(crate) key: KeyId,
    pub(crate) revision: u64,
}

impl Head {
    /// Returns the nonce: 4 zero bytes, and the state's revision as 8 bytes in big-endian order.
    fn nonce(&self) -> Nonce {
        let mut nonce = Nonce::default();
        if let Some(end) = nonce.last_chunk_mut() {
            *end = self.revision.to_be_bytes();
        }
        nonce
    }

    /// Returns the associated data. An id has no zero byte, so the zeros after it mark its end.
    fn bound_to(&self, id: &AccountId) -> [u8; 6 + AccountId::MAX_LEN] {
        let mut bound = [0; _];
        bound[0] = self.version;
        bound[1] = self.kind;
        bound[2..6].copy_from_slice(&self.key.0.to_be_bytes());
        bound[6..].copy_from_slice(id.padded());
        bound
    }
}

/// An error from opening a record. None of its content is used then, and no code is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SealError {
    /// The record is sealed with a key whose id is not in the ring.
    UnknownKey(KeyId),
    /// A byte was changed, or the record was sealed for another account or deployment, or with another key of the
    /// same id.
    Altered,
    /// The record is not sealed, but the verifier accepts only sealed records.
    NotSealed,
    /// The record is sealed, but the verifier has no sealing keys.
    NoKeys,
}

impl SealError {
    /// Returns a short name of the variant, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::UnknownKey(_) => "unknown_key",
            Self::Altered => "altered",
            Self::NotSealed => "not_sealed",
            Self::NoKeys => "no_keys",
        }
    }
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKey(id) => write!(f, "the record is sealed with key {id}, which is not in the key ring"),
            Self::Altered => {
                f.write_str("the record was altered, or sealed for another id or deployment or with another key")
            }
            Self::NotSealed => f.write_str("the record is not sealed, but the verifier accepts only sealed records"),
            Self::NoKeys => f.write_str("the record is sealed, but the verifier has no sealing keys"),
        }
    }
}

impl core::error::Error for SealError {}
