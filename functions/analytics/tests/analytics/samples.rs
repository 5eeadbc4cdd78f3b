//! The events in `events/analytics`, as Lambda hands them to the function.

use lambda::ReplayPolicy;
use local_dynamodb::FaultPlan;
use serde_json::Value;
use testkit::{End, Queues, Samples};

use crate::world::{Totals, World};

const SAMPLES: Samples = Samples::of("analytics");

/// Has `names` consumed one after the other. None is to be delivered again.
async fn consume(names: &[&str]) -> (World, Queues) {
    let world = World::new().await;
    let queues = Queues::of("analytics", ReplayPolicy::Refuse);
    for name in names {
        let ends = queues.consume(SAMPLES.read(name), world.service(FaultPlan::none())).await;
        assert!(!ends.contains(&End::Retry), "{name} is to be delivered again");
    }
    (world, queues)
}

/// By day and currency: how many orders, and what they came to.
type Row = ((&'static str, &'static str), (i64, i64));
/// The samples that are consumed, the totals then, and how many records are dead-lettered.
type Story = (&'static [&'static str], &'static [Row], usize);

const ONE: &[Row] = &[(("2025-11-17", "USD"), (1, 10_997))];

const STORIES: &[Story] = &[
    (&["order-completed"], ONE, 0),
    (&["order-completed", "order-completed"], ONE, 0),
    (&["order-completed", "order-completed-changed"], ONE, 1),
    (&["order-completed-without-total"], &[(("2025-11-17", "none"), (1, 0))], 0),
    (&["order-paid"], &[], 0),
    (&["replayed"], &[], 0),
    (&["poison"], &[], 1),
    (&["newer-version"], &[], 1),
    (&["forged-source"], &[], 1),
    (
        &["batch"],
        &[
            (("2025-11-17", "EUR"), (1, 4_000)),
            (("2025-11-17", "USD"), (2, 16_995)),
            (("2025-11-18", "USD"), (1, 2_999)),
        ],
        1,
    ),
];

#[tokio::test]
async fn every_sample_adds_as_its_name_states() {
    for (names, rows, dead_lettered) in STORIES {
        let (world, queues) = consume(names).await;
        assert_eq!(queues.dead_letters().len(), *dead_lettered, "{names:?}");
        let total = |&((day, currency), total): &Row| ((day.into(), currency.into()), total);
        let expected: Totals = rows.iter().map(total).collect();
        assert_eq!(world.totals().await, expected, "{names:?}");
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
