//! The events in `events/notification`, as Lambda hands them to the function.

use aws_lambda_events::sqs::SqsEvent;
use lambda::ReplayPolicy;
use local_dynamodb::FaultPlan;
use runtime::Done::{Duplicate, Handled};
use testkit::{
    End::{self, DeadLettered, Done, Skipped},
    Queues, Samples,
};

use crate::world::{ADDRESS, World};

pub(crate) const SAMPLES: Samples = Samples::of("notification");

pub(crate) fn queues() -> Queues {
    Queues::of("notification", ReplayPolicy::Refuse)
}

/// What has been consumed before, the sample, how its records end, and the mails and answers that
/// then follow.
type Story = (&'static [&'static str], &'static str, &'static [End], Follows);
type Follows = (&'static [&'static str], &'static [&'static str]);

const NOTHING: Follows = (&[], &[]);
const RECEIVED: Follows = (&["orderReceived"], &["NotificationSent"]);
const PLACED: &[&str] = &["order-created"];

const STORIES: &[Story] = &[
    (&[], "order-created", &[Done(Handled)], RECEIVED),
    (PLACED, "order-created", &[Done(Duplicate)], NOTHING),
    // Version 1 is not published any more.
    (&[], "order-created-book", &[DeadLettered], NOTHING),
    (&[], "order-created-no-contact", &[Done(Handled)], (&[], &["NotificationFailed"])),
    (PLACED, "payment-completed", &[Done(Handled)], (&["paymentReceived"], &["NotificationSent"])),
    (PLACED, "payment-completed-book", &[DeadLettered], NOTHING),
    (&[], "payment-completed", &[Done(Handled)], NOTHING),
    (PLACED, "shipment-created", &[Done(Handled)], (&["orderShipped"], &["NotificationSent"])),
    (PLACED, "order-cancelled", &[Done(Handled)], (&["orderCancelled"], &["NotificationSent"])),
    (PLACED, "replayed", &[Skipped], NOTHING),
    (&[], "poison", &[DeadLettered], NOTHING),
    (&[], "newer-version", &[DeadLettered], NOTHING),
    (PLACED, "forged-source", &[DeadLettered], NOTHING),
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
            Done(Duplicate),
            Done(Handled),
            Done(Handled),
            Done(Handled),
        ],
        (
            &[
                "orderCancelled",
                "orderReceived",
                "orderReceived",
                "orderReceived",
                "orderShipped",
                "paymentReceived",
                "paymentReceived",
            ],
            &[
                "NotificationFailed",
                "NotificationSent",
                "NotificationSent",
                "NotificationSent",
                "NotificationSent",
                "NotificationSent",
                "NotificationSent",
                "NotificationSent",
            ],
        ),
    ),
];

/// What is new in a list since it had `before` entries, in the order of the alphabet.
fn since(before: usize, mut list: Vec<String>) -> Vec<String> {
    let mut new = list.split_off(before);
    // Orders are handled side by side.
    new.sort_unstable();
    new
}

#[tokio::test]
async fn every_sample_ends_as_its_name_states() {
    for (before, name, ends, (mails, answers)) in STORIES {
        let world = World::new().await;
        let queues = queues();
        // The other customer of v1.
        world.contact("user-123", ADDRESS).await;
        let service = lambda::service(world.notifications(&FaultPlan::none()));
        for name in *before {
            queues.consume(SAMPLES.read(name), service.clone()).await;
        }
        let published =
            || world.published().into_iter().map(|it| it.event_type).collect::<Vec<_>>();
        let mailed = world.office.sent().len();
        let published_before = published().len();
        let found = queues.consume(SAMPLES.read(name), service).await;
        assert_eq!(found, *ends, "{name} after {before:?}");
        assert_eq!(since(mailed, world.office.sent()), *mails, "{name} after {before:?}");
        assert_eq!(since(published_before, published()), *answers, "{name} after {before:?}");
    }
}

#[test]
fn every_sample_has_a_story() {
    SAMPLES.assert_all_used(STORIES.iter().map(|story| story.1));
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
    let service = lambda::service(world.notifications(&FaultPlan::none()));
    queues.consume(batch.clone(), service).await;
    let [dead_lettered] = queues.dead_letters().try_into().unwrap();
    assert_eq!(Some(dead_lettered.body), batch.records[2].body);
}
