/// Parses a decimal number that consists of digits only. `str::parse` would also accept a plus sign.
pub(crate) fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Returns the end of a message about a field that has an invalid value: the range of a number that people set.
pub(crate) fn range_of(field: &str) -> &'static str {
    match field {
        "digits" => ": it must be 6 to 9",
        "period" | "TimeInterval" => ": it must be 1 to 86400",
        _ => "",
    }
}
