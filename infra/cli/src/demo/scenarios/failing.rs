//! What others refuse, and compensations that do not succeed at once.

use provider_stubs::Outcome;

use super::{CLEAR, Played, STUCK, Stage, paid_by, sent_to};

/// A card that is always refused.
/// Source: <https://docs.stripe.com/testing#declined-payments>.
const DECLINED_CARD: &str = "pm_card_chargeDeclined";
/// An address that the carrier cannot find.
const UNDELIVERABLE: &str = "addr_undeliverable";
/// A carrier that takes its time, during which a customer thinks again.
const SLOW_ADDRESS: &str = "addr_1_slow_1500";

pub(super) async fn card_declined(stage: Stage) -> Played {
    let order = stage.place("user-456", paid_by("prod-002", DECLINED_CARD)).await?;
    order.is_cancelled("paymentFailed").saying(&["PaymentFailed", "InventoryReleased"]).alone()
}

pub(super) async fn undeliverable(stage: Stage) -> Played {
    let order = stage.place("user-789", sent_to("prod-004", UNDELIVERABLE)).await?;
    let undone = &["ShippingFailed", "PaymentRefunded", "InventoryReleased"];
    order.is_cancelled("shippingFailed").saying(undone).alone()
}

pub(super) async fn refund_outage(stage: Stage) -> Played {
    let order = stage.place("user-789", sent_to("prod-004", UNDELIVERABLE)).await?;
    stage.payments().script(&format!("refund:{}", order.id), Outcome::Throttle(2));
    let undone = &["ShippingFailed", "PaymentRefunded", "InventoryReleased"];
    order.is_cancelled("shippingFailed").saying(undone).alone()
}

pub(super) async fn refund_stuck(stage: Stage) -> Played {
    let order = stage.place("user-789", sent_to("prod-004", UNDELIVERABLE)).await?;
    let refund = format!("refund:{}", order.id);
    stage.payments().script(&refund, STUCK);
    stage.until(&order, "PaymentNeedsReview").await?;
    stage.payments().script(&refund, CLEAR);
    stage.resume(&order).await?;
    stage.until(&order, "PaymentRefunded").await?;
    let undone = &["PaymentNeedsReview", "OrderResumed", "PaymentRefunded", "InventoryReleased"];
    order.is_cancelled("shippingFailed").saying(undone).alone()
}

/// Cancelled while the carrier is at it, which then has the parcel and does not give it back.
pub(super) async fn recall_stuck(stage: Stage) -> Played {
    let order = stage.place("user-321", sent_to("prod-001", SLOW_ADDRESS)).await?;
    let recall = format!("void:{}", order.id);
    stage.carrier().script(&recall, STUCK);
    stage.until(&order, "PaymentCompleted").await?;
    tokio::time::sleep(super::cancelling::CHANGE_OF_MIND).await;
    stage.cancel_in_time(&order).await?;
    stage.until(&order, "ShippingNeedsReview").await?;
    stage.carrier().script(&recall, CLEAR);
    stage.resume(&order).await?;
    stage.until(&order, "ShippingFailed").await?;
    let undone = &["ShippingNeedsReview", "OrderResumed", "ShippingFailed", "PaymentRefunded"];
    order.is_cancelled("customerRequest").saying(undone).alone()
}
