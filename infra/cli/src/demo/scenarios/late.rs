//! Orders that stand still until their time is over.

use super::{CLEAR, Played, STUCK, Stage, paid_by, sent_to};

/// A card that no other scenario uses, and that is charged at once.
const CARD: &str = "pm_card_visa_slow_1";

pub(super) async fn unpaid(stage: Stage) -> Played {
    stage.payments().script(CARD, STUCK);
    let order = stage.place("user-789", paid_by("prod-001", CARD)).await?;
    stage.until(&order, "OrderTimedOut").await?;
    stage.payments().script(CARD, CLEAR);
    order.is_cancelled("timedOut").saying(&["OrderTimedOut", "InventoryReleased"]).alone()
}

pub(super) async fn unshipped(stage: Stage) -> Played {
    let order = stage.place("user-321", sent_to("prod-002", "addr_1_throttle_1000")).await?;
    let undone = &["OrderTimedOut", "PaymentRefunded", "InventoryReleased"];
    order.is_cancelled("timedOut").saying(undone).alone()
}
