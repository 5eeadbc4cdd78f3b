//! What the shipping service publishes.

use event_envelope::AggregateId;
use serde::{Deserialize, Serialize};

/// The carrier has the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShipmentCreated {
    /// The order.
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
#[serde(rename_all = "camelCase")]
pub struct ShippingFailed {
    /// The order.
    pub order_id: AggregateId,
    /// Why, for programs.
    pub code: String,
    /// Why, for people.
    pub reason: String,
}
