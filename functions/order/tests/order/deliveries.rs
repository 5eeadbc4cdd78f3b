//! The events of other services, as they are delivered.

use catalogue::{
    Event, InventoryReservationFailed, Money, PaymentCompleted, PaymentFailed, PaymentRefunded,
    ShipmentCreated, ShippingFailed,
};
use event_envelope::{AggregateId, CorrelationId, Delivery};
use time::macros::datetime;

/// What the sample order costs.
pub(crate) const TOTAL: Money = Money::usd(10_997);

/// `event`, as the `sequence`-th that its service publishes of `order`.
pub(crate) fn delivery(
    order: &AggregateId,
    sequence: u64,
    event: impl Into<Event>,
) -> Delivery<Event> {
    let event = event.into();
    let draft = event.draft(order.clone(), sequence, datetime!(2025-11-17 10:31 UTC));
    let envelope = draft.root(CorrelationId::of(order.as_str()), None);
    Delivery { envelope, event, replay: None }
}

pub(crate) fn paid_with(order: &AggregateId, amount: Option<Money>) -> Delivery<Event> {
    let payment_id = "pi_1".to_owned();
    delivery(order, 1, PaymentCompleted { order_id: order.clone(), payment_id, amount })
}

pub(crate) fn paid(order: &AggregateId) -> Delivery<Event> {
    paid_with(order, Some(TOTAL))
}

pub(crate) fn declined(order: &AggregateId) -> Delivery<Event> {
    let code = Some("card_declined".to_owned());
    let reason = "the card was declined".to_owned();
    delivery(order, 1, PaymentFailed { order_id: order.clone(), code, reason })
}

pub(crate) fn refunded(order: &AggregateId) -> Delivery<Event> {
    let payment_id = "pi_1".to_owned();
    let refund_id = "re_1".to_owned();
    let order_id = order.clone();
    delivery(order, 2, PaymentRefunded { order_id, payment_id, refund_id, amount: TOTAL })
}

pub(crate) fn short(order: &AggregateId) -> Delivery<Event> {
    let reason = "too few of prod-001".to_owned();
    let shortages = Vec::new();
    delivery(order, 1, InventoryReservationFailed { order_id: order.clone(), reason, shortages })
}

pub(crate) fn shipped(order: &AggregateId) -> Delivery<Event> {
    let shipment = ShipmentCreated {
        order_id: order.clone(),
        shipment_id: "shp_1".to_owned(),
        carrier: "UPS".to_owned(),
        tracking_number: "1Z1".to_owned(),
    };
    delivery(order, 1, shipment)
}

pub(crate) fn undeliverable(order: &AggregateId) -> Delivery<Event> {
    let code = "address_undeliverable".to_owned();
    let reason = "nobody there".to_owned();
    delivery(order, 1, ShippingFailed { order_id: order.clone(), code, reason })
}
