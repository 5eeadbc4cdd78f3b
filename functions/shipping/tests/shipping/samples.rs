//! The events in `events/shipping`, as Lambda hands them to the function.

use std::sync::Arc;

use lambda::ReplayPolicy;
use local_dynamodb::FaultPlan;
use provider_stubs::ShipmentStatus::{self, Created, Voided};
use serde_json::Value;
use testkit::{End, Queues, Samples};

use crate::world::World;

const SAMPLES: Samples = Samples::of("shipping");

/// Has `names` consumed one after the other. None is to be delivered again.
async fn consume(names: &[&str]) -> (World, Queues) {
    let world = World::new().await;
    let queues = Queues::of("shipping", ReplayPolicy::Refuse);
    let service = lambda::service(Arc::new(world.handler(FaultPlan::none())));
    for name in names {
        let ends = queues.consume(SAMPLES.read(name), service.clone()).await;
        assert!(!ends.contains(&End::Retry), "{name} is to be delivered again");
    }
    (world, queues)
}

/// What happens when the samples are consumed: which shipments there are, what is published and how
/// many records are dead-lettered.
type Story = (&'static [&'static str], &'static [ShipmentStatus], &'static [&'static str], usize);

const STORIES: &[Story] = &[
    (&["order-created", "payment-completed"], &[Created], &["ShipmentCreated"], 0),
    // Version 1 is not published any more.
    (&["order-created-book", "payment-completed-book"], &[], &[], 2),
    (
        &["order-created-undeliverable", "payment-completed-undeliverable"],
        &[],
        &["ShippingFailed"],
        0,
    ),
    (
        &["order-created", "payment-completed", "order-cancelled"],
        &[Voided],
        &["ShipmentCreated", "ShippingFailed"],
        0,
    ),
    (&["order-cancelled", "order-created", "payment-completed"], &[], &[], 0),
    (
        &["order-created", "payment-completed", "order-cancelled-timed-out"],
        &[Voided],
        &["ShipmentCreated", "ShippingFailed"],
        0,
    ),
    (&["order-created", "order-resumed"], &[], &[], 0),
    (&["order-created", "replayed"], &[], &[], 0),
    (&["batch", "batch"], &[Created], &["ShipmentCreated"], 2),
    (&["poison"], &[], &[], 1),
    (&["newer-version"], &[], &[], 1),
    (&["forged-source"], &[], &[], 1),
];

#[tokio::test]
async fn every_sample_does_as_its_name_states() {
    for (names, shipments, published, dead_lettered) in STORIES {
        let (world, queues) = consume(names).await;
        assert_eq!(world.shipments(), *shipments, "{names:?}");
        assert_eq!(world.events(), *published, "{names:?}");
        assert_eq!(queues.dead_letters().len(), *dead_lettered, "{names:?}");
    }
}

/// The tasks before, the task, what the workflow receives, and the events in all.
type TaskStory = (&'static [&'static str], &'static str, &'static str, &'static [&'static str]);

const TASKS: &[TaskStory] = &[
    (&[], "task-ship", "shipped", &["ShipmentCreated"]),
    (&["task-ship"], "task-ship", "shipped", &["ShipmentCreated"]),
    (&[], "task-ship-refused", "refused", &["ShippingFailed"]),
    (&["task-recall"], "task-ship", "calledOff", &[]),
    (&["task-ship"], "task-recall", "recalled", &["ShipmentCreated", "ShippingFailed"]),
    (&[], "task-recall", "notShipped", &[]),
    (&[], "task-of-another-event", "Poison", &[]),
    (&[], "task-unknown", "Poison", &[]),
    (&[], "task-unknown-field", "Poison", &[]),
];

#[tokio::test]
async fn every_task_is_answered_as_its_name_states() {
    for (before, name, answered, published) in TASKS {
        let world = World::new().await;
        for name in *before {
            world.invoke(SAMPLES.read(name)).await.unwrap();
        }
        match world.invoke(SAMPLES.read(name)).await {
            Ok(answer) => assert_eq!(answer["status"], *answered, "{name} after {before:?}"),
            Err(error) => assert_eq!(error.name(), *answered, "{name} after {before:?}: {error}"),
        }
        assert_eq!(world.events(), *published, "{name} after {before:?}");
    }
}

#[test]
fn every_sample_has_a_story() {
    let tasks = TASKS.iter().map(|task| task.1);
    SAMPLES.assert_all_used(STORIES.iter().flat_map(|story| story.0).copied().chain(tasks));
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
