//! What the payment service publishes.

use event_envelope::AggregateId;
use serde::{Deserialize, Serialize};

use crate::Money;
#[cfg(feature = "schema")]
use crate::schema::Id;

/// The order's payment was captured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PaymentCompleted {
    /// The order.
    #[cfg_attr(feature = "schema", schemars(with = "Id"))]
    pub order_id: AggregateId,
    /// The payment, by the provider's id.
    pub payment_id: String,
    /// What was captured. Events of version 1 do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
}

/// The order will not be paid for: the provider refused for good, or the order was called off
/// before anything was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PaymentFailed {
    /// The order.
    #[cfg_attr(feature = "schema", schemars(with = "Id"))]
    pub order_id: AggregateId,
    /// Why, for programs: the provider's code, or `calledOff`. Events of version 1 do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Why, for people.
    pub reason: String,
}

/// All that was captured for the order went back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PaymentRefunded {
    /// The order.
    #[cfg_attr(feature = "schema", schemars(with = "Id"))]
    pub order_id: AggregateId,
    /// The payment that was captured.
    pub payment_id: String,
    /// The refund, by the provider's id.
    pub refund_id: String,
    /// What went back.
    pub amount: Money,
}

/// Money that should go back has not, and the service has stopped trying: a person has to look.
///
/// What stands in the way is removed at the provider; `OrderResumed` then lets the service go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PaymentNeedsReview {
    /// The order.
    #[cfg_attr(feature = "schema", schemars(with = "Id"))]
    pub order_id: AggregateId,
    /// What did not succeed.
    pub step: PaymentStep,
    /// How often it was tried.
    pub attempts: u32,
    /// What stood in the way the last time, for people.
    pub reason: String,
}

/// What a payment may get stuck at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum PaymentStep {
    /// To find out whether a charge whose answer never came went through, and take it back.
    Revoke,
    /// To refund what was captured.
    Refund,
}
