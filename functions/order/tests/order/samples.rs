//! The requests in `events/order-api`, the batches and tasks in `events/order-events` and the
//! schedules in `events/order-sweeper`, as Lambda hands them to the functions.

use aws_lambda_events::{apigw::ApiGatewayV2httpRequest, sqs::SqsEvent};
use catalogue::Event;
use event_envelope::Delivery;
use lambda::ReplayPolicy;
use local_dynamodb::FaultPlan;
use order::limit::Limits;
use runtime::Clock;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use testkit::{
    End::{self, DeadLettered, Retry},
    Queues, Samples,
    http::Answer,
    text_attribute,
};

use crate::world::{World, id};

const REQUESTS: Samples = Samples::of("order-api");
const BATCHES: Samples = Samples::of("order-events");
const SCHEDULES: Samples = Samples::of("order-sweeper");

fn queues() -> Queues {
    Queues::of("order-events", ReplayPolicy::Refuse)
}

/// Has the sample `name` consumed as the binary wires it.
async fn consume(queues: &Queues, world: &World, name: &str) -> Vec<End> {
    let handler = tower::service_fn(|delivery: Delivery<Event>| {
        let world = world.clone();
        async move { world.deliver(&delivery).await }
    });
    queues.consume(BATCHES.read(name), handler).await
}

/// Requests that come one after the other, and how the last of them ends: its status and the
/// field at fault. Those before it all succeed.
type Exchange = (&'static [&'static str], u64, Option<&'static str>);

/// Of the customer of the samples.
const ONE_A_MINUTE: Limits = Limits { open: 20, per_minute: 1 };

const EXCHANGES: &[Exchange] = &[
    (&["place-order-book"], 201, None),
    (&["place-order-book", "place-order-book"], 201, None),
    (&["place-order-base64"], 201, None),
    (&["place-order-duplicate-lines"], 201, None),
    // What becomes of these is up to the other services.
    (&["place-order-declined-card"], 201, None),
    (&["place-order-short-stock"], 201, None),
    (&["place-order-undeliverable"], 201, None),
    (&["place-order-bad-body"], 400, Some("")),
    (&["place-order-no-key"], 400, Some("Idempotency-Key")),
    (&["place-order-no-claims"], 401, None),
    (&["place-order-no-scope"], 403, None),
    (&["place-order-wrong-total"], 409, Some("/total")),
    (&["place-order-form"], 415, None),
    (&["place-order-bad-quantity"], 422, Some("/items/0/quantity")),
    (&["place-order-card-number"], 422, Some("/paymentMethodId")),
    (&["place-order-book", "place-order-key-reused"], 422, Some("Idempotency-Key")),
    (&["place-order-unknown-product"], 422, Some("/items/1/productId")),
    (&["place-order-book", "place-order-too-many"], 429, None),
    (&["place-order-book", "cancel-order"], 200, None),
    (&["place-order-book", "cancel-order", "cancel-order"], 200, None),
    (&["place-order-book", "cancel-order-of-another"], 404, None),
    (&["cancel-order-bad-id"], 400, Some("id")),
    (&["cancel-order-unknown"], 404, None),
    (&["place-order-book", "resume-order"], 202, None),
    (&["place-order-book", "resume-order", "resume-order-because"], 202, None),
    (&["place-order-book", "cancel-order", "resume-order-because"], 202, None),
    (&["place-order-book", "resume-order-of-a-customer"], 403, None),
    (&["resume-order-unknown"], 404, None),
    (&["place-order-book", "resume-order-bad-reason"], 422, Some("/reason")),
];

#[tokio::test]
async fn every_request_is_answered_as_its_name_states() {
    for (names, status, field) in EXCHANGES {
        let world = World::new().await;
        let api = world.limited(FaultPlan::none(), Clock::system(), ONE_A_MINUTE);
        let mut answers = Vec::new();
        for name in *names {
            let request: ApiGatewayV2httpRequest = REQUESTS.read(name);
            answers.push(Answer::from(api.handle(request).await));
        }
        let last = answers.pop().unwrap();
        assert!(answers.iter().all(|answer| answer.status < 300), "{names:?}");
        if *status < 300 {
            assert_eq!(last.status, *status, "{names:?}: {}", last.text);
        } else {
            assert_eq!(last.problem(*status), *field, "{names:?}");
        }
    }
    REQUESTS.assert_all_used(EXCHANGES.iter().flat_map(|exchange| exchange.0).copied());
}

/// Batches that come one after the other to the order of v1: its history since it was created,
/// how many records are to be delivered again, and how many are dead-lettered.
type Story = (&'static [&'static str], &'static [&'static str], usize, usize);

const STORIES: &[Story] = &[
    (&["payment-completed"], &["OrderPaid"], 0, 0),
    (&["payment-completed", "payment-completed"], &["OrderPaid"], 0, 0),
    // Version 1 is not published any more.
    (&["payment-completed-book"], &[], 0, 1),
    (&["payment-completed-wrong-amount"], &[], 0, 1),
    (&["payment-failed"], &["OrderCancelled(paymentFailed)"], 0, 0),
    (&["payment-failed-book"], &[], 0, 1),
    (
        &["payment-completed", "payment-refunded"],
        &["OrderPaid", "OrderCancelled(paymentRefunded)"],
        0,
        0,
    ),
    (&["inventory-reservation-failed"], &["OrderCancelled(outOfStock)"], 0, 0),
    (&["inventory-reservation-failed-book"], &[], 0, 1),
    (
        &["payment-completed", "shipment-created"],
        &["OrderPaid", "OrderShipped", "OrderCompleted"],
        0,
        0,
    ),
    (&["shipment-created"], &[], 1, 0),
    (
        &["payment-completed", "shipping-failed", "payment-refunded"],
        &["OrderPaid", "OrderCancelled(shippingFailed)"],
        0,
        0,
    ),
    (&["batch-one-poison-of-three"], &["OrderPaid", "OrderShipped", "OrderCompleted"], 0, 1),
    (&["batch-shipment-before-payment"], &["OrderPaid"], 1, 0),
    (&["poison"], &[], 0, 1),
    (&["newer-version"], &[], 0, 1),
    (&["forged-source"], &[], 0, 1),
    (&["replayed"], &[], 0, 0),
    (&["unknown-type"], &[], 0, 0),
];

#[tokio::test]
async fn every_batch_does_as_its_name_states() {
    let order = id("order-123");
    for (names, history, returned, dead_lettered) in STORIES {
        let world = World::new().await;
        let queues = queues();
        world.create(&order).await;
        let mut again = 0;
        for name in *names {
            let ends = consume(&queues, &world, name).await;
            again += ends.iter().filter(|end| **end == Retry).count();
        }
        assert_eq!(world.history(&order).await[1..], **history, "{names:?}");
        assert_eq!(again, *returned, "{names:?}");
        assert_eq!(queues.dead_letters().len(), *dead_lettered, "{names:?}");
    }
}

/// Tasks of a workflow that come one after the other to the order of v1: what the last of them is
/// answered, and the order's history since it was created. Those before it all succeed.
type TaskStory = (&'static [&'static str], &'static str, &'static [&'static str]);

const TASKS: &[TaskStory] = &[
    (&["task-record-payment"], "paid", &["OrderPaid"]),
    (&["task-record-payment", "task-record-payment"], "paid", &["OrderPaid"]),
    (&["task-record-payment-wrong-amount"], "Poison", &[]),
    (&["task-record-payment-failure"], "cancelled", &["OrderCancelled(paymentFailed)"]),
    (&["task-record-shortage"], "cancelled", &["OrderCancelled(outOfStock)"]),
    (&["task-record-payment", "task-record-shortage"], "Poison", &["OrderPaid"]),
    (&["task-record-shipment"], "Retry", &[]),
    (
        &["task-record-payment", "task-record-shipment"],
        "completed",
        &["OrderPaid", "OrderShipped", "OrderCompleted"],
    ),
    (
        &["task-record-payment", "task-record-shipping-failure"],
        "cancelled",
        &["OrderPaid", "OrderCancelled(shippingFailed)"],
    ),
    (&["task-time-out-payment"], "cancelled", &["OrderTimedOut", "OrderCancelled(timedOut)"]),
    (&["task-time-out-shipment"], "created", &[]),
    (
        &["task-record-payment", "task-time-out-shipment"],
        "cancelled",
        &["OrderPaid", "OrderTimedOut", "OrderCancelled(timedOut)"],
    ),
    (&["task-of-another-event"], "Poison", &[]),
    (&["task-unknown"], "Poison", &[]),
];

#[tokio::test]
async fn every_task_is_answered_as_its_name_states() {
    let order = id("order-123");
    for (names, answered, history) in TASKS {
        let world = World::new().await;
        world.create(&order).await;
        let (last, before) = names.split_last().unwrap();
        let invoke = async |name| world.invoke_with(FaultPlan::none(), BATCHES.read(name)).await;
        for name in before {
            invoke(name).await.unwrap();
        }
        match invoke(last).await {
            Ok(answer) => assert_eq!(answer["status"], *answered, "{names:?}"),
            Err(error) => assert_eq!(error.name(), *answered, "{names:?}: {error}"),
        }
        assert_eq!(world.history(&order).await[1..], **history, "{names:?}");
    }
}

#[test]
fn every_sample_has_a_story() {
    let batches = STORIES.iter().flat_map(|story| story.0);
    let tasks = TASKS.iter().flat_map(|task| task.0);
    BATCHES.assert_all_used(batches.chain(tasks).copied());
    SCHEDULES.assert_all_used(["scheduled"]);
}

#[tokio::test]
async fn the_sweeper_takes_any_event_and_answers_with_its_counts() {
    let world = World::new().await;
    world.create(&id("order-123")).await;
    for (payload, timed_out) in [(SCHEDULES.read("scheduled"), 1), (json!({}), 0), (json!(""), 0)] {
        // As the binary reads it.
        serde_json::from_value::<IgnoredAny>(payload).unwrap();
        let swept = json!(world.sweep_after(1_000).await);
        let answer = json!({
            "timedOut": timed_out, "settled": 0, "waiting": 0, "failed": 0, "unfinished": 0,
        });
        assert_eq!(swept, answer);
    }
    let history = ["OrderCreated", "OrderTimedOut", "OrderCancelled(timedOut)"];
    assert_eq!(world.history(&id("order-123")).await, history);
}

#[tokio::test]
async fn without_the_order_all_readable_events_are_delivered_again() {
    let world = World::new().await;
    let queues = queues();
    let ends = consume(&queues, &world, "batch-one-poison-of-three").await;
    assert_eq!(ends, [Retry, DeadLettered, Retry]);
    assert_eq!(world.events().await, 0);
}

#[tokio::test]
async fn a_dead_letter_is_as_it_came_with_its_reason() {
    let world = World::new().await;
    let queues = queues();
    world.create(&id("order-123")).await;
    let name = "payment-completed-wrong-amount";
    let file: Value = BATCHES.read(name);
    consume(&queues, &world, name).await;
    let dead_lettered = &queues.dead_letters()[0];
    assert_eq!(file["Records"][0]["body"], *dead_lettered.body);
    let reason = text_attribute(dead_lettered, "reason");
    assert!(reason.contains("99.99 USD was captured for an order of 109.97 USD"), "{reason}");
}

#[test]
fn every_batch_is_for_the_queue_of_the_function() {
    for (names, ..) in STORIES {
        for name in *names {
            let batch: SqsEvent = BATCHES.read(name);
            for record in batch.records {
                let arn = record.event_source_arn.unwrap();
                assert_eq!(arn, "arn:aws:sqs:us-east-1:000000000000:orderly-order-queue");
            }
        }
    }
}

#[test]
fn the_samples_carry_the_ids_that_their_services_give() {
    BATCHES.assert_ids_are_derived();
}
