//! Helpers of the tests: the time of the move, and short forms of reports.

use secondo::types::Counter;
use secondo::{Method, UnixTime};
use secondo_import::{Format, ImportError, Record, Unlock};

/// The secret of RFC 4226, and its base32.
pub(crate) const SECRET: &[u8] = b"12345678901234567890";
pub(crate) const BASE32: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
pub(crate) const HEX: &str = "3132333435363738393031323334353637383930";

pub(crate) fn moved_at() -> UnixTime {
    UnixTime::from_secs(1_795_500_000).unwrap()
}

/// Reads a file of the format that is recognized.
pub(crate) fn read(file: impl AsRef<[u8]>) -> Vec<Result<Record, ImportError>> {
    read_with(file, &Unlock::new())
}

pub(crate) fn read_with(file: impl AsRef<[u8]>, unlock: &Unlock<'_>) -> Vec<Result<Record, ImportError>> {
    let format = Format::recognize(file.as_ref()).expect("a known format");
    format.read(file.as_ref(), unlock, moved_at()).collect()
}

/// Reads a file whose records are all readable.
pub(crate) fn records(file: impl AsRef<[u8]>) -> Vec<Record> {
    read(file).into_iter().map(Result::unwrap).collect()
}

/// Returns the messages of the errors of a file.
pub(crate) fn errors(file: impl AsRef<[u8]>) -> Vec<String> {
    read(file).into_iter().filter_map(Result::err).map(|error| error.to_string()).collect()
}

/// Returns the parameters of a record in one line: method, algorithm, digits, and period or next counter.
pub(crate) fn parameters(record: &Record) -> String {
    let method = record.authenticator.method();
    let next = record.state.watermark().map_or(0, |used| used.get() + 1);
    let (algorithm, digits) = (record.authenticator.algorithm(), method.digits().count());
    match method {
        Method::Totp(totp) => {
            // Every step until the move counts as used, and ten more.
            let used = totp.step(moved_at()).unwrap().get() + 10;
            assert_eq!(record.state.watermark(), Some(Counter::new(used)));
            format!("TOTP {algorithm} {digits} {} s", totp.period().as_secs())
        }
        _ => format!("HOTP {algorithm} {digits} next {next}"),
    }
}

pub(crate) fn secret(record: &Record) -> &[u8] {
    record.authenticator.secret().unwrap().expose()
}
