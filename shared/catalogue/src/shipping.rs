//! What the shipping service publishes.

use event_envelope::AggregateId;
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::schema::Id;

/// The carrier has the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ShipmentCreated {
    /// The order.
    #[cfg_attr(feature = "schema", schemars(with = "Id"))]
    pub order_id: AggregateId,
    /// The shipment, by the carrier's id.
    pub shipment_id: String,
    /// Who carries it.
    pub carrier: String,
    /// The number to follow it by.
    pub tracking_number: String,
}

/// The order will not be shipped, or its shipment was called back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ShippingFailed {
    /// The order.
    #[cfg_attr(feature = "schema", schemars(with = "Id"))]
    pub order_id: AggregateId,
    /// Why, for programs.
    pub code: String,
    /// Why, for people.
    pub reason: String,
}

/// A parcel that should come back has not, and the service has stopped trying: a person has to
/// look.
///
/// What stands in the way is removed at the carrier; `OrderResumed` then lets the service go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ShippingNeedsReview {
    /// The order.
    #[cfg_attr(feature = "schema", schemars(with = "Id"))]
    pub order_id: AggregateId,
    /// What did not succeed.
    pub step: ShippingStep,
    /// How often it was tried.
    pub attempts: u32,
    /// What stood in the way the last time, for people.
    pub reason: String,
}

/// What a shipment may get stuck at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum ShippingStep {
    /// To find out whether a shipment whose answer never came was taken.
    Trace,
    /// To call the shipment back.
    Recall,
}
