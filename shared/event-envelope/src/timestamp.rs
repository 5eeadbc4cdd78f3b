//! Times in RFC 3339, UTC.

use serde::{Deserialize, Deserializer, Serializer, de::Error as _, ser::Error as _};
use time::{
    OffsetDateTime, PrimitiveDateTime, UtcOffset,
    format_description::{
        BorrowedFormatItem,
        well_known::{Iso8601, Rfc3339},
    },
    macros::format_description,
};

const MILLIS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// `at` as RFC 3339, UTC, always with three digits after the second: the order of such texts is
/// the order of the times.
pub fn instant(at: OffsetDateTime) -> String {
    // Only a year beyond 9999 cannot be written so, and no event has one.
    at.to_offset(UtcOffset::UTC).format(MILLIS).unwrap_or_default()
}

/// Writes `at` as RFC 3339 with a `Z`.
pub(crate) fn serialize<S: Serializer>(
    at: &OffsetDateTime,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let text = at.to_offset(UtcOffset::UTC).format(&Rfc3339).map_err(S::Error::custom)?;
    serializer.serialize_str(&text)
}

/// Reads RFC 3339 with any offset.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<OffsetDateTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    OffsetDateTime::parse(&text, &Rfc3339)
        .map(|at| at.to_offset(UtcOffset::UTC))
        .map_err(|error| D::Error::custom(format!("timestamp {text:?}: {error}")))
}

/// Gives a time without an offset, as events of version 1 carry, the offset it was meant to have.
pub(crate) fn assume_utc(text: &str) -> Option<String> {
    if OffsetDateTime::parse(text, &Rfc3339).is_ok() {
        return Some(text.to_owned());
    }
    let naive = PrimitiveDateTime::parse(text, &Iso8601::PARSING).ok()?;
    naive.assume_utc().format(&Rfc3339).ok()
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
}
