//! The wall clock, for what Lambda stamps: deadlines, and records of failures.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};

const MILLISECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

const SECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");

/// The time since 1970.
#[expect(clippy::disallowed_methods, reason = "a deadline header is wall time by contract")]
pub(crate) fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Now, as `2026-11-23T14:00:00.000Z`.
pub(crate) fn timestamp() -> String {
    timestamp_at(since_epoch())
}

/// The moment `since_epoch`, as `2026-11-23T14:00:00.000Z`.
pub(crate) fn timestamp_at(since_epoch: Duration) -> String {
    written(since_epoch, MILLISECONDS)
}

/// The moment `since_epoch`, as `2026-11-23T14:00:00Z`.
pub(crate) fn second_at(since_epoch: Duration) -> String {
    written(since_epoch, SECONDS)
}

fn written(since_epoch: Duration, format: &[BorrowedFormatItem<'_>]) -> String {
    let Ok(since_epoch) = time::Duration::try_from(since_epoch) else { return String::new() };
    OffsetDateTime::UNIX_EPOCH
        .checked_add(since_epoch)
        .and_then(|moment| moment.format(format).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_has_milliseconds_and_is_utc() {
        assert_eq!(timestamp_at(Duration::from_millis(1_234)), "1970-01-01T00:00:01.234Z");
        assert_eq!(second_at(Duration::from_millis(1_234)), "1970-01-01T00:00:01Z");
    }
}
