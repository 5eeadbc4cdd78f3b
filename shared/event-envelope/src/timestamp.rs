//! Times in RFC 3339, UTC.

use serde::{Deserialize, Deserializer, Serializer, de::Error as _, ser::Error as _};
use time::{
    OffsetDateTime, UtcOffset,
    format_description::{BorrowedFormatItem, well_known::Rfc3339},
    macros::{datetime, format_description},
};

use crate::excerpt::excerpt;

const MILLIS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// The first time that can be written: a year has four digits and no sign.
/// Source: <https://www.rfc-editor.org/rfc/rfc3339#section-5.6>.
const FIRST: OffsetDateTime = datetime!(0000-01-01 0:00 UTC);
/// The last time that can be written.
const LAST: OffsetDateTime = datetime!(9999-12-31 23:59:59.999_999_999 UTC);

/// `at` as RFC 3339, UTC, always with three digits after the second: the order of such texts is
/// the order of the times. A time before the year 0 or after 9999 becomes the nearest in between.
pub fn instant(at: OffsetDateTime) -> String {
    // Any time that `utc` gives can be written.
    utc(at).format(MILLIS).unwrap_or_default()
}

fn utc(at: OffsetDateTime) -> OffsetDateTime {
    at.clamp(FIRST, LAST).to_offset(UtcOffset::UTC)
}

/// Writes `at` as RFC 3339 with a `Z`.
pub(crate) fn serialize<S: Serializer>(
    at: &OffsetDateTime,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&utc(*at).format(&Rfc3339).map_err(S::Error::custom)?)
}

/// Reads RFC 3339 with any offset.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<OffsetDateTime, D::Error> {
    parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// The time that `text` is in RFC 3339, with any offset, in UTC.
pub(crate) fn parse(text: &str) -> Result<OffsetDateTime, String> {
    let at = OffsetDateTime::parse(text, &Rfc3339).ok();
    at.filter(|at| (FIRST..=LAST).contains(at)).map(utc).ok_or_else(|| {
        let text = excerpt(text);
        format!("{text:?} is not a time with its offset, such as \"2026-01-31T10:30:00Z\"")
    })
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn the_order_of_texts_is_the_order_of_times() {
        let times = [
            datetime!(2026-11-23 10:00:00 UTC),
            datetime!(2026-11-23 11:00:00.05 +1),
            datetime!(2026-11-23 10:00:00.5 UTC),
        ];
        let texts = times.map(instant);
        assert_eq!(texts[0], "2026-11-23T10:00:00.000Z");
        assert_eq!(texts[1], "2026-11-23T10:00:00.050Z");
        assert!(texts.is_sorted());
    }

    #[test]
    fn only_a_time_that_can_be_written_in_utc_is_read() {
        for good in ["0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z"] {
            let at = parse(good).unwrap();
            assert_eq!(at.format(&Rfc3339).unwrap(), good);
        }
        // In UTC these lie a day before the first year, and after the last.
        for bad in ["0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "", "2025-11-17"] {
            let error = parse(bad).unwrap_err();
            assert!(error.contains(bad), "{error}");
        }
        assert!(parse(&"9".repeat(100_000)).unwrap_err().len() < 200);
    }

    #[test]
    fn a_time_that_cannot_be_written_becomes_the_nearest_that_can() {
        assert_eq!(instant(datetime!(-1-06-01 0:00 UTC)), "0000-01-01T00:00:00.000Z");
        assert_eq!(instant(datetime!(-9999-01-01 0:00 +1)), "0000-01-01T00:00:00.000Z");
        assert_eq!(instant(datetime!(9999-12-31 23:59:59 -1)), "9999-12-31T23:59:59.999Z");
    }
}
