/// Parses a decimal number that consists of digits only. `str::parse` would also accept a plus sign.
pub(crate) fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Returns the end of a message about a field that has an invalid value: the values of a field that people set.
pub(crate) fn range_of(field: &str) -> &'static str {
    match field {
        "TYPE" => ": it must be HOTP, HOTP/E, HOTP/T30 or HOTP/T60, and /6, /7 or /8 may follow the last three",
        "algorithm" | "algo" | "TimeOtp-Algorithm" => ": it must be SHA1, SHA256 or SHA512",
        "hashFunction" => ": it must be hmacsha1 or hmacsha256",
        "type" => ": it must be totp or hotp",
        "digits" | "Length" | "TimeOtp-Length" => ": it must be 6 to 9",
        "period" | "TimeInterval" | "TimeOtp-Period" | "time interval" | "timeIntervalInSeconds" => {
            ": it must be 1 to 86400"
        }
        "STEP_SIZE" => ": it must be 1 to 60",
        "WINDOW_SIZE" => ": it must be 1 to 100",
        "RATE_LIMIT" => ": it must be 1 to 100 attempts, and 1 to 3600 seconds",
        "drift" | "TimeDrift" | "TIME_SKEW" => ": it must be -5000 to 5000 time steps",
        "counter" | "counter or period" | "MOVING_FACTOR" | "MovingFactor" => ": it must be 0 to 18446744073709551614",
        "HOTP_COUNTER" => ": it must be 1 to 18446744073709551615",
        "Counter" => ": it must be 0 or more, and for TOTP a time step at most two days ahead, not seconds",
        "Time" => ": it must be a time step at most two days ahead, not seconds",
        "last_step" => ": it must be a time step at most two days ahead, not seconds, or -1 for none",
        "DISALLOW_REUSE" => ": they must be time steps at most two days ahead",
        "LAST_OTP" => ": it must be 6 to 8 digits",
        "LAST_TIMESTAMP" => ": it must be a time such as 2026-11-23T20:36:02L",
        "SECRET" | "Seed" | "key" | "TimeOtp-Secret-Hex" => ": it must be hexadecimal, with two digits for each byte",
        "secret" => ": it must be hexadecimal, or in the encoding that the record names",
        "encoding" => ": it must be base32, hex, base64 or text",
        "TOTP Settings" => ": it must be the seconds, a semicolon and the number of digits, as in 30;6",
        "name" | "USER" | "upn" | "user name" | "issuer" | "serial number" => {
            ": it must be a text of at most 255 bytes without control characters"
        }
        _ => "",
    }
}
