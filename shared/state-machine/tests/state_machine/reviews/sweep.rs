//! A command that is abandoned and resumed, with every fault at every call.

use event_envelope::Envelope;
use local_dynamodb::{Fault, FaultPlan};
use runtime::Failure;

use super::{STUCK_LIFE, refuses, unavailable};
use crate::{
    parcel::{Depot, EXHAUSTED_AFTER, Input, Parcel},
    world::LEASE,
};

/// How often an input is delivered before a test fails.
const DELIVERIES_MAX: usize = 6;

/// Everything that a run leaves behind.
#[derive(Debug, PartialEq)]
struct Outcome {
    state: Parcel,
    published: Vec<Envelope>,
}

async fn outcome(depot: &Depot) -> Outcome {
    let mut published = depot.world.outgoing().concat();
    for event in &mut published {
        // Which input an event follows from, and when, depends on what came through first.
        event.causation_id = None;
        event.timestamp = time::OffsetDateTime::UNIX_EPOCH;
    }
    Outcome { state: depot.state().await, published }
}

/// An input is delivered until it is acknowledged, as a queue does.
async fn deliver_until_done(depot: &Depot, input: Input, failure: Option<fn() -> Failure>) {
    for _ in 0..DELIVERIES_MAX {
        let done = match failure {
            Some(failure) => depot.handle_failing(input, failure).await,
            None => depot.handle(input).await,
        };
        if done.is_ok() {
            return;
        }
        depot.world.pass(LEASE);
    }
    panic!("{input:?} was never acknowledged");
}

/// A parcel's command is abandoned and resumed. The process that `plan` disturbs is the first to
/// handle each input, and each attempt at fetching.
async fn story(plan: &FaultPlan, failure: fn() -> Failure) -> Depot {
    let depot = Depot::new().await;
    let faulty = depot.with(plan.clone());
    for input in [Input::Packed, Input::Paid, Input::Recalled] {
        for _ in 0..EXHAUSTED_AFTER.get() {
            if faulty.handle_failing(input, failure).await.is_ok() {
                break;
            }
        }
        depot.world.pass(LEASE);
        deliver_until_done(&depot, input, Some(failure)).await;
    }
    assert!(depot.state().await.stuck.is_some());
    if faulty.handle(Input::Resumed).await.is_err() {
        depot.world.pass(LEASE);
        deliver_until_done(&depot, Input::Resumed, None).await;
    }
    depot
}

#[tokio::test]
async fn whatever_fails_a_parcel_is_abandoned_once_and_comes_back_when_resumed() {
    for failure in [unavailable, refuses] {
        let plan = FaultPlan::none();
        let expected = outcome(&story(&plan, failure).await).await;
        let types: Vec<_> = expected.published.iter().map(|it| it.event_type.as_str()).collect();
        assert_eq!(types, STUCK_LIFE.map(|(event_type, _)| event_type));
        for fault in Fault::ALL {
            for call in 0..plan.calls() {
                let depot = story(&FaultPlan::at(call, fault), failure).await;
                assert_eq!(outcome(&depot).await, expected, "{fault:?} at call {call}");
                let row = depot.row().await;
                assert!(!row.contains_key("lease"), "{fault:?} at call {call}");
                assert!(!row.contains_key("attempts"), "{fault:?} at call {call}");
            }
        }
    }
}
