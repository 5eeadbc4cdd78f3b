use std::{
    future::ready,
    sync::{Arc, Mutex},
};

use event_envelope::Delivery;
use lambda::ReplayPolicy;
use runtime::{Done, Failure};
use tower::service_fn;

use crate::{
    queues::World,
    shop::{Placed, consumer, handler, placed, run},
};

#[tokio::test]
async fn an_aggregate_keeps_its_order_and_a_failure_does_not_stop_it() {
    let world = World::new();
    for number in 1..=6 {
        for order in ["order-1", "order-2", "order-3"] {
            world.send(placed(order, number).to_string());
        }
    }
    let (service, handled) = handler(|event| match event {
        Placed { number: 2, .. } => Err(Failure::retry("not yet")),
        Placed { .. } => Ok(Done::Handled),
    });
    let returned = run(&world, &consumer(&world, ReplayPolicy::Refuse, service)).await;

    assert_eq!(returned.len(), 3);
    let handled = handled.lock().unwrap();
    assert_eq!(handled.len(), 18, "more than ten records are one batch");
    for order in ["order-1", "order-2", "order-3"] {
        let numbers: Vec<_> = handled.iter().filter_map(|it| it.strip_prefix(order)).collect();
        assert_eq!(numbers, [" 1", " 2", " 3", " 4", " 5", " 6"]);
    }
    assert_ne!(handled[1], "order-1 2", "aggregates do not wait for each other");
}

#[tokio::test]
async fn a_fifo_group_stops_at_its_first_failure() {
    let world = World::fifo();
    for number in 1..=3 {
        world.send_to_group("a", placed("order-1", number).to_string());
        world.send_to_group("b", placed("order-2", number).to_string());
    }
    let (service, handled) = handler(|event| match (event.order.as_str(), event.number) {
        ("order-1", 2) => Err(Failure::retry("not yet")),
        _ => Ok(Done::Handled),
    });
    let returned = run(&world, &consumer(&world, ReplayPolicy::Refuse, service)).await;

    let expected = [placed("order-1", 2), placed("order-1", 3)].map(|event| event.to_string());
    assert_eq!(returned, expected);
    assert_eq!(handled.lock().unwrap().len(), 5);
    assert!(!handled.lock().unwrap().contains(&"order-1 3".to_owned()));
    assert_eq!(world.delays(), [1, 1], "the group becomes visible as one");
}

#[tokio::test]
async fn a_fifo_group_goes_on_behind_what_was_parked() {
    let world = World::fifo();
    world.send_to_group("a", "poison");
    world.send_to_group("a", placed("order-1", 1).to_string());
    let (service, handled) = handler(|_| Ok(Done::Handled));
    assert!(run(&world, &consumer(&world, ReplayPolicy::Refuse, service)).await.is_empty());
    assert_eq!(*handled.lock().unwrap(), ["order-1 1"]);
    assert_eq!(world.dead_lettered().await[0].body, "poison");
}

#[tokio::test]
async fn a_group_on_a_standard_queue_keeps_nothing_back() {
    let world = World::new();
    world.send_to_group("a", placed("order-1", 1).to_string());
    world.send_to_group("a", placed("order-1", 2).to_string());
    let (service, handled) = handler(|_| Err(Failure::retry("not yet")));
    assert_eq!(run(&world, &consumer(&world, ReplayPolicy::Refuse, service)).await.len(), 2);
    assert_eq!(handled.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn records_of_one_aggregate_wait_for_each_other_and_no_others() {
    let world = World::new();
    for number in 1..=3 {
        for order in ["order-1", "order-2"] {
            world.send(placed(order, number).to_string());
        }
    }
    let log: Arc<Mutex<Vec<String>>> = Arc::default();
    let service = service_fn(|delivery: Delivery<Placed>| {
        let (log, Placed { order, number }) = (Arc::clone(&log), delivery.event);
        async move {
            log.lock().unwrap().push(format!("{order} begins {number}"));
            tokio::task::yield_now().await;
            log.lock().unwrap().push(format!("{order} ends {number}"));
            Ok(Done::Handled)
        }
    });
    run(&world, &consumer(&world, ReplayPolicy::Refuse, service)).await;

    let log = log.lock().unwrap();
    for order in ["order-1", "order-2"] {
        let of_order: Vec<_> = log.iter().filter_map(|it| it.strip_prefix(order)).collect();
        let expected = [" begins 1", " ends 1", " begins 2", " ends 2", " begins 3", " ends 3"];
        assert_eq!(of_order, expected);
    }
    assert_eq!(log[..2], ["order-1 begins 1", "order-2 begins 1"]);
}

#[tokio::test]
async fn a_batch_may_be_consumed_on_any_thread() {
    let world = World::new();
    world.send(placed("order-1", 1).to_string());
    let service = service_fn(|_: Delivery<Placed>| ready(Ok(Done::Handled)));
    let consumer = consumer(&world, ReplayPolicy::Refuse, service);
    let batch = world.batch().await;
    assert_eq!(batch.records.len(), 1);
    let consuming = tokio::spawn(async move { consumer.consume(batch).await });
    assert!(consuming.await.unwrap().batch_item_failures.is_empty());
}
