//! The rules for new passwords.

use crate::problem::Problem;

/// The numbers of characters of a password.
const LENGTHS: std::ops::RangeInclusive<usize> = 8..=64;
/// Parts of names that are shorter than this may be in a password by chance.
const PART: usize = 3;

/// Checks a new password. It must not contain these names and addresses of its person.
pub(crate) fn check(password: &str, personal: &[&str]) -> Result<(), Problem> {
    if !LENGTHS.contains(&password.chars().count()) {
        return Err(Problem::PasswordLength);
    }
    let has = |kind: fn(char) -> bool| password.chars().any(kind);
    let is_special = |letter: char| !letter.is_alphanumeric() && !letter.is_whitespace();
    if !(has(char::is_lowercase) && has(char::is_uppercase) && has(|c| c.is_ascii_digit()) && has(is_special)) {
        return Err(Problem::PasswordKinds);
    }
    let password = password.to_lowercase();
    let is_personal = personal.iter().any(|text| {
        let text = text.to_lowercase();
        let start = text.split('@').next().unwrap_or_default();
        start.split_whitespace().any(|part| part.chars().count() >= PART && password.contains(part))
    });
    if is_personal { Err(Problem::PasswordPersonal) } else { Ok(()) }
}
