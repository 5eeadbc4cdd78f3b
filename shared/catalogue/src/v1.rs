//! Version 1 of the published contract, as it is still read.
//!
//! Each type here becomes that of the same name in version 2. No step can fail: what was read once
//! is readable for ever.

use event_envelope::AggregateId;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Number;

#[cfg(feature = "schema")]
use crate::schema::Id;
use crate::{Currency, Money, ReservedItem};

/// A customer placed an order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
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
    /// What all lines cost together.
    pub total: Dollars,
}

/// A product and how many of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct LineItem {
    /// The product.
    #[cfg_attr(feature = "schema", schemars(with = "Id"))]
    pub product_id: AggregateId,
    /// How many.
    pub quantity: u32,
    /// The price of one.
    pub price: Dollars,
}

/// All lines of an order are reserved.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct InventoryReserved {
    /// The order.
    #[cfg_attr(feature = "schema", schemars(with = "Id"))]
    pub order_id: AggregateId,
    /// What is reserved. Each entry repeats the `price` of the order, which is left unread.
    pub items: Vec<ReservedItem>,
}

/// Nothing of the order is reserved, because not all of it could be.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct InventoryReservationFailed {
    /// The order.
    #[cfg_attr(feature = "schema", schemars(with = "Id"))]
    pub order_id: AggregateId,
    /// Why, for people.
    pub reason: String,
}

/// The order's payment was captured.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PaymentCompleted {
    /// The order.
    #[cfg_attr(feature = "schema", schemars(with = "Id"))]
    pub order_id: AggregateId,
    /// The payment, by the provider's id.
    pub payment_id: String,
}

/// The provider refused the payment for good.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PaymentFailed {
    /// The order.
    #[cfg_attr(feature = "schema", schemars(with = "Id"))]
    pub order_id: AggregateId,
    /// Why, for people.
    pub reason: String,
}

/// How many cents a decimal may come to: with fifteen digits, no two amounts share a binary float.
/// Beyond that, one that was sent may have become another on the way.
const CENTS_MAX: u64 = 999_999_999_999_999;

/// An amount of US dollars, as a decimal with at most two places. It is read from its digits, not
/// from its binary value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Dollars(
    #[cfg_attr(
        feature = "schema",
        schemars(with = "f64", range(min = -9_999_999_999_999.99, max = 9_999_999_999_999.99))
    )]
    pub Money,
);

impl<'de> Deserialize<'de> for Dollars {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = Number::deserialize(deserializer)?;
        let money = Money::from_decimal(&number, Currency::USD).map_err(D::Error::custom)?;
        if money.amount.unsigned_abs() > CENTS_MAX {
            return Err(D::Error::custom(format!("{number} is too large to be right to the cent")));
        }
        Ok(Self(money))
    }
}

impl From<OrderCreated> for crate::OrderCreated {
    /// Prices get their currency, which all of them were in.
    fn from(old: OrderCreated) -> Self {
        let line = |LineItem { product_id, quantity, price }| crate::LineItem {
            product_id,
            quantity,
            unit_price: price.0,
        };
        Self {
            order_id: old.order_id,
            user_id: old.user_id,
            items: old.items.into_iter().map(line).collect(),
            total: old.total.0,
            payment_method_id: None,
            delivery_address_id: None,
        }
    }
}

impl From<InventoryReserved> for crate::InventoryReserved {
    fn from(InventoryReserved { order_id, items }: InventoryReserved) -> Self {
        Self { order_id, items }
    }
}

impl From<InventoryReservationFailed> for crate::InventoryReservationFailed {
    fn from(old: InventoryReservationFailed) -> Self {
        Self { order_id: old.order_id, reason: old.reason, shortages: Vec::new() }
    }
}

impl From<PaymentCompleted> for crate::PaymentCompleted {
    fn from(PaymentCompleted { order_id, payment_id }: PaymentCompleted) -> Self {
        Self { order_id, payment_id, amount: None }
    }
}

impl From<PaymentFailed> for crate::PaymentFailed {
    fn from(PaymentFailed { order_id, reason }: PaymentFailed) -> Self {
        Self { order_id, code: None, reason }
    }
}
