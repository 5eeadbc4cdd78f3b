//! The provider's webhooks, from the request to the payment that is checked again.

mod endpoint;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use catalogue::LIVE;
use event_envelope::EventId;
use lambda::{Consumer, DeadLetterQueue, ReplayPolicy};
use local_dynamodb::FaultPlan;
use local_sqs::Sqs;
use payment::webhooks::{BODY_BYTES_MAX, KEPT_FOR};
use provider_stubs::Outcome;
use runtime::Done;
use serde_json::{Value, json};
use testkit::{Harness, Samples, cases, http::Answer, sdk_config};

use self::endpoint::{Endpoint, QUEUE, SECRET, refunding, signed, signed_with, webhook};
use crate::world::{World, cancelled, created, order, reserved, resumed};

const SAMPLES: Samples = Samples::of("payment-webhooks");
const TOTAL: u64 = 10_997;
const OTHER: &str = "whsec_sample_secret_before_rotation";
/// When the samples were signed.
const SIGNED_AT: i64 = 1_763_375_400;

/// What each sample is answered, and how many messages it leads to.
const STORIES: [(&str, u64, usize); 16] = [
    ("refund-updated", 200, 1),
    ("refund-updated-base64", 200, 1),
    ("refund-failed", 200, 1),
    ("charge-refunded", 200, 1),
    ("payment-intent-succeeded", 200, 1),
    ("rotated-secret", 200, 1),
    ("unknown-type", 200, 0),
    ("no-order", 200, 0),
    ("other-order", 200, 0),
    ("stale", 400, 0),
    ("from-the-future", 400, 0),
    ("wrong-secret", 400, 0),
    ("tampered", 400, 0),
    ("no-signature", 400, 0),
    ("only-v0", 400, 0),
    ("no-json", 400, 0),
];

#[tokio::test]
async fn every_webhook_sample_is_answered_as_its_name_states() {
    SAMPLES.assert_all_used(STORIES.iter().map(|(name, ..)| *name));
    let mut refusals = Vec::new();
    for (name, status, messages) in STORIES {
        let world = refunding(Outcome::Pending(1)).await;
        world.set(SIGNED_AT);
        let endpoint = Endpoint::of(&world);
        let process = endpoint.process(SECRET, FaultPlan::none());
        let answer: Answer = process.handle(SAMPLES.read(name)).await.into();
        assert_eq!(answer.status, status, "{name}");
        assert_eq!(answer.headers["cache-control"], "no-store", "{name}");
        assert_eq!(endpoint.messages().len(), messages, "{name}");
        if status == 400 {
            refusals.push((answer.headers, answer.text));
        } else {
            assert_eq!(answer.text, "", "{name}");
        }
    }
    refusals.dedup();
    assert_eq!(refusals.len(), 1, "they differ: {refusals:?}");
}

#[tokio::test]
async fn a_body_may_have_256_kib_and_no_more() {
    let world = World::new().await;
    let endpoint = Endpoint::of(&world);
    let event = json!({ "type": "refund.updated", "data": { "object": {} }, "more": "" });
    let more = BODY_BYTES_MAX - event.to_string().len();
    for (more, status) in [(more, 200), (more + 1, 413)] {
        let mut event = event.clone();
        event["more"] = "x".repeat(more).into();
        let answer = endpoint.send(&signed(&world, &event.to_string())).await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
}

#[tokio::test]
async fn nothing_of_a_webhook_goes_on_but_the_order() {
    let world = refunding(Outcome::Pending(1)).await;
    let endpoint = Endpoint::of(&world);
    let object =
        json!({ "amount": 1, "status": "Jane Doe", "metadata": { "order_id": "order-123" } });
    let event =
        json!({ "id": "evt_secretive", "type": "refund.updated", "data": { "object": object } });
    assert_eq!(endpoint.send(&signed(&world, &event.to_string())).await.status, 200);
    let message: Value = serde_json::from_str(&endpoint.messages()[0]).unwrap();
    assert_eq!(message["detail"]["data"], json!({ "orderId": "order-123" }));
    for word in ["secretive", "Jane", "refund.updated", "whsec"] {
        assert!(!message.to_string().contains(word), "{message}");
    }
}

#[tokio::test]
async fn only_a_payment_that_waits_is_checked_again() {
    let world = World::new().await;
    let endpoint = Endpoint::of(&world);
    let send = async || {
        assert_eq!(endpoint.send(&webhook(&world, "payment_intent.succeeded")).await.status, 200);
        endpoint.messages().len()
    };
    assert_eq!(send().await, 0, "there is no such payment");
    assert_eq!(world.state().await, Value::Null, "and none was made");
    world.complete(&created()).await;
    assert_eq!(send().await, 0);
    world.complete(&reserved()).await;
    assert_eq!(send().await, 0, "it is captured");
    world.provider.script("refund:order-123", Outcome::Pending(1));
    world.deliver(&cancelled()).await.unwrap_err();
    assert_eq!(send().await, 1, "it is on its way back");
    world.complete(&cancelled()).await;
    assert_eq!(send().await, 1, "it is back");
}

#[tokio::test]
async fn a_changed_secret_is_read_again_and_at_most_once_a_minute() {
    let world = World::new().await;
    let endpoint = Endpoint::of(&world);
    let process = endpoint.process(OTHER, FaultPlan::none());
    let send = async |secret| -> u64 {
        let request = signed_with(secret, &world, r#"{"type":"ping"}"#);
        Answer::from(process.handle(request.event()).await).status
    };
    assert_eq!(send(OTHER).await, 200);
    // It was read a moment ago.
    assert_eq!((send(SECRET).await, endpoint.reads.load(Ordering::SeqCst)), (400, 0));
    world.pass(KEPT_FOR);
    assert_eq!((send(SECRET).await, endpoint.reads.load(Ordering::SeqCst)), (200, 1));
    for _ in 0..10 {
        assert_eq!(send("whsec_guessed").await, 400);
    }
    assert_eq!(send(OTHER).await, 400);
    assert_eq!(endpoint.reads.load(Ordering::SeqCst), 1);
    world.pass(KEPT_FOR);
    *endpoint.secret.lock().unwrap() = Err("nobody is there".to_owned());
    assert_eq!(send(OTHER).await, 500, "the provider sends it again");
    assert_eq!((send(OTHER).await, send(SECRET).await), (400, 200), "what is known stays known");
    assert_eq!(endpoint.reads.load(Ordering::SeqCst), 2);
    // What is malformed or stale is refused before anything is read.
    world.pass(KEPT_FOR);
    let stale = signed(&world, "{}");
    world.pass(Duration::from_secs(301));
    let answer = Answer::from(process.handle(stale.event()).await);
    assert_eq!((answer.status, endpoint.reads.load(Ordering::SeqCst)), (400, 2));
}

#[tokio::test]
async fn a_refund_on_its_way_is_published_when_the_provider_reports_its_end() {
    let world = refunding(Outcome::Pending(1)).await;
    let endpoint = Endpoint::of(&world);
    endpoint.send(&webhook(&world, "refund.updated")).await;
    // Too early: it is still on its way.
    assert_eq!(endpoint.check_again().await.remove(0).unwrap(), Done::Ignored);
    assert_eq!(world.events(), ["PaymentCompleted"]);
    assert_eq!(endpoint.check_again().await.remove(0).unwrap(), Done::Handled);
    assert_eq!(world.events(), ["PaymentCompleted", "PaymentRefunded"]);
    // What causes it is an event that was published.
    let created = EventId::of_sequence("order-service", &order(), 1);
    let everything = world.everything().await;
    assert!(everything.contains(created.as_str()), "{everything}");
    // Twice, and then what the payment waited with.
    assert_eq!(endpoint.check_again().await.remove(0).unwrap(), Done::Ignored);
    assert_eq!(world.deliver(&cancelled()).await.unwrap(), Done::Duplicate);
    assert_eq!(world.events(), ["PaymentCompleted", "PaymentRefunded"]);
    assert_eq!((world.captured(), world.refunded()), (vec![TOTAL], vec![TOTAL]));
}

#[tokio::test]
async fn checks_of_a_refund_on_its_way_are_no_attempts() {
    let world = refunding(Outcome::Pending(30)).await;
    let endpoint = Endpoint::of(&world);
    endpoint.send(&webhook(&world, "refund.updated")).await;
    for _ in 0..20 {
        assert_eq!(endpoint.check_again().await.remove(0).unwrap(), Done::Ignored);
    }
    assert_eq!(world.events(), ["PaymentCompleted"]);
}

#[tokio::test]
async fn a_refund_that_the_bank_returned_needs_review_at_once() {
    let world = refunding(Outcome::Failing(0)).await;
    let endpoint = Endpoint::of(&world);
    endpoint.send(&webhook(&world, "refund.failed")).await;
    assert_eq!(endpoint.check_again().await.remove(0).unwrap(), Done::Handled);
    assert_eq!(world.events(), ["PaymentCompleted", "PaymentNeedsReview"]);
    assert_eq!(world.deliver(&cancelled()).await.unwrap(), Done::Duplicate);
}

#[tokio::test]
async fn a_refund_that_arrives_in_review_ends_the_review() {
    let world = refunding(Outcome::Pending(7)).await;
    for _ in 1..7 {
        world.deliver(&cancelled()).await.unwrap_err();
    }
    assert_eq!(world.deliver(&cancelled()).await.unwrap(), Done::Handled);
    assert_eq!(world.events(), ["PaymentCompleted", "PaymentNeedsReview"]);
    let endpoint = Endpoint::of(&world);
    endpoint.send(&webhook(&world, "charge.refunded")).await;
    assert_eq!(endpoint.check_again().await.remove(0).unwrap(), Done::Handled);
    let published = ["PaymentCompleted", "PaymentNeedsReview", "PaymentRefunded"];
    assert_eq!(world.events(), published);
    assert_eq!(endpoint.check_again().await.remove(0).unwrap(), Done::Ignored);
    // An operator who is late, and everything that came before.
    world.complete_all(&[resumed(), cancelled(), reserved()]).await;
    assert_eq!(world.events(), published);
    assert_eq!(world.refunded(), [TOTAL]);
}

#[tokio::test]
async fn a_part_that_an_operator_gave_back_leaves_a_refund_in_review() {
    let world = refunding(Outcome::Failing(0)).await;
    world.complete(&cancelled()).await;
    world.provider.script("refund:order-123", Outcome::Pending(0));
    let payment = world.payment_id();
    let endpoint = Endpoint::of(&world);
    world.by_hand(&["v1", "refunds"], &[("payment_intent", &payment), ("amount", "997")]).await;
    endpoint.send(&webhook(&world, "charge.refunded")).await;
    assert_eq!(endpoint.check_again().await.remove(0).unwrap(), Done::Ignored);
    assert_eq!(world.events(), ["PaymentCompleted", "PaymentNeedsReview"]);
}

#[tokio::test]
async fn a_charge_whose_answer_was_lost_is_found_when_the_provider_reports_it() {
    let world = World::new().await.with_timeout(Duration::from_millis(250));
    world.provider.script("order-123", Outcome::Timeout(Duration::from_secs(1)));
    world.deliver(&created()).await.unwrap();
    assert!(world.deliver(&reserved()).await.unwrap_err().is_retry());
    let endpoint = Endpoint::of(&world);
    endpoint.send(&webhook(&world, "payment_intent.succeeded")).await;
    world.recover().await;
    assert_eq!(endpoint.check_again().await.remove(0).unwrap(), Done::Handled);
    assert_eq!(world.events(), ["PaymentCompleted"]);
    assert_eq!(world.deliver(&reserved()).await.unwrap(), Done::Duplicate);
    assert_eq!(world.captured(), [TOTAL]);
}

#[tokio::test]
async fn a_check_of_an_unavailable_provider_leaves_the_charge_to_the_message_that_waits() {
    let world = World::new().await;
    world.provider.script("order-123", Outcome::Down(2));
    world.deliver(&created()).await.unwrap();
    world.deliver(&reserved()).await.unwrap_err();
    let endpoint = Endpoint::of(&world);
    endpoint.send(&webhook(&world, "payment_intent.succeeded")).await;
    assert_eq!(endpoint.check_again().await.remove(0).unwrap(), Done::Ignored);
    world.complete(&reserved()).await;
    assert_eq!(world.captured(), [TOTAL]);
}

#[tokio::test]
async fn whatever_fails_at_the_endpoint_the_provider_sends_it_again() {
    let world = refunding(Outcome::Pending(1)).await;
    let calls = FaultPlan::none();
    let endpoint = Endpoint::of(&world);
    let request = webhook(&world, "refund.updated");
    let answer: Answer =
        endpoint.process(SECRET, calls.clone()).handle(request.event()).await.into();
    assert_eq!(answer.status, 200);
    for case in cases(&calls) {
        let endpoint = Endpoint::of(&world);
        let process = endpoint.process(SECRET, case.plan());
        let answer: Answer = process.handle(request.event()).await.into();
        assert!([200, 500].contains(&answer.status), "{case}: {}", answer.status);
        assert_eq!(endpoint.messages().len(), usize::from(answer.status == 200), "{case}");
        assert_eq!(endpoint.send(&request).await.status, 200, "{case}");
    }
    let unavailable = Endpoint { sqs: Sqs::new("http://127.0.0.1:9000"), ..Endpoint::of(&world) };
    let answer = unavailable.send(&request).await;
    assert_eq!((answer.status, answer.headers["cache-control"].as_str()), (500, Some("no-store")));
}

#[tokio::test]
async fn whatever_fails_in_a_check_the_money_goes_back_once_and_is_published_once() {
    for outcome in [Outcome::Pending(0), Outcome::Failing(0)] {
        let calls = FaultPlan::none();
        let world = refunding(outcome).await;
        let endpoint = Endpoint::of(&world);
        endpoint.send(&webhook(&world, "refund.updated")).await;
        endpoint.check_again_with(&calls).await;
        let expected = world.events();
        for case in cases(&calls) {
            let world = refunding(outcome).await;
            let endpoint = Endpoint::of(&world);
            endpoint.send(&webhook(&world, "refund.updated")).await;
            if let Err(failure) = endpoint.check_again_with(&case.plan()).await.remove(0) {
                assert!(failure.is_retry(), "{case}: {failure}");
                world.recover().await;
                endpoint.check_again().await.remove(0).unwrap();
            }
            world.recover().await;
            world.complete(&cancelled()).await;
            assert_eq!(world.events(), expected, "{case}");
            assert!(world.refunded().len() <= 1, "{case}");
        }
    }
}

#[tokio::test]
async fn the_consumer_passes_events_and_checks_to_the_same_payment() {
    let world = refunding(Outcome::Pending(0)).await;
    let endpoint = Endpoint::of(&world);
    endpoint.send(&webhook(&world, "refund.updated")).await;
    let client = aws_sdk_sqs::Client::new(&sdk_config(Arc::new(endpoint.sqs.clone())));
    let url = endpoint.sqs.queue_url(QUEUE);
    let service = lambda::service(Arc::new(world.handler(FaultPlan::none())));
    let dead_letters = DeadLetterQueue::new(client, url.clone(), url);
    let consumer = Consumer::new("payment", LIVE, ReplayPolicy::Refuse, dead_letters, service);
    let record = json!({ "messageId": "1", "receiptHandle": "1", "body": endpoint.messages()[0],
        "attributes": { "ApproximateReceiveCount": "1" }, "messageAttributes": {},
        "eventSource": "aws:sqs" });
    let batch: aws_lambda_events::sqs::SqsEvent =
        serde_json::from_value(json!({ "Records": [record] })).unwrap();
    let response = consumer.consume(batch).await;
    assert!(response.batch_item_failures.is_empty());
    assert_eq!(world.events(), ["PaymentCompleted", "PaymentRefunded"]);
}
