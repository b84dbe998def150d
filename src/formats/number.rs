/// Parses a decimal number that consists of digits only. `str::parse` would also accept a plus sign.
pub(crate) fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Returns the end of a message about a field that has an invalid value: the values of a field that people set.
pub(crate) fn range_of(field: &str) -> &'static str {
    match field {
        "TYPE" => ": it must be HOTP, HOTP/E, HOTP/T30 or HOTP/T60, and /6, /7 or /8 may follow the last three",
        "algorithm" | "algo" | "hashFunction" | "TimeOtp-Algorithm" => ": it must be SHA1, SHA256 or SHA512",
        "type" => ": it must be totp or hotp",
        "digits" | "TimeOtp-Length" => ": it must be 6 to 9",
        "period" | "TimeInterval" | "TimeOtp-Period" | "time interval" | "timeIntervalInSeconds" => {
            ": it must be 1 to 86400"
        }
        "drift" | "TimeDrift" | "TIME_SKEW" => ": it must be -5000 to 5000 time steps",
        _ => "",
    }
}
