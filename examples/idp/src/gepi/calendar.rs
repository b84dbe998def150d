//! Days and times as the clocks in Italy show them.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use secondo::UnixTime;

use crate::outage::Outage;

fn zone() -> TimeZone {
    TimeZone::get("Europe/Rome").unwrap_or(TimeZone::UTC)
}

/// Returns the day of a time.
pub(super) fn day(time: UnixTime) -> Date {
    Timestamp::from_second(time.into()).unwrap_or_default().to_zoned(zone()).date()
}

/// Returns the time at which a day begins.
pub(super) fn start(day: Date) -> Result<UnixTime, Outage> {
    let seconds = day.to_zoned(zone())?.timestamp().as_second();
    Ok(UnixTime::try_from(seconds)?)
}

/// Returns a day as people in Italy write it.
pub(super) fn written(day: Date) -> String {
    day.strftime("%d/%m/%Y").to_string()
}

/// Returns a time in seconds with its day.
pub(super) fn time(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.unwrap_or_default().to_zoned(zone()).strftime("%d/%m/%Y %H:%M:%S").to_string()
}
