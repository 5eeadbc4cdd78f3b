//! Moments as the services' APIs and events write them.

use serde_json::{Value, json};
use time::{
    OffsetDateTime, UtcOffset, format_description::BorrowedFormatItem, macros::format_description,
};

const SECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
const MILLISECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// UTC, to the second: `2026-11-23T12:00:00Z`.
pub fn to_second(moment: OffsetDateTime) -> String {
    written(moment, SECONDS)
}

/// UTC, to the millisecond: `2026-11-23T12:00:00.000Z`.
pub fn to_millisecond(moment: OffsetDateTime) -> String {
    written(moment, MILLISECONDS)
}

fn written(moment: OffsetDateTime, format: &[BorrowedFormatItem<'_>]) -> String {
    moment.to_offset(UtcOffset::UTC).format(format).unwrap_or_default()
}

/// Milliseconds since 1970.
pub fn epoch_milliseconds(moment: OffsetDateTime) -> f64 {
    // Milliseconds of any year that can be formatted are exact in a double.
    (moment.unix_timestamp_nanos() / 1_000_000) as f64
}

/// Seconds since 1970, to the millisecond, as APIs carry a moment.
pub fn epoch(moment: OffsetDateTime) -> Value {
    json!(epoch_milliseconds(moment) / 1_000.0)
}

/// The moment that an API's `seconds` since 1970 stand for, within the years 1 to 9999.
pub fn from_epoch(seconds: f64) -> Option<OffsetDateTime> {
    let nanoseconds = ((seconds * 1e3).round() as i128).checked_mul(1_000_000)?;
    let moment = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).ok()?;
    (1..=9999).contains(&moment.year()).then_some(moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_travel_as_text_or_as_seconds() {
        let moment = OffsetDateTime::from_unix_timestamp_nanos(1_795_435_200_250_999_999).unwrap();
        assert_eq!(to_second(moment), "2026-11-23T12:00:00Z");
        assert_eq!(to_millisecond(moment), "2026-11-23T12:00:00.250Z");
        assert_eq!(epoch(moment), json!(1_795_435_200.25));
        assert_eq!(from_epoch(1_795_435_200.25).map(epoch), Some(epoch(moment)));
    }

    #[test]
    fn text_is_utc_from_wherever_the_moment_comes() {
        let moment = OffsetDateTime::UNIX_EPOCH + time::Duration::milliseconds(1_234);
        let elsewhere = moment.to_offset(UtcOffset::from_hms(5, 30, 0).unwrap());
        assert_eq!(to_millisecond(elsewhere), "1970-01-01T00:00:01.234Z");
        assert_eq!(to_second(elsewhere), "1970-01-01T00:00:01Z");
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for seconds in [f64::MAX, -f64::MAX, 1e12, -1e12] {
            assert_eq!(from_epoch(seconds), None);
        }
    }
}
