//! Effects elsewhere: claim, effect, completion.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use event_envelope::Delivery;
use idempotency::{Attempt, Completion, IdempotencyLayer, UnitOfWork};
use local_dynamodb::{Fault, FaultPlan};
use runtime::Failure;
use serde_json::json;

use crate::{
    handlers::{Reply, count, count_up, counting, deliver, publish_only, uncounted, unreachable},
    world::{
        LEASE, LEASE_OVER, RECORDS, SKEW, TICK, World, answer, assert_permanent, delivery,
        delivery_of, event, forged, number, record_id, retried_after, text,
    },
};

fn counted() -> Completion<String> {
    Completion::New("counted".to_owned())
}

fn counted_before() -> Completion<String> {
    Completion::Replayed("counted".to_owned())
}

/// A process that dies when it has claimed.
async fn crash_after_claim(world: &World) {
    let layer = world.leased(FaultPlan::at(0, Fault::CrashAfter));
    retried_after(deliver(&layer, delivery(), unreachable).await);
}

#[tokio::test]
async fn a_claim_is_completed_with_the_writes_and_the_events() {
    let world = World::new().await;
    let layer = world.leased(FaultPlan::none());
    let inside = world.clone();
    let handler = move |attempt: Attempt<Delivery>| {
        let world = inside.clone();
        async move {
            let claimed = world.record(&attempt.request).await.unwrap();
            assert_eq!(claimed["status"], text("INPROGRESS"));
            let lease_millis = i64::try_from(LEASE.as_millis()).unwrap();
            assert_eq!(claimed["leaseUntil"], number(world.now_millis() + lease_millis));
            Ok(counting(&attempt.request.envelope))
        }
    };
    assert_eq!(deliver(&layer, delivery(), handler).await.unwrap(), counted());
    let record = world.record(&delivery()).await.unwrap();
    assert_eq!(record["status"], text("COMPLETED"));
    assert_eq!(record["result"], text("\"counted\""));
    assert!(!record.contains_key("leaseUntil"));
    assert_eq!(world.count("a").await, 1);
    let published = answer(&delivery().envelope, json!({ "counted": true }));
    assert_eq!(world.outgoing(RECORDS), [vec![], vec![published]], "the claim publishes nothing");
    assert_eq!(deliver(&layer, delivery(), unreachable).await.unwrap(), counted_before());
}

#[tokio::test]
async fn a_second_delivery_meanwhile_returns_when_the_lease_ends() {
    let world = World::new().await;
    let layer = world.leased(FaultPlan::none());
    let (inside, second) = (world.clone(), layer.clone());
    let handler = move |attempt: Attempt<Delivery>| {
        let (world, second) = (inside.clone(), second.clone());
        async move {
            world.pass(Duration::from_secs(10));
            let reply = deliver(&second, delivery(), unreachable).await;
            assert_eq!(retried_after(reply), Some(Duration::from_secs(20) + SKEW));
            Ok(counting(&attempt.request.envelope))
        }
    };
    assert_eq!(deliver(&layer, delivery(), handler).await.unwrap(), counted());
    assert_eq!(world.count("a").await, 1);
}

#[tokio::test]
async fn a_crashed_holder_is_followed_when_its_lease_has_ended_and_not_before() {
    let world = World::new().await;
    crash_after_claim(&world).await;
    let layer = world.leased(FaultPlan::none());
    assert_eq!(retried_after(deliver(&layer, delivery(), unreachable).await), Some(LEASE_OVER));
    world.pass(LEASE_OVER);
    let last = retried_after(deliver(&layer, delivery(), unreachable).await);
    assert_eq!(last, Some(Duration::ZERO), "held to its last millisecond");
    world.pass(TICK);
    assert_eq!(deliver(&layer, delivery(), count).await.unwrap(), counted());
}

/// A holder so slow that another delivery takes over and completes; then it answers itself.
async fn robbed(world: &World, late: UnitOfWork<String>) -> Reply {
    let layer = world.leased(FaultPlan::none());
    let (inside, second) = (world.clone(), layer.clone());
    let slow = move |_| {
        let (world, second, late) = (inside.clone(), second.clone(), late.clone());
        async move {
            world.pass(LEASE_OVER + TICK);
            assert_eq!(deliver(&second, delivery(), count).await.unwrap(), counted());
            Ok(late)
        }
    };
    deliver(&layer, delivery(), slow).await
}

#[tokio::test]
async fn an_attempt_that_lost_its_lease_writes_nothing_and_fails() {
    let late = UnitOfWork::new("late".to_owned());
    for late in [late.clone().write(count_up("late")), late] {
        let world = World::new().await;
        let failure = robbed(&world, late).await.unwrap_err();
        assert!(failure.is_retry() && failure.to_string().contains("lease was lost"), "{failure}");
        assert_eq!((world.count("a").await, world.count("late").await), (1, 0));
        let again = deliver(&world.leased(FaultPlan::none()), delivery(), unreachable).await;
        assert_eq!(again.unwrap(), counted_before(), "the record is the other one's");
    }
}

#[tokio::test]
async fn a_holder_that_is_late_but_not_robbed_completes() {
    let world = World::new().await;
    let inside = world.clone();
    let late = move |attempt: Attempt<Delivery>| {
        inside.pass(LEASE_OVER + TICK);
        async move { Ok(counting(&attempt.request.envelope)) }
    };
    let reply = deliver(&world.leased(FaultPlan::none()), delivery(), late).await;
    assert_eq!(reply.unwrap(), counted());
}

#[tokio::test]
async fn a_failed_effect_lets_the_next_delivery_in_at_once() {
    for failure in
        [|| Failure::retry("provider unavailable"), || Failure::permanent("no such card")]
    {
        let world = World::new().await;
        let layer = world.leased(FaultPlan::none());
        let refused = deliver(&layer, delivery(), move |_| async move { Err(failure()) }).await;
        assert_eq!(refused.unwrap_err().to_string(), failure().to_string());
        assert_eq!(deliver(&layer, delivery(), count).await.unwrap(), counted());
    }
}

#[tokio::test]
async fn a_completion_refused_by_the_business_is_left_to_the_next_delivery_at_once() {
    let world = World::new().await;
    let layer = world.leased(FaultPlan::none());
    let inside = layer.clone();
    let overtaken = move |_| {
        let layer = inside.clone();
        async move {
            deliver(&layer, delivery_of(event(7, json!({}))), count).await.unwrap();
            Ok(UnitOfWork::new("first".to_owned()).write(count_up("b")).write(uncounted("a")))
        }
    };
    retried_after(deliver(&layer, delivery(), overtaken).await);
    assert_eq!(world.count("b").await, 0);
    assert_eq!(deliver(&layer, delivery(), count).await.unwrap(), counted());
}

#[tokio::test]
async fn a_lost_answer_is_known_as_our_own() {
    for call in [0, 1] {
        let world = World::new().await;
        let layer = world.leased(FaultPlan::at(call, Fault::LoseAnswer));
        assert_eq!(deliver(&layer, delivery(), publish_only).await.unwrap(), counted());
        let world = World::new().await;
        let layer = world.leased(FaultPlan::at(call, Fault::LoseAnswer));
        assert_eq!(deliver(&layer, delivery(), count).await.unwrap(), counted());
        assert_eq!(world.count("a").await, 1);
    }
}

#[tokio::test]
async fn contention_at_the_completion_does_not_repeat_the_effect() {
    for call in [0, 1] {
        let world = World::new().await;
        let layer = world.leased(FaultPlan::at(call, Fault::Conflict));
        assert_eq!(deliver(&layer, delivery(), publish_only).await.unwrap(), counted());
        let world = World::new().await;
        let layer = world.leased(FaultPlan::at(call, Fault::Conflict));
        assert_eq!(deliver(&layer, delivery(), count).await.unwrap(), counted());
    }
}

#[tokio::test]
async fn the_same_id_with_another_payload_is_a_permanent_failure_whatever_has_become_of_the_first()
{
    let world = World::new().await;
    crash_after_claim(&world).await;
    let layer = world.leased(FaultPlan::none());
    assert_permanent(deliver(&layer, forged(), unreachable).await, "another payload");
    // The crashed attempt may have had its effect: the id belongs to its payload.
    world.pass(LEASE_OVER + TICK);
    assert_permanent(deliver(&layer, forged(), unreachable).await, "another payload");
    let transactional = world.transactional(FaultPlan::none());
    assert_permanent(deliver(&transactional, forged(), count).await, "another payload");
    assert_eq!(world.count("a").await, 0);
    assert_eq!(deliver(&layer, delivery(), count).await.unwrap(), counted());
    assert_permanent(deliver(&layer, forged(), unreachable).await, "another payload");
}

#[tokio::test]
async fn a_retention_shorter_than_the_lease_does_not_end_the_lease() {
    let world = World::new().await;
    let forgetful =
        |plan| IdempotencyLayer::leased(world.guard(plan).retention(Duration::from_secs(1)));
    let crashing = forgetful(FaultPlan::at(0, Fault::CrashAfter));
    retried_after(deliver(&crashing, delivery(), unreachable).await);
    world.pass(LEASE_OVER);
    let layer = forgetful(FaultPlan::none());
    assert_eq!(retried_after(deliver(&layer, delivery(), unreachable).await), Some(Duration::ZERO));
}

#[tokio::test]
async fn every_attempt_at_an_effect_has_the_same_key_and_knows_of_the_ones_before() {
    let world = World::new().await;
    let keys = Arc::new(Mutex::new(Vec::new()));
    let noted = keys.clone();
    let handler = move |attempt: Attempt<Delivery>| {
        let unit = counting(&attempt.request.envelope);
        noted.lock().unwrap().push((attempt.id, attempt.resumed));
        async move { Ok(unit) }
    };
    // The process dies between the effect and its completion.
    let crashing = world.leased(FaultPlan::at(1, Fault::CrashBefore));
    retried_after(deliver(&crashing, delivery(), handler.clone()).await);
    world.pass(LEASE_OVER + TICK);
    let reply = deliver(&world.leased(FaultPlan::none()), delivery(), handler).await;
    assert_eq!(reply.unwrap(), counted());
    let id = record_id(&delivery());
    assert_eq!(*keys.lock().unwrap(), [(id.clone(), false), (id, true)]);
}
