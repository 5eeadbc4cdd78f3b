//! What the order service publishes.

use event_envelope::AggregateId;
use serde::{Deserialize, Serialize};

use crate::Money;
#[cfg(feature = "schema")]
use crate::schema::Id;

/// A customer placed an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct OrderCreated {
    /// The order.
    #[cfg_attr(feature = "schema", schemars(with = "Id"))]
    pub order_id: AggregateId,
    /// The customer, by an id that names no person.
    #[cfg_attr(feature = "schema", schemars(with = "Id"))]
    pub user_id: AggregateId,
    /// What was ordered: one line a product.
    pub items: Vec<LineItem>,
    /// What all lines cost together, at the catalogue's prices.
    pub total: Money,
    /// How the customer pays: a token of the payment provider. Left out: the customer's
    /// default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_method_id: Option<String>,
    /// Where to deliver: an entry of the customer's address book. Left out: the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Id>"))]
    pub delivery_address_id: Option<AggregateId>,
}

/// A product and how many of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct LineItem {
    /// The product.
    #[cfg_attr(feature = "schema", schemars(with = "Id"))]
    pub product_id: AggregateId,
    /// How many.
    pub quantity: u32,
    /// The price of one.
    pub unit_price: Money,
}

/// The order is paid for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct OrderPaid {
    /// The order.
    #[cfg_attr(feature = "schema", schemars(with = "Id"))]
    pub order_id: AggregateId,
    /// The payment.
    pub payment_id: String,
    /// What was paid.
    pub amount: Money,
}

/// The order is on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct OrderShipped {
    /// The order.
    #[cfg_attr(feature = "schema", schemars(with = "Id"))]
    pub order_id: AggregateId,
    /// The shipment.
    pub shipment_id: String,
    /// Who carries it.
    pub carrier: String,
    /// The carrier's number for it.
    pub tracking_number: String,
}

/// Everything that the order asked for has been done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct OrderCompleted {
    /// The order.
    #[cfg_attr(feature = "schema", schemars(with = "Id"))]
    pub order_id: AggregateId,
    /// What was paid for it. Events of version 2.0 do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<Money>,
}

/// What the order waits for did not come within the time that is set for it. Its cancellation
/// follows in the same write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct OrderTimedOut {
    /// The order.
    #[cfg_attr(feature = "schema", schemars(with = "Id"))]
    pub order_id: AggregateId,
    /// What did not come.
    pub awaited: Awaited,
    /// Within which time, in seconds.
    pub within: u64,
}

/// What an order waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Awaited {
    /// To be reserved and paid for.
    Payment,
    /// To be shipped.
    Shipment,
}

/// An operator has removed what stood in the way of this order, and asks the services to go on
/// with the steps that they had given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct OrderResumed {
    /// The order.
    #[cfg_attr(feature = "schema", schemars(with = "Id"))]
    pub order_id: AggregateId,
}

/// The order is off: what was reserved is released, what was paid is refunded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct OrderCancelled {
    /// The order.
    #[cfg_attr(feature = "schema", schemars(with = "Id"))]
    pub order_id: AggregateId,
    /// Why.
    pub reason: CancelReason,
}

/// Why an order is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum CancelReason {
    /// The customer asked for it.
    CustomerRequest,
    /// There is too little stock.
    OutOfStock,
    /// The payment was refused.
    PaymentFailed,
    /// The payment went back.
    PaymentRefunded,
    /// It cannot be delivered.
    ShippingFailed,
    /// It was not paid for or not shipped in time.
    TimedOut,
}
