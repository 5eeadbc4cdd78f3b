//! The samples in `events/timeline` and `events/timeline-api`, as Lambda hands them over.

use lambda::ReplayPolicy;
use local_dynamodb::FaultPlan;
use runtime::Done::{Duplicate, Handled};
use testkit::{
    End::{self, DeadLettered, Done, Skipped},
    Queues, Samples,
};

use crate::world::World;

const SAMPLES: Samples = Samples::of("timeline");
const REQUESTS: Samples = Samples::of("timeline-api");

/// The sample, how its records end on a new table, and how when it comes again.
type Story = (&'static str, &'static [End], &'static [End]);

const TEN: &[End] = &[Done(Handled); 10];
const TEN_AGAIN: &[End] = &[Done(Duplicate); 10];
const ONE: &[End] = &[Done(Handled)];
const ONE_AGAIN: &[End] = &[Done(Duplicate)];

const STORIES: &[Story] = &[
    ("completed", TEN, TEN_AGAIN),
    ("cancelled-and-resumed", TEN, TEN_AGAIN),
    ("order-created", ONE, ONE_AGAIN),
    ("order-created-book", ONE, ONE_AGAIN),
    ("payment-completed-book", ONE, ONE_AGAIN),
    ("replayed", ONE, ONE_AGAIN),
    ("unknown-type", &[Skipped], &[Skipped]),
    ("poison", &[DeadLettered], &[DeadLettered]),
    ("newer-version", &[DeadLettered], &[DeadLettered]),
    ("forged-source", &[DeadLettered], &[DeadLettered]),
];

#[tokio::test]
async fn every_sample_ends_as_its_name_states() {
    for (name, first, again) in STORIES {
        let world = World::new().await;
        let queues = Queues::of("timeline", ReplayPolicy::Accept);
        for expected in [first, again] {
            let service = lambda::service(world.timeline(FaultPlan::none()));
            assert_eq!(queues.consume(SAMPLES.read(name), service).await, **expected, "{name}");
        }
        let kept = first.iter().filter(|end| **end == Done(Handled)).count();
        assert_eq!(world.items().await.len(), kept, "{name}");
    }
}

/// The request, its status, and the field at fault or how many entries are shown.
type Exchange = (&'static str, u64, Result<usize, Option<&'static str>>);

const EXCHANGES: &[Exchange] = &[
    ("get-timeline", 200, Ok(10)),
    ("get-timeline-of-two", 200, Ok(2)),
    ("get-timeline-bad-limit", 400, Err(Some("limit"))),
    ("get-timeline-bad-cursor", 400, Err(Some("cursor"))),
    ("get-timeline-bad-id", 400, Err(Some("id"))),
    ("get-timeline-no-scope", 403, Err(None)),
    ("get-timeline-of-another", 404, Err(None)),
    ("get-whole-timeline", 200, Ok(10)),
    ("get-whole-timeline-unknown", 404, Err(None)),
    ("get-whole-timeline-of-a-customer", 403, Err(None)),
];

#[tokio::test]
async fn every_request_is_answered_as_its_name_states() {
    let world = World::new().await;
    let queues = Queues::of("timeline", ReplayPolicy::Accept);
    let service = lambda::service(world.timeline(FaultPlan::none()));
    queues.consume(SAMPLES.read("completed"), service).await;
    for (name, status, expected) in EXCHANGES {
        let answer = world.ask_with(FaultPlan::none(), REQUESTS.read(name)).await;
        assert_eq!(answer.status, *status, "{name}");
        match expected {
            Ok(shown) => {
                assert_eq!(answer.ok()["entries"].as_array().unwrap().len(), *shown, "{name}");
            }
            Err(field) => assert_eq!(answer.problem(*status), *field, "{name}"),
        }
    }
}

#[test]
fn every_sample_has_a_story() {
    SAMPLES.assert_all_used(STORIES.iter().map(|story| story.0));
    REQUESTS.assert_all_used(EXCHANGES.iter().map(|exchange| exchange.0));
}

#[test]
fn the_samples_carry_the_ids_that_their_services_give() {
    SAMPLES.assert_ids_are_derived();
}
