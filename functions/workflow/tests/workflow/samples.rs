//! The events in `events/workflow`, as Lambda hands them to the function.

use aws_lambda_events::sqs::SqsEvent;
use catalogue::DECODER;
use event_envelope::canonical;
use serde_json::json;
use testkit::Samples;

use crate::world::World;

const SAMPLES: Samples = Samples::of("workflow");

/// A sample, the orders whose workflows it starts, and how many of its records are dead-lettered.
type Story = (&'static str, &'static [&'static str], usize);

const STORIES: &[Story] = &[
    ("order-created", &["order-123"], 0),
    ("order-created-book", &[], 1),
    ("order-paid", &[], 0),
    ("replayed", &[], 0),
    ("poison", &[], 1),
    ("newer-version", &[], 1),
    ("forged-source", &[], 1),
    ("batch", &["order-123", "order-124"], 1),
];

#[tokio::test]
async fn every_sample_starts_as_its_name_states() {
    for (name, orders, dead_lettered) in STORIES {
        let world = World::new();
        let batch: SqsEvent = SAMPLES.read(name);
        let (response, found) = world.consume(batch).await;
        assert_eq!((response.batch_item_failures.len(), found), (0, *dead_lettered), "{name}");
        assert_eq!(world.started(), u64::try_from(orders.len()).unwrap(), "{name}");
        for order in *orders {
            let execution = world.execution(order).await.unwrap();
            let read = DECODER.decode::<catalogue::Event>(execution.input.as_bytes()).unwrap();
            assert_eq!(read.event.order_id().as_str(), *order, "{name}");
            assert_eq!(canonical(&json!(read.envelope)), execution.input, "{name}");
        }
    }
}

#[test]
fn every_sample_has_a_story() {
    SAMPLES.assert_all_used(STORIES.iter().map(|story| story.0));
}

#[test]
fn the_samples_carry_the_ids_that_their_services_give() {
    SAMPLES.assert_ids_are_derived();
}
