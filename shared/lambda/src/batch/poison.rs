use std::{
    future::{Ready, ready},
    task::{Context, Poll},
};

use runtime::BoxError;
use tower::Service;

/// A record that can never be handled: its service ended it as
/// [`Failure::Permanent`](runtime::Failure::Permanent).
#[derive(Debug)]
pub struct Poison<R> {
    /// The record as it came.
    pub record: R,
    /// What is wrong with it.
    pub reason: BoxError,
}

/// What has become of a poison record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// It is kept in another place, and for good: its source need not deliver it again.
    DeadLettered,
    /// It is where it was, and is answered like a record that is to be retried.
    Left,
}

/// Leaves every poison record to the limits of its source.
///
/// A queue delivers the record again until it was received `maxReceiveCount` times, and then moves
/// it to its dead-letter queue, if it has one. Until then it holds back its group, if it has one.
/// Source:
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html>.
///
/// A table's stream delivers the record again, and everything behind it in its shard waits, until
/// `MaximumRetryAttempts` or `MaximumRecordAgeInSeconds` of the mapping is reached. Neither is
/// limited by default, and then the shard stands still until the record is 24 hours old. What
/// Lambda discards is gone from the stream. An on-failure destination that is a queue or a topic
/// receives *where* it was, and not what it was.
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html>.
#[derive(Debug, Clone, Copy, Default)]
pub struct LeaveToRedrive;

impl<R> Service<Poison<R>> for LeaveToRedrive {
    type Response = Disposition;
    type Error = BoxError;
    type Future = Ready<Result<Disposition, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Poison<R>) -> Self::Future {
        ready(Ok(Disposition::Left))
    }
}
