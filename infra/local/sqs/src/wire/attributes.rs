//! Queue attributes: names and texts on the wire, a [`QueueSpec`] behind it.

use std::{collections::BTreeMap, time::Duration};

use local_core::AwsError;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    error,
    limits::{self, seconds},
    names::{queue_arn, queue_name_of_arn},
    queue::Queue,
    redrive::AllowPolicy,
    spec::{QueueSpec, Redrive, invalid_attribute, only_fifo},
};

/// What `GetQueueAttributes` can be asked for.
const NAMES: [&str; 22] = [
    "All",
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
    "ContentBasedDeduplication",
    "CreatedTimestamp",
    "DeduplicationScope",
    "DelaySeconds",
    "FifoQueue",
    "FifoThroughputLimit",
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "LastModifiedTimestamp",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "Policy",
    "QueueArn",
    "ReceiveMessageWaitTimeSeconds",
    "RedriveAllowPolicy",
    "RedrivePolicy",
    "SqsManagedSseEnabled",
    "VisibilityTimeout",
];

/// The attributes of a queue with nothing set.
const DEFAULTS: [(&str, &str); 3] = [
    ("SqsManagedSseEnabled", "true"),
    ("DeduplicationScope", "queue"),
    ("FifoThroughputLimit", "perQueue"),
];

/// Brings one attribute of a request into `spec`.
pub(super) fn set(spec: &mut QueueSpec, name: &str, value: &str) -> Result<(), AwsError> {
    let seconds = |range| duration(name, value, range);
    match name {
        "VisibilityTimeout" => spec.visibility_timeout = seconds(&limits::VISIBILITY_SECONDS)?,
        "MessageRetentionPeriod" => spec.retention = seconds(&limits::RETENTION_SECONDS)?,
        "DelaySeconds" => spec.delay = seconds(&limits::DELAY_SECONDS)?,
        "ReceiveMessageWaitTimeSeconds" => spec.receive_wait = seconds(&limits::WAIT_SECONDS)?,
        "MaximumMessageSize" => {
            spec.maximum_message_size = value.parse().map_err(|_| invalid_attribute(name))?;
        }
        // A standard queue is made by leaving it out, and does not know it.
        "FifoQueue" if !flag(name, value)? && !spec.fifo => return Err(unknown(name)),
        "FifoQueue" => spec.fifo = flag(name, value)?,
        "ContentBasedDeduplication" | "DeduplicationScope" | "FifoThroughputLimit"
            if !spec.fifo =>
        {
            return Err(only_fifo(name));
        }
        "ContentBasedDeduplication" => spec.content_based_deduplication = flag(name, value)?,
        "RedrivePolicy" => spec.redrive = redrive(value)?,
        _ => further(spec, name, value)?,
    }
    Ok(())
}

/// Brings all attributes of a request into `spec`, `FifoQueue` before those that need it.
pub(super) fn set_all(
    spec: &mut QueueSpec,
    attributes: &BTreeMap<String, String>,
) -> Result<(), AwsError> {
    if let Some(value) = attributes.get("FifoQueue") {
        set(spec, "FifoQueue", value)?;
    }
    attributes.iter().try_for_each(|(name, value)| set(spec, name, value))
}

fn further(spec: &mut QueueSpec, name: &str, value: &str) -> Result<(), AwsError> {
    let valid = match name {
        "Policy" => value.is_empty() || serde_json::from_str::<Value>(value).is_ok(),
        "RedriveAllowPolicy" => value.is_empty() || AllowPolicy::parse(value).map(|_| true)?,
        "DeduplicationScope" => ["messageGroup", "queue"].contains(&value),
        "FifoThroughputLimit" => ["perQueue", "perMessageGroupId"].contains(&value),
        "SqsManagedSseEnabled" => flag(name, value).map(|_| true)?,
        "KmsDataKeyReusePeriodSeconds" => {
            value.parse().is_ok_and(|seconds| (60..=86_400).contains(&seconds))
        }
        "KmsMasterKeyId" => true,
        _ => return Err(unknown(name)),
    };
    if !valid {
        return Err(invalid_attribute(name));
    }
    // An empty text takes a policy or a key away; what holds by default is not kept.
    if value.is_empty() || DEFAULTS.contains(&(name, value)) {
        spec.further.remove(name);
    } else {
        spec.further.insert(name.to_owned(), value.to_owned());
    }
    Ok(())
}

/// The attributes of `queue` that `names` ask for.
pub(super) fn get(queue: &Queue, names: &[String]) -> Result<BTreeMap<String, String>, AwsError> {
    if let Some(name) = names.iter().find(|name| !NAMES.contains(&name.as_str())) {
        return Err(unknown(name));
    }
    let mut attributes = all(queue);
    if !names.iter().any(|name| name == "All") {
        attributes.retain(|name, _| names.contains(name));
    }
    Ok(attributes)
}

fn all(queue: &Queue) -> BTreeMap<String, String> {
    let (spec, depth) = (&queue.spec, queue.depth());
    let whole = |duration: Duration| duration.as_secs().to_string();
    let fifo = |value: bool| spec.fifo.then(|| value.to_string());
    let policy = spec.redrive.as_ref().map(|redrive| {
        let target = queue_arn(&redrive.dead_letter_queue);
        json!({"deadLetterTargetArn": target, "maxReceiveCount": redrive.max_receive_count})
            .to_string()
    });
    let attributes = [
        ("ApproximateNumberOfMessages", Some(depth.visible.to_string())),
        ("ApproximateNumberOfMessagesDelayed", Some(depth.delayed.to_string())),
        ("ApproximateNumberOfMessagesNotVisible", Some(depth.in_flight.to_string())),
        ("ContentBasedDeduplication", fifo(spec.content_based_deduplication)),
        ("CreatedTimestamp", Some((queue.created_ms / 1000).to_string())),
        ("DelaySeconds", Some(whole(spec.delay))),
        ("FifoQueue", fifo(true)),
        ("LastModifiedTimestamp", Some((queue.modified_ms / 1000).to_string())),
        ("MaximumMessageSize", Some(spec.maximum_message_size.to_string())),
        ("MessageRetentionPeriod", Some(whole(spec.retention))),
        ("QueueArn", Some(queue_arn(&spec.name))),
        ("ReceiveMessageWaitTimeSeconds", Some(whole(spec.receive_wait))),
        ("RedrivePolicy", policy),
        ("VisibilityTimeout", Some(whole(spec.visibility_timeout))),
    ];
    let present = |(name, value): (&str, Option<String>)| Some((name.to_owned(), value?));
    let mut attributes: BTreeMap<_, _> = attributes.into_iter().filter_map(present).collect();
    attributes.extend(spec.further.clone());
    let encrypted_otherwise = spec.further.contains_key("KmsMasterKeyId");
    for (name, value) in DEFAULTS {
        let value = match name {
            "SqsManagedSseEnabled" if encrypted_otherwise => "false",
            "SqsManagedSseEnabled" => value,
            _ if spec.fifo => value,
            _ => continue,
        };
        attributes.entry(name.to_owned()).or_insert_with(|| value.to_owned());
    }
    attributes
}

/// `maxReceiveCount` comes as a number or, from the AWS console and many templates, as a text.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RedrivePolicy {
    dead_letter_target_arn: String,
    max_receive_count: Value,
}

fn redrive(json: &str) -> Result<Option<Redrive>, AwsError> {
    if json.is_empty() {
        return Ok(None);
    }
    let refuse = |reason: &str| error::invalid("RedrivePolicy", json, reason);
    let policy: RedrivePolicy =
        serde_json::from_str(json).map_err(|error| refuse(&error.to_string()))?;
    let count = match &policy.max_receive_count {
        Value::Number(number) => number.as_u64().and_then(|count| u32::try_from(count).ok()),
        Value::String(text) => text.parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    Ok(Some(Redrive {
        dead_letter_queue: queue_name_of_arn(&policy.dead_letter_target_arn)
            .map_err(|_| refuse("deadLetterTargetArn is not the ARN of a queue here."))?
            .to_owned(),
        max_receive_count: count.ok_or_else(|| refuse("maxReceiveCount must be 1 to 1000."))?,
    }))
}

fn duration(
    name: &str,
    value: &str,
    range: &std::ops::RangeInclusive<i64>,
) -> Result<Duration, AwsError> {
    let parsed = value.parse().map_err(|_| invalid_attribute(name))?;
    seconds(name, parsed, range).map_err(|_| invalid_attribute(name))
}

fn flag(name: &str, value: &str) -> Result<bool, AwsError> {
    value.to_ascii_lowercase().parse().map_err(|_| invalid_attribute(name))
}

/// The answer to an attribute that the queue does not have.
pub(super) fn unknown(name: &str) -> AwsError {
    error::sqs("InvalidAttributeName", format!("Unknown Attribute {name}."))
}
