//! A whole life of a machine, with every fault at every call.

use event_envelope::Envelope;
use local_dynamodb::{Fault, FaultPlan};

use crate::{
    parcel::{Depot, Effect, Fact, LIFE, Parcel, named},
    world::LEASE,
};

const FACTS: [Fact; 3] = [Fact::Packed, Fact::Paid, Fact::Recalled];
/// How often a fact is delivered before a test gives up.
const DELIVERIES_MAX: usize = 3;

/// Everything that a run leaves behind.
#[derive(Debug, PartialEq)]
struct Outcome {
    state: Parcel,
    said: Vec<Envelope>,
}

impl Outcome {
    /// Of the depot, each event under the id it was said with, whichever order of facts the
    /// faults led to.
    async fn of(depot: &Depot) -> Self {
        let mut said = depot.world.outgoing().concat();
        for event in &mut said {
            // Which fact an event follows from, and when, depends on what came through first.
            event.causation_id = None;
            event.timestamp = time::OffsetDateTime::UNIX_EPOCH;
        }
        Self { state: depot.state().await, said }
    }
}

/// A fact is delivered until it is acknowledged, as a queue does.
async fn deliver_until_done(depot: &Depot, fact: Fact) {
    for _ in 0..DELIVERIES_MAX {
        if depot.hear(fact).await.is_ok() {
            return;
        }
        depot.world.pass(LEASE);
    }
    panic!("{fact:?} was never acknowledged");
}

/// Every effect was asked for, again only by somebody who knew of the attempt before, and no more
/// often than the one fault explains.
fn check_effects(depot: &Depot) {
    for effect in [Effect::Send, Effect::Fetch] {
        let asked = depot.carrier.asked();
        let attempts: Vec<_> = asked.iter().filter(|due| due.effect == effect).collect();
        assert!((1..=2).contains(&attempts.len()), "{effect:?}: {attempts:?}");
        assert!(attempts[1..].iter().all(|due| due.resumed), "{effect:?}: {attempts:?}");
    }
}

#[tokio::test]
async fn whatever_fails_the_end_is_the_same() {
    let flawless = Depot::new().await;
    let plan = FaultPlan::none();
    for fact in FACTS {
        flawless.with(plan.clone()).hear(fact).await.unwrap();
    }
    let expected = Outcome::of(&flawless).await;
    assert_eq!(flawless.said().concat(), named(&LIFE));

    for fault in Fault::ALL {
        for call in 0..plan.calls() {
            let depot = Depot::new().await;
            let faulty = depot.with(FaultPlan::at(call, fault));
            let mut unacknowledged = Vec::new();
            for fact in FACTS {
                if faulty.hear(fact).await.is_err() {
                    unacknowledged.push(fact);
                }
            }
            for fact in unacknowledged {
                deliver_until_done(&depot, fact).await;
            }
            check_effects(&depot);
            assert_eq!(Outcome::of(&depot).await, expected, "{fault:?} at call {call}");
            assert!(!depot.row().await.contains_key("lease"), "{fault:?} at call {call}");
        }
    }
}
