//! Customers who think again, at every moment there is.

use std::time::Duration;

use super::{CLEAR, COMPLETED, Played, STUCK, Stage, one, paid_by, sent_to};

/// A card that is charged, after a while.
const SLOW_CARD: &str = "pm_card_visa_slow_1500";
/// A card that no other scenario uses, and that is charged at once.
const CARD: &str = "pm_card_visa_slow_2";
/// A carrier that takes a while.
const SLOW_ADDRESS: &str = "addr_1_slow_1500";

/// So long after one step, the next one is under way.
pub(super) const CHANGE_OF_MIND: Duration = Duration::from_millis(300);

const REFUNDED: &[&str] = &["PaymentCompleted", "PaymentRefunded", "InventoryReleased"];

pub(super) async fn at_once(stage: Stage) -> Played {
    // Slowly, or the order might be on its way before the customer has finished speaking.
    let order = stage.place("user-456", paid_by("prod-001", SLOW_CARD)).await?;
    stage.cancel_in_time(&order).await?;
    order.is_cancelled("customerRequest").alone()
}

pub(super) async fn when_reserved(stage: Stage) -> Played {
    let order = stage.place("user-789", paid_by("prod-001", SLOW_CARD)).await?;
    stage.until(&order, "InventoryReserved").await?;
    stage.cancel_in_time(&order).await?;
    order.is_cancelled("customerRequest").saying(&["InventoryReleased"]).alone()
}

pub(super) async fn while_paying(stage: Stage) -> Played {
    let order = stage.place("user-321", paid_by("prod-001", SLOW_CARD)).await?;
    stage.until(&order, "InventoryReserved").await?;
    tokio::time::sleep(CHANGE_OF_MIND).await;
    stage.cancel_in_time(&order).await?;
    order.is_cancelled("customerRequest").saying(&["InventoryReleased"]).alone()
}

pub(super) async fn when_paid(stage: Stage) -> Played {
    let order = stage.place("user-123", sent_to("prod-002", SLOW_ADDRESS)).await?;
    stage.until(&order, "PaymentCompleted").await?;
    stage.cancel_in_time(&order).await?;
    order.is_cancelled("customerRequest").saying(REFUNDED).alone()
}

pub(super) async fn while_shipping(stage: Stage) -> Played {
    let order = stage.place("user-456", sent_to("prod-004", SLOW_ADDRESS)).await?;
    stage.until(&order, "OrderPaid").await?;
    tokio::time::sleep(CHANGE_OF_MIND).await;
    stage.cancel_in_time(&order).await?;
    order.is_cancelled("customerRequest").saying(REFUNDED).alone()
}

/// Whoever is first in the order's stream has won, and the customer is told the truth.
pub(super) async fn against_shipment(stage: Stage) -> Played {
    let order = stage.place("user-789", one("prod-001")).await?;
    stage.until(&order, "ShipmentCreated").await?;
    let expected = if stage.cancel(&order).await? {
        let undone = &["ShipmentCreated", "ShippingFailed", "PaymentRefunded", "InventoryReleased"];
        order.is_cancelled("customerRequest").saying(undone)
    } else {
        order.completes()
    };
    expected.alone()
}

pub(super) async fn twice(stage: Stage) -> Played {
    let order = stage.place("user-321", paid_by("prod-002", SLOW_CARD)).await?;
    stage.cancel_in_time(&order).await?;
    stage.cancel_in_time(&order).await?;
    order.is_cancelled("customerRequest").alone()
}

pub(super) async fn too_late(stage: Stage) -> Played {
    let order = stage.place("user-123", one("prod-004")).await?;
    stage.until(&order, COMPLETED).await?;
    if stage.cancel(&order).await? {
        return order.is_cancelled("customerRequest").alone();
    }
    order.completes().alone()
}

/// Nobody was charged, and nobody will be.
pub(super) async fn in_an_outage(stage: Stage) -> Played {
    stage.payments().script(CARD, STUCK);
    let order = stage.place("user-456", paid_by("prod-002", CARD)).await?;
    stage.until(&order, "InventoryReserved").await?;
    tokio::time::sleep(CHANGE_OF_MIND).await;
    stage.cancel_in_time(&order).await?;
    stage.payments().script(CARD, CLEAR);
    order.is_cancelled("customerRequest").saying(&["InventoryReleased"]).alone()
}
