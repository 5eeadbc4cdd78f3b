//! How orders go.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{bus::Hold, mode::Mode};

/// How an order goes, if nothing goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Story {
    /// It is paid for and delivered.
    Happy,
    /// There is not enough of it.
    OutOfStock,
    /// The card is declined.
    Declined,
    /// The carrier does not find the address.
    Undeliverable,
    /// The customer cancels it so many milliseconds after placing it.
    Cancelled(u64),
    /// The customer cancels it after so many milliseconds, and an operator has it resumed each
    /// minute, for hours.
    Resumed(u64),
    /// Payment, or the workflow, does not learn of it until its deadline has passed.
    Late,
    /// Several customers want the last piece.
    Scarce,
    /// It cannot be delivered, and the payment provider refunds nothing until an operator has seen
    /// to that.
    Reviewed,
    /// The catalogue has the product, and the stock has never had it.
    NeverStocked,
    /// The customer comes back so many milliseconds after placing it, and reads the order and its
    /// trail.
    ReadAgain(u64),
}

/// A product of which there is plenty.
pub(crate) const PLENTIFUL: &str = "prod-001";
/// A product of which there is one piece.
pub(crate) const SCARCE: &str = "prod-003";
/// A product that is only in the catalogue.
pub(crate) const NEVER_STOCKED: &str = "prod-004";

impl Story {
    /// One of each kind, for sweeps.
    pub const SHORT: [Self; 6] = [
        Self::Happy,
        Self::OutOfStock,
        Self::Declined,
        Self::Undeliverable,
        Self::Cancelled(150),
        Self::Cancelled(1_500),
    ];

    pub(crate) fn order(self) -> Value {
        let (product, quantity) = match self {
            Self::OutOfStock => (SCARCE, 2),
            Self::Scarce => (SCARCE, 1),
            Self::NeverStocked => (NEVER_STOCKED, 1),
            Self::Happy
            | Self::Declined
            | Self::Undeliverable
            | Self::Reviewed
            | Self::Cancelled(_)
            | Self::Resumed(_)
            | Self::Late
            | Self::ReadAgain(_) => (PLENTIFUL, 2),
        };
        let method = if self == Self::Declined { "pm_card_chargeDeclined" } else { "pm_card_visa" };
        let is_undeliverable = matches!(self, Self::Undeliverable | Self::Reviewed);
        let address = if is_undeliverable { "addr_undeliverable" } else { "addr_home" };
        json!({
            "items": [{ "productId": product, "quantity": quantity }],
            "paymentMethodId": method,
            "deliveryAddressId": address,
        })
    }

    /// What this story has the bus hold back.
    pub(crate) fn hold(self, mode: Mode, user: &str) -> Option<Hold> {
        (self == Self::Late).then(|| Hold {
            user: user.to_owned(),
            event_type: "OrderCreated",
            queue: match mode {
                Mode::Choreography => "payment-queue",
                Mode::Orchestration => "workflow-queue",
            },
            by: Duration::from_hours(2),
        })
    }
}
