//! The events of one order, at their places in the histories of their services.

use catalogue::{
    Awaited, CancelReason, Event, InventoryReleased, InventoryReservationFailed, InventoryReserved,
    LineItem, Money, NotificationFailed, NotificationSent, OrderCancelled, OrderCompleted,
    OrderCreated, OrderPaid, OrderResumed, OrderShipped, OrderTimedOut, PaymentCompleted,
    PaymentFailed, PaymentNeedsReview, PaymentRefunded, PaymentStep, ShipmentCreated,
    ShippingFailed, ShippingNeedsReview, ShippingStep, Shortage, Template,
};
use event_envelope::{AggregateId, CorrelationId, Delivery};
use time::{Duration, macros::datetime};

pub(crate) const ORDER: &str = "order-123";
pub(crate) const TOTAL: Money = Money::usd(10_997);

pub(crate) fn id(text: &str) -> AggregateId {
    AggregateId::parse(text).unwrap()
}

/// An event as it is delivered: event `sequence` of its service happened in that second.
pub(crate) fn delivery(event: impl Into<Event>, sequence: u64) -> Delivery<Event> {
    let event = event.into();
    let order = event.order_id().clone();
    let seconds = Duration::seconds(i64::try_from(sequence).unwrap());
    let at = datetime!(2025-11-17 10:30:00.25 UTC) + seconds;
    let correlation = CorrelationId::of(order.as_str());
    let envelope = event.draft(order, sequence, at).root(correlation, None);
    Delivery { envelope, event, replay: None }
}

pub(crate) fn created(order: &str) -> Delivery<Event> {
    let line = |product, quantity, cents| LineItem {
        product_id: id(product),
        quantity,
        unit_price: Money::usd(cents),
    };
    let created = OrderCreated {
        order_id: id(order),
        user_id: id("user-456"),
        items: vec![line("prod-001", 2, 2999), line("prod-002", 1, 4999)],
        total: TOTAL,
        payment_method_id: Some("pm_card_visa".into()),
        delivery_address_id: None,
    };
    delivery(created, 1)
}

fn paid() -> Delivery<Event> {
    delivery(OrderPaid { order_id: id(ORDER), payment_id: "pi_1".into(), amount: TOTAL }, 2)
}

fn shipped() -> Delivery<Event> {
    let shipment_id = "shp_1".into();
    let tracking_number = "LP123456789".into();
    let carrier = "Local Parcel".into();
    delivery(OrderShipped { order_id: id(ORDER), shipment_id, carrier, tracking_number }, 3)
}

/// The events of the order service about an order that goes well.
pub(crate) fn happy() -> Vec<Delivery<Event>> {
    let completed = delivery(OrderCompleted { order_id: id(ORDER), total: Some(TOTAL) }, 4);
    vec![created(ORDER), paid(), shipped(), completed]
}

/// A history with each of the order service's first five events. No order has one; rows follow it.
pub(crate) fn five() -> Vec<Delivery<Event>> {
    let cancelled = OrderCancelled { order_id: id(ORDER), reason: CancelReason::ShippingFailed };
    let mut history = happy();
    history.push(delivery(cancelled, 5));
    history
}

/// A history with each of the order service's events.
pub(crate) fn seven() -> Vec<Delivery<Event>> {
    let order_id = id(ORDER);
    let awaited = Awaited::Shipment;
    let mut history = five();
    history.push(delivery(OrderTimedOut { order_id, awaited, within: 259_200 }, 6));
    history.push(delivery(OrderResumed { order_id: id(ORDER) }, 7));
    history
}

pub(crate) fn stock() -> Vec<Delivery<Event>> {
    let order_id = id(ORDER);
    let items = Vec::new();
    let reserved = InventoryReserved { order_id: order_id.clone(), items: items.clone() };
    vec![delivery(reserved, 1), delivery(InventoryReleased { order_id, items }, 2)]
}

pub(crate) fn no_stock() -> Delivery<Event> {
    let shortage = Shortage { product_id: id("prod-002"), requested: 6, available: Some(5) };
    let reason = "insufficient inventory".into();
    let shortages = vec![shortage];
    delivery(InventoryReservationFailed { order_id: id(ORDER), reason, shortages }, 1)
}

pub(crate) fn payment() -> Vec<Delivery<Event>> {
    let order_id = id(ORDER);
    let payment_id = "pi_1".to_owned();
    let completed = PaymentCompleted {
        order_id: order_id.clone(),
        payment_id: payment_id.clone(),
        amount: Some(TOTAL),
    };
    let refunded =
        PaymentRefunded { order_id, payment_id, refund_id: "re_1".into(), amount: TOTAL };
    vec![delivery(completed, 1), stuck_payment(2), delivery(refunded, 3)]
}

/// The refund does not get through.
pub(crate) fn stuck_payment(sequence: u64) -> Delivery<Event> {
    let step = PaymentStep::Refund;
    let reason = "the provider answers 503".into();
    let order_id = id(ORDER);
    delivery(PaymentNeedsReview { order_id, step, attempts: 8, reason }, sequence)
}

/// The parcel cannot be called back.
pub(crate) fn stuck_shipment(sequence: u64) -> Delivery<Event> {
    let step = ShippingStep::Recall;
    let reason = "the carrier answers 503".into();
    let order_id = id(ORDER);
    delivery(ShippingNeedsReview { order_id, step, attempts: 8, reason }, sequence)
}

pub(crate) fn no_payment() -> Delivery<Event> {
    let code = Some("card_declined".into());
    let reason = "Your card was declined.".into();
    delivery(PaymentFailed { order_id: id(ORDER), code, reason }, 1)
}

pub(crate) fn shipment() -> Vec<Delivery<Event>> {
    let created = ShipmentCreated {
        order_id: id(ORDER),
        shipment_id: "shp_1".into(),
        carrier: "Local Parcel".into(),
        tracking_number: "LP123456789".into(),
    };
    let code = "lost".into();
    let reason = "the parcel is lost".into();
    let failed = ShippingFailed { order_id: id(ORDER), code, reason };
    vec![delivery(created, 1), stuck_shipment(2), delivery(failed, 3)]
}

/// One of each template; two of them could not be sent.
pub(crate) fn mails() -> Vec<Delivery<Event>> {
    let sent = |template, sequence| {
        let message_id = "0100-1".to_owned();
        delivery(NotificationSent { order_id: id(ORDER), template, message_id }, sequence)
    };
    let unsent = |template, sequence| {
        let reason = "no address".to_owned();
        delivery(NotificationFailed { order_id: id(ORDER), template, reason }, sequence)
    };
    vec![
        sent(Template::OrderReceived, 1),
        unsent(Template::PaymentReceived, 2),
        sent(Template::OrderShipped, 3),
        unsent(Template::OrderCancelled, 4),
    ]
}

/// Every event of every service, each service's in the order in which it published them.
pub(crate) fn everything() -> Vec<Delivery<Event>> {
    [seven(), stock(), payment(), shipment(), mails()].concat()
}
