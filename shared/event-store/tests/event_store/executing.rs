//! Commands to a stream that others write to as well.

use std::sync::atomic::{AtomicUsize, Ordering};

use event_envelope::{Actor, CorrelationId, DEPTH_MAX, Envelope};
use event_store::{
    Causation, ExecuteError, Executed, SHARDS, StoreError, begin, execute, state_of,
};
use local_dynamodb::{Fault, FaultPlan};
use runtime::{Clock, Failure};
use serde_json::json;
use time::Duration;

use crate::{
    account::{Account, Command, Overdrawn},
    world::{NOW, World, event, thing},
};

type Reply = Result<Executed, ExecuteError<Overdrawn>>;

async fn run(world: &World, command: Command, clock: &Clock) -> Reply {
    let correlation = CorrelationId::of("test");
    let actor = Actor { id: Some("another".to_owned()), ..Actor::default() };
    let causation = Causation::Root(&correlation, &actor);
    execute::<Account>(&world.store(), &thing(), &command, causation, clock).await
}

async fn give(world: &World, command: Command) -> Reply {
    run(world, command, &Clock::fixed(NOW)).await
}

/// A clock on which others act: the time is asked for between a decision and its append.
fn meanwhile(world: &World, rivals: Vec<Command>) -> Clock {
    let (world, asked) = (world.clone(), AtomicUsize::new(0));
    Clock::from_fn(move || {
        if let Some(rival) = rivals.get(asked.fetch_add(1, Ordering::SeqCst)).copied() {
            // Two writers' equal events are one event: these are not.
            let earlier = Clock::fixed(NOW - Duration::SECOND);
            let world = world.clone();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
            let act = move || runtime.unwrap().block_on(run(&world, rival, &earlier)).unwrap();
            std::thread::spawn(act).join().unwrap();
        }
        NOW
    })
}

/// The bookings of the account, oldest first.
async fn bookings(world: &World) -> Vec<(String, i64)> {
    let stream = world.store().load(&thing(), 0).await.unwrap();
    let booking = |event: Envelope| {
        (event.data["id"].as_str().unwrap().to_owned(), event.data["cents"].as_i64().unwrap())
    };
    stream.into_iter().map(booking).collect()
}

fn booked(bookings: &[(&str, i64)]) -> Vec<(String, i64)> {
    bookings.iter().map(|(id, cents)| ((*id).to_owned(), *cents)).collect()
}

#[tokio::test]
async fn a_command_is_decided_on_what_has_happened() {
    let world = World::new().await;
    let first = give(&world, Command::Deposit("d1", 100)).await.unwrap();
    assert_eq!((first.history.len(), first.events.len()), (0, 1));
    let second = give(&world, Command::Withdraw("w1", 60)).await.unwrap();
    assert_eq!(second.history, first.events);
    assert_eq!(second.events.iter().map(|it| it.sequence_number).collect::<Vec<_>>(), [2, 3]);
    let actor = second.events[0].metadata.actor.as_deref();
    assert_eq!((second.events[0].timestamp, actor), (NOW, Some("another")));
    assert_eq!(bookings(&world).await, booked(&[("d1", 100), ("w1", -60), ("fee-w1", -1)]));
}

#[tokio::test]
async fn a_command_that_took_effect_before_changes_nothing() {
    let world = World::new().await;
    give(&world, Command::Deposit("d1", 100)).await.unwrap();
    let requests = world.database.capacity().write_requests;
    let again = give(&world, Command::Deposit("d1", 100)).await.unwrap();
    assert_eq!((again.history.len(), again.events.len()), (1, 0));
    assert_eq!(world.database.capacity().write_requests, requests);
}

#[tokio::test]
async fn a_rejected_command_changes_nothing() {
    let world = World::new().await;
    let rejected = give(&world, Command::Withdraw("w1", 1)).await.unwrap_err();
    assert!(matches!(rejected, ExecuteError::Rejected(Overdrawn)));
    assert!(matches!(Failure::from(rejected), Failure::Permanent { .. }));
    assert_eq!(bookings(&world).await, []);
}

#[tokio::test]
async fn a_command_that_conflicts_is_decided_again_and_both_take_effect() {
    let world = World::new().await;
    let clock = meanwhile(&world, vec![Command::Deposit("rival", 5)]);
    let executed = run(&world, Command::Deposit("d1", 100), &clock).await.unwrap();
    assert_eq!(executed.history.len(), 1);
    assert_eq!(bookings(&world).await, booked(&[("rival", 5), ("d1", 100)]));
}

#[tokio::test]
async fn a_command_that_conflicts_may_break_a_rule_by_then() {
    let world = World::new().await;
    give(&world, Command::Deposit("d1", 100)).await.unwrap();
    let clock = meanwhile(&world, vec![Command::Withdraw("rival", 90)]);
    let rejected = run(&world, Command::Withdraw("w1", 90), &clock).await.unwrap_err();
    assert!(matches!(rejected, ExecuteError::Rejected(Overdrawn)), "{rejected}");
    let expected = [("d1", 100), ("rival", -90), ("fee-rival", -1)];
    assert_eq!(bookings(&world).await, booked(&expected));
}

#[tokio::test]
async fn a_command_that_conflicts_may_have_taken_effect_by_then() {
    let world = World::new().await;
    give(&world, Command::Deposit("d1", 100)).await.unwrap();
    let clock = meanwhile(&world, vec![Command::Deposit("d2", 1), Command::Deposit("d3", 1)]);
    let executed = run(&world, Command::Deposit("d3", 1), &clock).await.unwrap();
    assert_eq!((executed.history.len(), executed.events.len()), (3, 0));
}

#[tokio::test]
async fn a_command_that_conflicts_every_time_is_contended() {
    let world = World::new().await;
    let rivals = ["r1", "r2", "r3", "r4", "r5", "r6"].map(|id| Command::Deposit(id, 1));
    let clock = meanwhile(&world, rivals.to_vec());
    let error = run(&world, Command::Deposit("d1", 100), &clock).await.unwrap_err();
    assert!(matches!(error, ExecuteError::Contended));
    assert!(Failure::from(error).is_retry());
    assert_eq!(bookings(&world).await.len(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn racing_commands_take_effect_once_each_and_keep_the_rule() {
    let world = World::new().await;
    give(&world, Command::Deposit("d1", 100)).await.unwrap();
    // Only two of them fit.
    let racers = ["w1", "w2", "w3", "w4"].map(|id| {
        let world = world.clone();
        tokio::spawn(async move { give(&world, Command::Withdraw(id, 40)).await })
    });
    let mut granted = 0;
    for racer in racers {
        match racer.await.unwrap() {
            Ok(executed) => granted += executed.events.len() / 2,
            Err(ExecuteError::Rejected(Overdrawn)) => (),
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(granted, 2);
    let stream = bookings(&world).await;
    assert_eq!(stream.iter().map(|(_, cents)| cents).sum::<i64>(), 100 - 2 * 41);
}

#[tokio::test]
async fn contention_with_a_transaction_is_decided_on_again() {
    let world = World::new().await;
    give(&world, Command::Deposit("d1", 100)).await.unwrap();
    for command in [Command::Deposit("d2", 1), Command::Withdraw("w1", 1)] {
        let store = world.store_with(FaultPlan::at(1, Fault::Conflict));
        let correlation = CorrelationId::of("test");
        let actor = Actor::default();
        let causation = Causation::Root(&correlation, &actor);
        let clock = Clock::fixed(NOW);
        execute::<Account>(&store, &thing(), &command, causation, &clock).await.unwrap();
    }
    assert_eq!(bookings(&world).await.len(), 4);
}

#[tokio::test]
async fn events_follow_from_their_cause_and_never_too_far() {
    let world = World::new().await;
    let (store, clock) = (world.store(), Clock::fixed(NOW));
    let mut cause = event(7, json!({}));
    let causation = Causation::Event(&cause);
    let command = Command::Deposit("d1", 1);
    let executed = execute::<Account>(&store, &thing(), &command, causation, &clock).await.unwrap();
    assert_eq!(executed.events[0].causation_id.as_ref(), Some(&cause.event_id));
    assert_eq!(executed.events[0].metadata.depth, 1);

    cause.metadata.depth = DEPTH_MAX;
    let (causation, command) = (Causation::Event(&cause), Command::Deposit("d2", 1));
    let error =
        execute::<Account>(&store, &thing(), &command, causation, &clock).await.unwrap_err();
    assert!(matches!(error, ExecuteError::TooDeep(_)));
    assert!(matches!(Failure::from(error), Failure::Permanent { .. }));
    assert_eq!(bookings(&world).await.len(), 1);
}

#[tokio::test]
async fn a_stream_with_an_event_of_another_kind_is_not_decided_on() {
    let world = World::new().await;
    world.store().append(&[event(1, json!({ "unknown": true }))]).await.unwrap();
    let error = give(&world, Command::Deposit("d1", 1)).await.unwrap_err();
    assert!(matches!(error, ExecuteError::Unreadable(_)));
    assert!(matches!(Failure::from(error), Failure::Permanent { .. }));
}

#[tokio::test]
async fn the_state_after_a_command_is_that_of_the_whole_stream() {
    let world = World::new().await;
    for command in [Command::Deposit("d1", 100), Command::Withdraw("w1", 30)] {
        let executed = give(&world, command).await.unwrap();
        let stream = world.store().load(&thing(), 0).await.unwrap();
        let stored: Account = state_of(&stream).unwrap();
        assert_eq!(executed.state::<Account>().unwrap(), stored);
        assert_ne!(stored, Account::default());
    }
    let foreign = [event(1, json!({}))];
    assert!(state_of::<Account>(&foreign).is_err());
}

#[tokio::test]
async fn what_follows_from_the_passing_of_time_has_a_cause_and_an_actor_of_its_own() {
    let world = World::new().await;
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned();
    let mut cause = event(1, json!({}));
    cause.metadata.actor = Some("customer".to_owned());
    cause.metadata.traceparent = Some(trace.clone());
    let clerk = Actor {
        id: Some("clerk".to_owned()),
        reason: Some("it is late".to_owned()),
        traceparent: None,
    };
    let causation = Causation::EventBy(&cause, &clerk);
    let (store, clock) = (world.store(), Clock::fixed(NOW));
    let executed =
        execute::<Account>(&store, &thing(), &Command::Deposit("d1", 1), causation, &clock).await;
    let [event] = &executed.unwrap().events[..] else { panic!() };
    assert_eq!(event.causation_id.as_ref(), Some(&cause.event_id));
    assert_eq!(event.correlation_id, cause.correlation_id);
    let metadata = &event.metadata;
    assert_eq!(metadata.actor.as_deref(), Some("clerk"));
    assert_eq!(metadata.reason.as_deref(), Some("it is late"));
    assert_eq!((metadata.traceparent.as_ref(), metadata.depth), (Some(&trace), 1));

    // A chain has an end here, too.
    cause.metadata.depth = DEPTH_MAX;
    let causation = Causation::EventBy(&cause, &clerk);
    let command = Command::Deposit("d2", 1);
    let error =
        execute::<Account>(&store, &thing(), &command, causation, &clock).await.unwrap_err();
    assert!(matches!(error, ExecuteError::TooDeep(_)), "{error}");
}

#[tokio::test]
async fn a_stream_is_begun_by_one_write_without_a_read_and_by_one_alone() {
    let world = World::new().await;
    let correlation = CorrelationId::of("test");
    let begin_at = async |calls: FaultPlan, at| {
        let (store, actor) = (world.store_with(calls), Actor::default());
        let causation = Causation::Root(&correlation, &actor);
        let opening = Command::Deposit("opening", 100);
        begin::<Account>(&store, &thing(), &opening, causation, at, at + Duration::HOUR).await
    };
    let calls = FaultPlan::none();
    let begun = begin_at(calls.clone(), NOW).await.unwrap();
    assert_eq!((calls.calls(), begun.history.len()), (1, 0));
    let store = world.store();
    assert_eq!(store.load(&thing(), 0).await.unwrap(), begun.events);
    let mut entries = 0;
    for shard in 0..SHARDS {
        let due = store.entries(shard, NOW + Duration::HOUR, 10, None).await.unwrap();
        entries += due.entries.len();
    }
    assert_eq!(entries, 1, "the entry is in the same write");
    // Again word for word it is the same stream, and otherwise another's.
    assert_eq!(begin_at(FaultPlan::none(), NOW).await.unwrap().events, begun.events);
    let other = begin_at(FaultPlan::none(), NOW + Duration::SECOND).await.unwrap_err();
    assert!(matches!(other, ExecuteError::Store(StoreError::Conflict { .. })), "{other:?}");
}

#[tokio::test]
async fn a_command_that_a_new_stream_refuses_begins_none() {
    let world = World::new().await;
    let (correlation, actor) = (CorrelationId::of("test"), Actor::default());
    let causation = Causation::Root(&correlation, &actor);
    let (store, command) = (world.store(), Command::Withdraw("all", 1));
    let refused = begin::<Account>(&store, &thing(), &command, causation, NOW, NOW).await;
    assert!(matches!(refused, Err(ExecuteError::Rejected(Overdrawn))), "{refused:?}");
    assert_eq!(store.load(&thing(), 0).await.unwrap(), []);
}
