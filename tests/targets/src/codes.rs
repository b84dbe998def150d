//! Checks of codes against the vectors of the RFCs, and against vectors for large counters and long secrets.

use secondo::types::{Counter, Period};
use secondo::{Algorithm, Code, Digits, Hotp, Key, Secret, Totp, UnixTime};

use crate::tally::Tally;

const DIGITS: &[u8; 64] = b"1234567890123456789012345678901234567890123456789012345678901234";

/// Returns the rows of a vector file without its comments.
fn rows(file: &str) -> impl Iterator<Item = &str> {
    file.lines().filter(|row| !row.starts_with('#'))
}

/// Returns the time `secs` seconds after the start of 1970.
pub fn at(secs: u64) -> UnixTime {
    UnixTime::from_secs(secs).unwrap_or_default()
}

fn number(field: Option<&str>) -> u64 {
    field.and_then(|field| field.parse().ok()).unwrap_or(u64::MAX)
}

fn is(code: &Code, expected: Option<&str>) -> bool {
    expected == Some(code.as_str())
}

pub fn key(algorithm: Algorithm, secret: &[u8]) -> Option<Key> {
    Some(Key::new(algorithm, &Secret::from_bytes(secret).ok()?))
}

/// Returns the key of the RFCs' vectors for SHA-1.
pub fn rfc_key() -> Option<Key> {
    key(Algorithm::Sha1, &DIGITS[..20])
}

/// Checks codes against RFC 4226, appendix D. The planted defect is the code of counter 4 instead of 5.
pub fn rfc4226(tally: &mut Tally<'_>, is_planted: bool) {
    let Some(key) = rfc_key() else { return tally.check("RFC 4226 key", 0, false) };
    for row in rows(include_str!("../../vectors/rfc4226-appendix-d.txt")) {
        let mut fields = row.split(' ');
        let counter = number(fields.next());
        let asked = Counter::new(counter ^ u64::from(is_planted && counter == 5));
        let code = Hotp::new(Digits::Six).generate(&key, asked);
        tally.check("RFC 4226 appendix D, counter", counter, is(&code, fields.nth(2)));
    }
}

/// Checks codes against RFC 6238, appendix B. Each secret there is as long as the hash's output.
pub fn rfc6238(tally: &mut Tally<'_>) {
    let totp = Totp::new(Digits::Eight, Period::default());
    for row in rows(include_str!("../../vectors/rfc6238-appendix-b.txt")) {
        let mut fields = row.split(' ');
        let time = number(fields.next());
        for ((algorithm, len), expected) in Algorithm::ALL.iter().zip([20, 32, 64]).zip(fields) {
            let code = key(*algorithm, &DIGITS[..len]).and_then(|key| totp.generate(&key, at(time)).ok());
            let holds = code.is_some_and(|code| is(&code, Some(expected)));
            tally.check("RFC 6238 appendix B, time", time, holds);
        }
    }
}

/// Checks codes of counters up to the largest, with every number of digits and secrets shorter and longer than a hash
/// block.
pub fn far_and_long(tally: &mut Tally<'_>) {
    let mut bytes = [0; Secret::MAX_LEN];
    for (at, byte) in (0..).zip(&mut bytes) {
        *byte = at;
    }
    for (at, row) in (1..).zip(rows(include_str!("../../vectors/far-and-long.txt"))) {
        let mut fields = row.split(' ');
        let algorithm = match fields.next() {
            Some("SHA1") => Algorithm::Sha1,
            #[cfg(feature = "sha2")]
            Some("SHA256") => Algorithm::Sha256,
            #[cfg(feature = "sha2")]
            Some("SHA512") => Algorithm::Sha512,
            _ => continue,
        };
        let len = usize::try_from(number(fields.next())).unwrap_or_default();
        let counter = Counter::new(number(fields.next()));
        let digits = u8::try_from(number(fields.next())).ok().and_then(|count| Digits::try_from(count).ok());
        let code = bytes.get(..len).and_then(|secret| key(algorithm, secret)).zip(digits);
        let code = code.map(|(key, digits)| Hotp::new(digits).generate(&key, counter));
        tally.check("far and long, row", at, code.is_some_and(|code| is(&code, fields.next())));
    }
}
