//! Parsers for the dates and times in the files of other systems.

use super::number::number;
#[cfg(feature = "pskc")]
use crate::types::UnixTime;
use crate::types::calendar;

/// Parses an `xs:dateTime` of 1970 or later, as PSKC uses it, such as `2006-05-01T00:00:00Z`.
///
/// The `Z` may be an offset from UTC of at most 14 hours instead. A fraction of a second is dropped.
#[cfg(feature = "pskc")]
pub(super) fn utc(text: &str) -> Option<UnixTime> {
    let (local, zone) = date_time(text, 59)?;
    let zone = match zone.strip_prefix('.') {
        None => zone,
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            if zone.len() == fraction.len() {
                return None;
            }
            zone
        }
    };
    let utc = match zone.split_at_checked(1)? {
        ("Z", "") => local,
        ("+", offset) => local - offset_secs(offset)?,
        ("-", offset) => local + offset_secs(offset)?,
        _ => return None,
    };
    u64::try_from(utc).ok().and_then(|secs| UnixTime::from_secs(secs).ok())
}

/// Parses a local time in liboath's format, such as `2026-11-25T08:30:00L`. A leap second (60) is allowed.
///
/// Returns the seconds since 1970 in the time zone of the local time.
pub(super) fn local(text: &str) -> Option<u64> {
    let (local, zone) = date_time(text, 60)?;
    if zone == "L" { u64::try_from(local).ok() } else { None }
}

/// Parses the date and time at the start of a text. Returns the seconds since 1970, and the rest of the text.
fn date_time(text: &str, last_second: u64) -> Option<(i64, &str)> {
    let (date, rest) = text.split_at_checked(10)?;
    let (time, zone) = rest.strip_prefix('T')?.split_at_checked(8)?;
    let [year, month, day] = three(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = three(time, ':', [2, 2, 2])?;
    if hour > 23 || minute > 59 || second > last_second {
        return None;
    }
    let secs = (hour * 60 + minute) * 60 + second;
    Some((calendar::days(year, month, day)? * 24 * 60 * 60 + secs.cast_signed(), zone))
}

/// Parses an offset `hh:mm` of at most 14 hours, and returns it in seconds.
#[cfg(feature = "pskc")]
fn offset_secs(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    let secs = wide(hours, 2)? * 3600 + wide(minutes, 2).filter(|minutes| *minutes < 60)? * 60;
    (secs <= 14 * 3600).then_some(secs.cast_signed())
}

fn three(text: &str, separator: char, widths: [usize; 3]) -> Option<[u64; 3]> {
    let mut numbers = [0; 3];
    let mut parts = text.split(separator);
    for (slot, width) in numbers.iter_mut().zip(widths) {
        *slot = wide(parts.next()?, width)?;
    }
    parts.next().is_none().then_some(numbers)
}

/// Parses a number of exactly `width` digits.
fn wide(text: &str, width: usize) -> Option<u64> {
    number(text).filter(|_| text.len() == width)
}

#[cfg(all(test, feature = "pskc"))]
mod tests {
    use super::*;

    #[test]
    fn known_dates() {
        // Expected values are from GNU date: date -u -d TEXT +%s.
        for (text, secs) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T23:59:59Z", 951_868_799),
            ("2006-05-01T00:00:00Z", 1_146_441_600),
            ("2038-01-19T03:14:08Z", 2_147_483_648),
            ("2100-03-01T00:00:00Z", 4_107_542_400),
            ("9999-12-31T23:59:59Z", 253_402_300_799),
        ] {
            let time = UnixTime::from_secs(secs).unwrap();
            assert_eq!(utc(text), Some(time), "{text}");
            assert_eq!(time.to_string(), text);
        }
        assert_eq!(utc("2006-05-01T02:00:00.5+02:00"), utc("2006-05-01T00:00:00Z"));
        assert_eq!(utc("2006-04-30T18:30:00-05:30"), utc("2006-05-01T00:00:00Z"));
        assert_eq!(UnixTime::MAX.to_string(), "9999-12-31T23:59:59Z");
    }

    #[test]
    fn what_is_no_date() {
        for text in [
            "",
            "2006-05-01",
            "2006-05-01T00:00:00",
            "2006-05-01 00:00:00Z",
            "2006-02-29T00:00:00Z",
            "2100-02-29T00:00:00Z",
            "2006-13-01T00:00:00Z",
            "2006-00-01T00:00:00Z",
            "2006-05-00T00:00:00Z",
            "2006-05-01T24:00:00Z",
            "2006-05-01T00:00:60Z",
            "2006-05-01T00:00:00.Z",
            "2006-05-01T00:00:00+15:00",
            "2006-05-01T00:00:00ZZ",
            "+006-05-01T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "1970-01-01T00:00:00+00:01",
            "0000-01-01T00:00:00Z",
            "２006-05-01T00:00:00Z",
        ] {
            assert_eq!(utc(text), None, "{text}");
        }
    }

    /// Compares local times with the output of GNU `date -u -d … +%s`.
    #[test]
    fn local_times() {
        for (text, secs) in [
            ("1970-01-01T00:00:00L", 0),
            ("2000-02-29T12:34:56L", 951_827_696),
            ("2026-11-23T20:36:02L", 1_795_466_162),
            ("2100-03-01T00:00:00L", 4_107_542_400),
            ("9999-12-31T23:59:59L", 253_402_300_799),
        ] {
            assert_eq!(local(text), Some(secs), "{text}");
        }
        for text in [
            "",
            "L",
            "2026-11-23T20:36:02",
            "2026-11-23T20:36:02Z",
            "2026-11-23 20:36:02L",
            "2026-02-29T00:00:00L",
            "2100-02-29T00:00:00L",
            "2026-00-10T00:00:00L",
            "2026-13-10T00:00:00L",
            "2026-04-31T00:00:00L",
            "2026-04-00T00:00:00L",
            "2026-04-01T24:00:00L",
            "2026-04-01T00:60:00L",
            "2026-04-01T00:00:61L",
            "1969-12-31T23:59:59L",
            "+026-04-01T00:00:00L",
            "2026-4-01T00:00:00L",
            "2026-04-01T00:00:00:00L",
        ] {
            assert_eq!(local(text), None, "{text}");
        }
    }
}
