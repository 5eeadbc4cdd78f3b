//! Streams of orders: those that can be, drawn.

use catalogue::{
    Awaited, CancelReason, Event, LineItem, Money, OrderCancelled, OrderCompleted, OrderCreated,
    OrderPaid, OrderResumed, OrderShipped, OrderTimedOut,
};
use event_envelope::{CorrelationId, Envelope};
use proptest::prelude::*;
use time::Duration;

use crate::world::{PLACED_AT, id};

/// How an order goes on after it was placed.
pub(crate) const WAYS: [&[&str]; 8] = [
    &[],
    &["paid"],
    &["paid", "shipped", "completed"],
    &["cancelled"],
    &["paid", "cancelled"],
    &["late", "cancelled"],
    &["paid", "late", "cancelled", "resumed"],
    &["resumed", "paid", "resumed", "shipped", "completed"],
];

/// The stream of an order that has gone this way, an event every so many seconds.
pub(crate) fn stream(order: &str, user: &str, way: &[&str], pauses: &[i64]) -> Vec<Envelope> {
    let order_id = id(order);
    let total = Money::usd(5998);
    let line = LineItem { product_id: id("prod-001"), quantity: 2, unit_price: Money::usd(2999) };
    let created = Event::from(OrderCreated {
        order_id: order_id.clone(),
        user_id: id(user),
        items: vec![line],
        total,
        payment_method_id: None,
        delivery_address_id: None,
    });
    let next = |step: &&str| {
        let order_id = order_id.clone();
        match *step {
            "paid" => OrderPaid { order_id, payment_id: "pi_1".to_owned(), amount: total }.into(),
            "shipped" => {
                let (carrier, tracking_number) = ("UPS".to_owned(), "1Z1".to_owned());
                let shipment_id = "sh_1".to_owned();
                OrderShipped { order_id, shipment_id, carrier, tracking_number }.into()
            }
            "completed" => OrderCompleted { order_id, total: Some(total) }.into(),
            "cancelled" => {
                OrderCancelled { order_id, reason: CancelReason::CustomerRequest }.into()
            }
            "late" => OrderTimedOut { order_id, awaited: Awaited::Payment, within: 900 }.into(),
            _ => Event::from(OrderResumed { order_id }),
        }
    };
    let mut at = PLACED_AT;
    let pauses = pauses.iter().copied().chain(std::iter::repeat(1));
    let events = std::iter::once(created).chain(way.iter().map(next)).zip(pauses).zip(1..);
    let envelope = |((event, pause), sequence): ((Event, i64), u64)| {
        at += Duration::seconds(pause);
        event.draft(order_id.clone(), sequence, at).root(CorrelationId::of(order), None)
    };
    events.map(envelope).collect()
}

/// A way, and the pauses between its events: some happen in the same instant.
pub(crate) fn ways() -> impl Strategy<Value = (&'static [&'static str], Vec<i64>)> {
    (prop::sample::select(WAYS.to_vec()), prop::collection::vec(0..3_i64, 6))
}

/// Runs a check in which no time passes but what is waited for.
pub(crate) fn block_on(check: impl Future<Output = ()>) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().start_paused(true).build().unwrap().block_on(check);
}
