//! Quarters of an hour, in UTC. Every time zone of today is off UTC by a whole number of them, so
//! that a day anywhere is a sum of quarters. Pure.

use time::{Duration, OffsetDateTime, Time, UtcOffset};

/// Minutes of a quarter.
pub const MINUTES: u8 = 15;

/// A quarter of an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quarter(OffsetDateTime);

impl Quarter {
    /// The quarter in which `at` is.
    pub fn of(at: OffsetDateTime) -> Self {
        let at = at.to_offset(UtcOffset::UTC);
        let minute = at.minute() - at.minute() % MINUTES;
        // The minute is that of a clock, so this is never the start of the day.
        let start = Time::from_hms(at.hour(), minute, 0).unwrap_or(Time::MIDNIGHT);
        Self(at.replace_time(start))
    }

    /// The minute of `at` within its quarter, from 0.
    pub fn minute(at: OffsetDateTime) -> u8 {
        at.to_offset(UtcOffset::UTC).minute() % MINUTES
    }

    /// The quarter that a table has under this day and time, such as `2025-11-17` and `10:30`.
    pub fn read(day: &str, time: &str) -> Option<Self> {
        let text = format!("{day}T{time}:00Z");
        let at = OffsetDateTime::parse(&text, &time::format_description::well_known::Rfc3339);
        at.ok().map(Self::of)
    }

    /// When it begins.
    pub const fn start(self) -> OffsetDateTime {
        self.0
    }

    /// When this minute of it begins.
    pub fn start_of(self, minute: u8) -> OffsetDateTime {
        self.0 + Duration::minutes(i64::from(minute))
    }

    /// Its day in UTC, such as `2025-11-17`.
    pub fn day(self) -> String {
        self.0.date().to_string()
    }

    /// When it begins within the day, such as `10:30`.
    pub fn time(self) -> String {
        format!("{:02}:{:02}", self.0.hour(), self.0.minute())
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_quarter_begins_at_its_first_minute_and_ends_before_the_next() {
        for (at, day, time, minute) in [
            (datetime!(2025-11-17 00:00 UTC), "2025-11-17", "00:00", 0),
            (datetime!(2025-11-17 10:29:59.999 UTC), "2025-11-17", "10:15", 14),
            (datetime!(2025-11-17 10:30 UTC), "2025-11-17", "10:30", 0),
            (datetime!(2025-11-17 23:59:59.999 UTC), "2025-11-17", "23:45", 14),
            (datetime!(2025-11-18 00:30 +01:00), "2025-11-17", "23:30", 0),
            (datetime!(2025-11-18 00:07 +05:45), "2025-11-17", "18:15", 7),
            (datetime!(2025-12-31 23:30 -01:00), "2026-01-01", "00:30", 0),
        ] {
            let quarter = Quarter::of(at);
            assert_eq!((quarter.day().as_str(), quarter.time().as_str()), (day, time), "{at}");
            assert_eq!(Quarter::minute(at), minute, "{at}");
            assert_eq!(Quarter::read(day, time), Some(quarter));
        }
        assert_eq!(Quarter::read("2025-11-17", "x"), None);
    }
}
