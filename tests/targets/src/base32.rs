//! Reading and writing of base32.

use secondo::Secret;
use secondo::types::SecretError;

use crate::tally::Tally;

const BYTES: &[u8] = b"12345678901234567890";

/// Checks that base32 (RFC 4648) is read in several spellings, and is written and read at every length of a secret.
pub fn both_ways(tally: &mut Tally<'_>) {
    const TEXT: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    let is_it = |secret: Result<Secret, SecretError>| secret.is_ok_and(|secret| secret.expose() == BYTES);
    let texts = [TEXT, "gezdgnbvgy3tqojqGEZDGNBVGY3TQOJQ"];
    for (at, text) in (0..).zip(texts) {
        tally.check("base32 read", at, is_it(Secret::from_base32(text)));
    }
    let groups = [TEXT, "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ", "gezdgnbv-gy3tqojq-gezdgnbv-gy3tqojq "];
    for (at, text) in (0..).zip(groups) {
        tally.check("base32 in groups", at, is_it(Secret::from_base32_grouped(text)));
    }
    let written = Secret::from_bytes(BYTES).is_ok_and(|secret| secret.to_base32().as_str() == TEXT);
    tally.check("base32 written", 0, written);

    // All lengths together have every possible number of symbols in the last group.
    let mut bytes = [0; Secret::MAX_LEN];
    for (at, byte) in (0..).zip(&mut bytes) {
        *byte = 167_u8.wrapping_mul(at).wrapping_add(13);
    }
    for len in Secret::MIN_LEN..=Secret::MAX_LEN {
        let read = Secret::from_bytes(&bytes[..len])
            .and_then(|secret| Secret::from_base32(secret.to_base32().as_str()))
            .is_ok_and(|secret| secret.expose() == &bytes[..len]);
        tally.check("base32 there and back, bytes", len as u64, read);
    }
    let padded = Secret::from_base32("GEZDGNBVGY3TQOJQGEZDGNBVGY======");
    tally.check("base32 padded", 0, padded.is_ok_and(|secret| secret.expose() == &BYTES[..16]));
}

/// Checks the errors for invalid base32 and for a secret that is too short.
pub fn refused(tally: &mut Tally<'_>) {
    let refused = [
        ("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ1", SecretError::Base32Character { position: 31 }),
        ("GEZD GNBVGY3TQOJQGEZDGNBVGY3TQOJQ", SecretError::Base32Character { position: 4 }),
        ("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQO", SecretError::Base32Length),
        ("GEZDGNBVGY3TQOJQ", SecretError::Length { min: 16, found: 10 }),
    ];
    for (at, (text, error)) in (0..).zip(refused) {
        tally.check("base32 refused", at, Secret::from_base32(text).is_err_and(|found| found == error));
    }
}
