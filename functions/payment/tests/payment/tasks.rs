//! What a workflow asks for, and what it is answered.

use std::time::Duration;

use local_dynamodb::FaultPlan;
use provider_stubs::Outcome;
use serde_json::{Value, json};
use testkit::{Harness, cases};

use crate::world::{World, cancelled, created, reserved, resumed, task};

const TOTAL: u64 = 10_997;

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
async fn a_charge_is_answered_alike_however_often_it_is_asked_for() {
    let world = World::new().await;
    let answer = world.ask("charge").await.unwrap();
    let amount = json!({ "amount": 10_997, "currency": "USD" });
    let payment_id = world.payment_id();
    assert_eq!(answer, json!({ "status": "captured", "paymentId": payment_id, "amount": amount }));
    assert_eq!(world.ask("charge").await.unwrap(), answer);
    // The same news over the queue.
    world.settle_all(&[created(), reserved()]).await;
    assert_eq!(world.ask("charge").await.unwrap(), answer);
    assert_eq!(world.captured(), [TOTAL]);
    assert_eq!(world.events(), ["PaymentCompleted"]);
}

#[tokio::test]
async fn a_charge_that_the_queue_asked_for_first_is_answered_from_what_it_led_to() {
    let world = World::new().await;
    world.settle_all(&[created(), reserved()]).await;
    assert_eq!(world.ask("charge").await.unwrap()["status"], "captured");
    assert_eq!(world.captured(), [TOTAL]);
}

#[tokio::test]
async fn a_declined_charge_is_an_answer_and_nothing_to_refund() {
    let world = World::new().await;
    world.provider.script("order-123", Outcome::Decline);
    for _ in 0..2 {
        let declined = json!({
            "status": "declined", "code": "card_declined",
            "reason": "The bank declined the payment.",
        });
        assert_eq!(world.ask("charge").await.unwrap(), declined);
    }
    assert_eq!(world.ask("refund").await.unwrap(), json!({ "status": "nothingToRefund" }));
    assert_eq!(world.events(), ["PaymentFailed"]);
}

#[tokio::test]
async fn an_order_that_was_called_off_before_is_not_charged() {
    let world = World::new().await;
    world.settle(&cancelled()).await;
    assert_eq!(world.ask("charge").await.unwrap(), json!({ "status": "calledOff" }));
    assert_eq!(world.ask("refund").await.unwrap(), json!({ "status": "nothingToRefund" }));
    assert_eq!(world.provider.ledger(), []);
}

#[tokio::test]
async fn an_order_that_is_called_off_meanwhile_is_charged_and_refunded() {
    let world = World::new().await;
    world.provider.script("order-123", Outcome::Slow(Duration::from_millis(200)));
    let cancelled = cancelled();
    let cancel = async {
        while world.status().await != "charging" {
            tokio::task::yield_now().await;
        }
        world.deliver(&cancelled).await
    };
    let (charged, called_off) = tokio::join!(world.ask("charge"), cancel);
    called_off.unwrap();
    assert_eq!(charged.unwrap(), json!({ "status": "calledOff" }));
    assert_eq!((world.captured(), world.refunded()), (vec![TOTAL], vec![TOTAL]));
}

#[tokio::test]
async fn a_refund_is_answered_alike_however_often_it_is_asked_for() {
    let world = World::new().await;
    world.ask("charge").await.unwrap();
    let answer = world.ask("refund").await.unwrap();
    assert_eq!(answer["status"], "refunded");
    assert!(answer["refundId"].as_str().unwrap().starts_with("re_"), "{answer}");
    assert_eq!(answer["amount"], json!({ "amount": 10_997, "currency": "USD" }));
    world.settle(&cancelled()).await;
    assert_eq!(world.ask("refund").await.unwrap(), answer);
    assert_eq!(world.ask("charge").await.unwrap(), json!({ "status": "calledOff" }));
    assert_eq!((world.captured(), world.refunded()), (vec![TOTAL], vec![TOTAL]));
}

#[tokio::test]
async fn a_refund_of_what_was_never_charged_keeps_it_from_being_charged() {
    let world = World::new().await;
    assert_eq!(world.ask("refund").await.unwrap(), json!({ "status": "nothingToRefund" }));
    world.settle_all(&[created(), reserved()]).await;
    assert_eq!(world.ask("charge").await.unwrap(), json!({ "status": "calledOff" }));
    assert_eq!(world.provider.ledger(), []);
}

#[tokio::test]
async fn a_refund_that_keeps_failing_is_answered_with_a_review_until_it_is_resumed() {
    let world = World::new().await;
    world.ask("charge").await.unwrap();
    world.provider.script("refund:order-123", Outcome::Down(u32::MAX));
    for _ in 1..8 {
        assert!(world.ask("refund").await.unwrap_err().is_retry());
    }
    for _ in 0..2 {
        assert_eq!(world.ask("refund").await.unwrap(), json!({ "status": "needsReview" }));
    }
    assert_eq!(world.events(), ["PaymentCompleted", "PaymentNeedsReview"]);
    world.provider.script("refund:order-123", Outcome::Slow(Duration::ZERO));
    world.settle(&resumed()).await;
    assert_eq!(world.ask("refund").await.unwrap()["status"], "refunded");
}

#[tokio::test]
async fn while_the_provider_is_away_a_charge_is_to_be_tried_again() {
    let world = World::new().await;
    world.provider.script("order-123", Outcome::Down(2));
    for _ in 0..2 {
        let failure = world.ask("charge").await.unwrap_err();
        assert!(failure.is_retry(), "{failure}");
    }
    assert_eq!(world.ask("charge").await.unwrap()["status"], "captured");
    assert_eq!(world.captured(), [TOTAL]);
}

#[tokio::test]
async fn a_charge_that_somebody_else_is_at_is_to_be_tried_again() {
    let world = World::new().await;
    world.provider.script("order-123", Outcome::Slow(Duration::from_millis(200)));
    world.deliver(&created()).await.unwrap();
    let reserved = reserved();
    let ask = async {
        while world.status().await != "charging" {
            tokio::task::yield_now().await;
        }
        world.ask("charge").await
    };
    let (delivered, asked) = tokio::join!(world.deliver(&reserved), ask);
    delivered.unwrap();
    let failure = asked.unwrap_err();
    assert!(failure.is_retry() && failure.to_string().contains("under way"), "{failure}");
    assert_eq!(world.ask("charge").await.unwrap()["status"], "captured");
    assert_eq!(world.captured(), [TOTAL]);
}

#[tokio::test]
async fn a_task_works_off_the_order_itself() {
    let world = World::new().await;
    let handler = world.handler(FaultPlan::none());
    let failure = handler.work(task("charge", &reserved()).unwrap()).await.unwrap_err();
    assert!(!failure.is_retry());
    assert!(failure.to_string().contains("OrderCreated, not InventoryReserved"), "{failure}");
    assert!(!task("ship", &created()).unwrap_err().is_retry());
    assert_eq!(world.provider.ledger(), []);
}

#[tokio::test]
async fn whatever_fails_a_workflow_has_its_answers_and_the_money_moves_once() {
    let calls = FaultPlan::none();
    let story = async |plan: &FaultPlan| {
        let world = World::new().await;
        let process = world.handler(plan.clone());
        for (name, expected) in [("charge", "captured"), ("refund", "refunded")] {
            let asked = task(name, &created()).unwrap();
            if let Err(failure) = process.work(asked).await {
                assert!(failure.is_retry(), "{failure}");
                world.recover().await;
            }
            assert_eq!(settled(&world, name).await["status"], expected);
        }
        assert_eq!((world.captured(), world.refunded()), (vec![TOTAL], vec![TOTAL]));
        assert_eq!(world.events(), ["PaymentCompleted", "PaymentRefunded"]);
    };
    story(&calls).await;
    for case in cases(&calls) {
        story(&case.plan()).await;
    }
}
