//! Everything again, with a fault at every call to the database.

use catalogue::Event;
use event_envelope::{AggregateId, Delivery};
use local_dynamodb::FaultPlan;
use runtime::Done;
use testkit::{
    Case, cases,
    http::{Answer, Request},
};

use crate::{
    deliveries::{declined, paid, refunded, shipped, short, undeliverable},
    request::{books_order, cancel, order_id, place},
    world::{World, id},
};

/// Asks a process that meets the fault, and when that does not answer well, another one.
///
/// An answer that refuses for now has the time to ask again.
async fn ask_until_answered(world: &World, request: &Request, case: Case) -> Answer {
    let first = world.ask_with(case.plan(), request).await;
    let again = world.ask(request).await;
    if first.status == 503 {
        assert_eq!(first.headers["retry-after"], "1", "{case}");
    } else {
        assert_eq!((first.status, &first.text), (again.status, &again.text));
        let replayed = &first.headers["idempotency-replayed"];
        assert!(replayed.is_null(), "what it wrote itself is no repetition");
    }
    again
}

#[tokio::test]
async fn an_order_is_placed_once_whatever_fails() {
    let world = World::new().await;
    let calls = FaultPlan::none();
    world.ask_with(calls.clone(), &place(&books_order())).await;
    for (index, case) in cases(&calls).into_iter().enumerate() {
        let request = place(&books_order())
            .header("idempotency-key", &format!("key-{case}").replace(' ', "-"));
        let answer = ask_until_answered(&world, &request, case).await;
        assert_eq!(answer.status, 201, "{case}: {}", answer.text);
        assert_eq!(world.history(&id(&order_id(&answer))).await, ["OrderCreated"], "{case}");
        assert_eq!(world.events().await, index as u64 + 2, "{case}");
    }
}

#[tokio::test]
async fn what_was_acknowledged_is_stored() {
    let world = World::new().await;
    let calls = FaultPlan::none();
    world.ask_with(calls.clone(), &place(&books_order())).await;
    for case in cases(&calls) {
        let world = World::new().await;
        let answer = world.ask_with(case.plan(), &place(&books_order())).await;
        if answer.status == 201 {
            assert_eq!(world.history(&id(&order_id(&answer))).await, ["OrderCreated"]);
        } else {
            answer.problem(503);
        }
    }
}

#[tokio::test]
async fn an_order_is_cancelled_once_whatever_fails() {
    let world = World::new().await;
    let calls = FaultPlan::none();
    let order = world.placed("key-0").await;
    world.ask_with(calls.clone(), &cancel(order.as_str())).await;
    for case in cases(&calls) {
        let order = world.placed(&format!("key-{case}").replace(' ', "-")).await;
        let answer = ask_until_answered(&world, &cancel(order.as_str()), case).await;
        assert_eq!(answer.status, 200, "{case}: {}", answer.text);
        let history = ["OrderCreated", "OrderCancelled(customerRequest)"];
        assert_eq!(world.history(&order).await, history, "{case}");
    }
}

/// What has happened, and the event that is delivered then.
type Story = (&'static [fn(&AggregateId) -> Delivery<Event>], fn(&AggregateId) -> Delivery<Event>);

const STORIES: &[Story] = &[
    (&[], paid),
    (&[], declined),
    (&[], refunded),
    (&[], short),
    (&[], undeliverable),
    (&[paid], shipped),
    (&[paid], undeliverable),
    (&[paid], refunded),
];

/// The history of an order to which `story` happens, the last of it to a process that meets `plan`.
async fn run(world: &World, story: &Story, key: &str, plan: FaultPlan) -> Vec<String> {
    let order = world.placed(key).await;
    let (before, event) = story;
    for earlier in *before {
        world.deliver(&earlier(&order)).await.unwrap();
    }
    let delivery = event(&order);
    match world.deliver_with(plan, &delivery).await {
        Ok(done) => assert_eq!(done, Done::Handled),
        Err(failure) => {
            assert!(failure.is_retry(), "{failure}");
            world.deliver(&delivery).await.unwrap();
        }
    }
    assert_eq!(world.deliver(&delivery).await.unwrap(), Done::Duplicate);
    world.history(&order).await
}

#[tokio::test]
async fn events_take_effect_once_whatever_fails() {
    let world = World::new().await;
    for (number, story) in STORIES.iter().enumerate() {
        let calls = FaultPlan::none();
        let expected = run(&world, story, &format!("key-{number}"), calls.clone()).await;
        for case in cases(&calls) {
            let key = format!("key-{number}-{case}").replace(' ', "-");
            let history = run(&world, story, &key, case.plan()).await;
            assert_eq!(history, expected, "story {number}, {case}");
        }
    }
}
