use core::fmt;

/// The maximum number of PBKDF2 iterations that a document is written with, and read with by default.
///
/// This number takes about a second. Without a maximum, a document could ask for hours of work.
pub const MAX_ITERATIONS: u32 = 2_000_000;

/// The key or the passphrase that decrypts the encrypted values of a document.
#[derive(Clone, Copy)]
pub enum Credential<'a> {
    /// No key, for a document without encrypted values.
    None,
    /// The AES key that both sides share: 16, 24 or 32 bytes.
    Key(&'a [u8]),
    /// The passphrase from which the document's key is derived.
    Passphrase(&'a str),
}

impl fmt::Debug for Credential<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Key(_) => "Key(..)",
            Self::Passphrase(_) => "Passphrase(..)",
        })
    }
}

/// The protection of the secrets in a document to be written.
#[derive(Clone, Copy)]
pub enum Protection<'a> {
    /// No protection: the secrets are in plain text.
    Plain,
    /// Encryption with an AES key that both sides share.
    Key {
        /// The name by which the other side finds the key. It is in the document in plain text.
        name: &'a str,
        /// The key: 16, 24 or 32 bytes.
        key: &'a [u8],
    },
    /// Encryption with a key that is derived from a passphrase with PBKDF2.
    Passphrase {
        /// The passphrase. It must be long: anyone who has the document can guess without limit.
        passphrase: &'a str,
        /// The number of PBKDF2 iterations, 1 to [`MAX_ITERATIONS`]. One million takes about a quarter of a second.
        iterations: u32,
    },
}

impl fmt::Debug for Protection<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "Plain",
            Self::Key { .. } => "Key(..)",
            Self::Passphrase { .. } => "Passphrase(..)",
        })
    }
}
