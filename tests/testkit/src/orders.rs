//! The order that tests are about, and what its consumers are given.

use catalogue::{
    CancelReason, DECODER, Event, Money, OrderCancelled, OrderCreated, OrderPaid, OrderResumed,
};
use event_envelope::{AggregateId, CorrelationId, Delivery};
use lambda::Task;
use runtime::Failure;
use serde::de::DeserializeOwned;
use serde_json::json;
use time::OffsetDateTime;

/// The order's id.
pub const ORDER: &str = "order-123";
/// Its customer's.
pub const USER: &str = "user-456";
/// What it costs, in cents.
pub const TOTAL: i64 = 10_997;

/// The order's id.
pub fn order() -> AggregateId {
    AggregateId::parse(ORDER).unwrap()
}

/// `event` at this place in the history of what published it.
pub fn delivery(event: impl Into<Event>, sequence: u64) -> Delivery<Event> {
    let event = event.into();
    let draft = event.draft(order(), sequence, OffsetDateTime::UNIX_EPOCH);
    Delivery { envelope: draft.root(CorrelationId::of(ORDER), None), event, replay: None }
}

/// The order as it was placed, with neither a card nor an address of its own.
pub fn order_created() -> OrderCreated {
    OrderCreated {
        order_id: order(),
        user_id: AggregateId::parse(USER).unwrap(),
        items: Vec::new(),
        total: Money::usd(TOTAL),
        payment_method_id: None,
        delivery_address_id: None,
    }
}

/// The order's payment, which only the order's customer cares for.
pub fn order_paid() -> OrderPaid {
    OrderPaid { order_id: order(), payment_id: "pi_1".to_owned(), amount: Money::usd(TOTAL) }
}

/// The customer cancels.
pub fn cancelled() -> Delivery<Event> {
    delivery(OrderCancelled { order_id: order(), reason: CancelReason::CustomerRequest }, 2)
}

/// An operator resumes the order.
pub fn resumed() -> Delivery<Event> {
    resumed_at(3)
}

/// An operator resumes the order, at `sequence` in its history.
pub fn resumed_at(sequence: u64) -> Delivery<Event> {
    delivery(OrderResumed { order_id: order() }, sequence)
}

/// The task `name` of the workflow that works on the order which was created so.
///
/// # Errors
///
/// As [`Task::read`].
pub fn task<C: DeserializeOwned>(
    name: &str,
    created: &Delivery<Event>,
) -> Result<Task<C, OrderCreated>, Failure> {
    let fields = json!({ "task": name, "event": created.envelope });
    Task::read(fields.as_object().unwrap().clone(), &DECODER)
}
