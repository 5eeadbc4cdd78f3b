//! Where events leave the bus.

use futures_util::future::BoxFuture;

/// An attempt to hand an event over.
pub type Delivery<'a> = BoxFuture<'a, Result<(), DeliveryError>>;

/// A message attribute of a dead letter: its name, and its value of type `String`.
pub type Attribute = (&'static str, String);

/// What stands behind the targets of rules: queues, functions.
pub trait Deliver: Send + Sync + 'static {
    /// Hands `event` (the event's JSON) to the resource `target_arn`. It is done when the
    /// resource has accepted the event, not when it has worked on it.
    fn deliver<'a>(&'a self, target_arn: &'a str, event: &'a str) -> Delivery<'a>;

    /// Sends what could not be delivered to the queue `queue_arn`, with the attributes that
    /// say why.
    fn dead_letter<'a>(
        &'a self,
        queue_arn: &'a str,
        event: &'a str,
        attributes: &'a [Attribute],
    ) -> Delivery<'a>;
}

/// Why a target did not take an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// It may take it later: it is retried within the target's retry policy.
    #[error("{0}")]
    Retryable(String),
    /// It never will: it does not exist, or takes no such event. It goes to the dead-letter
    /// queue at once.
    #[error("{0}")]
    Permanent(String),
}

impl DeliveryError {
    /// The `ERROR_CODE` of a dead letter.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Retryable(_) => "ERROR_FROM_TARGET",
            Self::Permanent(_) => "NO_RESOURCE",
        }
    }
}
