//! What a workflow asks for, and what it is answered.

use std::time::Duration;

use local_dynamodb::FaultPlan;
use provider_stubs::{
    Outcome,
    ShipmentStatus::{Created, Voided},
};
use serde_json::{Value, json};
use testkit::{Harness, cases};

use crate::world::{World, cancelled, created, created_for, paid, resumed, task};

/// Asks until there is an answer, as a workflow does.
async fn settled(world: &World, name: &str) -> Value {
    for _ in 0..100 {
        match world.ask(name).await {
            Ok(answer) => return answer,
            Err(failure) => assert!(failure.is_retry(), "{failure}"),
        }
        world.recover().await;
    }
    panic!("{name} is never done");
}

#[tokio::test]
async fn a_shipment_is_answered_alike_however_often_it_is_asked_for() {
    let world = World::new().await;
    let answer = world.ask("ship").await.unwrap();
    let made = world.carrier.shipments().remove(0);
    let expected = json!({
        "status": "shipped",
        "shipmentId": made.id,
        "carrier": made.carrier,
        "trackingNumber": made.tracking_number,
    });
    assert_eq!(answer, expected);
    assert_eq!(made.address_id, "addr_1");
    assert_eq!(world.ask("ship").await.unwrap(), answer);
    // The same news over the queue.
    world.settle_all(&[created(), paid()]).await;
    assert_eq!(world.ask("ship").await.unwrap(), answer);
    assert_eq!(world.shipments(), [Created]);
    assert_eq!(world.events(), ["ShipmentCreated"]);
}

#[tokio::test]
async fn a_shipment_that_the_queue_asked_for_first_is_answered_from_what_it_led_to() {
    let world = World::new().await;
    world.settle_all(&[paid(), created()]).await;
    assert_eq!(world.ask("ship").await.unwrap()["status"], "shipped");
    assert_eq!(world.shipments(), [Created]);
}

#[tokio::test]
async fn a_refused_shipment_is_an_answer_and_nothing_to_recall() {
    let world = World::new().await;
    let handler = world.handler(FaultPlan::none());
    for _ in 0..2 {
        let asked = task("ship", &created_for(Some("addr_undeliverable"))).unwrap();
        let answer = serde_json::to_value(handler.work(asked).await.unwrap()).unwrap();
        let reason = "the address cannot be delivered to; ask for another";
        let refused =
            json!({ "status": "refused", "code": "address_undeliverable", "reason": reason });
        assert_eq!(answer, refused);
    }
    let asked = task("recall", &created_for(Some("addr_undeliverable"))).unwrap();
    let answer = serde_json::to_value(handler.work(asked).await.unwrap()).unwrap();
    assert_eq!(answer, json!({ "status": "notShipped" }));
    assert_eq!(world.events(), ["ShippingFailed"]);
}

#[tokio::test]
async fn an_order_that_was_cancelled_before_is_not_shipped() {
    let world = World::new().await;
    world.settle(&cancelled()).await;
    assert_eq!(world.ask("ship").await.unwrap(), json!({ "status": "calledOff" }));
    assert_eq!(world.ask("recall").await.unwrap(), json!({ "status": "notShipped" }));
    assert_eq!(world.shipments(), []);
}

#[tokio::test]
async fn an_order_that_is_cancelled_meanwhile_is_shipped_and_called_back() {
    let world = World::new().await;
    world.carrier.script("order-123", Outcome::Slow(Duration::from_millis(200)));
    let cancelled = cancelled();
    let cancel = async {
        while world.status().await != "shipping" {
            tokio::task::yield_now().await;
        }
        world.deliver(&cancelled).await
    };
    let (shipped, called_off) = tokio::join!(world.ask("ship"), cancel);
    called_off.unwrap();
    assert_eq!(shipped.unwrap(), json!({ "status": "calledOff" }));
    assert_eq!(world.shipments(), [Voided]);
    assert_eq!(world.events(), ["ShippingFailed"]);
}

#[tokio::test]
async fn a_recall_is_answered_alike_however_often_it_is_asked_for() {
    let world = World::new().await;
    world.ask("ship").await.unwrap();
    for _ in 0..2 {
        assert_eq!(world.ask("recall").await.unwrap(), json!({ "status": "recalled" }));
        world.settle(&cancelled()).await;
    }
    assert_eq!(world.ask("ship").await.unwrap(), json!({ "status": "calledOff" }));
    assert_eq!(world.shipments(), [Voided]);
    assert_eq!(world.events(), ["ShipmentCreated", "ShippingFailed"]);
}

#[tokio::test]
async fn a_recall_of_what_was_never_shipped_keeps_it_from_being_shipped() {
    let world = World::new().await;
    assert_eq!(world.ask("recall").await.unwrap(), json!({ "status": "notShipped" }));
    world.settle_all(&[created(), paid()]).await;
    assert_eq!(world.ask("ship").await.unwrap(), json!({ "status": "calledOff" }));
    assert_eq!(world.shipments(), []);
}

#[tokio::test]
async fn a_recall_that_keeps_failing_is_answered_with_a_review_until_it_is_resumed() {
    let world = World::new().await;
    world.ask("ship").await.unwrap();
    world.carrier.script("void:order-123", Outcome::Throttle(u32::MAX));
    for _ in 1..8 {
        assert!(world.ask("recall").await.unwrap_err().is_retry());
    }
    for _ in 0..2 {
        assert_eq!(world.ask("recall").await.unwrap(), json!({ "status": "needsReview" }));
    }
    assert_eq!(world.events(), ["ShipmentCreated", "ShippingNeedsReview"]);
    world.carrier.script("void:order-123", Outcome::Slow(Duration::ZERO));
    world.settle(&resumed()).await;
    assert_eq!(world.ask("recall").await.unwrap(), json!({ "status": "recalled" }));
}

#[tokio::test]
async fn while_the_carrier_is_away_a_shipment_is_to_be_tried_again() {
    let world = World::new().await;
    world.carrier.script("order-123", Outcome::Down(2));
    for _ in 0..2 {
        let failure = world.ask("ship").await.unwrap_err();
        assert!(failure.is_retry(), "{failure}");
    }
    assert_eq!(world.ask("ship").await.unwrap()["status"], "shipped");
    assert_eq!(world.shipments(), [Created]);
}

#[tokio::test]
async fn a_shipment_that_somebody_else_is_at_is_to_be_tried_again() {
    let world = World::new().await;
    world.carrier.script("order-123", Outcome::Slow(Duration::from_millis(200)));
    world.deliver(&created()).await.unwrap();
    let paid = paid();
    let ask = async {
        while world.status().await != "shipping" {
            tokio::task::yield_now().await;
        }
        world.ask("ship").await
    };
    let (delivered, asked) = tokio::join!(world.deliver(&paid), ask);
    delivered.unwrap();
    let failure = asked.unwrap_err();
    assert!(failure.is_retry() && failure.to_string().contains("under way"), "{failure}");
    assert_eq!(world.ask("ship").await.unwrap()["status"], "shipped");
    assert_eq!(world.shipments(), [Created]);
}

#[tokio::test]
async fn a_task_works_off_the_order_itself() {
    let world = World::new().await;
    let handler = world.handler(FaultPlan::none());
    let failure = handler.work(task("ship", &paid()).unwrap()).await.unwrap_err();
    assert!(!failure.is_retry());
    assert!(failure.to_string().contains("OrderCreated, not PaymentCompleted"), "{failure}");
    assert!(!task("charge", &created()).unwrap_err().is_retry());
    assert_eq!(world.shipments(), []);
}

#[tokio::test]
async fn whatever_fails_a_workflow_has_its_answers_and_there_is_one_parcel() {
    let calls = FaultPlan::none();
    let story = async |plan: &FaultPlan| {
        let world = World::new().await;
        let process = world.handler(plan.clone());
        for (name, expected) in [("ship", "shipped"), ("recall", "recalled")] {
            let asked = task(name, &created()).unwrap();
            if let Err(failure) = process.work(asked).await {
                assert!(failure.is_retry(), "{failure}");
                world.recover().await;
            }
            assert_eq!(settled(&world, name).await["status"], expected);
        }
        assert_eq!(world.shipments(), [Voided]);
        assert_eq!(world.events(), ["ShipmentCreated", "ShippingFailed"]);
    };
    story(&calls).await;
    for case in cases(&calls) {
        story(&case.plan()).await;
    }
}
