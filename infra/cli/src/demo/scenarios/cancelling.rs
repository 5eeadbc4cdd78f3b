//! Customers who think again, at every moment there is.

use std::time::Duration;

use super::{CLEAR, COMPLETED, Harness, Played, STUCK, one, paid_by, sent_to};

/// A card that is charged, after a while.
const SLOW_CARD: &str = "pm_card_visa_slow_1500";
/// A card that no other scenario uses, and that is charged at once.
const CARD: &str = "pm_card_visa_slow_2";
/// A carrier that takes a while.
const SLOW_ADDRESS: &str = "addr_1_slow_1500";

/// So long after one step, the next one is under way.
pub(super) const CHANGE_OF_MIND: Duration = Duration::from_millis(300);

const REFUNDED: &[&str] = &["PaymentCompleted", "PaymentRefunded", "InventoryReleased"];

pub(super) async fn at_once(harness: Harness) -> Played {
    // Slowly, or the order might be on its way before the customer has finished speaking.
    let order = harness.place("user-456", paid_by("prod-001", SLOW_CARD)).await?;
    harness.cancel_in_time(&order).await?;
    order.is_cancelled("customerRequest").alone()
}

pub(super) async fn when_reserved(harness: Harness) -> Played {
    let order = harness.place("user-789", paid_by("prod-001", SLOW_CARD)).await?;
    harness.until(&order, "InventoryReserved").await?;
    harness.cancel_in_time(&order).await?;
    order.is_cancelled("customerRequest").publishing(&["InventoryReleased"]).alone()
}

pub(super) async fn while_paying(harness: Harness) -> Played {
    let order = harness.place("user-321", paid_by("prod-001", SLOW_CARD)).await?;
    harness.until(&order, "InventoryReserved").await?;
    tokio::time::sleep(CHANGE_OF_MIND).await;
    harness.cancel_in_time(&order).await?;
    order.is_cancelled("customerRequest").publishing(&["InventoryReleased"]).alone()
}

pub(super) async fn when_paid(harness: Harness) -> Played {
    let order = harness.place("user-123", sent_to("prod-002", SLOW_ADDRESS)).await?;
    harness.until(&order, "PaymentCompleted").await?;
    harness.cancel_in_time(&order).await?;
    order.is_cancelled("customerRequest").publishing(REFUNDED).alone()
}

pub(super) async fn while_shipping(harness: Harness) -> Played {
    let order = harness.place("user-456", sent_to("prod-004", SLOW_ADDRESS)).await?;
    harness.until(&order, "OrderPaid").await?;
    tokio::time::sleep(CHANGE_OF_MIND).await;
    harness.cancel_in_time(&order).await?;
    order.is_cancelled("customerRequest").publishing(REFUNDED).alone()
}

/// The first write to the order's stream wins, and the customer gets the true answer.
pub(super) async fn against_shipment(harness: Harness) -> Played {
    let order = harness.place("user-789", one("prod-001")).await?;
    harness.until(&order, "ShipmentCreated").await?;
    let expected = if harness.cancel(&order).await? {
        let undone = &["ShipmentCreated", "ShippingFailed", "PaymentRefunded", "InventoryReleased"];
        order.is_cancelled("customerRequest").publishing(undone)
    } else {
        order.completes()
    };
    expected.alone()
}

pub(super) async fn twice(harness: Harness) -> Played {
    let order = harness.place("user-321", paid_by("prod-002", SLOW_CARD)).await?;
    harness.cancel_in_time(&order).await?;
    harness.cancel_in_time(&order).await?;
    order.is_cancelled("customerRequest").alone()
}

pub(super) async fn too_late(harness: Harness) -> Played {
    let order = harness.place("user-123", one("prod-004")).await?;
    harness.until(&order, COMPLETED).await?;
    if harness.cancel(&order).await? {
        return order.is_cancelled("customerRequest").alone();
    }
    order.completes().alone()
}

/// The customer was not charged, and will not be.
pub(super) async fn in_an_outage(harness: Harness) -> Played {
    harness.payments().script(CARD, STUCK);
    let order = harness.place("user-456", paid_by("prod-002", CARD)).await?;
    harness.until(&order, "InventoryReserved").await?;
    tokio::time::sleep(CHANGE_OF_MIND).await;
    harness.cancel_in_time(&order).await?;
    harness.payments().script(CARD, CLEAR);
    order.is_cancelled("customerRequest").publishing(&["InventoryReleased"]).alone()
}
