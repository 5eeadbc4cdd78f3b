//! What becomes of a machine's command when others come meanwhile, or its holder does not come
//! back.

use std::time::Duration;

use local_dynamodb::{Fault, FaultPlan};
use runtime::{Done, Failure};

use crate::{
    parcel::{Command, Depot, Input, LIFE, cause, first, named, resumed},
    world::{LEASE, TICK, assert_permanent, retried_after},
};

/// A depot with a packed parcel, so that the input that it is paid makes it go.
async fn packed() -> Depot {
    let depot = Depot::new().await;
    depot.handle(Input::Packed).await.unwrap();
    depot
}

/// A process that dies with the lease, before (`asked` false) or after it has asked the carrier.
async fn dies_holding(depot: &Depot, asked: bool) {
    // Calls of one input with a command: load, save with the lease, load, save with the answer.
    let fault = if asked { (2, Fault::CrashBefore) } else { (1, Fault::CrashAfter) };
    let dying = depot.with(FaultPlan::at(fault.0, fault.1));
    retried_after(dying.handle(Input::Paid).await);
    assert_eq!(depot.carrier.asked().len(), usize::from(asked));
}

#[tokio::test]
async fn a_command_is_run_under_a_lease() {
    let depot = packed().await;
    let run = async |attempt| {
        let row = depot.row().await;
        let lease = row["lease"].as_m().unwrap();
        let until = depot.world.now_millis() + i64::try_from(LEASE.as_millis()).unwrap();
        assert_eq!(lease["until"], crate::world::number(until));
        assert!(!lease["owner"].as_s().unwrap().is_empty());
        depot.carrier.run(attempt).await
    };
    depot.handle_with(&cause(Input::Paid), Input::Paid, run).await.unwrap();
    assert!(!depot.row().await.contains_key("lease"));
}

#[tokio::test]
async fn while_a_command_is_under_way_a_new_input_is_stored_and_a_seen_one_waits() {
    let depot = packed().await;
    let run = async |attempt| {
        depot.world.pass(Duration::from_secs(10));
        for seen in [Input::Packed, Input::Paid] {
            let wait = retried_after(depot.handle(seen).await);
            assert_eq!(wait, Some(Duration::from_secs(20)), "{seen:?}");
        }
        if depot.carrier.asked().is_empty() {
            assert_eq!(depot.handle(Input::Recalled).await.unwrap(), Done::Handled);
        }
        depot.carrier.run(attempt).await
    };
    let done = depot.handle_with(&cause(Input::Paid), Input::Paid, run).await.unwrap();
    assert_eq!(done, Done::Handled);
    // The holder met the recall when it wrote, and had what followed from it.
    assert_eq!(depot.carrier.asked(), [first(Command::Send), first(Command::Fetch)]);
    assert_eq!(depot.published().concat(), named(&LIFE));
    assert_eq!(depot.handle(Input::Recalled).await.unwrap(), Done::Duplicate);
}

#[tokio::test]
async fn a_dead_holder_is_followed_when_its_lease_has_ended_and_not_before() {
    for asked in [false, true] {
        let depot = packed().await;
        dies_holding(&depot, asked).await;
        depot.world.pass(LEASE - TICK);
        assert_eq!(retried_after(depot.handle(Input::Paid).await), Some(TICK));
        depot.world.pass(TICK);
        assert_eq!(depot.handle(Input::Paid).await.unwrap(), Done::Handled);
        assert_eq!(depot.carrier.asked().pop(), Some(resumed(Command::Send)));
        assert_eq!(depot.published().concat(), named(&LIFE[..3]));
    }
}

#[tokio::test]
async fn any_delivery_follows_a_dead_holder_not_only_its_own() {
    let depot = packed().await;
    dies_holding(&depot, true).await;
    depot.world.pass(LEASE);
    assert_eq!(depot.handle(Input::Packed).await.unwrap(), Done::Handled);
    assert_eq!(depot.carrier.asked(), [first(Command::Send), resumed(Command::Send)]);
    assert_eq!(depot.handle(Input::Paid).await.unwrap(), Done::Duplicate);
}

#[tokio::test]
async fn a_holder_that_was_overtaken_writes_nothing() {
    let depot = packed().await;
    let slow = async |attempt| {
        depot.world.pass(LEASE);
        assert_eq!(depot.handle(Input::Paid).await.unwrap(), Done::Handled);
        let published = depot.row().await;
        let answer = depot.carrier.run(attempt).await;
        assert_eq!(depot.row().await, published);
        answer
    };
    let failure = depot.handle_with(&cause(Input::Paid), Input::Paid, slow).await.unwrap_err();
    assert!(failure.is_retry() && failure.to_string().contains("lease was lost"), "{failure}");
    assert_eq!(depot.carrier.asked(), [resumed(Command::Send), first(Command::Send)]);
    // Packed; paid, by the slow one; and both writes of the one that followed.
    assert_eq!(depot.published(), [vec![], named(&LIFE[..1]), vec![], named(&LIFE[1..3])]);
    assert_eq!(depot.handle(Input::Paid).await.unwrap(), Done::Duplicate);
}

#[tokio::test]
async fn a_holder_that_is_late_but_not_overtaken_writes() {
    let depot = packed().await;
    let late = async |attempt| {
        depot.world.pass(LEASE + TICK);
        depot.carrier.run(attempt).await
    };
    let done = depot.handle_with(&cause(Input::Paid), Input::Paid, late).await.unwrap();
    assert_eq!(done, Done::Handled);
}

#[tokio::test]
async fn a_failed_command_lets_the_next_delivery_in_at_once_knowing_of_the_attempt() {
    for failure in
        [|| Failure::retry("carrier unavailable"), || Failure::permanent("no such address")]
    {
        let depot = packed().await;
        let fails = async |attempt| {
            depot.carrier.run(attempt).await.unwrap();
            Err(failure())
        };
        let failed = depot.handle_with(&cause(Input::Paid), Input::Paid, fails).await.unwrap_err();
        assert_eq!(failed.to_string(), failure().to_string());
        assert_eq!(depot.handle(Input::Paid).await.unwrap(), Done::Handled);
        assert_eq!(depot.carrier.asked(), [first(Command::Send), resumed(Command::Send)]);
        assert_eq!(depot.published().concat(), named(&LIFE[..3]));
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_applied_lets_the_next_delivery_in_at_once() {
    let depot = packed().await;
    dies_holding(&depot, false).await;
    depot.world.pass(LEASE);
    // The event that the answer leads to would be too deep in its chain of causes.
    let mut too_deep = cause(Input::Recalled);
    too_deep.metadata.depth = event_envelope::DEPTH_MAX;
    let run = async |attempt| depot.carrier.run(attempt).await;
    assert_permanent(depot.handle_with(&too_deep, Input::Recalled, run).await, "limit is 32");
    assert_eq!(depot.handle(Input::Paid).await.unwrap(), Done::Handled);
}

#[tokio::test]
async fn a_lost_answer_is_known_as_our_own() {
    for call in [1, 3] {
        let depot = packed().await;
        let shaky = depot.with(FaultPlan::at(call, Fault::LoseAnswer));
        assert_eq!(shaky.handle(Input::Paid).await.unwrap(), Done::Handled, "call {call}");
        assert_eq!(depot.carrier.asked(), [first(Command::Send)]);
        assert_eq!(depot.published().concat(), named(&LIFE[..3]));
    }
}

#[tokio::test]
async fn contention_does_not_repeat_the_command() {
    for call in [1, 3] {
        let depot = packed().await;
        let contended = depot.with(FaultPlan::at(call, Fault::Conflict));
        assert_eq!(contended.handle(Input::Paid).await.unwrap(), Done::Handled, "call {call}");
        assert_eq!(depot.carrier.asked(), [first(Command::Send)]);
    }
}

#[tokio::test]
async fn a_conflict_between_reading_and_writing_is_decided_again() {
    // Neither input makes the parcel go without the other: the delivery that comes second sends it.
    let depot = Depot::new().await;
    assert_eq!(depot.overtaken_by(Input::Packed).handle(Input::Paid).await.unwrap(), Done::Handled);
    assert_eq!(depot.carrier.asked(), [first(Command::Send)]);
    assert_eq!(depot.published().concat(), named(&LIFE[..3]));

    let depot = packed().await;
    assert_eq!(
        depot.overtaken_by(Input::Recalled).handle(Input::Paid).await.unwrap(),
        Done::Handled
    );
    assert_eq!(depot.carrier.asked(), [first(Command::Send), first(Command::Fetch)]);
    assert_eq!(depot.published().concat(), named(&LIFE));
}

#[tokio::test]
async fn the_same_event_twice_at_the_same_time_has_one_effect() {
    let depot = packed().await;
    let done = depot.overtaken_by(Input::Paid).handle(Input::Paid).await.unwrap();
    assert_eq!(done, Done::Duplicate);
    assert_eq!(depot.carrier.asked(), [first(Command::Send)]);
    assert_eq!(depot.published().concat(), named(&LIFE[..3]));
}
