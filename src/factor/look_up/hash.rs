use pbkdf2::pbkdf2_hmac;
use sha2::{Digest, Sha256};

/// The parameters with which the codes of a set are hashed.
#[derive(Clone, Copy)]
pub(super) struct Hashing {
    pub(super) salt: [u8; 16],
    /// The iterations of PBKDF2-HMAC-SHA256, or 0 for SHA-256.
    pub(super) rounds: u32,
}

pub(super) type Hash = [u8; 16];

impl Hashing {
    /// The iterations of new sets.
    ///
    /// Nobody can search 80 bits, whatever the iterations are. They make the search of a short imported code, or of a
    /// weak random number generator, ten thousand times as long for somebody who has the sealing keys. One hash takes
    /// some three milliseconds, which an attacker can cause only as often as the count of failures allows.
    const ROUNDS: u32 = 10_000;
    /// The highest number of iterations that a stored set may have. It bounds the time of a guess.
    pub(super) const MAX_ROUNDS: u32 = 1 << 20;
    /// The entropy in bits from which NIST SP 800-63B-4 section 3.1.2.2 asks for no password hash.
    const FAST_BITS: u8 = 112;

    /// Returns the parameters for new codes of this entropy.
    pub(super) const fn of_bits(bits: u8, salt: [u8; 16]) -> Self {
        Self { salt, rounds: if bits < Self::FAST_BITS { Self::ROUNDS } else { 0 } }
    }

    pub(super) fn hash(&self, code: &[u8]) -> Hash {
        let mut hash = [0; 16];
        if self.rounds == 0 {
            let full = Sha256::new().chain_update(self.salt).chain_update(code).finalize();
            hash = full.first_chunk().copied().unwrap_or_default();
        } else {
            pbkdf2_hmac::<Sha256>(code, &self.salt, self.rounds, &mut hash);
        }
        hash
    }
}
