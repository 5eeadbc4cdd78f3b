//! The orders of the demonstration, and how each of them must end.

use crate::{
    client::{Line, NewOrder},
    seed,
};

/// A card that is always refused.
/// Source: <https://docs.stripe.com/testing#declined-payments>.
const DECLINED_CARD: &str = "pm_card_chargeDeclined";
/// A card that is charged, after a while.
const SLOW_CARD: &str = "pm_card_visa_slow_1500";
/// An address that the carrier cannot find.
const UNDELIVERABLE: &str = "addr_undeliverable";

/// An order and its story.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scenario {
    pub(super) title: &'static str,
    pub(super) user: &'static str,
    pub(super) order: NewOrder,
    /// Whether the customer cancels as soon as it is placed.
    pub(super) cancels: bool,
    /// The order's last event.
    pub(super) ending: &'static str,
}

/// One of each kind.
pub(super) fn all() -> [Scenario; 5] {
    let one = |product| NewOrder::of(vec![Line::of(product, 1)]);
    [
        Scenario {
            title: "the book's order",
            user: "user-123",
            order: NewOrder::of_the_book(),
            cancels: false,
            ending: "OrderCompleted",
        },
        Scenario {
            title: "two of which there is one",
            user: "user-456",
            order: NewOrder::of(vec![Line::of(seed::SCARCE, 2)]),
            cancels: false,
            ending: "OrderCancelled",
        },
        Scenario {
            title: "a declined card",
            user: "user-456",
            order: NewOrder {
                payment_method_id: Some(DECLINED_CARD.to_owned()),
                ..one("prod-002")
            },
            cancels: false,
            ending: "OrderCancelled",
        },
        Scenario {
            title: "an address that does not exist",
            user: "user-789",
            order: NewOrder {
                delivery_address_id: Some(UNDELIVERABLE.to_owned()),
                ..one("prod-004")
            },
            cancels: false,
            ending: "OrderCancelled",
        },
        Scenario {
            title: "cancelled while it is being paid for",
            user: "user-321",
            order: NewOrder { payment_method_id: Some(SLOW_CARD.to_owned()), ..one("prod-001") },
            cancels: true,
            ending: "OrderCancelled",
        },
    ]
}
