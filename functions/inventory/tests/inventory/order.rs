//! The events of an order that the inventory consumes.

use catalogue::{
    CancelReason, Event, LineItem, Money, OrderCancelled, OrderCreated, OrderShipped,
    PaymentFailed, ShippingFailed,
};
use event_envelope::{AggregateId, CorrelationId, Delivery};
use time::OffsetDateTime;

pub(crate) fn id(text: &str) -> AggregateId {
    AggregateId::parse(text).unwrap()
}

/// An event as it is delivered, at `sequence` in the history that its service keeps of the order.
pub(crate) fn delivery(event: impl Into<Event>, sequence: u64) -> Delivery<Event> {
    let event = event.into();
    let order = event.order_id().clone();
    let correlation = CorrelationId::of(order.as_str());
    let draft = event.draft(order, sequence, OffsetDateTime::UNIX_EPOCH);
    Delivery { envelope: draft.root(correlation, None), event, replay: None }
}

pub(crate) fn created(order: &str, lines: &[(&str, u32)]) -> Delivery<Event> {
    let line = |(product, quantity): &(&str, u32)| LineItem {
        product_id: id(product),
        quantity: *quantity,
        unit_price: Money::usd(2999),
    };
    let created = OrderCreated {
        order_id: id(order),
        user_id: id("user-456"),
        items: lines.iter().map(line).collect(),
        total: Money::usd(10_997),
        payment_method_id: None,
        delivery_address_id: None,
    };
    delivery(created, 1)
}

pub(crate) fn cancelled(order: &str) -> Delivery<Event> {
    delivery(OrderCancelled { order_id: id(order), reason: CancelReason::CustomerRequest }, 2)
}

pub(crate) fn payment_failed(order: &str) -> Delivery<Event> {
    delivery(PaymentFailed { order_id: id(order), code: None, reason: "declined".into() }, 1)
}

pub(crate) fn shipping_failed(order: &str) -> Delivery<Event> {
    let code = "address_undeliverable".into();
    let reason = "nobody there".into();
    delivery(ShippingFailed { order_id: id(order), code, reason }, 1)
}

pub(crate) fn shipped(order: &str) -> Delivery<Event> {
    let [shipment_id, carrier, tracking_number] =
        ["ship-1", "UPS", "1Z999"].map(|text| text.to_owned());
    delivery(OrderShipped { order_id: id(order), shipment_id, carrier, tracking_number }, 3)
}
