//! What others refuse, and compensations that do not succeed at once.

use provider_stubs::Outcome;

use super::{CLEAR, Harness, Played, STUCK, paid_by, sent_to};

/// A card that is always refused.
/// Source: <https://docs.stripe.com/testing#declined-payments>.
const DECLINED_CARD: &str = "pm_card_chargeDeclined";
/// An address that the carrier cannot find.
const UNDELIVERABLE: &str = "addr_undeliverable";
/// A carrier that takes its time, during which a customer thinks again.
const SLOW_ADDRESS: &str = "addr_1_slow_1500";

pub(super) async fn card_declined(harness: Harness) -> Played {
    let order = harness.place("user-456", paid_by("prod-002", DECLINED_CARD)).await?;
    order.is_cancelled("paymentFailed").publishing(&["PaymentFailed", "InventoryReleased"]).alone()
}

pub(super) async fn undeliverable(harness: Harness) -> Played {
    let order = harness.place("user-789", sent_to("prod-004", UNDELIVERABLE)).await?;
    let undone = &["ShippingFailed", "PaymentRefunded", "InventoryReleased"];
    order.is_cancelled("shippingFailed").publishing(undone).alone()
}

pub(super) async fn refund_outage(harness: Harness) -> Played {
    let order = harness.place("user-789", sent_to("prod-004", UNDELIVERABLE)).await?;
    harness.payments().script(&format!("refund:{}", order.id), Outcome::Throttle(2));
    let undone = &["ShippingFailed", "PaymentRefunded", "InventoryReleased"];
    order.is_cancelled("shippingFailed").publishing(undone).alone()
}

pub(super) async fn refund_stuck(harness: Harness) -> Played {
    let order = harness.place("user-789", sent_to("prod-004", UNDELIVERABLE)).await?;
    let refund = format!("refund:{}", order.id);
    harness.payments().script(&refund, STUCK);
    harness.until(&order, "PaymentNeedsReview").await?;
    harness.payments().script(&refund, CLEAR);
    harness.resume(&order).await?;
    harness.until(&order, "PaymentRefunded").await?;
    let undone = &["PaymentNeedsReview", "OrderResumed", "PaymentRefunded", "InventoryReleased"];
    order.is_cancelled("shippingFailed").publishing(undone).alone()
}

/// Cancelled while the carrier is at it, which then has the parcel and does not give it back.
pub(super) async fn recall_stuck(harness: Harness) -> Played {
    let order = harness.place("user-321", sent_to("prod-001", SLOW_ADDRESS)).await?;
    let recall = format!("void:{}", order.id);
    harness.carrier().script(&recall, STUCK);
    harness.until(&order, "PaymentCompleted").await?;
    tokio::time::sleep(super::cancelling::CHANGE_OF_MIND).await;
    harness.cancel_in_time(&order).await?;
    harness.until(&order, "ShippingNeedsReview").await?;
    harness.carrier().script(&recall, CLEAR);
    harness.resume(&order).await?;
    harness.until(&order, "ShippingFailed").await?;
    let undone = &["ShippingNeedsReview", "OrderResumed", "ShippingFailed", "PaymentRefunded"];
    order.is_cancelled("customerRequest").publishing(undone).alone()
}
