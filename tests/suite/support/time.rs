//! Constant times for tests.

use secondo::UnixTime;

/// Returns the time `secs` seconds after 1970-01-01T00:00:00Z.
pub(crate) const fn at(secs: u64) -> UnixTime {
    match UnixTime::from_secs(secs) {
        Ok(time) => time,
        Err(_) => panic!(),
    }
}
