//! Orders that stand still until their time is over.

use super::{CLEAR, Harness, Played, STUCK, paid_by, sent_to};

/// A card that no other scenario uses, and that is charged at once.
const CARD: &str = "pm_card_visa_slow_1";

pub(super) async fn unpaid(harness: Harness) -> Played {
    harness.payments().script(CARD, STUCK);
    let order = harness.place("user-789", paid_by("prod-001", CARD)).await?;
    harness.until(&order, "OrderTimedOut").await?;
    harness.payments().script(CARD, CLEAR);
    order.is_cancelled("timedOut").publishing(&["OrderTimedOut", "InventoryReleased"]).alone()
}

pub(super) async fn unshipped(harness: Harness) -> Played {
    let order = harness.place("user-321", sent_to("prod-002", "addr_1_throttle_1000")).await?;
    let undone = &["OrderTimedOut", "PaymentRefunded", "InventoryReleased"];
    order.is_cancelled("timedOut").publishing(undone).alone()
}
