use core::fmt;

/// The hash function that HMAC uses.
///
/// RFC 4226 defines HOTP with SHA-1. RFC 6238 section 1.2 allows SHA-256 and SHA-512 for TOTP as well. The security of
/// HMAC does not depend on collision resistance, so SHA-1 is still sound here, and many authenticator apps support
/// nothing else. The other two need the feature `sha2`, which `alloc`, `verifier` and `std` imply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// HMAC-SHA-1, the default of RFC 4226, RFC 6238 and every authenticator app.
    #[default]
    Sha1,
    /// HMAC-SHA-256. Some authenticator apps take it for SHA-1, show wrong codes and say nothing.
    #[cfg(feature = "sha2")]
    Sha256,
    /// HMAC-SHA-512. Some authenticator apps take it for SHA-1, show wrong codes and say nothing.
    #[cfg(feature = "sha2")]
    Sha512,
}

impl Algorithm {
    /// All algorithms of this build; only SHA-1 without the feature `sha2`.
    pub const ALL: &[Self] = &[
        Self::Sha1,
        #[cfg(feature = "sha2")]
        Self::Sha256,
        #[cfg(feature = "sha2")]
        Self::Sha512,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            #[cfg(feature = "sha2")]
            Self::Sha256 => "SHA256",
            #[cfg(feature = "sha2")]
            Self::Sha512 => "SHA512",
        }
    }

    /// Returns the length of the hash's output in bytes.
    ///
    /// It is also the recommended length of a secret (RFC 2104 section 3).
    #[must_use]
    pub const fn output_len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            #[cfg(feature = "sha2")]
            Self::Sha256 => 32,
            #[cfg(feature = "sha2")]
            Self::Sha512 => 64,
        }
    }
}

/// Writes the name used in key URIs: `SHA1`, `SHA256` or `SHA512`.
impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
