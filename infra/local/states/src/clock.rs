//! Moments as Step Functions says them.

use serde_json::{Value, json};
use time::{OffsetDateTime, UtcOffset, format_description::BorrowedFormatItem, macros};

const MILLISECONDS: &[BorrowedFormatItem<'_>] = macros::format_description!(
    "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z"
);

/// A moment as the context object and `$now()` have it: `2026-11-23T12:00:00.000Z`.
pub(crate) fn timestamp(moment: OffsetDateTime) -> String {
    moment.to_offset(UtcOffset::UTC).format(MILLISECONDS).unwrap_or_default()
}

/// A moment as the API carries it: seconds since 1970, to the millisecond.
pub(crate) fn epoch(moment: OffsetDateTime) -> Value {
    json!(milliseconds(moment) / 1_000.0)
}

/// A moment as `$millis()` has it.
pub(crate) fn milliseconds(moment: OffsetDateTime) -> f64 {
    // Milliseconds of any year that can be formatted are exact in a double.
    (moment.unix_timestamp_nanos() / 1_000_000) as f64
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::OffsetDateTime;

    use super::{epoch, timestamp};

    #[test]
    fn moments_travel_as_text_or_as_seconds() {
        let moment = OffsetDateTime::from_unix_timestamp_nanos(1_795_435_200_250_999_999).unwrap();
        assert_eq!(timestamp(moment), "2026-11-23T12:00:00.250Z");
        assert_eq!(epoch(moment), json!(1_795_435_200.25));
    }
}
