//! Every event that there can be: each is valid by its schema, and is read back as it was.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use catalogue::{
    Awaited, CATALOGUE, CancelReason, Currency, Entry, Event, InventoryReleased,
    InventoryReservationFailed, InventoryReserved, LineItem, Money, NotificationFailed,
    NotificationSent, OrderCancelled, OrderCompleted, OrderCreated, OrderPaid, OrderResumed,
    OrderShipped, OrderTimedOut, PaymentCompleted, PaymentFailed, PaymentNeedsReview,
    PaymentRefunded, PaymentStep, ReservedItem, ShipmentCreated, ShippingFailed,
    ShippingNeedsReview, ShippingStep, Shortage, Template,
};
use event_envelope::{AggregateId, CorrelationId, FromEnvelope};
use jsonschema::Validator;
use proptest::{collection::vec, option, prelude::*, sample::select, test_runner::TestRunner};
use serde_json::{Value, json};
use time::macros::datetime;

use super::{assert_valid, validator};

fn id() -> impl Strategy<Value = AggregateId> {
    "[A-Za-z0-9_-]{1,64}".prop_map(|text| AggregateId::parse(text).unwrap())
}

fn text() -> impl Strategy<Value = String> {
    any::<String>()
}

fn money() -> impl Strategy<Value = Money> {
    (any::<i64>(), "[A-Z]{3}")
        .prop_map(|(amount, currency)| Money::new(amount, Currency::parse(&currency).unwrap()))
}

fn lines() -> impl Strategy<Value = Vec<LineItem>> {
    let line = (id(), any::<u32>(), money()).prop_map(|(product_id, quantity, unit_price)| {
        LineItem { product_id, quantity, unit_price }
    });
    vec(line, 0..4)
}

fn reserved() -> impl Strategy<Value = Vec<ReservedItem>> {
    let item = (id(), any::<u32>());
    vec(item.prop_map(|(product_id, quantity)| ReservedItem { product_id, quantity }), 0..4)
}

fn shortages() -> impl Strategy<Value = Vec<Shortage>> {
    let shortage = (id(), any::<u32>(), option::of(any::<u64>())).prop_map(
        |(product_id, requested, available)| Shortage { product_id, requested, available },
    );
    vec(shortage, 0..4)
}

fn cancel_reason() -> impl Strategy<Value = CancelReason> {
    use CancelReason::{
        CustomerRequest, OutOfStock, PaymentFailed, PaymentRefunded, ShippingFailed, TimedOut,
    };
    select(vec![
        CustomerRequest,
        OutOfStock,
        PaymentFailed,
        PaymentRefunded,
        ShippingFailed,
        TimedOut,
    ])
}

fn template() -> impl Strategy<Value = Template> {
    use Template::{OrderCancelled, OrderReceived, OrderShipped, PaymentReceived};
    select(vec![OrderReceived, PaymentReceived, OrderShipped, OrderCancelled])
}

/// `event!(Type { field: strategy, … })`: events of a type, all of its fields drawn.
macro_rules! event {
    ($event:ident { $($field:ident: $strategy:expr),+ $(,)? }) => {
        ($($strategy,)+).prop_map(|($($field,)+)| Event::from($event { $($field),+ })).boxed()
    };
}

/// Events of every type.
fn events() -> Vec<BoxedStrategy<Event>> {
    vec![
        event!(OrderCreated {
            order_id: id(),
            user_id: id(),
            items: lines(),
            total: money(),
            payment_method_id: option::of(text()),
            delivery_address_id: option::of(id()),
        }),
        event!(OrderPaid { order_id: id(), payment_id: text(), amount: money() }),
        event!(OrderShipped {
            order_id: id(),
            shipment_id: text(),
            carrier: text(),
            tracking_number: text(),
        }),
        event!(OrderCompleted { order_id: id(), total: option::of(money()) }),
        event!(OrderCancelled { order_id: id(), reason: cancel_reason() }),
        event!(OrderTimedOut {
            order_id: id(),
            awaited: select(vec![Awaited::Payment, Awaited::Shipment]),
            within: any::<u64>(),
        }),
        event!(OrderResumed { order_id: id() }),
        event!(InventoryReserved { order_id: id(), items: reserved() }),
        event!(InventoryReservationFailed {
            order_id: id(),
            reason: text(),
            shortages: shortages(),
        }),
        event!(InventoryReleased { order_id: id(), items: reserved() }),
        event!(PaymentCompleted {
            order_id: id(),
            payment_id: text(),
            amount: option::of(money()),
        }),
        event!(PaymentFailed { order_id: id(), code: option::of(text()), reason: text() }),
        event!(PaymentRefunded {
            order_id: id(),
            payment_id: text(),
            refund_id: text(),
            amount: money(),
        }),
        event!(PaymentNeedsReview {
            order_id: id(),
            step: select(vec![PaymentStep::Revoke, PaymentStep::Refund]),
            attempts: any::<u32>(),
            reason: text(),
        }),
        event!(ShipmentCreated {
            order_id: id(),
            shipment_id: text(),
            carrier: text(),
            tracking_number: text(),
        }),
        event!(ShippingFailed { order_id: id(), code: text(), reason: text() }),
        event!(ShippingNeedsReview {
            order_id: id(),
            step: select(vec![ShippingStep::Trace, ShippingStep::Recall]),
            attempts: any::<u32>(),
            reason: text(),
        }),
        event!(NotificationSent { order_id: id(), template: template(), message_id: text() }),
        event!(NotificationFailed { order_id: id(), template: template(), reason: text() }),
    ]
}

/// Publishes the event, and reads it as a consumer does.
fn published_and_read(event: &Event, validator: &Validator) -> Event {
    let order = event.order_id().clone();
    let correlation = CorrelationId::of(order.as_str());
    let envelope = event.draft(order, 1, datetime!(2026-01-01 0:00 UTC)).root(correlation, None);
    assert_valid(validator, &envelope.data, event.entry().event_type);
    Event::from_envelope(&envelope).unwrap()
}

#[test]
fn what_a_service_publishes_is_valid_and_is_read_back() {
    let named = |entry: &Entry| {
        (entry.event_type, validator(&format!("{}/{}", entry.event_type, entry.version)))
    };
    let validators: BTreeMap<_, _> = CATALOGUE.iter().map(named).collect();
    let published = RefCell::new(BTreeSet::new());
    for strategy in events() {
        let outcome = TestRunner::deterministic().run(&strategy, |event| {
            let event_type = event.entry().event_type;
            published.borrow_mut().insert(event_type);
            prop_assert_eq!(&published_and_read(&event, &validators[event_type]), &event);
            Ok(())
        });
        outcome.unwrap();
    }
    assert!(published.into_inner().iter().eq(validators.keys()), "a type has no strategy");
}

/// The most cents that version 1 can be sure of.
const CENTS_MAX: i64 = 999_999_999_999_999;

/// A decimal as version 1 writes it, and its cents.
fn decimal() -> impl Strategy<Value = (Value, i64)> {
    (-CENTS_MAX..=CENTS_MAX).prop_map(|cents| {
        let sign = if cents < 0 { "-" } else { "" };
        let text = format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100);
        (text.parse().unwrap(), cents)
    })
}

static OLD_ORDER: LazyLock<Validator> = LazyLock::new(|| validator("OrderCreated/1.0"));

proptest! {
    /// Money of version 1 is a binary float on the way, and not a cent is lost.
    #[test]
    fn an_order_of_version_1_is_valid_and_is_read_to_the_cent(
        order in id(),
        user in id(),
        lines in vec((id(), any::<u32>(), decimal()), 0..4),
        total in decimal(),
    ) {
        let items: Vec<Value> = lines
            .iter()
            .map(|(product, quantity, (price, _))| {
                json!({ "productId": product, "quantity": quantity, "price": price })
            })
            .collect();
        let old = json!({
            "orderId": order, "userId": user, "items": items, "total": total.0,
        });
        assert_valid(&OLD_ORDER, &old, "OrderCreated 1.0");
        let entry = json!({
            "detail-type": "OrderCreated", "source": "order-service",
            "time": "2025-11-17T10:30:00Z", "detail": { "eventVersion": "1.0", "data": old },
        });
        let items = lines.into_iter().map(|(product_id, quantity, (_, cents))| LineItem {
            product_id,
            quantity,
            unit_price: Money::usd(cents),
        });
        let expected = OrderCreated {
            order_id: order,
            user_id: user,
            items: items.collect(),
            total: Money::usd(total.1),
            payment_method_id: None,
            delivery_address_id: None,
        };
        prop_assert_eq!(super::decode(&entry).event, expected.into());
    }
}
