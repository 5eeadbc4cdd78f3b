//! Days in a time zone, as spans of instants. Pure.

use jiff::tz::TimeZone;
use time::{
    Date, Duration, OffsetDateTime, UtcOffset,
    format_description::BorrowedFormatItem,
    macros::{date, format_description},
};

use crate::quarter::Quarter;

/// The most days of an answer.
pub const DAYS_MAX: usize = 31;
/// The days that can be asked for. Before them zones were off UTC by odd seconds.
const FIRST: Date = date!(2000 - 01 - 01);
const LAST: Date = date!(9998 - 12 - 31);
const FORMAT: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");

/// A day in some zone: 23 or 25 hours long where the clocks are changed, and empty where a zone
/// left it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// Such as `2025-11-17`.
    pub name: String,
    /// Its first instant, in UTC.
    pub start: OffsetDateTime,
    /// The first instant after it.
    pub end: OffsetDateTime,
}

impl Day {
    /// Whether a quarter of an hour belongs to it.
    pub fn has(&self, quarter: Quarter) -> bool {
        self.start <= quarter.start() && quarter.start() < self.end
    }
}

/// Reads a day such as `2025-11-17`.
pub fn read(text: &str) -> Option<Date> {
    let date = Date::parse(text, FORMAT).ok()?;
    (FIRST..=LAST).contains(&date).then_some(date)
}

/// The days from `from` to `to`, both of them included, in `zone`.
pub fn between(from: Date, to: Date, zone: &TimeZone) -> Option<Vec<Day>> {
    let mut days = Vec::new();
    let (mut date, mut start) = (from, first_instant(from, zone)?);
    while date <= to && days.len() < DAYS_MAX {
        let next = date.next_day()?;
        let end = first_instant(next, zone)?;
        days.push(Day { name: date.to_string(), start, end });
        (date, start) = (next, end);
    }
    Some(days)
}

/// The parts of the time from `start` until `end` that are of one day in UTC: the day, and the
/// times of its first quarter and of the one after its last, such as `00:00` and `24:00`.
pub fn parts(start: OffsetDateTime, end: OffsetDateTime) -> Vec<(String, String, String)> {
    let mut parts = Vec::new();
    let mut from = start.to_offset(UtcOffset::UTC);
    while from < end {
        let midnight = from.replace_time(time::Time::MIDNIGHT) + Duration::DAY;
        let until = if end < midnight { Quarter::of(end).time() } else { "24:00".to_owned() };
        let quarter = Quarter::of(from);
        parts.push((quarter.day(), quarter.time(), until));
        from = midnight;
    }
    parts
}

/// The first instant of a day: midnight, or where the clocks skip it the time that they show next.
fn first_instant(date: Date, zone: &TimeZone) -> Option<OffsetDateTime> {
    let year = i16::try_from(date.year()).ok()?;
    let (month, day) = (i8::try_from(u8::from(date.month())), i8::try_from(date.day()));
    let date = jiff::civil::Date::new(year, month.ok()?, day.ok()?).ok()?;
    let start = date.to_zoned_datetime(zone.clone()).ok()?;
    OffsetDateTime::from_unix_timestamp(start.timestamp().as_second()).ok()
}

#[cfg(test)]
mod tests;
