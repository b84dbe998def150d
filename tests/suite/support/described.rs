//! The format of the test vectors for key URIs and exports.

use secondo::factor::Method;
use secondo::formats::otpauth::KeyUri;

use super::hex::hex;

/// Returns the parameters in one line: type, algorithm, digits, period or next counter, and secret in hexadecimal.
pub(crate) fn parameters(uri: &KeyUri) -> String {
    let authenticator = uri.authenticator();
    let (kind, moving) = match authenticator.method() {
        Method::Totp(totp) => ("totp", u64::from(totp.period().as_secs())),
        Method::Hotp(_) => ("hotp", uri.counter().unwrap().get()),
        other => panic!("{other:?}"),
    };
    let secret = hex(authenticator.secret().unwrap().expose());
    let digits = authenticator.method().digits().count();
    format!("{kind} {} {digits} {moving} {}", authenticator.algorithm(), secret)
}

/// Returns the fields of each row that is not a comment.
pub(crate) fn rows(file: &str) -> impl Iterator<Item = Vec<&str>> {
    file.lines().filter(|row| !row.starts_with('#')).map(|row| row.split('\t').collect())
}
