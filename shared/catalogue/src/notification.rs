//! What the notification service publishes.

use event_envelope::AggregateId;
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::schema::Id;

/// What a message to the customer is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Template {
    /// The order was received.
    OrderReceived,
    /// The payment was received.
    PaymentReceived,
    /// The order is on its way.
    OrderShipped,
    /// The order is off.
    OrderCancelled,
}

impl Template {
    /// The name, as in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OrderReceived => "orderReceived",
            Self::PaymentReceived => "paymentReceived",
            Self::OrderShipped => "orderShipped",
            Self::OrderCancelled => "orderCancelled",
        }
    }
}

/// The customer was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct NotificationSent {
    /// The order it was about.
    #[cfg_attr(feature = "schema", schemars(with = "Id"))]
    pub order_id: AggregateId,
    /// What it was about.
    pub template: Template,
    /// The mail, by the mail service's id.
    pub message_id: String,
}

/// The customer could not be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct NotificationFailed {
    /// The order it was about.
    #[cfg_attr(feature = "schema", schemars(with = "Id"))]
    pub order_id: AggregateId,
    /// What it was about.
    pub template: Template,
    /// Why, for people.
    pub reason: String,
}
