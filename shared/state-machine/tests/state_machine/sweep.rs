//! A whole life of a machine, with every fault at every call.

use event_envelope::Envelope;
use local_dynamodb::{Fault, FaultPlan};

use crate::{
    parcel::{Command, Depot, Input, LIFE, Parcel, named},
    world::LEASE,
};

const INPUTS: [Input; 3] = [Input::Packed, Input::Paid, Input::Recalled];
/// How often an input is delivered before a test fails.
const DELIVERIES_MAX: usize = 3;

/// Everything that a run leaves behind.
#[derive(Debug, PartialEq)]
struct Outcome {
    state: Parcel,
    published: Vec<Envelope>,
}

impl Outcome {
    /// Of the depot, each event under the id it was published with, whichever order of inputs the
    /// faults led to.
    async fn of(depot: &Depot) -> Self {
        let mut published = depot.world.outgoing().concat();
        for event in &mut published {
            // Which input an event follows from, and when, depends on what came through first.
            event.causation_id = None;
            event.timestamp = time::OffsetDateTime::UNIX_EPOCH;
        }
        Self { state: depot.state().await, published }
    }
}

/// An input is delivered until it is acknowledged, as a queue does.
async fn deliver_until_done(depot: &Depot, input: Input) {
    for _ in 0..DELIVERIES_MAX {
        if depot.handle(input).await.is_ok() {
            return;
        }
        depot.world.pass(LEASE);
    }
    panic!("{input:?} was never acknowledged");
}

/// Every command was run, again only by an attempt that knew of the one before, and no more
/// often than the one fault explains.
fn check_commands(depot: &Depot) {
    for command in [Command::Send, Command::Fetch] {
        let asked = depot.carrier.asked();
        let attempts: Vec<_> = asked.iter().filter(|attempt| attempt.command == command).collect();
        assert!((1..=2).contains(&attempts.len()), "{command:?}: {attempts:?}");
        assert!(
            attempts[1..].iter().all(|attempt| attempt.may_have_run),
            "{command:?}: {attempts:?}"
        );
    }
}

#[tokio::test]
async fn whatever_fails_the_end_is_the_same() {
    let flawless = Depot::new().await;
    let plan = FaultPlan::none();
    for input in INPUTS {
        flawless.with(plan.clone()).handle(input).await.unwrap();
    }
    let expected = Outcome::of(&flawless).await;
    assert_eq!(flawless.published().concat(), named(&LIFE));

    for fault in Fault::ALL {
        for call in 0..plan.calls() {
            let depot = Depot::new().await;
            let faulty = depot.with(FaultPlan::at(call, fault));
            let mut unacknowledged = Vec::new();
            for input in INPUTS {
                if faulty.handle(input).await.is_err() {
                    unacknowledged.push(input);
                }
            }
            for input in unacknowledged {
                deliver_until_done(&depot, input).await;
            }
            check_commands(&depot);
            assert_eq!(Outcome::of(&depot).await, expected, "{fault:?} at call {call}");
            assert!(!depot.row().await.contains_key("lease"), "{fault:?} at call {call}");
        }
    }
}
