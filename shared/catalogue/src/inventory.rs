//! What the inventory service publishes.

use event_envelope::AggregateId;
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::schema::Id;

/// All lines of an order are reserved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct InventoryReserved {
    /// The order.
    #[cfg_attr(feature = "schema", schemars(with = "Id"))]
    pub order_id: AggregateId,
    /// What is reserved: one entry a product.
    pub items: Vec<ReservedItem>,
}

/// A product and how many of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReservedItem {
    /// The product.
    #[cfg_attr(feature = "schema", schemars(with = "Id"))]
    pub product_id: AggregateId,
    /// How many.
    pub quantity: u32,
}

/// Nothing of the order is reserved, because not all of it could be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct InventoryReservationFailed {
    /// The order.
    #[cfg_attr(feature = "schema", schemars(with = "Id"))]
    pub order_id: AggregateId,
    /// Why, for people.
    pub reason: String,
    /// The products of which there were too few. Empty in events of version 1.
    #[serde(default)]
    pub shortages: Vec<Shortage>,
}

/// A product of which there was too little.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Shortage {
    /// The product.
    #[cfg_attr(feature = "schema", schemars(with = "Id"))]
    pub product_id: AggregateId,
    /// How many were asked for.
    pub requested: u32,
    /// How many there were. Left out: the product is not stocked at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available: Option<u64>,
}

/// What was reserved for an order is back in stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct InventoryReleased {
    /// The order.
    #[cfg_attr(feature = "schema", schemars(with = "Id"))]
    pub order_id: AggregateId,
    /// What was released: all that was reserved.
    pub items: Vec<ReservedItem>,
}
