//! What the events of other services do to an order.

use catalogue::{
    Event, InventoryReleased, InventoryReserved, Money, NotificationFailed, NotificationSent,
    OrderCompleted, Template,
};
use event_envelope::{AggregateId, Delivery};
use local_dynamodb::FaultPlan;
use runtime::Done;
use testkit::permutations;

use crate::{
    deliveries::{
        TOTAL, declined, delivery, paid, paid_with, refunded, shipped, short, undeliverable,
    },
    world::{World, id},
};

type MakeEvent = fn(&AggregateId) -> Delivery<Event>;

const SHIPPED: [&str; 4] = ["OrderCreated", "OrderPaid", "OrderShipped", "OrderCompleted"];

#[tokio::test]
async fn each_event_takes_effect_once_however_often_it_comes() {
    let world = World::new().await;
    let cases: [(&str, &[MakeEvent], MakeEvent, &[&str]); 8] = [
        ("paid", &[], paid, &["OrderPaid"]),
        ("declined", &[], declined, &["OrderCancelled(paymentFailed)"]),
        ("refunded", &[], refunded, &["OrderCancelled(paymentRefunded)"]),
        ("short", &[], short, &["OrderCancelled(outOfStock)"]),
        ("undeliverable", &[], undeliverable, &["OrderCancelled(shippingFailed)"]),
        ("shipped", &[paid], shipped, &["OrderShipped", "OrderCompleted"]),
        ("paid-undeliverable", &[paid], undeliverable, &["OrderCancelled(shippingFailed)"]),
        ("paid-refunded", &[paid], refunded, &["OrderCancelled(paymentRefunded)"]),
    ];
    for (key, before, event, expected) in cases {
        let order = world.placed(key).await;
        for earlier in before {
            world.deliver(&earlier(&order)).await.unwrap();
        }
        let stored = world.stream(&order).await.len();
        assert_eq!(world.deliver(&event(&order)).await.unwrap(), Done::Handled, "{key}");
        assert_eq!(world.deliver(&event(&order)).await.unwrap(), Done::Duplicate, "{key}");
        assert_eq!(world.history(&order).await[stored..], *expected, "{key}");
    }
}

#[tokio::test]
async fn what_follows_from_an_event_names_it_as_its_cause() {
    let world = World::new().await;
    let order = world.placed("key-1").await;
    let event = paid(&order);
    world.deliver(&event).await.unwrap();
    let paid = &world.stream(&order).await[1];
    assert_eq!(paid.causation_id.as_ref(), Some(&event.envelope.event_id));
    assert_eq!(paid.correlation_id, event.envelope.correlation_id);
    assert_eq!(paid.metadata.depth, event.envelope.metadata.depth + 1);
    assert_eq!(paid.data["amount"]["amount"], TOTAL.amount);
    assert_eq!(paid.data["paymentId"], "pi_1");
}

#[tokio::test]
async fn a_payment_that_does_not_name_its_amount_is_not_believed() {
    let world = World::new().await;
    let order = world.placed("key-1").await;
    let failure = world.deliver(&paid_with(&order, None)).await.unwrap_err();
    assert!(!failure.is_retry(), "{failure}");
    assert!(failure.to_string().contains("data.amount"), "{failure}");
    assert_eq!(world.stream(&order).await.len(), 1, "nothing is paid");
}

#[tokio::test]
async fn events_that_come_too_early_are_delivered_again() {
    let world = World::new().await;
    let early = id("order-123");
    for event in [paid, declined, refunded, short, shipped, undeliverable] {
        let failure = world.deliver(&event(&early)).await.unwrap_err();
        assert!(failure.is_retry(), "{failure}");
    }
    assert_eq!(world.events().await, 0);

    let order = world.placed("key-1").await;
    assert!(world.deliver(&shipped(&order)).await.unwrap_err().is_retry());
    world.deliver(&paid(&order)).await.unwrap();
    world.deliver(&shipped(&order)).await.unwrap();
    assert_eq!(world.history(&order).await, SHIPPED);
}

#[tokio::test]
async fn events_that_contradict_what_has_happened_are_permanent_failures() {
    let world = World::new().await;
    let cases: [(&str, &[MakeEvent], &[MakeEvent]); 3] = [
        ("created", &[], &[|order| paid_with(order, Some(Money::usd(1)))]),
        ("paid", &[paid], &[declined, short]),
        ("shipped", &[paid, shipped], &[declined, short, refunded, undeliverable]),
    ];
    for (key, before, contradictions) in cases {
        let order = world.placed(key).await;
        for earlier in before {
            world.deliver(&earlier(&order)).await.unwrap();
        }
        let stored = world.stream(&order).await;
        for contradiction in contradictions {
            let failure = world.deliver(&contradiction(&order)).await.unwrap_err();
            assert!(!failure.is_retry(), "{key}: {failure}");
        }
        assert_eq!(world.stream(&order).await, stored);
    }
}

/// Delivers until everything is handled: what came too early is delivered again after the others.
async fn deliver_all(world: &World, order: &AggregateId, events: &[MakeEvent]) {
    let mut waiting = events.to_vec();
    for _ in 0..events.len() {
        let mut early = Vec::new();
        for event in waiting {
            match world.deliver(&event(order)).await {
                Ok(_) => (),
                Err(failure) if failure.is_retry() => early.push(event),
                Err(failure) => panic!("{failure}"),
            }
        }
        waiting = early;
    }
    assert!(waiting.is_empty());
}

#[tokio::test]
async fn payment_and_shipment_end_the_same_in_whichever_order_and_however_often_they_come() {
    let world = World::new().await;
    for (number, events) in permutations(&[paid, shipped, paid, shipped]).iter().enumerate() {
        let order = world.placed(&format!("key-{number}")).await;
        deliver_all(&world, &order, events).await;
        assert_eq!(world.history(&order).await, SHIPPED);
    }
}

#[tokio::test]
async fn an_order_that_is_off_is_off_once_whatever_else_is_still_under_way() {
    let world = World::new().await;
    let sets: [&[MakeEvent]; 3] =
        [&[short, declined], &[paid, undeliverable, refunded], &[undeliverable, paid, paid]];
    for (set, events) in sets.iter().enumerate() {
        for (number, events) in permutations(events).iter().enumerate() {
            let order = world.placed(&format!("key-{set}-{number}")).await;
            deliver_all(&world, &order, events).await;
            let history = world.history(&order).await;
            let off = history.iter().filter(|it| it.starts_with("OrderCancelled")).count();
            assert_eq!(off, 1, "{history:?}");
            assert!(history.last().unwrap().starts_with("OrderCancelled"), "{history:?}");
        }
    }
}

#[tokio::test]
async fn events_that_do_not_concern_an_order_cost_nothing() {
    let world = World::new().await;
    let order = world.placed("key-1").await;
    let order_id = order.clone();
    let items = Vec::new();
    let template = Template::OrderReceived;
    let message_id = "mail-1".to_owned();
    for event in [
        Event::from(InventoryReserved { order_id: order_id.clone(), items: items.clone() }),
        InventoryReleased { order_id: order_id.clone(), items }.into(),
        OrderCompleted { order_id: order_id.clone(), total: Some(TOTAL) }.into(),
        NotificationSent { order_id: order_id.clone(), template, message_id }.into(),
        NotificationFailed { order_id, template, reason: "bounced".to_owned() }.into(),
    ] {
        let calls = FaultPlan::none();
        let event = delivery(&order, 1, event);
        assert_eq!(world.deliver_with(calls.clone(), &event).await.unwrap(), Done::Ignored);
        assert_eq!(calls.calls(), 0);
    }
}
