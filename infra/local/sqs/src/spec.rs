//! What a queue is created with, and what of it SQS refuses.

use std::{collections::BTreeMap, time::Duration};

use local_core::AwsError;

use crate::{error, limits};

/// What a queue is created with. [`Default`] has AWS's own defaults and an empty name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSpec {
    /// 1 to 80 of `A-Za-z0-9_-`; the name of a FIFO queue ends in `.fifo`, which counts.
    pub name: String,
    /// How long a received message stays hidden: 0 to 12 h, default 30 s.
    pub visibility_timeout: Duration,
    /// How long a message is kept at all: 60 s to 14 d, default 4 d.
    pub retention: Duration,
    /// How long a message is hidden after it was sent: 0 to 15 min, default 0.
    pub delay: Duration,
    /// How long a receive without a wait of its own waits: 0 to 20 s, default 0.
    pub receive_wait: Duration,
    /// In bytes, attributes included: 1 KiB to 1 MiB, default 1 MiB.
    pub maximum_message_size: usize,
    /// First in, first out within each message group.
    pub fifo: bool,
    /// FIFO only: a message without a deduplication id gets the SHA-256 of its body for one.
    pub content_based_deduplication: bool,
    /// Where messages go that were received too often.
    pub redrive: Option<Redrive>,
    /// Further attributes by their AWS names: `Policy`, `RedriveAllowPolicy`, `DeduplicationScope`,
    /// `FifoThroughputLimit`, `KmsMasterKeyId`, `KmsDataKeyReusePeriodSeconds`,
    /// `SqsManagedSseEnabled`. Of them only the second and the third change what a queue does.
    pub further: BTreeMap<String, String>,
}

/// Where messages go that were received too often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redrive {
    /// The name of the dead-letter queue.
    pub dead_letter_queue: String,
    /// A message received this often is moved instead of being received once more: 1 to 1000.
    pub max_receive_count: u32,
}

impl Default for QueueSpec {
    fn default() -> Self {
        Self {
            name: String::new(),
            visibility_timeout: Duration::from_secs(30),
            retention: Duration::from_secs(4 * 24 * 60 * 60),
            delay: Duration::ZERO,
            receive_wait: Duration::ZERO,
            maximum_message_size: limits::MESSAGE_BYTES_MAX,
            fifo: false,
            content_based_deduplication: false,
            redrive: None,
            further: BTreeMap::new(),
        }
    }
}

impl QueueSpec {
    /// A standard queue with AWS's defaults.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// The first thing about the specification that SQS would refuse.
    ///
    /// # Errors
    /// `InvalidParameterValue` or `InvalidAttributeValue`, which names the attribute: correct it.
    pub fn check(&self) -> Result<(), AwsError> {
        self.check_name()?;
        let durations = [
            ("VisibilityTimeout", self.visibility_timeout, limits::VISIBILITY_SECONDS),
            ("MessageRetentionPeriod", self.retention, limits::RETENTION_SECONDS),
            ("DelaySeconds", self.delay, limits::DELAY_SECONDS),
            ("ReceiveMessageWaitTimeSeconds", self.receive_wait, limits::WAIT_SECONDS),
        ];
        for (attribute, duration, range) in durations {
            if limits::check_duration(attribute, duration, &range).is_err() {
                return Err(invalid_attribute(attribute));
            }
        }
        let sizes = limits::MESSAGE_BYTES_FLOOR..=limits::MESSAGE_BYTES_MAX;
        if !sizes.contains(&self.maximum_message_size) {
            return Err(invalid_attribute("MaximumMessageSize"));
        }
        if self.content_based_deduplication && !self.fifo {
            return Err(only_fifo("ContentBasedDeduplication"));
        }
        self.check_redrive()
    }

    fn check_name(&self) -> Result<(), AwsError> {
        let stem = self.name.strip_suffix(".fifo");
        if self.fifo != stem.is_some() {
            let reason = "The name of a FIFO queue can only include alphanumeric characters, \
                          hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in \
                          length; no other queue has the suffix.";
            return Err(error::invalid("QueueName", &self.name, reason));
        }
        let stem = stem.unwrap_or(&self.name);
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if stem.is_empty() || self.name.len() > 80 || !stem.bytes().all(allowed) {
            let reason = "Can only include alphanumeric characters, hyphens, or underscores. \
                          1 to 80 in length.";
            return Err(error::invalid("QueueName", &self.name, reason));
        }
        Ok(())
    }

    fn check_redrive(&self) -> Result<(), AwsError> {
        let Some(redrive) = &self.redrive else { return Ok(()) };
        if !limits::RECEIVES_MAX.contains(&i64::from(redrive.max_receive_count)) {
            let reason = "Invalid value for maxReceiveCount: must be 1 to 1000.";
            return Err(error::invalid("RedrivePolicy", redrive.max_receive_count, reason));
        }
        Ok(())
    }

    /// Whether an id is known again only within its own message group.
    pub(crate) fn deduplicates_per_group(&self) -> bool {
        self.further.get("DeduplicationScope").is_some_and(|scope| scope == "messageGroup")
    }
}

/// The answer to an attribute whose value is out of range or not of its type.
pub(crate) fn invalid_attribute(attribute: &str) -> AwsError {
    let message = format!("Invalid value for the parameter {attribute}.");
    error::sqs("InvalidAttributeValue", message)
}

/// The answer to an attribute that a standard queue does not have.
pub(crate) fn only_fifo(attribute: &str) -> AwsError {
    let message = format!("You can specify the {attribute} only when FifoQueue is set to true.");
    error::sqs("InvalidAttributeName", message)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{QueueSpec, Redrive};

    #[test]
    fn the_defaults_are_those_of_aws() {
        let spec = QueueSpec::named("orders");
        assert_eq!(spec.check(), Ok(()));
        assert_eq!(spec.visibility_timeout, Duration::from_secs(30));
        assert_eq!(spec.retention, Duration::from_secs(345_600));
        assert_eq!(spec.maximum_message_size, 1_048_576);
    }

    #[test]
    fn a_name_outside_the_rules_is_refused() {
        for name in ["", "or.ders", "orders.fifo", "or ders", "ö", &"q".repeat(81)] {
            let error = QueueSpec::named(name).check().unwrap_err();
            assert_eq!(error.short_code(), "InvalidParameterValue", "{name}");
        }
        let fifo = |name: &str| QueueSpec { fifo: true, ..QueueSpec::named(name) };
        assert!(fifo("orders").check().is_err());
        assert!(fifo(".fifo").check().is_err());
        assert_eq!(fifo("orders.fifo").check(), Ok(()));
    }

    #[test]
    fn an_attribute_out_of_range_is_refused_by_name() {
        let valid = QueueSpec::named("orders");
        let hour = Duration::from_secs(3600);
        let redrive = Redrive { dead_letter_queue: "dead".to_owned(), max_receive_count: 0 };
        let broken = [
            ("VisibilityTimeout", QueueSpec { visibility_timeout: 13 * hour, ..valid.clone() }),
            ("MessageRetentionPeriod", QueueSpec { retention: 337 * hour, ..valid.clone() }),
            ("DelaySeconds", QueueSpec { delay: hour, ..valid.clone() }),
            ("ReceiveMessageWaitTimeSeconds", QueueSpec { receive_wait: hour, ..valid.clone() }),
            ("MaximumMessageSize", QueueSpec { maximum_message_size: 1023, ..valid.clone() }),
            (
                "ContentBasedDeduplication",
                QueueSpec { content_based_deduplication: true, ..valid.clone() },
            ),
            ("RedrivePolicy", QueueSpec { redrive: Some(redrive), ..valid.clone() }),
        ];
        for (attribute, spec) in broken {
            let error = spec.check().unwrap_err();
            assert!(error.message.contains(attribute), "{}", error.message);
        }
    }
}
