//! One guard for each record of a batch: queues of both kinds, and a table's stream.

use std::sync::{Arc, Mutex};

use aws_lambda_events::{
    dynamodb::{self, EventRecord},
    sqs::{SqsEvent, SqsMessage},
};
use idempotency::{Attempt, IdempotencyLayer, Keyed, UnitOfWork};
use lambda::batch::{LeaveToRedrive, Queue, TableStream};
use local_dynamodb::FaultPlan;
use runtime::{Done, Failure};
use serde_json::{Value, json};
use tower::{Service, ServiceBuilder};

use crate::{handlers::count_up, world::World};

/// Who was handled, in order, and who is to fail the first time.
#[derive(Clone, Default)]
struct Handler {
    handled: Arc<Mutex<Vec<String>>>,
    failing: Arc<Mutex<Vec<&'static str>>>,
}

impl Handler {
    fn failing(names: &[&'static str]) -> Self {
        Self { failing: Arc::new(Mutex::new(names.to_vec())), ..Self::default() }
    }

    fn handle<T: Keyed>(&self, attempt: &Attempt<T>) -> Result<UnitOfWork<()>, Failure> {
        let key = attempt.request.idempotency_key();
        let mut failing = self.failing.lock().unwrap();
        if let Some(position) = failing.iter().position(|name| *name == key) {
            failing.remove(position);
            return Err(Failure::retry("not now"));
        }
        self.handled.lock().unwrap().push(key);
        Ok(UnitOfWork::new(()).write(count_up("a")))
    }

    fn handled(&self) -> Vec<String> {
        self.handled.lock().unwrap().clone()
    }
}

fn service<T>(
    world: &World,
    leased: bool,
    handler: &Handler,
) -> impl Service<T, Response = Done, Error = Failure, Future: Send> + Clone
where
    T: Keyed + Clone + Send + Sync + 'static,
{
    let guard = world.guard(FaultPlan::none());
    let layer = if leased {
        IdempotencyLayer::leased(guard)
    } else {
        IdempotencyLayer::transactional(guard)
    };
    let handler = handler.clone();
    ServiceBuilder::new().map_response(Done::from).layer(layer).service_fn(move |attempt| {
        let unit = handler.handle(&attempt);
        async move { unit }
    })
}

/// Messages of one letter and a number: the letter is their key or group.
fn messages(queue: &str, names: &[&str]) -> SqsEvent {
    let message = |name: &&str| {
        json!({
            "messageId": name,
            "body": "{}",
            "eventSourceARN": format!("arn:aws:sqs:us-east-1:1:{queue}"),
            "attributes": { "MessageGroupId": name[..1] },
        })
    };
    let records: Vec<Value> = names.iter().map(message).collect();
    serde_json::from_value(json!({ "Records": records })).unwrap()
}

async fn receive(queue: &str, world: &World, handler: &Handler, names: &[&str]) -> Vec<String> {
    let letter = |message: &SqsMessage| message.message_id.as_ref().map(|id| id[..1].to_owned());
    let queue_of = Queue::new(service(world, false, handler)).key(letter);
    let response = queue_of.handle(messages(queue, names)).await;
    response.batch_item_failures.into_iter().map(|it| it.item_identifier).collect()
}

#[tokio::test]
async fn a_standard_queue_has_a_guard_for_each_record() {
    let (world, handler) = (World::new().await, Handler::failing(&["a2"]));
    let batch = ["a1", "b1", "a2", "a3", "b1", "a1"];
    assert_eq!(receive("q", &world, &handler, &batch).await, ["a2"]);
    assert_eq!(world.count("a").await, 3, "a1, b1 and a3, once each");
    assert_eq!(receive("q", &world, &handler, &["a2", "a1"]).await, [""; 0]);
    assert_eq!(world.count("a").await, 4);
    let of_a: Vec<_> = handler.handled().into_iter().filter(|it| it.starts_with('a')).collect();
    // In order; a duplicate is decided on, and its decision discarded.
    assert_eq!(of_a, ["a1", "a3", "a1", "a2", "a1"]);
}

#[tokio::test]
async fn a_fifo_queue_keeps_the_order_of_a_group_behind_a_failure() {
    let (world, handler) = (World::new().await, Handler::failing(&["a2"]));
    let batch = ["a1", "b1", "a2", "a3", "b2"];
    assert_eq!(receive("q.fifo", &world, &handler, &batch).await, ["a2", "a3"]);
    assert_eq!(world.count("a").await, 3);
    assert_eq!(receive("q.fifo", &world, &handler, &["a2", "a3"]).await, [""; 0]);
    assert_eq!(world.count("a").await, 5);
    let of_a: Vec<_> = handler.handled().into_iter().filter(|it| it.starts_with('a')).collect();
    assert_eq!(of_a, ["a1", "a2", "a3"]);
}

/// Changes of items; the sequence number is the place in the batch.
fn changes(names: &[&str], from: usize) -> dynamodb::Event {
    let change = |(position, name): (usize, &&str)| {
        json!({
            "eventID": name,
            "eventName": "MODIFY",
            "awsRegion": "us-east-1",
            "eventSourceARN": "arn:aws:dynamodb:us-east-1:1:table/t/stream/s",
            "dynamodb": {
                "Keys": { "id": { "S": name[..1] } },
                "SequenceNumber": position.to_string(),
                "SizeBytes": 1,
                "StreamViewType": "KEYS_ONLY",
            },
        })
    };
    let records: Vec<Value> = names.iter().enumerate().skip(from).map(change).collect();
    serde_json::from_value(json!({ "Records": records })).unwrap()
}

#[tokio::test]
async fn a_stream_brings_again_what_is_behind_a_failure_and_the_guard_knows_it() {
    for leased in [false, true] {
        let (world, handler) = (World::new().await, Handler::failing(&["a2"]));
        let service = service::<EventRecord>(&world, leased, &handler);
        let stream = TableStream::new(service, LeaveToRedrive);
        let names = ["a1", "b1", "a2", "b2", "a3"];
        let response = stream.handle(changes(&names, 0)).await;
        let failed = response.batch_item_failures[0].item_identifier.as_deref();
        assert_eq!(failed, Some("2"), "a2");
        assert_eq!(world.count("a").await, 3, "a1, b1 and b2");
        // Lambda brings again everything from there.
        let response = stream.handle(changes(&names, 2)).await;
        assert!(response.batch_item_failures.is_empty());
        assert_eq!(world.count("a").await, 5, "b2 was known");
        let of_a: Vec<_> = handler.handled().into_iter().filter(|it| it.starts_with('a')).collect();
        assert_eq!(of_a, ["a1", "a2", "a3"]);
    }
}
