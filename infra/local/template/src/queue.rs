//! Queues.

use std::time::Duration;

use crate::{error::TemplateError, physical::arn, properties::Properties, resolver::Resolver};

/// An `AWS::SQS::Queue`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Its name in the template.
    pub logical_id: String,
    /// Its name in SQS.
    pub name: String,
    /// What `!GetAtt Queue.Arn` gives.
    pub arn: String,
    /// What `!Ref Queue` gives.
    pub url: String,
    /// How long a received message stays hidden, unless the receiver says otherwise.
    pub visibility_timeout: Duration,
    /// How long a message is kept.
    pub retention: Duration,
    /// How long a new message stays hidden.
    pub delay: Duration,
    /// How long a receive waits for a message, unless the receiver says otherwise.
    pub receive_wait: Duration,
    /// The largest message, in bytes.
    pub message_bytes_max: u32,
    /// Where messages go that were received too often.
    pub redrive: Option<Redrive>,
}

/// The redrive policy of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redrive {
    /// ARN of the dead-letter queue.
    pub dead_letter_arn: String,
    /// A message received this often goes there instead of being received once more.
    pub receives_max: u32,
}

/// Limits and defaults:
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html>.
pub(crate) fn read(
    resolver: &Resolver<'_>,
    logical_id: &str,
    name: String,
    mut properties: Properties,
) -> Result<Queue, TemplateError> {
    let queue = Queue {
        logical_id: logical_id.to_owned(),
        arn: arn("sqs", &name),
        url: resolver.queue_url(&name),
        name,
        visibility_timeout: seconds(properties.whole("VisibilityTimeout", 0..=43_200)?, 30),
        retention: seconds(properties.whole("MessageRetentionPeriod", 60..=1_209_600)?, 345_600),
        delay: seconds(properties.whole("DelaySeconds", 0..=900)?, 0),
        receive_wait: seconds(properties.whole("ReceiveMessageWaitTimeSeconds", 0..=20)?, 0),
        message_bytes_max: properties
            .whole("MaximumMessageSize", 1_024..=1_048_576)?
            .unwrap_or(1_048_576),
        redrive: properties.object("RedrivePolicy")?.map(redrive).transpose()?,
    };
    properties.pass_over(&[
        "QueueName",
        "KmsMasterKeyId",
        "KmsDataKeyReusePeriodSeconds",
        "SqsManagedSseEnabled",
        "Tags",
    ]);
    properties.done()?;
    Ok(queue)
}

fn redrive(mut properties: Properties) -> Result<Redrive, TemplateError> {
    let redrive = Redrive {
        dead_letter_arn: properties.text("deadLetterTargetArn")?,
        receives_max: properties.whole("maxReceiveCount", 1..=1_000)?.unwrap_or(10),
    };
    properties.done()?;
    Ok(redrive)
}

pub(crate) fn seconds(given: Option<u32>, default: u32) -> Duration {
    Duration::from_secs(given.unwrap_or(default).into())
}
