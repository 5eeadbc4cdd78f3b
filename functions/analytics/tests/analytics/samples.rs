//! The events in `events/analytics`, as Lambda hands them to the function.

use analytics::domain::Counts;
use catalogue::Money;
use lambda::ReplayPolicy;
use local_dynamodb::FaultPlan;
use serde_json::Value;
use testkit::{End, Queues, Samples};
use time::macros::datetime;

use crate::world::{Figures, World, created};

const SAMPLES: Samples = Samples::of("analytics");

/// The orders of the samples.
const ORDERS: [&str; 4] = ["order-123", "order-124", "order-125", "order-126"];

/// Has `names` consumed one after the other. None is to be delivered again.
async fn consume(names: &[&str]) -> (World, Queues) {
    let at = datetime!(2025-11-17 10:30 UTC);
    let orders = ORDERS.map(|order| created(order, 1, Money::usd(1_000), at));
    let world = World::of(&orders).await;
    let queues = Queues::of("analytics", ReplayPolicy::Refuse);
    for name in names {
        let ends = queues.consume(SAMPLES.read(name), world.service(FaultPlan::none())).await;
        assert!(!ends.contains(&End::Retry), "{name} is to be delivered again");
    }
    (world, queues)
}

/// By day, quarter and currency, what happened.
type Row = ((&'static str, &'static str, &'static str), Counts);
/// The samples that are consumed, the figures then, and how many records are dead-lettered.
type Story = (&'static [&'static str], &'static [Row], usize);

const NONE: Counts = Counts {
    placed: 0,
    completed: 0,
    cancelled: 0,
    payments: 0,
    revenue: 0,
    refunds: 0,
    refunded: 0,
};
const COMPLETED: Counts = Counts { completed: 1, ..NONE };
const USD: (&str, &str, &str) = ("2025-11-17", "10:30", "USD");
const ONE: &[Row] = &[(USD, COMPLETED)];

const STORIES: &[Story] = &[
    (&["order-completed"], ONE, 0),
    (&["order-completed", "order-completed"], ONE, 0),
    (&["order-completed", "order-completed-changed"], ONE, 1),
    (&["order-completed-without-total"], &[(("2025-11-17", "10:30", "none"), COMPLETED)], 0),
    (&["order-created"], &[(USD, Counts { placed: 1, ..NONE })], 0),
    (
        &["order-cancelled"],
        &[(("2025-11-17", "10:30", "none"), Counts { cancelled: 1, ..NONE })],
        0,
    ),
    (
        &["payment-completed", "payment-refunded"],
        &[(USD, Counts { payments: 1, revenue: 10_997, refunds: 1, refunded: 10_997, ..NONE })],
        0,
    ),
    (&["order-paid"], &[], 0),
    (&["replayed"], &[], 0),
    (&["poison"], &[], 1),
    (&["newer-version"], &[], 1),
    (&["forged-source"], &[], 1),
    (
        &["batch"],
        &[
            (("2025-11-17", "23:45", "EUR"), COMPLETED),
            (("2025-11-17", "23:45", "USD"), COMPLETED),
            (USD, COMPLETED),
            (("2025-11-18", "00:00", "USD"), COMPLETED),
        ],
        1,
    ),
];

#[tokio::test]
async fn every_sample_adds_as_its_name_states() {
    for (names, rows, dead_lettered) in STORIES {
        let (world, queues) = consume(names).await;
        assert_eq!(queues.dead_letters().len(), *dead_lettered, "{names:?}");
        let row = |&((day, time, currency), counts): &Row| {
            ((day.into(), time.into(), currency.into()), counts)
        };
        let expected: Figures = rows.iter().map(row).collect();
        assert_eq!(world.figures().await, expected, "{names:?}");
    }
}

#[test]
fn every_sample_has_a_story() {
    SAMPLES.assert_all_used(STORIES.iter().flat_map(|story| story.0).copied());
}

#[test]
fn the_samples_carry_the_ids_that_their_services_give() {
    SAMPLES.assert_ids_are_derived();
}

#[tokio::test]
async fn a_dead_letter_is_as_it_came() {
    let (_, queues) = consume(&["poison"]).await;
    let dead_lettered = queues.dead_letters();
    let sample: Value = SAMPLES.read("poison");
    assert_eq!(dead_lettered[0].body, sample["Records"][0]["body"]);
}
