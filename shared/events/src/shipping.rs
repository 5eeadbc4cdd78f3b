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
