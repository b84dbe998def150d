//! Times that are written in tests.

use secondo::UnixTime;

/// The time so many seconds after 1970.
pub(crate) const fn at(secs: u64) -> UnixTime {
    match UnixTime::from_secs(secs) {
        Ok(time) => time,
        Err(_) => panic!(),
    }
}
