//! Times in RFC 3339, UTC.

use serde::{Deserialize, Deserializer, Serializer, de::Error as _, ser::Error as _};
use time::{
    OffsetDateTime, PrimitiveDateTime, UtcOffset,
    format_description::well_known::{Iso8601, Rfc3339},
};

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
