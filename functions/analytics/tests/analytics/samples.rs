//! The events in `events/analytics`, as Lambda hands them to the function.

use aws_lambda_events::sqs::SqsEvent;
use local_testkit::Samples;

use crate::world::{Figures, World};

const SAMPLES: Samples = Samples::of("analytics");

/// By day and currency: how many orders, and what they came to.
type Row = ((&'static str, &'static str), (i64, i64));
/// What has been consumed before, the sample, the figures then, and how many records are parked.
type Story = (&'static [&'static str], &'static str, &'static [Row], usize);

const ONE: &[Row] = &[(("2025-11-17", "USD"), (1, 10_997))];

const STORIES: &[Story] = &[
    (&[], "order-completed", ONE, 0),
    (&["order-completed"], "order-completed", ONE, 0),
    (&["order-completed"], "order-completed-changed", ONE, 1),
    (&[], "order-completed-without-total", &[(("2025-11-17", "none"), (1, 0))], 0),
    (&[], "order-paid", &[], 0),
    (&[], "replayed", &[], 0),
    (&[], "poison", &[], 1),
    (&[], "newer-version", &[], 1),
    (&[], "forged-source", &[], 1),
    (
        &[],
        "batch",
        &[
            (("2025-11-17", "EUR"), (1, 4_000)),
            (("2025-11-17", "USD"), (2, 16_995)),
            (("2025-11-18", "USD"), (1, 2_999)),
        ],
        1,
    ),
];

#[tokio::test]
async fn every_sample_adds_what_its_name_says() {
    for (before, name, rows, parked) in STORIES {
        let world = World::new().await;
        for name in *before {
            world.consume(SAMPLES.read::<SqsEvent>(name)).await;
        }
        let (response, found) = world.consume(SAMPLES.read(name)).await;
        assert_eq!((response.batch_item_failures.len(), found), (0, *parked), "{name}");
        let figure = |&((day, currency), figure): &Row| ((day.into(), currency.into()), figure);
        let expected: Figures = rows.iter().map(figure).collect();
        assert_eq!(world.figures().await, expected, "{name} after {before:?}");
    }
}

#[test]
fn every_sample_has_a_story() {
    SAMPLES.assert_all_told(STORIES.iter().map(|story| story.1));
}

#[test]
fn the_samples_carry_the_ids_that_their_services_give() {
    SAMPLES.assert_ids_are_derived();
}
