//! Moments as the bus says them.

use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};

const SECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");

/// A moment as events carry it: UTC, whole seconds.
pub(crate) fn seconds(moment: OffsetDateTime) -> String {
    let utc = moment.to_offset(time::UtcOffset::UTC);
    utc.format(SECONDS).unwrap_or_default()
}

/// A moment as the API carries it: seconds since 1970, to the millisecond.
pub(crate) fn epoch(moment: OffsetDateTime) -> Value {
    let milliseconds = moment.unix_timestamp_nanos() / 1_000_000;
    // Milliseconds of any year that can be formatted are exact in a double.
    json!(milliseconds as f64 / 1_000.0)
}

/// The moment that the API's `seconds` since 1970 stand for, within the years 1 to 9999.
pub(crate) fn from_epoch(seconds: f64) -> Option<OffsetDateTime> {
    let nanoseconds = ((seconds * 1e3).round() as i128).checked_mul(1_000_000)?;
    let moment = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).ok()?;
    (1..=9999).contains(&moment.year()).then_some(moment)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{epoch, from_epoch, seconds};

    #[test]
    fn moments_travel_as_seconds() {
        let moment = from_epoch(1_795_435_200.25).unwrap();
        assert_eq!(seconds(moment), "2026-11-23T12:00:00Z");
        assert_eq!(epoch(moment), json!(1_795_435_200.25));
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for seconds in [f64::MAX, -f64::MAX, 1e12, -1e12] {
            assert_eq!(from_epoch(seconds), None);
        }
    }
}
