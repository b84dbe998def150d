use core::fmt;

/// The most iterations of PBKDF2 that a document can ask for, so that it cannot ask for hours.
///
/// They take seconds.
pub const MAX_ITERATIONS: u32 = 10_000_000;

/// What the encrypted values of a document are decrypted with.
#[derive(Clone, Copy)]
pub enum Credential<'a> {
    /// For a document without encrypted values.
    None,
    /// The AES key that both sides share: 16, 24 or 32 bytes.
    Key(&'a [u8]),
    /// The passphrase that the document's key is derived from.
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

/// How secrets are protected in a document that is written.
#[derive(Clone, Copy)]
pub enum Protection<'a> {
    /// They are not.
    Plain,
    /// By an AES key that both sides share.
    Key {
        /// How the other side knows which key it is. It stands in the document.
        name: &'a str,
        /// 16, 24 or 32 bytes.
        key: &'a [u8],
    },
    /// By a key that is derived from a passphrase with PBKDF2.
    Passphrase {
        /// The passphrase. It must be long: whoever has the document can try others without end.
        passphrase: &'a str,
        /// The iterations of PBKDF2, at most [`MAX_ITERATIONS`]: a million takes about a quarter of a second.
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
