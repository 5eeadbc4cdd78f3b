//! A bus with targets that remember, and fail on demand.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use local_core::{AwsError, Bytes, Service};
use local_eventbridge::{
    ArchiveSpec, Attribute, Backoff, BusSpec, Deliver, Delivery, DeliveryError, EventBridge,
    Options, RetryPolicy, RuleSpec, TargetSpec, Topology,
};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

pub(crate) const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:inventory";
pub(crate) const DEAD_LETTERS: &str = "arn:aws:sqs:us-east-1:000000000000:inventory-dlq";

/// What a target answers to the nth attempt (from 0) at anything.
type Answer = fn(usize) -> Result<(), DeliveryError>;

/// A dead letter: its queue, the event, the attributes.
pub(crate) type DeadLetter = (String, Value, Vec<Attribute>);

pub(crate) struct Targets {
    answer: Answer,
    attempts: Mutex<usize>,
    pub(crate) received: Mutex<Vec<(String, Value)>>,
    pub(crate) dead_letters: Mutex<Vec<DeadLetter>>,
    /// An attempt takes one permit and keeps it.
    pub(crate) gate: Semaphore,
}

impl Targets {
    pub(crate) fn answering(answer: Answer) -> Arc<Self> {
        Arc::new(Self {
            answer,
            attempts: Mutex::default(),
            received: Mutex::default(),
            dead_letters: Mutex::default(),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
        })
    }

    pub(crate) fn accepting() -> Arc<Self> {
        Self::answering(|_| Ok(()))
    }

    /// The `detail.n` of every event received, in order.
    pub(crate) fn numbers(&self) -> Vec<u64> {
        let received = self.received.lock().unwrap();
        received.iter().map(|(_, event)| event["detail"]["n"].as_u64().unwrap()).collect()
    }
}

impl Deliver for Targets {
    fn deliver<'a>(&'a self, target_arn: &'a str, event: &'a str) -> Delivery<'a> {
        Box::pin(async move {
            self.gate.acquire().await.unwrap().forget();
            let attempt = {
                let mut attempts = self.attempts.lock().unwrap();
                *attempts += 1;
                *attempts - 1
            };
            (self.answer)(attempt)?;
            let event = serde_json::from_str(event).unwrap();
            self.received.lock().unwrap().push((target_arn.to_owned(), event));
            Ok(())
        })
    }

    fn dead_letter<'a>(
        &'a self,
        queue_arn: &'a str,
        event: &'a str,
        attributes: &'a [Attribute],
    ) -> Delivery<'a> {
        Box::pin(async move {
            let event = serde_json::from_str(event).unwrap();
            let letter = (queue_arn.to_owned(), event, attributes.to_vec());
            self.dead_letters.lock().unwrap().push(letter);
            Ok(())
        })
    }
}

pub(crate) fn target(id: &str) -> TargetSpec {
    TargetSpec {
        id: id.to_owned(),
        arn: QUEUE.to_owned(),
        retry: RetryPolicy::default(),
        dead_letter_arn: Some(DEAD_LETTERS.to_owned()),
    }
}

pub(crate) fn rule(name: &str, pattern: Value) -> RuleSpec {
    RuleSpec {
        name: name.to_owned(),
        bus: "orders".to_owned(),
        pattern,
        enabled: true,
        targets: vec![target("queue")],
    }
}

/// The bus `orders` with an archive of everything and these rules.
pub(crate) fn topology(rules: Vec<RuleSpec>) -> Topology {
    Topology {
        buses: vec![BusSpec { name: "orders".to_owned() }],
        rules,
        archives: vec![ArchiveSpec {
            name: "everything".to_owned(),
            bus: "orders".to_owned(),
            pattern: None,
            retention_days: 365,
        }],
    }
}

/// Options whose retries follow at once.
pub(crate) fn quick() -> Options {
    let wait = Duration::from_millis(1);
    Options { backoff: Backoff { first: wait, max: wait }, ..Options::default() }
}

/// One bus with one rule that takes everything of `order-service`.
pub(crate) fn bus(targets: &Arc<Targets>, options: Options) -> EventBridge {
    let rules = vec![rule("inventory", json!({"source": ["order-service"]}))];
    EventBridge::new(topology(rules), Arc::clone(targets) as Arc<dyn Deliver>, options).unwrap()
}

/// The entry of event number `n`.
pub(crate) fn entry(n: u64) -> Value {
    json!({
        "EventBusName": "orders",
        "Source": "order-service",
        "DetailType": "OrderCreated",
        "Detail": json!({ "n": n }).to_string(),
    })
}

pub(crate) async fn call(
    bus: &EventBridge,
    operation: &str,
    body: Value,
) -> Result<Value, AwsError> {
    let response = bus.call(operation, Bytes::from(body.to_string())).await?;
    Ok(serde_json::from_slice(&response).unwrap())
}

/// The code of the error that `operation` ends in.
pub(crate) async fn refused(bus: &EventBridge, operation: &str, body: Value) -> AwsError {
    match call(bus, operation, body.clone()).await {
        Ok(response) => panic!("{operation} {body} was accepted: {response}"),
        Err(error) => error,
    }
}

/// Puts the events with these numbers, all of which are accepted.
pub(crate) async fn put(bus: &EventBridge, numbers: std::ops::Range<u64>) {
    for n in numbers {
        let response = call(bus, "PutEvents", json!({ "Entries": [entry(n)] })).await.unwrap();
        assert_eq!(response["FailedEntryCount"], 0, "{response}");
    }
}

/// Waits until `condition` holds. The limit only ends a test that hangs.
pub(crate) async fn until(condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting).await.expect("the condition to hold");
}

pub(crate) async fn settled(bus: &EventBridge) {
    until(|| bus.idle()).await;
}
