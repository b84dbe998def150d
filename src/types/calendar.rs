//! Conversions between dates of the Gregorian calendar and days since 1970-01-01.

use crate::ct::division::{quotient, remainder};

/// The number of days in 400 years, after which the calendar repeats.
const ERA: u32 = 146_097;
/// The number of days from 0000-03-01 to 1970-01-01.
const EPOCH: u64 = 719_468;

/// Returns the year, month and day of the date that is this many days after 1970-01-01.
pub(crate) fn date(days: u64) -> [u64; 3] {
    let days = days + EPOCH;
    // Years begin in March here, so that a leap day is the last day of its year.
    let (era, day) = (quotient::<ERA>(days), remainder::<ERA>(days));
    let last_days = quotient::<1460>(day) + quotient::<{ ERA - 1 }>(day) - quotient::<36_524>(day);
    let year = quotient::<365>(day - last_days);
    let day = day - (365 * year + leap_days(year));
    let month = quotient::<153>(5 * day + 2);
    let day = day - quotient::<5>(153 * month + 2) + 1;
    [era * 400 + year + u64::from(month >= 10), remainder::<12>(month + 2) + 1, day]
}

/// Returns the number of days from 1970-01-01 to a date of the years 1 to 9999; negative before 1970.
///
/// Returns `None` if there is no such date.
#[cfg(feature = "alloc")]
pub(crate) fn days(year: u64, month: u64, day: u64) -> Option<i64> {
    let is_date = (1..=9999).contains(&year) && (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
    is_date.then(|| {
        let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let days = 365 * year + leap_days(year) + quotient::<400>(year) + quotient::<5>(153 * month + 2) + day - 1;
        days.cast_signed() - EPOCH.cast_signed()
    })
}

/// Returns the number of leap days in this many years from year 0 on, without those that the 400-year rule adds.
fn leap_days(year: u64) -> u64 {
    quotient::<4>(year) - quotient::<100>(year)
}

#[cfg(feature = "alloc")]
fn days_in(year: u64, month: u64) -> u64 {
    let is_leap = remainder::<4>(year) == 0 && (remainder::<100>(year) != 0 || remainder::<400>(year) == 0);
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(all(test, feature = "alloc"))]
mod tests {
    use super::*;

    #[test]
    fn every_day_has_a_date_of_its_own() {
        let mut expected = [1970, 1, 1];
        for day in 0..2_932_897 {
            assert_eq!(date(day), expected);
            let [year, month, of_month] = expected;
            assert_eq!(days(year, month, of_month), Some(day.cast_signed()));
            expected = match (month, of_month == days_in(year, month)) {
                (12, true) => [year + 1, 1, 1],
                (_, true) => [year, month + 1, 1],
                (_, false) => [year, month, of_month + 1],
            };
        }
        assert_eq!(expected, [10_000, 1, 1]);
        assert_eq!(days(1969, 12, 31), Some(-1));
        for [year, month, day] in [[2026, 2, 29], [2100, 2, 29], [2000, 2, 30], [2026, 0, 1], [2026, 13, 1], [0, 1, 1]]
        {
            assert_eq!(days(year, month, day), None, "{year}-{month}-{day}");
        }
    }
}
