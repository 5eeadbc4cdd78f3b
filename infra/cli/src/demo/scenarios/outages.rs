//! Providers that are unavailable for a while, or whose answers get lost. The order waits, and
//! completes.

use super::{Harness, Played, paid_by, sent_to};

pub(super) async fn payment_answer_lost(harness: Harness) -> Played {
    harness
        .place("user-123", paid_by("prod-001", "pm_card_visa_timeout"))
        .await?
        .completes()
        .alone()
}

pub(super) async fn payment_outage(harness: Harness) -> Played {
    harness.place("user-456", paid_by("prod-002", "pm_card_visa_down_3")).await?.completes().alone()
}

pub(super) async fn payment_throttled(harness: Harness) -> Played {
    let card = "pm_card_visa_throttle_2";
    harness.place("user-789", paid_by("prod-004", card)).await?.completes().alone()
}

pub(super) async fn shipment_answer_lost(harness: Harness) -> Played {
    harness.place("user-321", sent_to("prod-001", "addr_1_timeout")).await?.completes().alone()
}

pub(super) async fn carrier_outage(harness: Harness) -> Played {
    harness.place("user-123", sent_to("prod-002", "addr_1_down_3")).await?.completes().alone()
}

pub(super) async fn carrier_throttled(harness: Harness) -> Played {
    harness.place("user-456", sent_to("prod-004", "addr_1_throttle_2")).await?.completes().alone()
}
