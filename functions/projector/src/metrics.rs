//! What the business wants to know of each order, as metrics.
//!
//! Here, because the read model consumes every event and takes each in once: a section of a row
//! only moves forward, so that an event is not counted again when it is delivered again. A
//! count is lost if the function dies between the write and the line, and events that a replay
//! sends are not counted. For books, take the events.

use catalogue::Money;
use serde_json::json;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tracing::{Level, event};

catalogue::subscribe! {
    /// What is counted.
    pub enum CountedEvent {
        OrderCreated,
        OrderPaid,
        OrderShipped,
        OrderCompleted,
        OrderCancelled,
        PaymentRefunded,
        PaymentNeedsReview,
        ShippingNeedsReview,
    }
}

/// Counts `event`, which has just moved a row forward. `placed_at` is when the row has
/// that its order was placed.
pub fn count(event: &CountedEvent, happened: OffsetDateTime, placed_at: Option<&str>) {
    match event {
        CountedEvent::OrderCreated(_) => {
            event!(target: "metrics", Level::TRACE, monotonic_counter.OrdersPlaced = 1_u64);
        }
        CountedEvent::OrderPaid(paid) => paid_for(paid.amount),
        CountedEvent::OrderShipped(_) => {
            event!(
                target: "metrics",
                Level::TRACE,
                monotonic_counter.OrdersShipped = 1_u64,
                histogram.TimeToShipMs = since(placed_at, happened),
            );
        }
        CountedEvent::OrderCompleted(_) => {
            event!(target: "metrics", Level::TRACE, monotonic_counter.OrdersCompleted = 1_u64);
        }
        CountedEvent::OrderCancelled(cancelled) => {
            let reason = json!(cancelled.reason);
            event!(
                target: "metrics",
                Level::TRACE,
                monotonic_counter.OrdersCancelled = 1_u64,
                Reason = reason.as_str(),
            );
        }
        CountedEvent::PaymentRefunded(refund) => {
            let currency = refund.amount.currency.to_string();
            event!(
                target: "metrics",
                Level::TRACE,
                monotonic_counter.Refunds = 1_u64,
                histogram.RefundedAmount = refund.amount.amount,
                Currency = currency,
            );
        }
        CountedEvent::PaymentNeedsReview(_) | CountedEvent::ShippingNeedsReview(_) => {
            event!(target: "metrics", Level::TRACE, monotonic_counter.ReviewsNeeded = 1_u64);
        }
    }
}

/// In minor units, by currency: amounts of several are no sum.
fn paid_for(Money { amount, currency }: Money) {
    let currency = currency.to_string();
    event!(
        target: "metrics",
        Level::TRACE,
        monotonic_counter.OrdersPaid = 1_u64,
        histogram.PaidAmount = amount,
        Currency = currency,
    );
}

/// Milliseconds from `placed_at` to `happened`, if the former is known and before the latter.
fn since(placed_at: Option<&str>, happened: OffsetDateTime) -> Option<f64> {
    let placed_at = OffsetDateTime::parse(placed_at?, &Rfc3339).ok()?;
    let milliseconds = (happened - placed_at).as_seconds_f64() * 1_000.0;
    (milliseconds >= 0.0).then_some(milliseconds)
}
