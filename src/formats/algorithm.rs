use crate::types::Algorithm;

/// Parses the name of an algorithm in any case, with or without hyphens, and with or without `Hmac` before it.
pub(super) fn algorithm(text: &str) -> Option<Algorithm> {
    let is = |name: &str| {
        let letters = text.bytes().filter(|byte| *byte != b'-');
        letters.map(|byte| byte.to_ascii_uppercase()).eq(name.bytes())
    };
    match () {
        () if is("SHA1") || is("HMACSHA1") => Some(Algorithm::Sha1),
        () if is("SHA256") || is("HMACSHA256") => Some(Algorithm::Sha256),
        () if is("SHA512") || is("HMACSHA512") => Some(Algorithm::Sha512),
        () => None,
    }
}
