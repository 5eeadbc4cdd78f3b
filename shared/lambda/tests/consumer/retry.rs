use std::time::Duration;

use lambda::ReplayPolicy;
use runtime::{Done, Failure};
use serde_json::{Value, json};

use crate::{
    queues::{World, event},
    shop::{consumer, handler, placed, run},
};

#[tokio::test]
async fn an_event_that_is_early_comes_again_soon() {
    let world = World::new();
    world.send(placed("order-1", 1).to_string());
    world.send(placed("order-2", 1).to_string());
    let (service, handled) = handler(|event| match event.order.as_str() {
        "order-1" => Err(Failure::retry_after("not now", Duration::ZERO)),
        _ => Err(Failure::retry("not yet")),
    });
    let consumer = consumer(&world, ReplayPolicy::Refuse, service);
    assert_eq!(run(&world, &consumer).await.len(), 2);
    let mut delays = world.delays();
    delays.sort_unstable();
    assert_eq!(delays, [0, 1]);

    // The first one is there again at once, long before the queue's visibility timeout.
    assert_eq!(run(&world, &consumer).await.len(), 1);
    assert_eq!(handled.lock().unwrap().len(), 3);
    assert_eq!(handled.lock().unwrap()[2], "order-1 1");
    assert!(world.dead_lettered().await.is_empty());
}

#[tokio::test]
async fn each_receive_doubles_the_delay() {
    let world = World::new();
    let record = |count: &str| {
        event(vec![json!({
            "messageId": "m", "body": placed("order-1", 1).to_string(), "receiptHandle": "stale",
            "attributes": { "ApproximateReceiveCount": count },
        })])
    };
    let (service, _) = handler(|_| Err(Failure::retry("not yet")));
    let consumer = consumer(&world, ReplayPolicy::Refuse, service);
    for count in ["1", "2", "5", "40"] {
        // SQS does not know the handle: nothing comes of that but a later retry.
        let response = consumer.consume(record(count)).await;
        assert_eq!(response.batch_item_failures.len(), 1);
    }
    assert_eq!(world.delays(), [1, 2, 16, 120]);
}

#[tokio::test]
async fn a_replay_reaches_only_those_who_accept_it() {
    for (policy, deliveries) in [(ReplayPolicy::Refuse, 0), (ReplayPolicy::Accept, 1)] {
        let world = World::new();
        let mut replayed = placed("order-1", 1);
        replayed["replay-name"] = "friday".into();
        world.send(replayed.to_string());
        let (service, handled) = handler(|_| Ok(Done::Handled));
        assert!(run(&world, &consumer(&world, policy, service)).await.is_empty());
        assert_eq!(handled.lock().unwrap().len(), deliveries);
        assert!(world.dead_lettered().await.is_empty());
    }
}

#[tokio::test]
async fn ids_that_are_missing_or_double_lose_nothing() {
    let world = World::new();
    let record = |id: Value, number: u64| json!({ "messageId": id, "body": placed("order-1", number).to_string(), "attributes": {} });
    let (service, handled) = handler(|event| match event.number {
        4 => Ok(Done::Handled),
        _ => Err(Failure::retry("not yet")),
    });
    let records = vec![
        record("same".into(), 1),
        record("same".into(), 2),
        record(Value::Null, 3),
        record("other".into(), 4),
    ];
    let consumer = consumer(&world, ReplayPolicy::Refuse, service);
    let response = consumer.consume(event(records)).await;

    assert_eq!(handled.lock().unwrap().len(), 4);
    // On an empty id Lambda delivers the whole batch again.
    let ids: Vec<_> = response.batch_item_failures.iter().map(|it| &it.item_identifier).collect();
    assert_eq!(ids, ["same", ""]);
    assert!(consumer.consume(event(vec![])).await.batch_item_failures.is_empty());
}
