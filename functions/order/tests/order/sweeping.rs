//! Orders that wait for too long.

use order::handler::Orders;
use std::time::Duration;

use catalogue::Awaited;
use event_envelope::{AggregateId, instant};
use event_store::SHARDS;
use local_dynamodb::FaultPlan;
use order::{
    deadlines::deadline,
    sweeper::{ACTOR, PAGE, RESERVE, REST, Swept},
};
use runtime::{Clock, Done, with_deadline};
use serde_json::json;
use testkit::{cases, deliver, permutations};

use crate::{
    deliveries::{declined, paid, shipped},
    request::cancel,
    world::{DEADLINES, NOW, World, at_once, id, meanwhile},
};

const UNPAID: [&str; 3] = ["OrderCreated", "OrderTimedOut", "OrderCancelled(timedOut)"];
const UNSHIPPED: [&str; 4] =
    ["OrderCreated", "OrderPaid", "OrderTimedOut", "OrderCancelled(timedOut)"];
const SHIPPED: [&str; 4] = ["OrderCreated", "OrderPaid", "OrderShipped", "OrderCompleted"];

const PAY: u64 = DEADLINES.pay_within;
/// Orders of these tests are paid at the time at which they are placed.
const SHIP: u64 = DEADLINES.ship_within;

fn swept() -> Swept {
    Swept::default()
}

#[tokio::test]
async fn an_order_that_is_not_paid_in_time_is_cancelled_once() {
    let world = World::new().await;
    let order = world.placed("key-1").await;
    assert_eq!(world.due_at(&order).await, Some(instant(deadline(NOW, PAY))));
    assert_eq!(world.sweep_after(PAY - 1).await, swept());
    assert_eq!(world.history(&order).await, ["OrderCreated"]);

    assert_eq!(world.sweep_after(PAY).await, Swept { timed_out: 1, ..swept() });
    assert_eq!(world.history(&order).await, UNPAID);
    assert_eq!(world.due_at(&order).await, None);
    assert_eq!(world.sweep_after(PAY + 60).await, swept());
    assert_eq!(world.history(&order).await, UNPAID);
}

#[tokio::test]
async fn the_sweepers_events_follow_from_what_the_order_has_waited_since() {
    let world = World::new().await;
    for (key, inputs, seconds, awaited) in [
        ("key-1", vec![], PAY, Awaited::Payment),
        ("key-2", vec![paid as fn(&AggregateId) -> _], SHIP, Awaited::Shipment),
    ] {
        let order = world.placed(key).await;
        for input in inputs {
            world.deliver(&input(&order)).await.unwrap();
        }
        world.sweep_after(PAY).await;
        world.sweep_after(seconds).await;
        let stream = world.stream(&order).await;
        let (since, events) = stream.split_at(stream.len() - 2);
        let since = since.last().unwrap();
        let data = json!({ "orderId": order, "awaited": awaited, "within": seconds });
        assert_eq!(events[0].data, data);
        for event in events {
            assert_eq!(event.timestamp, deadline(NOW, seconds));
            assert_eq!(event.causation_id.as_ref(), Some(&since.event_id));
            assert_eq!(event.correlation_id, stream[0].correlation_id);
            assert_eq!(event.metadata.actor.as_deref(), Some(ACTOR));
            assert_eq!(event.metadata.depth, since.metadata.depth + 1);
        }
    }
}

#[tokio::test]
async fn an_order_that_is_paid_in_time_has_time_to_be_shipped() {
    let world = World::new().await;
    let order = world.placed("key-1").await;
    world.deliver(&paid(&order)).await.unwrap();
    assert_eq!(world.sweep_after(PAY).await, Swept { waiting: 1, ..swept() });
    assert_eq!(world.due_at(&order).await, Some(instant(deadline(NOW, SHIP))));
    assert_eq!(world.sweep_after(SHIP - 1).await, swept());
    assert_eq!(world.history(&order).await, ["OrderCreated", "OrderPaid"]);

    assert_eq!(world.sweep_after(SHIP).await, Swept { timed_out: 1, ..swept() });
    assert_eq!(world.history(&order).await, UNSHIPPED);
    assert_eq!(world.due_at(&order).await, None);
}

#[tokio::test]
async fn an_order_that_is_done_or_off_is_not_checked_again() {
    let world = World::new().await;
    let [done, off] = [world.placed("key-1").await, world.placed("key-2").await];
    for event in [paid(&done), shipped(&done), declined(&off)] {
        world.deliver(&event).await.unwrap();
    }
    assert_eq!(world.sweep_after(PAY).await, Swept { settled: 2, ..swept() });
    for order in [&done, &off] {
        assert_eq!(world.due_at(order).await, None);
    }
    assert_eq!(world.sweep_after(SHIP).await, swept());
    assert_eq!(world.history(&done).await, SHIPPED);
}

#[tokio::test]
async fn an_order_that_was_placed_before_there_were_marks_can_be_marked_by_hand() {
    let world = World::new().await;
    let order = world.placed("key-1").await;
    world
        .change(&order, "REMOVE sweepShard SET lookAt = :at", json!({ ":at": { "S": "0" } }))
        .await;
    assert_eq!(world.sweep_after(SHIP).await, swept());
    let shard = json!({ ":shard": { "S": "ORDER#0" } });
    world.change(&order, "SET sweepShard = :shard", shard).await;
    assert_eq!(world.sweep_after(PAY - 1).await, Swept { waiting: 1, ..swept() });
    assert_eq!(world.sweep_after(PAY).await, Swept { timed_out: 1, ..swept() });
    assert_eq!(world.history(&order).await, UNPAID);
}

/// Every kind of order that a sweep after [`SHIP`] finds, and what becomes of it.
async fn every_kind(world: &World) -> [(AggregateId, &'static [&'static str]); 4] {
    let orders = ["unpaid", "unshipped", "shipped", "cancelled"].map(|key| world.placed(key));
    let [unpaid, unshipped, done, off] = orders;
    let unpaid = unpaid.await;
    let unshipped = unshipped.await;
    let done = done.await;
    let off = off.await;
    for event in [paid(&unshipped), paid(&done), shipped(&done)] {
        world.deliver(&event).await.unwrap();
    }
    assert_eq!(world.ask(&cancel(off.as_str())).await.status, 200);
    let cancelled = &["OrderCreated", "OrderCancelled(customerRequest)"];
    [(unpaid, &UNPAID), (unshipped, &UNSHIPPED), (done, &SHIPPED), (off, cancelled)]
}

#[tokio::test]
async fn whatever_fails_every_late_order_is_cancelled_once() {
    let late = Clock::fixed(deadline(NOW, SHIP));
    let world = World::new().await;
    every_kind(&world).await;
    let calls = FaultPlan::none();
    let all = Swept { timed_out: 2, settled: 2, ..swept() };
    assert_eq!(world.sweeper(calls.clone(), late.clone()).sweep().await, all);

    for case in cases(&calls) {
        let world = World::new().await;
        let orders = every_kind(&world).await;
        let first = world.sweeper(case.plan(), late.clone()).sweep().await;
        let second = world.sweeper(FaultPlan::none(), late.clone()).sweep().await;
        assert_eq!(second.failed, 0, "{case}");
        assert!(first.failed > 0 || second == swept(), "{case}: {first:?}, then {second:?}");
        for (order, history) in orders {
            assert_eq!(world.history(&order).await, history, "{case}");
            assert_eq!(world.due_at(&order).await, None, "{case}");
        }
    }
}

#[tokio::test]
async fn two_sweepers_at_once_call_an_order_off_once() {
    let world = World::new().await;
    let orders = every_kind(&world).await;
    let sweep = |milliseconds| {
        let clock = Clock::fixed(deadline(NOW, SHIP) + Duration::from_millis(milliseconds));
        let sweeper = world.sweeper(FaultPlan::none(), clock);
        async move { sweeper.sweep().await }
    };
    let (one, other) = at_once(sweep(0), sweep(1)).await;
    assert_eq!(one.failed + other.failed, 0, "{one:?}, {other:?}");
    assert_eq!(one.timed_out + other.timed_out, 2, "{one:?}, {other:?}");
    world.sweep_after(SHIP).await;
    for (order, history) in orders {
        assert_eq!(world.history(&order).await, history);
        assert_eq!(world.due_at(&order).await, None);
    }
}

/// The sweeper asks for the time when it begins, when it reads the order, and when it has
/// decided to call it off.
#[tokio::test]
async fn an_order_that_is_paid_while_it_is_swept_is_paid() {
    for turn in 0..3 {
        let world = World::new().await;
        let order = world.placed("key-1").await;
        let customer = (world.clone(), order.clone());
        let clock = meanwhile(turn, deadline(NOW, PAY), move || {
            let (world, order) = customer.clone();
            async move { _ = world.deliver(&paid(&order)).await.unwrap() }
        });
        let first = world.sweeper(FaultPlan::none(), clock).sweep().await;
        assert_eq!(first, Swept { waiting: 1, ..swept() }, "turn {turn}");
        assert_eq!(world.history(&order).await, ["OrderCreated", "OrderPaid"], "turn {turn}");
        // The entry has survived that, and leads to the next deadline.
        world.sweep_after(PAY + 60).await;
        assert_eq!(world.due_at(&order).await, Some(instant(deadline(NOW, SHIP))));
        assert_eq!(world.sweep_after(SHIP).await, Swept { timed_out: 1, ..swept() });
    }
}

#[tokio::test]
async fn a_payment_that_is_recorded_while_its_order_is_cancelled_changes_nothing() {
    let world = World::new().await;
    let order = world.placed("key-1").await;
    let sweeper = world.clone();
    let clock = meanwhile(0, NOW, move || {
        let world = sweeper.clone();
        async move { assert_eq!(world.sweep_after(PAY).await.timed_out, 1) }
    });
    let delivered =
        deliver(&Orders::new(world.store(FaultPlan::none()), clock.clone()), &paid(&order)).await;
    assert_eq!(delivered.unwrap(), Done::Duplicate);
    assert_eq!(world.history(&order).await, UNPAID);
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Pay,
    Ship,
    Sweep(u64),
}

#[tokio::test]
async fn in_any_order_of_events_and_sweeps_an_order_has_one_end() {
    let steps = [Step::Pay, Step::Ship, Step::Sweep(PAY), Step::Sweep(SHIP)];
    for (number, steps) in permutations(&steps).into_iter().enumerate() {
        let world = World::new().await;
        let order = world.placed(&format!("key-{number}")).await;
        let mut early = false;
        for step in &steps {
            match step {
                Step::Pay => _ = world.deliver(&paid(&order)).await.unwrap(),
                Step::Ship => early = world.deliver(&shipped(&order)).await.is_err(),
                Step::Sweep(seconds) => assert_eq!(world.sweep_after(*seconds).await.failed, 0),
            }
        }
        if early {
            world.deliver(&shipped(&order)).await.unwrap();
        }
        world.sweep_after(SHIP).await;
        let history = world.history(&order).await;
        let ends = history
            .iter()
            .filter(|it| it.starts_with("OrderCompleted") || it.starts_with("OrderCancelled"));
        assert_eq!(ends.count(), 1, "{steps:?}: {history:?}");
        assert_eq!(world.due_at(&order).await, None, "{steps:?}");
    }
}

#[tokio::test]
async fn an_unreadable_order_does_not_hold_the_others_and_is_not_forgotten() {
    let world = World::new().await;
    let damaged = world.placed("damaged").await;
    let others = [world.placed("key-1").await, world.placed("key-2").await];
    let unknown = json!({ ":type": { "S": "OrderLost" } });
    world.change(&damaged, "SET eventType = :type", unknown).await;
    let rest = u64::try_from(REST.whole_seconds()).unwrap();
    let late = PAY + 1;
    assert_eq!(world.sweep_after(late).await, Swept { timed_out: 2, failed: 1, ..swept() });
    for order in &others {
        assert_eq!(world.history(order).await, UNPAID);
    }
    assert_eq!(world.sweep_after(late + rest - 1).await, swept());
    assert_eq!(world.sweep_after(late + rest).await, Swept { failed: 1, ..swept() });
    // An operator has repaired it.
    let known = json!({ ":type": { "S": "OrderCreated" } });
    world.change(&damaged, "SET eventType = :type", known).await;
    assert_eq!(world.sweep_after(late + 2 * rest).await, Swept { timed_out: 1, ..swept() });
    assert_eq!(world.history(&damaged).await, UNPAID);
}

#[tokio::test]
async fn a_mark_that_leads_nowhere_does_not_hold_the_others() {
    let world = World::new().await;
    let order = world.placed("key-1").await;
    world.mark_nothing().await;
    assert_eq!(world.sweep_after(PAY).await, Swept { timed_out: 1, failed: 1, ..swept() });
    assert_eq!(world.history(&order).await, UNPAID);
}

#[tokio::test]
async fn a_sweep_reads_every_page() {
    let world = World::new().await;
    // One shard at least has more than a page.
    let count = u32::from(PAGE) * u32::from(SHARDS) + 1;
    for number in 0..count {
        world.create(&id(&format!("order-{number}"))).await;
    }
    assert_eq!(world.sweep_after(PAY * 10).await, Swept { timed_out: count, ..swept() });
    assert_eq!(world.sweep_after(PAY * 10).await, swept());
}

#[tokio::test]
async fn a_sweep_ends_before_its_time_does_and_the_next_one_goes_on() {
    let world = World::new().await;
    let order = world.placed("key-1").await;
    let too_little = RESERVE - Duration::from_millis(1);
    let swept_in = with_deadline(too_little, world.sweep_after(PAY)).await;
    assert_eq!(swept_in, Swept { unfinished: 1, ..swept() });
    assert_eq!(world.history(&order).await, ["OrderCreated"]);
    let enough = with_deadline(RESERVE * 10, world.sweep_after(PAY)).await;
    assert_eq!(enough, Swept { timed_out: 1, ..swept() });
}
