//! What an event changes in the row of its order. Pure.

use std::collections::BTreeMap;

use catalogue::{Event, PaymentNeedsReview, ShippingNeedsReview, Template};
use event_envelope::{AggregateId, DecodeError, Envelope, FromEnvelope, instant};
use projection::{Changes, Fold, Projection};
use serde_json::{Value, json};

/// The rows of orders, one an order.
#[derive(Debug, Clone, Copy)]
pub struct OrderViews;

impl Projection for OrderViews {
    const NAME: &'static str = "order-views";
    const VERSION: u32 = 1;
    const KEY: &'static str = "orderId";

    fn apply(envelope: &Envelope) -> Result<Fold, DecodeError> {
        Ok(fold(&Event::from_envelope(envelope)?, envelope))
    }
}

/// What an event of the catalogue changes.
pub fn fold(event: &Event, envelope: &Envelope) -> Fold {
    let section = Section::of(event);
    Fold {
        row: event.order_id().to_string(),
        section: section.version(),
        is_gapless: section == Section::Order,
        changes: changes(event, envelope),
    }
}

/// The part of a row that one service's events change. Each part has a version of its own: the
/// sequence number of the last event that changed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// The order itself. Its versions are gapless: what is missing is pulled from the event store.
    Order,
    /// Its stock.
    Inventory,
    /// Its payment.
    Payment,
    /// Its shipment.
    Shipping,
    /// The mails to the customer, by template.
    Notification(Template),
}

impl Section {
    /// The section that an event changes.
    pub const fn of(event: &Event) -> Self {
        match event {
            Event::OrderCreated(_)
            | Event::OrderPaid(_)
            | Event::OrderShipped(_)
            | Event::OrderCompleted(_)
            | Event::OrderCancelled(_)
            | Event::OrderTimedOut(_)
            | Event::OrderResumed(_) => Self::Order,
            Event::InventoryReserved(_)
            | Event::InventoryReservationFailed(_)
            | Event::InventoryReleased(_) => Self::Inventory,
            Event::PaymentCompleted(_)
            | Event::PaymentFailed(_)
            | Event::PaymentRefunded(_)
            | Event::PaymentNeedsReview(_) => Self::Payment,
            Event::ShipmentCreated(_)
            | Event::ShippingFailed(_)
            | Event::ShippingNeedsReview(_) => Self::Shipping,
            Event::NotificationSent(sent) => Self::Notification(sent.template),
            Event::NotificationFailed(failed) => Self::Notification(failed.template),
        }
    }

    /// The attribute that holds the section's version.
    pub const fn version(self) -> &'static str {
        match self {
            Self::Order => "version",
            Self::Inventory => "inventoryVersion",
            Self::Payment => "paymentVersion",
            Self::Shipping => "shippingVersion",
            Self::Notification(Template::OrderReceived) => "orderReceivedVersion",
            Self::Notification(Template::PaymentReceived) => "paymentReceivedVersion",
            Self::Notification(Template::OrderShipped) => "orderShippedVersion",
            Self::Notification(Template::OrderCancelled) => "orderCancelledVersion",
        }
    }
}

/// The attributes of a step that a service has abandoned, and that waits for an operator: whether
/// there is one, since when, and then the order, so that no two are at one place in the index.
type Review = [&'static str; 5];

const PAYMENT_REVIEW: Review = [
    "paymentReview",
    "paymentReviewSince",
    "paymentReviewStep",
    "paymentReviewAttempts",
    "paymentReviewReason",
];
const SHIPPING_REVIEW: Review = [
    "shippingReview",
    "shippingReviewSince",
    "shippingReviewStep",
    "shippingReviewAttempts",
    "shippingReviewReason",
];

/// What an event sets in its section, and removes from it. Folding the changes of a stream in
/// order gives the row.
pub fn changes(event: &Event, envelope: &Envelope) -> Changes {
    let at = instant(envelope.timestamp);
    let section = Section::of(event);
    let mut changes = over(section);
    changes.extend(folded(event, envelope, &at));
    if section == Section::Order {
        changes.insert("updatedAt", json!(at));
    }
    changes.insert(section.version(), json!(envelope.sequence_number));
    changes
}

/// What an event shows of its order.
fn folded(event: &Event, envelope: &Envelope, at: &str) -> Changes {
    match event {
        Event::OrderCreated(order) => BTreeMap::from([
            ("status", json!("created")),
            ("userId", json!(order.user_id)),
            ("placedAt", json!(format!("{at}#{}", order.order_id))),
            ("createdAt", json!(at)),
            ("items", json!(order.items)),
            ("total", json!(order.total)),
            ("correlationId", json!(envelope.correlation_id)),
        ]),
        Event::OrderPaid(paid) => {
            BTreeMap::from([("status", json!("paid")), ("paymentId", json!(paid.payment_id))])
        }
        Event::OrderShipped(shipped) => BTreeMap::from([
            ("status", json!("shipped")),
            ("carrier", json!(shipped.carrier)),
            ("trackingNumber", json!(shipped.tracking_number)),
        ]),
        Event::OrderCompleted(_) => BTreeMap::from([("status", json!("completed"))]),
        Event::OrderCancelled(cancelled) => BTreeMap::from([
            ("status", json!("cancelled")),
            ("cancelReason", json!(cancelled.reason)),
        ]),
        Event::OrderTimedOut(late) => BTreeMap::from([("awaited", json!(late.awaited))]),
        // The service that goes on from there publishes how that ends.
        Event::OrderResumed(_) => Changes::new(),
        Event::InventoryReserved(_) => BTreeMap::from([("inventory", json!("reserved"))]),
        Event::InventoryReservationFailed(failed) => BTreeMap::from([
            ("inventory", json!("unavailable")),
            ("shortages", json!(failed.shortages)),
        ]),
        Event::InventoryReleased(_) => BTreeMap::from([("inventory", json!("released"))]),
        Event::PaymentCompleted(_) => BTreeMap::from([("payment", json!("completed"))]),
        Event::PaymentFailed(failed) => {
            BTreeMap::from([("payment", json!("failed")), ("paymentFailure", json!(failed.reason))])
        }
        Event::PaymentRefunded(refund) => {
            BTreeMap::from([("payment", json!("refunded")), ("refundId", json!(refund.refund_id))])
        }
        Event::PaymentNeedsReview(PaymentNeedsReview { order_id, step, attempts, reason }) => {
            let why = [json!(step), json!(attempts), json!(reason)];
            let open = opened(PAYMENT_REVIEW, at, order_id, why);
            open.chain([("payment", json!("needsReview"))]).collect()
        }
        Event::ShippingNeedsReview(ShippingNeedsReview { order_id, step, attempts, reason }) => {
            let why = [json!(step), json!(attempts), json!(reason)];
            let open = opened(SHIPPING_REVIEW, at, order_id, why);
            open.chain([("shipping", json!("needsReview"))]).collect()
        }
        Event::ShipmentCreated(_) => BTreeMap::from([("shipping", json!("created"))]),
        Event::ShippingFailed(failed) => BTreeMap::from([
            ("shipping", json!("failed")),
            ("shippingFailure", json!(failed.reason)),
        ]),
        Event::NotificationSent(sent) => BTreeMap::from([(mail(sent.template), json!("sent"))]),
        Event::NotificationFailed(failed) => {
            BTreeMap::from([(mail(failed.template), json!("failed"))])
        }
    }
}

/// The next event of a service shows how the step that it had abandoned ended, or abandons it anew.
fn over(section: Section) -> Changes {
    let review = match section {
        Section::Payment => PAYMENT_REVIEW,
        Section::Shipping => SHIPPING_REVIEW,
        Section::Order | Section::Inventory | Section::Notification(_) => return Changes::new(),
    };
    review.into_iter().map(|attribute| (attribute, Value::Null)).collect()
}

fn opened(
    review: Review,
    at: &str,
    order: &AggregateId,
    [step, attempts, reason]: [Value; 3],
) -> impl Iterator<Item = (&'static str, Value)> {
    let since = json!(format!("{at}#{order}"));
    review.into_iter().zip([json!("open"), since, step, attempts, reason])
}

const fn mail(template: Template) -> &'static str {
    match template {
        Template::OrderReceived => "orderReceivedMail",
        Template::PaymentReceived => "paymentReceivedMail",
        Template::OrderShipped => "orderShippedMail",
        Template::OrderCancelled => "orderCancelledMail",
    }
}
