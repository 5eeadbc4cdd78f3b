//! What becomes of an order's shipment when nothing goes wrong on the way.

use catalogue::{Event, Money, OrderPaid};
use event_envelope::Delivery;
use provider_stubs::ShipmentStatus::{Created, Voided};
use runtime::Done;
use serde_json::Value;
use testkit::Harness;

use crate::world::{World, cancelled, created, created_for, order, paid};

#[tokio::test]
async fn an_order_is_shipped_once_in_whichever_order_its_events_come_and_come_again() {
    for deliveries in [[created(), paid()], [paid(), created()]] {
        let world = World::new().await;
        for delivery in &deliveries {
            assert_eq!(world.deliver(delivery).await.unwrap(), Done::Handled);
            assert_eq!(world.deliver(delivery).await.unwrap(), Done::Duplicate);
        }
        assert_eq!(world.shipments(), [Created]);
        assert_eq!(world.events(), ["ShipmentCreated"]);
        assert_eq!(world.status().await, "shipped");
    }
}

#[tokio::test]
async fn whenever_it_comes_a_cancel_leaves_nothing_on_its_way() {
    for (deliveries, shipments) in [
        ([cancelled(), created(), paid()], vec![]),
        ([cancelled(), paid(), created()], vec![]),
        ([created(), cancelled(), paid()], vec![]),
        ([paid(), cancelled(), created()], vec![]),
        ([created(), paid(), cancelled()], vec![Voided]),
        ([paid(), created(), cancelled()], vec![Voided]),
    ] {
        let world = World::new().await;
        for delivery in &deliveries {
            assert_eq!(world.deliver(delivery).await.unwrap(), Done::Handled);
            assert_eq!(world.deliver(delivery).await.unwrap(), Done::Duplicate);
        }
        assert_eq!(world.shipments(), shipments);
    }
}

#[tokio::test]
async fn a_shipment_that_is_called_back_is_said_to_have_failed() {
    let world = World::new().await;
    world.settle_all(&[created(), paid(), cancelled()]).await;
    assert_eq!(world.events(), ["ShipmentCreated", "ShippingFailed"]);
    assert_eq!(world.status().await, "voided");
}

#[tokio::test]
async fn nothing_is_shipped_unpaid() {
    let world = World::new().await;
    world.deliver(&created()).await.unwrap();
    assert_eq!(world.shipments(), []);
    assert_eq!(world.status().await, "waiting");
}

#[tokio::test]
async fn an_order_without_an_address_goes_to_the_customers_own() {
    for (asked, used) in [(Some("addr_1"), "addr_1"), (None, "user-456")] {
        let world = World::new().await;
        world.settle_all(&[created_for(asked), paid()]).await;
        assert_eq!(world.carrier.shipments()[0].address_id, used);
        assert_eq!(world.carrier.shipments()[0].reference, "order-123");
        // So that it can check whose address it is.
        assert_eq!(world.carrier.shipments()[0].customer.as_deref(), Some("user-456"));
    }
}

#[tokio::test]
async fn an_address_that_cannot_be_delivered_to_is_said_with_its_reason() {
    let world = World::new().await;
    world.deliver(&created_for(Some("addr_undeliverable"))).await.unwrap();
    assert_eq!(world.deliver(&paid()).await.unwrap(), Done::Rejected);
    assert_eq!(world.deliver(&cancelled()).await.unwrap(), Done::Handled);
    let state = world.state().await;
    assert_eq!(state["progress"]["M"]["status"]["S"], "refused");
    assert_eq!(state["progress"]["M"]["code"]["S"], "address_undeliverable");
    assert_eq!(world.shipments(), []);
    assert_eq!(world.events(), ["ShippingFailed"]);
}

/// What is logged and parked is the failure's text.
#[tokio::test]
async fn nothing_that_a_rude_carrier_says_is_kept_published_logged_or_parked() {
    let polite = |text: &str| {
        let rude = ["Jane", "jane.doe", "Rosewood", "555 0100", "4242 4242"];
        assert!(!rude.iter().any(|it| text.contains(it)), "{text}");
    };
    for status in [400, 404, 409, 422, 429, 500] {
        let world = World::new().await;
        world.carrier.script("order-123", provider_stubs::Outcome::Rude(status));
        world.deliver(&created()).await.unwrap();
        match world.deliver(&paid()).await {
            Err(failure) => polite(&format!("{failure} {failure:?}")),
            Ok(done) => assert_eq!((status, done), (422, Done::Rejected)),
        }
        polite(&world.everything().await);
    }
}

#[tokio::test]
async fn events_that_say_nothing_to_shipments_leave_no_trace() {
    let world = World::new().await;
    let (payment_id, amount) = ("pi_1".to_owned(), Money::usd(10_997));
    let event = Event::from(OrderPaid { order_id: order(), payment_id, amount });
    let delivery = Delivery { event, ..created() };
    assert_eq!(world.deliver(&delivery).await.unwrap(), Done::Ignored);
    assert_eq!(world.state().await, Value::Null);
}

#[tokio::test]
async fn an_event_that_changed_its_mind_is_parked() {
    let world = World::new().await;
    world.deliver(&created()).await.unwrap();
    let failure = world.deliver(&created_for(Some("addr_2"))).await.unwrap_err();
    assert!(!failure.is_retry(), "{failure}");
}
