use zeroize::Zeroizing;

/// Returns whether a part of the text may be a secret of ten bytes or more, in hexadecimal, base32 or base64.
///
/// Names of a file, such as [`Imported::name`](super::Imported::name), are secrets if the columns of the file are mixed
/// up. Do not show a text for which this is true. This is a guess: a few long names are taken for secrets, and a secret
/// of letters only, in small letters or in both cases, for a name.
///
/// ```
/// use secondo::formats::may_be_secret;
///
/// assert!(may_be_secret("GEZD GNBV GY3T QOJQ"));
/// assert!(!may_be_secret("maria.rossi@example.com"));
/// ```
#[must_use]
pub fn may_be_secret(text: &str) -> bool {
    // Ten bytes are 14 characters of base64 or more.
    if text.len() < 14 {
        return false;
    }
    let without = |separators: &[char]| Zeroizing::new(text.replace(separators, ""));
    let mut parts = text.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '/' | '='));
    parts.any(|part| is_hex(part) || is_base32(part) || is_base64(part))
        || is_hex(&without(&[' ', ':', '.', '_']))
        || is_base32(&without(&[' ', '-', ':', '.', '_']))
        || text.split('-').all(|group| group.len() <= 4) && is_hex(&without(&['-']))
}

/// Returns whether the text has ten bytes or more in hexadecimal.
fn is_hex(text: &str) -> bool {
    let text = text.strip_prefix("0x").unwrap_or(text);
    text.len() >= 20 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Returns whether the text has ten bytes or more in base32. A word of small letters is a name.
fn is_base32(text: &str) -> bool {
    let symbols = text.trim_end_matches('=');
    let all_are = |is: fn(u8) -> bool| symbols.bytes().all(is);
    let is_upper = all_are(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7'));
    let is_lower = all_are(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'));
    symbols.len() >= 16 && (is_upper || is_lower && symbols.bytes().any(|byte| byte.is_ascii_digit()))
}

/// Returns whether the text has ten bytes or more in base64. A path has digits and letters in different parts.
fn is_base64(text: &str) -> bool {
    let symbols = text.trim_end_matches('=');
    let has = |text: &str, is: fn(&u8) -> bool| text.bytes().any(|byte| is(&byte));
    let mixes = |part: &str| has(part, u8::is_ascii_digit) && has(part, u8::is_ascii_alphabetic);
    symbols.len() >= 14
        && has(symbols, u8::is_ascii_uppercase)
        && has(symbols, u8::is_ascii_lowercase)
        && symbols.split('/').any(mixes)
}
