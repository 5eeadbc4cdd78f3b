//! The bounds of SQS, and the checks of single numbers against them.
//!
//! Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-quotas.html>.

use std::{ops::RangeInclusive, time::Duration};

use local_core::AwsError;

use crate::error;

/// The most entries of a batch, and the most messages of one receive.
pub(crate) const BATCH_ENTRIES_MAX: usize = 10;
/// The most bytes of one message with its attributes, and of one batch: 1 MiB.
pub(crate) const MESSAGE_BYTES_MAX: usize = 1024 * 1024;
/// The least that a queue's `MaximumMessageSize` may be, in bytes.
pub(crate) const MESSAGE_BYTES_FLOOR: usize = 1024;
pub(crate) const MESSAGE_ATTRIBUTES_MAX: usize = 10;
/// Received and neither deleted nor visible again, per queue.
pub(crate) const IN_FLIGHT_MAX: usize = 120_000;
pub(crate) const DELAY_SECONDS: RangeInclusive<i64> = 0..=900;
pub(crate) const WAIT_SECONDS: RangeInclusive<i64> = 0..=20;
pub(crate) const VISIBILITY_SECONDS: RangeInclusive<i64> = 0..=43_200;
pub(crate) const RETENTION_SECONDS: RangeInclusive<i64> = 60..=1_209_600;
pub(crate) const RECEIVES_MAX: RangeInclusive<i64> = 1..=1000;
/// How long a FIFO queue knows a deduplication id.
pub(crate) const DEDUPLICATION: Duration = Duration::from_secs(5 * 60);
/// Between two purges of a queue, and between its deletion and its next creation.
pub(crate) const PURGE_INTERVAL: Duration = Duration::from_secs(60);
/// Messages per second of a move task.
pub(crate) const MOVE_RATE: RangeInclusive<i64> = 1..=500;

/// `seconds` as a duration.
pub(crate) fn seconds(
    parameter: &str,
    seconds: i64,
    range: &RangeInclusive<i64>,
) -> Result<Duration, AwsError> {
    match u64::try_from(seconds) {
        Ok(whole) if range.contains(&seconds) => Ok(Duration::from_secs(whole)),
        Ok(_) | Err(_) => Err(out_of_range(parameter, seconds, range)),
    }
}

/// Whether `duration` is within `range`, which is in seconds; fractions count.
pub(crate) fn check_duration(
    parameter: &str,
    duration: Duration,
    range: &RangeInclusive<i64>,
) -> Result<(), AwsError> {
    let bound = |seconds: &i64| Duration::from_secs(u64::try_from(*seconds).unwrap_or(0));
    if (bound(range.start())..=bound(range.end())).contains(&duration) {
        return Ok(());
    }
    Err(out_of_range(parameter, duration.as_secs_f64(), range))
}

pub(crate) fn out_of_range(
    parameter: &str,
    value: impl std::fmt::Display,
    range: &RangeInclusive<i64>,
) -> AwsError {
    let (least, most) = (range.start(), range.end());
    let reason = format!("Must be >= {least} and <= {most}, if provided.");
    error::invalid(parameter, value, &reason)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{RETENTION_SECONDS, WAIT_SECONDS, check_duration, seconds};

    #[test]
    fn a_number_outside_its_range_is_refused_with_the_range() {
        assert_eq!(seconds("WaitTimeSeconds", 20, &WAIT_SECONDS).unwrap().as_secs(), 20);
        let error = seconds("WaitTimeSeconds", 21, &WAIT_SECONDS).unwrap_err();
        assert_eq!(error.short_code(), "InvalidParameterValue");
        assert_eq!(
            error.message,
            "Value 21 for parameter WaitTimeSeconds is invalid. \
             Reason: Must be >= 0 and <= 20, if provided."
        );
        assert!(seconds("WaitTimeSeconds", -1, &WAIT_SECONDS).is_err());
        let short = check_duration("MessageRetentionPeriod", Duration::ZERO, &RETENTION_SECONDS);
        assert!(short.is_err());
    }
}
