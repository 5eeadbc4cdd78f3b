//! The events in `events/projector`, as Lambda hands them to the function.

use std::collections::BTreeSet;

use aws_lambda_events::sqs::SqsEvent;
use lambda::ReplayPolicy;
use local_dynamodb::FaultPlan;
use runtime::Done::{Duplicate, Handled};
use testkit::{
    End::{self, DeadLettered, Done, Retry, Skipped},
    Queues, Samples,
};

use crate::world::World;

const SAMPLES: Samples = Samples::of("projector");

fn queues() -> Queues {
    Queues::of("projector", ReplayPolicy::Accept)
}

/// What has been consumed before, the sample, how its records end, and what the row of an order
/// then has.
type Story = (&'static [&'static str], &'static str, &'static [End], Expected);
type Expected = (&'static str, &'static [(&'static str, &'static str)]);

const NOTHING: Expected = ("order-123", &[]);
const PLACED: &[&str] = &["order-created", "order-paid"];
const SENT: &[&str] = &["order-created", "order-paid", "order-shipped"];

const STORIES: &[Story] = &[
    (
        &[],
        "order-created",
        &[Done(Handled)],
        ("order-123", &[("status", "created"), ("userId", "user-456")]),
    ),
    (PLACED, "order-created", &[Done(Duplicate)], ("order-123", &[("status", "paid")])),
    (
        &[],
        "order-created-book",
        &[Done(Handled)],
        ("order-123", &[("status", "created"), ("userId", "user-123")]),
    ),
    // What came before is unknown, also to the event store.
    (&[], "order-paid", &[Retry], NOTHING),
    (
        &["order-created"],
        "order-paid",
        &[Done(Handled)],
        ("order-123", &[("status", "paid"), ("paymentId", "pi_1a2b3c4d")]),
    ),
    (
        PLACED,
        "order-shipped",
        &[Done(Handled)],
        ("order-123", &[("status", "shipped"), ("trackingNumber", "LP123456789")]),
    ),
    (SENT, "order-completed", &[Done(Handled)], ("order-123", &[("status", "completed")])),
    (&[], "order-created-out-of-stock", &[Done(Handled)], ("order-124", &[("status", "created")])),
    (
        &["order-created-out-of-stock"],
        "order-cancelled",
        &[Done(Handled)],
        ("order-124", &[("status", "cancelled"), ("cancelReason", "outOfStock")]),
    ),
    (
        SENT,
        "order-completed-with-total",
        &[Done(Handled)],
        ("order-123", &[("status", "completed")]),
    ),
    (
        &["order-created-late"],
        "order-timed-out",
        &[Done(Handled)],
        ("order-127", &[("status", "created"), ("awaited", "payment")]),
    ),
    (
        &["order-created-late", "order-timed-out"],
        "order-cancelled-timed-out",
        &[Done(Handled)],
        ("order-127", &[("status", "cancelled"), ("cancelReason", "timedOut")]),
    ),
    (&[], "order-created-late", &[Done(Handled)], ("order-127", &[("status", "created")])),
    (
        &["order-created-late", "order-timed-out", "order-cancelled-timed-out"],
        "order-resumed",
        &[Done(Handled)],
        ("order-127", &[("status", "cancelled"), ("updatedAt", "2025-11-17T12:00:00.000Z")]),
    ),
    (&[], "inventory-reserved", &[Done(Handled)], ("order-123", &[("inventory", "reserved")])),
    (&[], "inventory-reserved-book", &[Done(Handled)], ("order-123", &[("inventory", "reserved")])),
    (
        &[],
        "inventory-reservation-failed",
        &[Done(Handled)],
        ("order-124", &[("inventory", "unavailable")]),
    ),
    (
        &[],
        "inventory-reservation-failed-book",
        &[Done(Handled)],
        ("order-123", &[("inventory", "unavailable")]),
    ),
    (
        &["inventory-reserved"],
        "inventory-released",
        &[Done(Handled)],
        ("order-123", &[("inventory", "released")]),
    ),
    (
        &["inventory-released"],
        "inventory-reserved",
        &[Done(Duplicate)],
        ("order-123", &[("inventory", "released")]),
    ),
    (&[], "payment-completed", &[Done(Handled)], ("order-123", &[("payment", "completed")])),
    (&[], "payment-completed-book", &[Done(Handled)], ("order-123", &[("payment", "completed")])),
    (
        &[],
        "payment-failed",
        &[Done(Handled)],
        ("order-125", &[("payment", "failed"), ("paymentFailure", "Your card was declined.")]),
    ),
    (
        &[],
        "payment-failed-book",
        &[Done(Handled)],
        ("order-123", &[("payment", "failed"), ("paymentFailure", "Card declined")]),
    ),
    (
        &["payment-completed"],
        "payment-refunded",
        &[Done(Handled)],
        ("order-123", &[("payment", "refunded"), ("refundId", "re_5e6f7a8b")]),
    ),
    (
        &[],
        "payment-needs-review",
        &[Done(Handled)],
        ("order-126", &[("payment", "needsReview"), ("paymentReviewStep", "refund")]),
    ),
    (
        &["payment-needs-review"],
        "payment-refunded-after-review",
        &[Done(Handled)],
        ("order-126", &[("payment", "refunded"), ("refundId", "re_5e6f7a8b")]),
    ),
    (
        &["payment-refunded-after-review"],
        "payment-needs-review",
        &[Done(Duplicate)],
        ("order-126", &[("payment", "refunded")]),
    ),
    (
        &[],
        "shipping-needs-review",
        &[Done(Handled)],
        ("order-126", &[("shipping", "needsReview"), ("shippingReviewStep", "recall")]),
    ),
    (&[], "shipment-created", &[Done(Handled)], ("order-123", &[("shipping", "created")])),
    (
        &[],
        "shipping-failed",
        &[Done(Handled)],
        ("order-126", &[("shipping", "failed"), ("shippingFailure", "nobody lives there")]),
    ),
    (&[], "notification-sent", &[Done(Handled)], ("order-123", &[("orderReceivedMail", "sent")])),
    (
        &[],
        "notification-failed",
        &[Done(Handled)],
        ("order-127", &[("orderReceivedMail", "failed")]),
    ),
    (&[], "replayed", &[Done(Handled)], ("order-123", &[("status", "created")])),
    (&["order-created"], "replayed", &[Done(Duplicate)], ("order-123", &[("status", "created")])),
    (&["order-created"], "unknown-type", &[Skipped], ("order-123", &[("status", "created")])),
    (&[], "poison", &[DeadLettered], NOTHING),
    (&[], "newer-version", &[DeadLettered], NOTHING),
    (&[], "forged-source", &[DeadLettered], NOTHING),
    (
        &[],
        "batch",
        &[
            Done(Handled),
            Done(Handled),
            DeadLettered,
            Done(Handled),
            Done(Handled),
            Done(Handled),
            Done(Handled),
            Done(Handled),
            Done(Duplicate),
            Done(Handled),
        ],
        ("order-124", &[("status", "cancelled"), ("inventory", "unavailable")]),
    ),
];

#[tokio::test]
async fn every_sample_ends_as_its_name_states() {
    for (before, name, ends, (order, expected)) in STORIES {
        let world = World::new().await;
        let queues = queues();
        let service = || lambda::service(world.projector(FaultPlan::none()));
        for name in *before {
            queues.consume(SAMPLES.read(name), service()).await;
        }
        let row = world.row_of(order).await;
        let found = queues.consume(SAMPLES.read(name), service()).await;
        assert_eq!(found, *ends, "{name} after {before:?}");
        let row_now = world.row_of(order).await;
        assert_eq!(row_now != row, ends.contains(&Done(Handled)), "{name} after {before:?}");
        for (attribute, value) in *expected {
            assert_eq!(row_now[attribute], *value, "{name} after {before:?}: {attribute}");
        }
    }
}

#[test]
fn every_sample_has_a_story() {
    SAMPLES.assert_all_used(STORIES.iter().map(|story| story.1));
}

#[test]
fn every_type_of_the_catalogue_has_a_sample() {
    let mut missing: BTreeSet<_> = catalogue::CATALOGUE.iter().map(|it| it.event_type).collect();
    for delivery in SAMPLES.deliveries() {
        missing.remove(delivery.event.entry().event_type);
    }
    assert_eq!(missing, BTreeSet::new());
}

#[test]
fn the_samples_carry_the_ids_that_their_services_give() {
    SAMPLES.assert_ids_are_derived();
}

#[tokio::test]
async fn a_dead_letter_is_as_it_came() {
    let world = World::new().await;
    let queues = queues();
    let batch: SqsEvent = SAMPLES.read("batch");
    let service = lambda::service(world.projector(FaultPlan::none()));
    queues.consume(batch.clone(), service).await;
    let [dead_lettered] = queues.dead_letters().try_into().unwrap();
    assert_eq!(Some(dead_lettered.body), batch.records[2].body);
}
