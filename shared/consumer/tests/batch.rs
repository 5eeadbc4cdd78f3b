//! Batches from queues in process: what is handled, what comes again and what is parked.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use consumer::{Consumer, ReplayPolicy};
use event_envelope::{DecodeError, Decoder, Delivery, Envelope, FromEnvelope, Version};
use local_sqs::{AttributeValue, ReceivedMessage};
use outcome::{Done, Failure};
use serde_json::{Value, json};
use support::{World, event};
use tower::{Service, service_fn};

/// The one type of event that is known here.
#[derive(Debug, PartialEq)]
struct Placed {
    order: String,
    number: u64,
}

impl FromEnvelope for Placed {
    fn from_envelope(envelope: &Envelope) -> Result<Self, DecodeError> {
        let Envelope { event_type, event_version: version, .. } = envelope;
        let known = Version::new(2, 0);
        if event_type != "Placed" {
            return Err(DecodeError::UnknownType(event_type.clone()));
        }
        if version.major > known.major {
            let event_type = event_type.clone();
            return Err(DecodeError::UnknownVersion { event_type, version: *version, known });
        }
        let number = envelope.sequence_number;
        Ok(Self { order: envelope.aggregate_id.to_string(), number })
    }
}

fn placed(order: &str, number: u64) -> Value {
    json!({
        "version": "0", "id": "1", "detail-type": "Placed", "source": "shop",
        "account": "000000000000", "time": "2025-11-17T10:30:00Z", "region": "us-east-1",
        "resources": [],
        "detail": {
            "eventId": format!("evt_{order}_{number}"), "eventType": "Placed",
            "eventVersion": "2.0", "timestamp": "2025-11-17T10:30:00Z", "source": "shop",
            "correlationId": format!("corr_{order}"), "aggregateId": order,
            "sequenceNumber": number, "data": {},
        }
    })
}

/// A handler that writes down what it was given and ends as `end` says.
fn handler(
    end: impl Fn(&Placed) -> Result<Done, Failure> + Clone,
) -> (
    impl Service<Delivery<Placed>, Response = Done, Error = Failure> + Clone,
    Arc<Mutex<Vec<String>>>,
) {
    let handled: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = Arc::clone(&handled);
    let service = service_fn(move |delivery: Delivery<Placed>| {
        let Placed { order, number } = &delivery.event;
        log.lock().unwrap().push(format!("{order} {number}"));
        let end = end(&delivery.event);
        // Lets the others go first, so that a wrong order shows.
        async move {
            tokio::task::yield_now().await;
            end
        }
    });
    (service, handled)
}

fn consumer<S>(world: &World, replay: ReplayPolicy, service: S) -> Consumer<S> {
    Consumer::new("shop", Decoder::new("orderId"), replay, world.parking(), service)
}

fn text<'a>(message: &'a ReceivedMessage, name: &str) -> Option<&'a str> {
    message.message_attributes.get(name).map(|attribute| match &attribute.value {
        AttributeValue::Text(text) => text.as_str(),
        AttributeValue::Binary(_) => panic!("{name} is binary"),
    })
}

/// Receives a batch, has it handled, and gives what is to come again.
async fn run<S>(world: &World, consumer: &Consumer<S>) -> Vec<String>
where
    S: Service<Delivery<Placed>, Response = Done, Error = Failure> + Clone,
{
    let batch = world.batch().await;
    let response = consumer.consume(batch.clone()).await;
    world.acknowledge(&batch, &response)
}

#[tokio::test]
async fn one_poison_record_of_ten_leaves_nine_done() {
    let world = World::new();
    let poison = "{\"not\":\t\"an event\", \u{e9}";
    for number in 1..=9 {
        world.send(placed("order-1", number).to_string());
        if number == 4 {
            world.send(poison);
        }
    }
    let (service, handled) = handler(|_| Ok(Done::Handled));
    let returned = run(&world, &consumer(&world, ReplayPolicy::Refuse, service)).await;

    assert!(returned.is_empty());
    assert_eq!(handled.lock().unwrap().len(), 9);
    assert_eq!(world.left(), 0);
    let parked = world.parked().await;
    assert_eq!(parked.len(), 1);
    assert_eq!(parked[0].body, poison, "byte for byte");
    assert!(text(&parked[0], "reason").unwrap().starts_with("body: "));
    assert_eq!(text(&parked[0], "consumer"), Some("shop"));
    assert_eq!(text(&parked[0], "receiveCount"), Some("1"));
    assert!(text(&parked[0], "messageId").is_some());
    assert_eq!(text(&parked[0], "eventId"), None, "there is none to know");
}

#[tokio::test]
async fn what_the_handler_finds_poisonous_is_parked_under_its_name() {
    let world = World::new();
    let body = placed("order-1", 1).to_string();
    world.send(&body);
    let (service, _) =
        handler(|_| Err(Failure::poison("a reason with\0 control\u{1b} characters")));
    assert!(run(&world, &consumer(&world, ReplayPolicy::Refuse, service)).await.is_empty());

    let parked = world.parked().await;
    assert_eq!(parked[0].body, body);
    assert_eq!(text(&parked[0], "eventId"), Some("evt_order-1_1"));
    assert_eq!(text(&parked[0], "correlationId"), Some("corr_order-1"));
    assert_eq!(
        text(&parked[0], "reason"),
        Some("a reason with\u{fffd} control\u{fffd} characters")
    );
}

#[tokio::test]
async fn a_newer_version_is_parked_and_an_unknown_type_is_not() {
    let world = World::new();
    let mut newer = placed("order-1", 1);
    newer["detail"]["eventVersion"] = "3.0".into();
    let mut unknown = placed("order-1", 2);
    unknown["detail"]["eventType"] = "Unheard".into();
    unknown["detail-type"] = "Unheard".into();
    world.send(newer.to_string());
    world.send(unknown.to_string());
    let (service, handled) = handler(|_| Ok(Done::Handled));
    assert!(run(&world, &consumer(&world, ReplayPolicy::Refuse, service)).await.is_empty());

    assert!(handled.lock().unwrap().is_empty());
    let parked = world.parked().await;
    assert_eq!(parked.len(), 1);
    assert!(text(&parked[0], "reason").unwrap().contains("3.0 is newer"));
}

#[tokio::test]
async fn what_cannot_be_parked_stays_in_its_queue() {
    let world = World::new();
    world.close_parking();
    world.send("poison");
    world.send(placed("order-1", 1).to_string());
    let (service, handled) = handler(|_| Ok(Done::Handled));
    let returned = run(&world, &consumer(&world, ReplayPolicy::Refuse, service)).await;

    assert_eq!(returned, ["poison"]);
    assert_eq!(world.left(), 1);
    assert_eq!(*handled.lock().unwrap(), ["order-1 1"]);
}

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
    assert!(world.parked().await.is_empty());
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
        assert!(world.parked().await.is_empty());
    }
}

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
    assert_eq!(world.parked().await[0].body, "poison");
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
    // An empty id tells Lambda to bring the whole batch again.
    let ids: Vec<_> = response.batch_item_failures.iter().map(|it| &it.item_identifier).collect();
    assert_eq!(ids, ["same", ""]);
    assert!(consumer.consume(event(vec![])).await.batch_item_failures.is_empty());
}
