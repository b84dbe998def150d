//! `xs:dateTime` in UTC, as PSKC has it, from and to seconds since 1970.

use alloc::format;
use alloc::string::String;

use crate::ct::division::{quotient, remainder};
use crate::formats::imported::is_leap;
use crate::types::UnixTime;

const DAY: u32 = 86_400;
/// Days in 400 years, after which the calendar repeats itself.
const ERA: u32 = 146_097;
/// From 0000-03-01 to 1970-01-01.
const EPOCH: u64 = 719_468;

/// `2006-05-01T00:00:00Z`, where `Z` may be an offset from UTC, and the seconds may have a fraction, which is dropped.
/// Nothing before 1970.
pub(super) fn parse(text: &str) -> Option<UnixTime> {
    let (date, rest) = text.split_at_checked(10)?;
    let (time, zone) = rest.strip_prefix('T')?.split_at_checked(8)?;
    let [year, month, day] = three(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = three(time, ':', [2, 2, 2])?;
    let is_date = year >= 1 && (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
    if !is_date || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let local = days_before(year, month, day) * u64::from(DAY) + hour * 3600 + minute * 60 + second;
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
        ("Z", "") => Some(local),
        ("+", offset) => local.checked_sub(offset_secs(offset)?),
        ("-", offset) => local.checked_add(offset_secs(offset)?),
        _ => None,
    };
    utc?.checked_sub(EPOCH * u64::from(DAY)).and_then(|secs| UnixTime::from_secs(secs).ok())
}

/// Writes a time as [`parse`] reads it.
pub(super) fn format(time: UnixTime) -> String {
    let secs = time.as_secs();
    let days = quotient::<DAY>(secs) + EPOCH;
    // Counted from March, so that the day that leap years add is a year's last one.
    let (era, day) = (quotient::<ERA>(days), remainder::<ERA>(days));
    let last_days = quotient::<1460>(day) + quotient::<{ ERA - 1 }>(day) - quotient::<36_524>(day);
    let year = quotient::<365>(day - last_days);
    let day = day - (365 * year + leap_days(year));
    let month = quotient::<153>(5 * day + 2);
    let day = day - quotient::<5>(153 * month + 2) + 1;
    let (year, month) = (era * 400 + year + u64::from(month >= 10), remainder::<12>(month + 2) + 1);
    let minutes = quotient::<60>(remainder::<DAY>(secs));
    let (hour, minute, second) = (quotient::<60>(minutes), remainder::<60>(minutes), remainder::<60>(secs));
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Of years from 0 on, but for those that 400 adds.
fn leap_days(year: u64) -> u64 {
    quotient::<4>(year) - quotient::<100>(year)
}

/// From 0000-03-01.
fn days_before(year: u64, month: u64, day: u64) -> u64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    365 * year + leap_days(year) + quotient::<400>(year) + quotient::<5>(153 * month + 2) + day - 1
}

fn days_in(year: u64, month: u64) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// `hh:mm`, at most 14 hours.
fn offset_secs(text: &str) -> Option<u64> {
    let (hours, minutes) = text.split_once(':')?;
    let secs = number(hours, 2)? * 3600 + number(minutes, 2).filter(|minutes| *minutes < 60)? * 60;
    (secs <= 14 * 3600).then_some(secs)
}

fn three(text: &str, separator: char, widths: [usize; 3]) -> Option<[u64; 3]> {
    let mut parts = text.split(separator);
    let numbers =
        [number(parts.next()?, widths[0])?, number(parts.next()?, widths[1])?, number(parts.next()?, widths[2])?];
    parts.next().is_none().then_some(numbers)
}

/// So many digits, and nothing else.
fn number(text: &str, width: usize) -> Option<u64> {
    let is_number = text.len() == width && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_dates() {
        // As GNU date has them: date -u -d TEXT +%s.
        for (text, secs) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T23:59:59Z", 951_868_799),
            ("2006-05-01T00:00:00Z", 1_146_441_600),
            ("2038-01-19T03:14:08Z", 2_147_483_648),
            ("2100-03-01T00:00:00Z", 4_107_542_400),
            ("9999-12-31T23:59:59Z", 253_402_300_799),
        ] {
            let time = UnixTime::from_secs(secs).unwrap();
            assert_eq!(parse(text), Some(time), "{text}");
            assert_eq!(format(time), text);
        }
        assert_eq!(parse("2006-05-01T02:00:00.5+02:00"), parse("2006-05-01T00:00:00Z"));
        assert_eq!(parse("2006-04-30T18:30:00-05:30"), parse("2006-05-01T00:00:00Z"));
        assert_eq!(format(UnixTime::MAX), "9999-12-31T23:59:59Z");
    }

    #[test]
    fn every_day_is_written_and_read() {
        for day in (0..2_900_000).step_by(13) {
            let time = UnixTime::from_secs(day * u64::from(DAY) + day % u64::from(DAY)).unwrap();
            assert_eq!(parse(&format(time)), Some(time));
        }
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
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
