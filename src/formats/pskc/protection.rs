//! Encryption and authentication of values (RFC 6030 section 6).

use alloc::vec;
use alloc::vec::Vec;

use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit};
use aes::cipher::{BlockSizeUser, consts::U16};
use aes::{Aes128, Aes192, Aes256};
use aes_kw::{AesKw, AesKwp};
use hmac::digest::block_api::EagerHash;
use hmac::{Hmac, Mac as _};
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

use super::error::{Fault, PskcErrorKind};

/// The number of bytes of an AES block.
pub(super) const BLOCK: usize = 16;

/// The keys that open the encrypted values of a document.
pub(super) struct Opener {
    /// The encryption key, or the reason why the caller's credential does not give it.
    key: Result<Zeroizing<Vec<u8>>, PskcErrorKind>,
    mac: Option<Mac>,
    takes_plain_secrets: bool,
    draft: Option<DraftCipher>,
}

/// The encryption of all values of a document of the first drafts.
pub(super) struct DraftCipher {
    pub(super) cipher: Cipher,
    /// The IV of all values, or `None` if it comes before each.
    pub(super) iv: Option<Vec<u8>>,
}

struct Mac {
    hash: Hash,
    /// The MAC key. It is empty if it could not be decrypted.
    key: Zeroizing<Vec<u8>>,
    may_cover_plain: bool,
}

/// The document's method for authenticating its values.
pub(super) struct MacMethod {
    pub(super) hash: Hash,
    /// The encrypted MAC key, or `None` if the encryption key is also the MAC key.
    pub(super) key: Option<Encrypted>,
    /// The MAC may be that of the decrypted value, as in draft-ietf-keyprov-pskc-02.
    pub(super) may_cover_plain: bool,
}

/// An encrypted value, as in the document.
pub(super) struct Encrypted {
    pub(super) cipher: Cipher,
    pub(super) bytes: Vec<u8>,
}

impl Opener {
    pub(super) fn new(
        key: Result<Zeroizing<Vec<u8>>, PskcErrorKind>,
        method: Option<MacMethod>,
        takes_plain_secrets: bool,
    ) -> Self {
        let mac = key.as_ref().ok().zip(method).map(|(key, method)| {
            let key = match method.key {
                None => key.clone(),
                Some(encrypted) => encrypted.cipher.decrypt(key, &encrypted.bytes).unwrap_or_default(),
            };
            Mac { hash: method.hash, key, may_cover_plain: method.may_cover_plain }
        });
        Self { key, mac, takes_plain_secrets, draft: None }
    }

    pub(super) fn with_draft_cipher(self, draft: Option<DraftCipher>) -> Self {
        Self { draft, ..self }
    }

    pub(super) fn is_draft_encrypted(&self) -> bool {
        self.draft.is_some()
    }

    pub(super) fn takes_plain_secrets(&self) -> bool {
        self.takes_plain_secrets
    }

    /// Verifies the MAC of a value, and only then decrypts it, except in a draft whose MAC is that of the decrypted
    /// value. AES key wrap authenticates itself and needs no MAC.
    pub(super) fn open(&self, value: &Encrypted, mac: Option<&[u8]>) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let key = self.key.as_ref().map_err(|kind| Fault::Document(*kind))?;
        if key.len() != value.cipher.key_len() {
            return Err(Fault::Key(PskcErrorKind::Credential));
        }
        let decrypt = || value.cipher.decrypt(key, &value.bytes);
        let plain = match (&self.mac, mac) {
            (Some(method), Some(mac)) if method.verify(&value.bytes, mac) => decrypt(),
            // The time tells a wrong padding from a wrong MAC: see `Self::open_draft`.
            (Some(method), Some(mac)) if method.may_cover_plain => decrypt().filter(|plain| method.verify(plain, mac)),
            (Some(_), Some(_)) => None,
            (None, Some(_)) => return Err(Fault::Key(PskcErrorKind::Missing("MACMethod"))),
            (_, None) if value.cipher.authenticates() => decrypt(),
            (_, None) => return Err(Fault::Key(PskcErrorKind::Missing("ValueMAC"))),
        };
        plain.ok_or(Fault::Key(PskcErrorKind::Authentication))
    }
}

impl Opener {
    /// Decrypts a value of the first drafts, whose MAC is that of the decrypted value.
    ///
    /// A wrong padding and a wrong MAC are the same error. The time tells them apart, but nobody can submit many
    /// documents and measure how long an import takes.
    pub(super) fn open_draft(&self, bytes: &[u8], mac: &[u8]) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let missing = Fault::Key(PskcErrorKind::Missing("DigestMethod"));
        let draft = self.draft.as_ref().ok_or(Fault::Document(PskcErrorKind::Missing("EncryptionMethod")))?;
        let key = self.key.as_ref().map_err(|kind| Fault::Document(*kind))?;
        if key.len() != draft.cipher.key_len() {
            return Err(Fault::Document(PskcErrorKind::Credential));
        }
        let method = self.mac.as_ref().ok_or(missing)?;
        let iv = draft.iv.as_deref().unwrap_or_default();
        let plain = draft.cipher.decrypt(key, &[iv, bytes].concat());
        let plain = plain.filter(|plain| method.verify(plain, mac));
        plain.ok_or(Fault::Key(PskcErrorKind::Authentication))
    }
}

impl Mac {
    /// The minimum length of a MAC key in bytes: a block of the cipher. Attackers could get a shorter key by trying
    /// random ciphertexts; an empty one takes about 256 of them.
    const MIN_KEY_LEN: usize = BLOCK;

    /// Returns `true` if the MAC is correct.
    ///
    /// The MAC key is encrypted without a MAC of its own. If attackers could tell valid padding from invalid, they
    /// could put any value in its place and have it decrypted. A key with invalid padding therefore fails like a wrong
    /// MAC, and not earlier.
    fn verify(&self, bytes: &[u8], mac: &[u8]) -> bool {
        self.hash.verify(&self.key, bytes, mac) & (self.key.len() >= Self::MIN_KEY_LEN)
    }
}

/// An encryption algorithm, with the length of its key in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cipher {
    Cbc(usize),
    Wrap(usize),
}

impl Cipher {
    pub(super) fn from_uri(uri: &str) -> Option<Self> {
        Some(match uri {
            "http://www.w3.org/2001/04/xmlenc#aes128-cbc" => Self::Cbc(16),
            "http://www.w3.org/2001/04/xmlenc#aes192-cbc" => Self::Cbc(24),
            "http://www.w3.org/2001/04/xmlenc#aes256-cbc" => Self::Cbc(32),
            "http://www.w3.org/2001/04/xmlenc#kw-aes128" => Self::Wrap(16),
            "http://www.w3.org/2001/04/xmlenc#kw-aes192" => Self::Wrap(24),
            "http://www.w3.org/2001/04/xmlenc#kw-aes256" => Self::Wrap(32),
            _ => return None,
        })
    }

    pub(super) fn key_len(self) -> usize {
        match self {
            Self::Cbc(len) | Self::Wrap(len) => len,
        }
    }

    fn authenticates(self) -> bool {
        matches!(self, Self::Wrap(_))
    }

    fn decrypt(self, key: &[u8], bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        match self {
            Self::Cbc(16) => cbc_decrypt::<Aes128>(key, bytes),
            Self::Cbc(24) => cbc_decrypt::<Aes192>(key, bytes),
            Self::Cbc(_) => cbc_decrypt::<Aes256>(key, bytes),
            Self::Wrap(16) => unwrap::<Aes128>(key, bytes),
            Self::Wrap(24) => unwrap::<Aes192>(key, bytes),
            Self::Wrap(_) => unwrap::<Aes256>(key, bytes),
        }
    }
}

trait Aes: KeyInit + BlockSizeUser<BlockSize = U16> + BlockCipherEncrypt + BlockCipherDecrypt {}

impl Aes for Aes128 {}
impl Aes for Aes192 {}
impl Aes for Aes256 {}

/// Decrypts AES-CBC with the IV before the ciphertext.
///
/// Only the last byte of the padding has a meaning (XML Encryption section 5.2).
fn cbc_decrypt<C: Aes>(key: &[u8], bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (iv, encrypted) = bytes.split_at_checked(BLOCK)?;
    let mut plain = Zeroizing::new(encrypted.to_vec());
    let mut cbc = cbc::Decryptor::<C>::inner_iv_slice_init(C::new_from_slice(key).ok()?, iv).ok()?;
    let (blocks, rest) = plain.as_chunks_mut::<BLOCK>();
    if !rest.is_empty() {
        return None;
    }
    for block in blocks {
        cbc.decrypt_block(block.into());
    }
    let padding = usize::from(*plain.last()?);
    if !(1..=BLOCK).contains(&padding) {
        return None;
    }
    let len = plain.len() - padding;
    plain.truncate(len);
    Some(plain)
}

/// Unwraps a value with RFC 3394, or else with RFC 5649, for values that are not whole blocks. Each rejects values
/// that the other has wrapped.
fn unwrap<C: Aes>(key: &[u8], bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut plain = Zeroizing::new(vec![0; bytes.len().checked_sub(8)?]);
    let whole = AesKw::<C>::new_from_slice(key).ok()?.unwrap_key(bytes, &mut plain).map(<[u8]>::len);
    let len = match whole {
        Ok(len) => len,
        Err(_) => AesKwp::<C>::new_from_slice(key).ok()?.unwrap_key(bytes, &mut plain).ok()?.len(),
    };
    plain.truncate(len);
    Some(plain)
}

/// Encrypts with AES-CBC and PKCS #7 padding, which readers of XML Encryption accept. Puts the IV before the
/// ciphertext.
///
/// Returns `None` unless the key has 16, 24 or 32 bytes.
pub(super) fn cbc_encrypt(key: &[u8], iv: &[u8; BLOCK], plain: &[u8]) -> Option<Vec<u8>> {
    match key.len() {
        16 => cbc_encrypt_with::<Aes128>(key, iv, plain),
        24 => cbc_encrypt_with::<Aes192>(key, iv, plain),
        _ => cbc_encrypt_with::<Aes256>(key, iv, plain),
    }
}

fn cbc_encrypt_with<C: Aes>(key: &[u8], iv: &[u8; BLOCK], plain: &[u8]) -> Option<Vec<u8>> {
    let mut cbc = cbc::Encryptor::<C>::inner_iv_slice_init(C::new_from_slice(key).ok()?, iv).ok()?;
    let padding = BLOCK - plain.len() % BLOCK;
    let mut bytes = Vec::with_capacity(BLOCK + plain.len() + padding);
    bytes.extend_from_slice(iv);
    bytes.extend_from_slice(plain);
    bytes.resize(bytes.len() + padding, u8::try_from(padding).unwrap_or_default());
    for block in bytes.as_chunks_mut::<BLOCK>().0.iter_mut().skip(1) {
        cbc.encrypt_block(block.into());
    }
    Some(bytes)
}

/// The hash function of an HMAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// Returns the hash function with this identifier of its HMAC in XML Signature or RFC 6931.
    ///
    /// The former defines SHA-1 and the latter the others, but some writers name them all in one of the two.
    pub(super) fn from_uri(uri: &str) -> Option<Self> {
        let bases = ["http://www.w3.org/2000/09/xmldsig#", "http://www.w3.org/2001/04/xmldsig-more#"];
        Some(match bases.iter().find_map(|base| uri.strip_prefix(base))? {
            "hmac-sha1" => Self::Sha1,
            "hmac-sha224" => Self::Sha224,
            "hmac-sha256" => Self::Sha256,
            "hmac-sha384" => Self::Sha384,
            "hmac-sha512" => Self::Sha512,
            _ => return None,
        })
    }

    fn verify(self, key: &[u8], bytes: &[u8], mac: &[u8]) -> bool {
        match self {
            Self::Sha1 => hmac::<Sha1>(key, bytes).is_some_and(|hmac| hmac.verify_slice(mac).is_ok()),
            Self::Sha224 => hmac::<Sha224>(key, bytes).is_some_and(|hmac| hmac.verify_slice(mac).is_ok()),
            Self::Sha256 => hmac::<Sha256>(key, bytes).is_some_and(|hmac| hmac.verify_slice(mac).is_ok()),
            Self::Sha384 => hmac::<Sha384>(key, bytes).is_some_and(|hmac| hmac.verify_slice(mac).is_ok()),
            Self::Sha512 => hmac::<Sha512>(key, bytes).is_some_and(|hmac| hmac.verify_slice(mac).is_ok()),
        }
    }

    pub(super) fn pbkdf2(self, passphrase: &str, salt: &[u8], iterations: u32, key: &mut [u8]) {
        match self {
            Self::Sha1 => pbkdf2::pbkdf2_hmac::<Sha1>(passphrase.as_bytes(), salt, iterations, key),
            Self::Sha224 => pbkdf2::pbkdf2_hmac::<Sha224>(passphrase.as_bytes(), salt, iterations, key),
            Self::Sha256 => pbkdf2::pbkdf2_hmac::<Sha256>(passphrase.as_bytes(), salt, iterations, key),
            Self::Sha384 => pbkdf2::pbkdf2_hmac::<Sha384>(passphrase.as_bytes(), salt, iterations, key),
            Self::Sha512 => pbkdf2::pbkdf2_hmac::<Sha512>(passphrase.as_bytes(), salt, iterations, key),
        }
    }
}

/// Computes the HMAC-SHA-1 of an encrypted value to be written.
pub(super) fn hmac_sha1(key: &[u8], bytes: &[u8]) -> Option<[u8; 20]> {
    hmac::<Sha1>(key, bytes).map(|hmac| hmac.finalize().into_bytes().into())
}

/// Creates an HMAC of these bytes. The result is never `None`, since HMAC takes a key of any length.
fn hmac<D: EagerHash>(key: &[u8], bytes: &[u8]) -> Option<Hmac<D>>
where
    Hmac<D>: hmac::Mac + KeyInit,
{
    let mut hmac = <Hmac<D> as KeyInit>::new_from_slice(key).ok()?;
    hmac.update(bytes);
    Some(hmac)
}
