//! The events in `events/projector`, as Lambda hands them to the function.

use std::collections::BTreeSet;

use event_envelope::EventId;
use events::{DECODER, Event};
use local_dynamodb::FaultPlan;
use outcome::Done::{Duplicate, Handled};

use crate::{
    queues::{
        End::{self, Done, Parked, Retry, Unheard},
        Queues, sample, samples,
    },
    world::World,
};

/// What has been consumed before, the sample, how its records end, and what the row of an order
/// then says.
type Story = (&'static [&'static str], &'static str, &'static [End], Says);
type Says = (&'static str, &'static [(&'static str, &'static str)]);

const NOTHING: Says = ("order-123", &[]);
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
    // Nobody knows what came before, not even the event store.
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
    (&["order-created"], "unknown-type", &[Unheard], ("order-123", &[("status", "created")])),
    (&[], "poison", &[Parked], NOTHING),
    (&[], "newer-version", &[Parked], NOTHING),
    (&[], "forged-source", &[Parked], NOTHING),
    (
        &[],
        "batch",
        &[
            Done(Handled),
            Done(Handled),
            Parked,
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
async fn every_sample_ends_as_its_name_says() {
    for (before, name, ends, (order, says)) in STORIES {
        let (world, queues) = (World::new().await, Queues::new().await);
        let service = || world.projector(FaultPlan::none()).into_service();
        for name in *before {
            queues.consume(sample(name), service()).await;
        }
        let row = world.row_of(order).await;
        let found = queues.consume(sample(name), service()).await;
        assert_eq!(found, *ends, "{name} after {before:?}");
        let row_now = world.row_of(order).await;
        assert_eq!(row_now != row, ends.contains(&Done(Handled)), "{name} after {before:?}");
        for (attribute, value) in *says {
            assert_eq!(row_now[attribute], *value, "{name} after {before:?}: {attribute}");
        }
    }
}

#[test]
fn every_sample_has_a_story() {
    let told: BTreeSet<String> = STORIES.iter().map(|story| story.1.to_owned()).collect();
    assert_eq!(told, samples());
}

#[test]
fn every_type_of_the_catalogue_has_a_sample() {
    let records = samples().into_iter().flat_map(|name| sample(&name).records);
    let bodies = records.filter_map(|record| record.body);
    let read = bodies.filter_map(|body| DECODER.decode::<Event>(body.as_bytes()).ok());
    let mut missing: BTreeSet<_> = events::CATALOGUE.iter().map(|it| it.event_type).collect();
    for delivery in read {
        missing.remove(delivery.event.entry().event_type);
        let event = delivery.envelope;
        let (order, number) = (&event.aggregate_id, event.sequence_number);
        if event.event_version.major == 2 {
            assert_eq!(event.event_id, EventId::of_sequence(&event.source, order, number));
        }
    }
    assert_eq!(missing, BTreeSet::new());
}

#[tokio::test]
async fn what_is_parked_is_as_it_came() {
    let (world, queues) = (World::new().await, Queues::new().await);
    let batch = sample("batch");
    let service = world.projector(FaultPlan::none()).into_service();
    queues.consume(batch.clone(), service).await;
    let [parked] = queues.parked().try_into().unwrap();
    assert_eq!(Some(parked.body), batch.records[2].body);
}
