//! The events in `events/inventory`, as Lambda hands them to the function.

use aws_lambda_events::sqs::SqsEvent;
use lambda::ReplayPolicy;
use local_dynamodb::FaultPlan;
use runtime::Done::{Duplicate, Handled, Ignored, Rejected};
use testkit::{
    End::{self, DeadLettered, Done, Retry, Skipped},
    Queues, Samples,
};

use crate::world::World;

const SAMPLES: Samples = Samples::of("inventory");

fn queues() -> Queues {
    Queues::of("inventory", ReplayPolicy::Refuse)
}

/// What has been consumed before, the sample, how its records end and the events that are then
/// published.
type Story = (&'static [&'static str], &'static str, &'static [End], &'static [&'static str]);

const RESERVED: &str = "InventoryReserved";
const FAILED: &str = "InventoryReservationFailed";
const RELEASED: &str = "InventoryReleased";

const STORIES: &[Story] = &[
    (&[], "order-created", &[Done(Handled)], &[RESERVED]),
    (&["order-created"], "order-created", &[Done(Duplicate)], &[]),
    // Version 1 is not published any more: only a replay may bring it, and is refused here.
    (&[], "order-created-book", &[DeadLettered], &[]),
    (&["order-created"], "order-created-book", &[DeadLettered], &[]),
    (&[], "order-created-out-of-stock", &[Done(Rejected)], &[FAILED]),
    (&[], "order-created-unknown-product", &[Done(Rejected)], &[FAILED]),
    (&[], "order-created-repeated-product", &[Done(Handled)], &[RESERVED]),
    (&["order-created"], "order-created-changed", &[DeadLettered], &[]),
    (&["order-created"], "order-cancelled", &[Done(Handled)], &[RELEASED]),
    (&[], "order-cancelled", &[Done(Handled)], &[]),
    (&["order-cancelled"], "order-created", &[Done(Ignored)], &[]),
    (&["order-created"], "payment-failed", &[Done(Handled)], &[RELEASED]),
    (&["order-created"], "payment-failed-book", &[DeadLettered], &[]),
    (&["order-created", "payment-failed"], "order-cancelled", &[Done(Ignored)], &[]),
    (&["order-created"], "shipping-failed", &[Done(Handled)], &[RELEASED]),
    (&["order-created"], "order-shipped", &[Done(Handled)], &[]),
    (&["order-created", "order-shipped"], "order-shipped", &[Done(Duplicate)], &[]),
    (&[], "order-shipped", &[Retry], &[]),
    (&["order-created", "order-cancelled"], "order-shipped", &[DeadLettered], &[]),
    (&["order-created", "order-shipped"], "order-cancelled", &[DeadLettered], &[]),
    (&["order-created"], "order-cancelled-timed-out", &[Done(Handled)], &[RELEASED]),
    (&["order-created"], "replayed", &[Skipped], &[]),
    (&[], "poison", &[DeadLettered], &[]),
    (&[], "newer-version", &[DeadLettered], &[]),
    (&["order-created"], "forged-source", &[DeadLettered], &[]),
    (
        &[],
        "batch",
        &[
            Done(Handled),
            Done(Handled),
            Done(Handled),
            DeadLettered,
            Done(Duplicate),
            Done(Rejected),
            Done(Handled),
            Done(Ignored),
            Done(Ignored),
            Done(Handled),
        ],
        &[RELEASED, FAILED, RESERVED, RESERVED, RESERVED],
    ),
];

#[tokio::test]
async fn every_sample_ends_as_its_name_states() {
    for (before, name, ends, expected) in STORIES {
        let world = World::new().await;
        let queues = queues();
        for name in *before {
            queues.consume(SAMPLES.read(name), world.service(FaultPlan::none())).await;
        }
        let published = world.published().len();
        let found = queues.consume(SAMPLES.read(name), world.service(FaultPlan::none())).await;
        assert_eq!(found, *ends, "{name} after {before:?}");
        let published_now = world.published().split_off(published);
        let mut published_now: Vec<_> = published_now.into_iter().map(|it| it.event_type).collect();
        // Orders are handled side by side.
        published_now.sort_unstable();
        assert_eq!(published_now, *expected, "{name} after {before:?}");
        world.books().await.assert_balanced(&[("prod-001", 10), ("prod-002", 5)]);
    }
}

/// The tasks before, the task, what the workflow receives, and the events that are then published.
type TaskStory = (&'static [&'static str], &'static str, &'static str, &'static [&'static str]);

const TASKS: &[TaskStory] = &[
    (&[], "task-reserve", "reserved", &[RESERVED]),
    (&["task-reserve"], "task-reserve", "reserved", &[]),
    (&[], "task-reserve-out-of-stock", "outOfStock", &[FAILED]),
    (&["task-reserve"], "task-release", "released", &[RELEASED]),
    (&[], "task-release", "nothingReserved", &[]),
    (&["task-reserve"], "task-of-another-event", "Poison", &[]),
    (&["task-reserve"], "task-unknown", "Poison", &[]),
];

#[tokio::test]
async fn every_task_is_answered_as_its_name_states() {
    for (before, name, answered, expected) in TASKS {
        let world = World::new().await;
        let invoke = async |name| world.invoke_with(SAMPLES.read(name), FaultPlan::none()).await;
        for name in *before {
            invoke(name).await.unwrap();
        }
        let published = world.published().len();
        match invoke(name).await {
            Ok(answer) => assert_eq!(answer["status"], *answered, "{name} after {before:?}"),
            Err(error) => assert_eq!(error.name(), *answered, "{name} after {before:?}: {error}"),
        }
        let published_now =
            world.published().split_off(published).into_iter().map(|it| it.event_type);
        assert_eq!(published_now.collect::<Vec<_>>(), *expected, "{name} after {before:?}");
    }
}

#[test]
fn every_sample_has_a_story() {
    let tasks = TASKS.iter().map(|task| task.1);
    SAMPLES.assert_all_used(STORIES.iter().map(|story| story.1).chain(tasks));
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
    queues.consume(batch.clone(), world.service(FaultPlan::none())).await;
    let [dead_lettered] = queues.dead_letters().try_into().unwrap();
    assert_eq!(Some(dead_lettered.body), batch.records[3].body);
}
