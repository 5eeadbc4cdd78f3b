//! What becomes of a machine's effect when others come meanwhile, or its holder does not come back.

use std::time::Duration;

use local_dynamodb::{Fault, FaultPlan};
use outcome::{Done, Failure};

use crate::{
    parcel::{Depot, Effect, Fact, LIFE, cause, first, named, resumed},
    world::{LEASE, TICK, assert_poison, retried_after},
};

/// A depot with a packed parcel, so that the fact that it is paid makes it go.
async fn packed() -> Depot {
    let depot = Depot::new().await;
    depot.hear(Fact::Packed).await.unwrap();
    depot
}

/// A process that dies with the lease, before (`asked` false) or after it has asked the carrier.
async fn dies_holding(depot: &Depot, asked: bool) {
    // Calls of one fact with an effect: load, save with the lease, load, save with the answer.
    let fault = if asked { (2, Fault::CrashBefore) } else { (1, Fault::CrashAfter) };
    let dying = depot.with(FaultPlan::at(fault.0, fault.1));
    retried_after(dying.hear(Fact::Paid).await);
    assert_eq!(depot.carrier.asked().len(), usize::from(asked));
}

#[tokio::test]
async fn an_effect_is_had_under_a_lease() {
    let depot = packed().await;
    let perform = async |due| {
        let row = depot.row().await;
        let lease = row["lease"].as_m().unwrap();
        let until = depot.world.now_millis() + i64::try_from(LEASE.as_millis()).unwrap();
        assert_eq!(lease["until"], crate::world::number(until));
        assert!(!lease["owner"].as_s().unwrap().is_empty());
        depot.carrier.perform(due).await
    };
    depot.hear_with(&cause(Fact::Paid), Fact::Paid, perform).await.unwrap();
    assert!(!depot.row().await.contains_key("lease"));
}

#[tokio::test]
async fn while_an_effect_is_under_way_a_new_fact_is_noted_and_a_seen_one_is_told_to_wait() {
    let depot = packed().await;
    let perform = async |due| {
        depot.world.pass(Duration::from_secs(10));
        for seen in [Fact::Packed, Fact::Paid] {
            let wait = retried_after(depot.hear(seen).await);
            assert_eq!(wait, Some(Duration::from_secs(20)), "{seen:?}");
        }
        if depot.carrier.asked().is_empty() {
            assert_eq!(depot.hear(Fact::Recalled).await.unwrap(), Done::Handled);
        }
        depot.carrier.perform(due).await
    };
    let done = depot.hear_with(&cause(Fact::Paid), Fact::Paid, perform).await.unwrap();
    assert_eq!(done, Done::Handled);
    // The holder met the recall when it wrote, and had what followed from it.
    assert_eq!(depot.carrier.asked(), [first(Effect::Send), first(Effect::Fetch)]);
    assert_eq!(depot.said().concat(), named(&LIFE));
    assert_eq!(depot.hear(Fact::Recalled).await.unwrap(), Done::Duplicate);
}

#[tokio::test]
async fn a_dead_holder_is_followed_when_its_lease_has_ended_and_not_before() {
    for asked in [false, true] {
        let depot = packed().await;
        dies_holding(&depot, asked).await;
        depot.world.pass(LEASE - TICK);
        assert_eq!(retried_after(depot.hear(Fact::Paid).await), Some(TICK));
        depot.world.pass(TICK);
        assert_eq!(depot.hear(Fact::Paid).await.unwrap(), Done::Handled);
        assert_eq!(depot.carrier.asked().pop(), Some(resumed(Effect::Send)));
        assert_eq!(depot.said().concat(), named(&LIFE[..3]));
    }
}

#[tokio::test]
async fn any_delivery_follows_a_dead_holder_not_only_its_own() {
    let depot = packed().await;
    dies_holding(&depot, true).await;
    depot.world.pass(LEASE);
    assert_eq!(depot.hear(Fact::Packed).await.unwrap(), Done::Handled);
    assert_eq!(depot.carrier.asked(), [first(Effect::Send), resumed(Effect::Send)]);
    assert_eq!(depot.hear(Fact::Paid).await.unwrap(), Done::Duplicate);
}

#[tokio::test]
async fn a_holder_that_was_overtaken_writes_nothing() {
    let depot = packed().await;
    let slow = async |due| {
        depot.world.pass(LEASE);
        assert_eq!(depot.hear(Fact::Paid).await.unwrap(), Done::Handled);
        let said = depot.row().await;
        let answer = depot.carrier.perform(due).await;
        assert_eq!(depot.row().await, said);
        answer
    };
    let failure = depot.hear_with(&cause(Fact::Paid), Fact::Paid, slow).await.unwrap_err();
    assert!(failure.is_retry() && failure.to_string().contains("lease was lost"), "{failure}");
    assert_eq!(depot.carrier.asked(), [resumed(Effect::Send), first(Effect::Send)]);
    // Packed; paid, by the slow one; and both writes of the one that followed.
    assert_eq!(depot.said(), [vec![], named(&LIFE[..1]), vec![], named(&LIFE[1..3])]);
    assert_eq!(depot.hear(Fact::Paid).await.unwrap(), Done::Duplicate);
}

#[tokio::test]
async fn a_holder_that_is_late_but_not_overtaken_writes() {
    let depot = packed().await;
    let late = async |due| {
        depot.world.pass(LEASE + TICK);
        depot.carrier.perform(due).await
    };
    let done = depot.hear_with(&cause(Fact::Paid), Fact::Paid, late).await.unwrap();
    assert_eq!(done, Done::Handled);
}

#[tokio::test]
async fn a_failed_effect_lets_the_next_delivery_in_at_once_knowing_of_the_attempt() {
    for failure in [|| Failure::retry("carrier away"), || Failure::poison("no such address")] {
        let depot = packed().await;
        let fails = async |due| {
            depot.carrier.perform(due).await.unwrap();
            Err(failure())
        };
        let failed = depot.hear_with(&cause(Fact::Paid), Fact::Paid, fails).await.unwrap_err();
        assert_eq!(failed.to_string(), failure().to_string());
        assert_eq!(depot.hear(Fact::Paid).await.unwrap(), Done::Handled);
        assert_eq!(depot.carrier.asked(), [first(Effect::Send), resumed(Effect::Send)]);
        assert_eq!(depot.said().concat(), named(&LIFE[..3]));
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_told_lets_the_next_delivery_in_at_once() {
    let depot = packed().await;
    dies_holding(&depot, false).await;
    depot.world.pass(LEASE);
    // The event that the answer leads to would be too deep in its chain of causes.
    let mut too_deep = cause(Fact::Recalled);
    too_deep.metadata.depth = event_envelope::DEPTH_MAX;
    let perform = async |due| depot.carrier.perform(due).await;
    assert_poison(depot.hear_with(&too_deep, Fact::Recalled, perform).await, "limit is 32");
    assert_eq!(depot.hear(Fact::Paid).await.unwrap(), Done::Handled);
}

#[tokio::test]
async fn a_lost_answer_is_known_as_our_own() {
    for call in [1, 3] {
        let depot = packed().await;
        let shaky = depot.with(FaultPlan::at(call, Fault::LoseAnswer));
        assert_eq!(shaky.hear(Fact::Paid).await.unwrap(), Done::Handled, "call {call}");
        assert_eq!(depot.carrier.asked(), [first(Effect::Send)]);
        assert_eq!(depot.said().concat(), named(&LIFE[..3]));
    }
}

#[tokio::test]
async fn contention_does_not_repeat_the_effect() {
    for call in [1, 3] {
        let depot = packed().await;
        let contended = depot.with(FaultPlan::at(call, Fault::Conflict));
        assert_eq!(contended.hear(Fact::Paid).await.unwrap(), Done::Handled, "call {call}");
        assert_eq!(depot.carrier.asked(), [first(Effect::Send)]);
    }
}

#[tokio::test]
async fn whoever_was_overtaken_between_reading_and_writing_decides_again() {
    // Neither fact makes the parcel go without the other: whoever comes second sends it.
    let depot = Depot::new().await;
    assert_eq!(depot.overtaken_by(Fact::Packed).hear(Fact::Paid).await.unwrap(), Done::Handled);
    assert_eq!(depot.carrier.asked(), [first(Effect::Send)]);
    assert_eq!(depot.said().concat(), named(&LIFE[..3]));

    let depot = packed().await;
    assert_eq!(depot.overtaken_by(Fact::Recalled).hear(Fact::Paid).await.unwrap(), Done::Handled);
    assert_eq!(depot.carrier.asked(), [first(Effect::Send), first(Effect::Fetch)]);
    assert_eq!(depot.said().concat(), named(&LIFE));
}

#[tokio::test]
async fn the_same_event_twice_at_the_same_time_has_one_effect() {
    let depot = packed().await;
    let done = depot.overtaken_by(Fact::Paid).hear(Fact::Paid).await.unwrap();
    assert_eq!(done, Done::Duplicate);
    assert_eq!(depot.carrier.asked(), [first(Effect::Send)]);
    assert_eq!(depot.said().concat(), named(&LIFE[..3]));
}
