//! Version 2 of the events that version 3 replaced, as it is still read.
//!
//! Each type here becomes that of the same name in version 3. No step can fail: what was read once
//! is readable for ever.

use event_envelope::AggregateId;
use serde::Deserialize;

#[cfg(feature = "schema")]
use crate::schema::Id;

/// The order is off: what was reserved is released, what was paid is refunded.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
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
}

impl From<OrderCancelled> for crate::OrderCancelled {
    fn from(OrderCancelled { order_id, reason }: OrderCancelled) -> Self {
        let reason = match reason {
            CancelReason::CustomerRequest => crate::CancelReason::CustomerRequest,
            CancelReason::OutOfStock => crate::CancelReason::OutOfStock,
            CancelReason::PaymentFailed => crate::CancelReason::PaymentFailed,
            CancelReason::PaymentRefunded => crate::CancelReason::PaymentRefunded,
            CancelReason::ShippingFailed => crate::CancelReason::ShippingFailed,
        };
        Self { order_id, reason }
    }
}
