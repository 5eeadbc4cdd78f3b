//! A scripted bus in process, and stream records as Lambda delivers them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_lambda_events::dynamodb::Event;
use aws_sdk_eventbridge::Client;
use event_envelope::{Actor, AggregateId, CorrelationId, Draft, Envelope, Version};
use local_core::{AwsError, Bytes, REGION, Reply, Service};
use local_sqs::{AttributeValue, PeekedMessage, QueueSpec, Sqs};
use outbox::{DeadLetters, Limits, Publisher, Relay, Sources};
use serde_json::{Value, json};
use testkit::sdk_config;
use time::macros::datetime;

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is answered.
    Answered,
    /// It fails, and nothing of it is accepted.
    Refused,
    /// It is carried out, but the answer is lost.
    AnswerLost,
    /// It is carried out, but the answer leaves out its last entry.
    AnswerCut,
}

type Judge = dyn Fn(usize, &Value) -> Option<&'static str> + Send + Sync;

/// A bus that accepts, refuses and does not answer, as scripted.
pub(crate) struct Bus {
    /// The fate of the n-th call.
    fate: Box<dyn Fn(usize) -> Fate + Send + Sync>,
    /// The error code of an entry in the n-th call; none if it is accepted.
    judge: Box<Judge>,
    /// The entries of each call.
    calls: Mutex<Vec<Vec<Value>>>,
    /// By event id, the ids of the entries that were accepted.
    accepted: Mutex<BTreeMap<String, Vec<String>>>,
}

impl Bus {
    pub(crate) fn new(
        fate: impl Fn(usize) -> Fate + Send + Sync + 'static,
        judge: impl Fn(usize, &Value) -> Option<&'static str> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            fate: Box::new(fate),
            judge: Box::new(judge),
            calls: Mutex::default(),
            accepted: Mutex::default(),
        })
    }

    /// A bus that accepts everything except what `judge` gives an error code.
    pub(crate) fn judging(
        judge: impl Fn(usize, &Value) -> Option<&'static str> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Self::new(|_| Fate::Answered, judge)
    }

    /// How many entries each call had.
    pub(crate) fn calls(&self) -> Vec<usize> {
        self.calls.lock().unwrap().iter().map(Vec::len).collect()
    }

    /// All entries that were sent, in their order.
    pub(crate) fn entries(&self) -> Vec<Value> {
        self.calls.lock().unwrap().concat()
    }

    /// The ids of the entries that were accepted for the event `id`.
    pub(crate) fn accepted(&self, id: &str) -> Vec<String> {
        self.accepted.lock().unwrap().get(id).cloned().unwrap_or_default()
    }

    fn put_events(&self, body: &[u8]) -> Result<Bytes, AwsError> {
        let request: Value = serde_json::from_slice(body).unwrap();
        let entries = request["Entries"].as_array().unwrap().clone();
        assert!((1..=10).contains(&entries.len()), "{} entries", entries.len());
        let bytes: usize = entries.iter().map(size).sum();
        assert!(bytes < 1024 * 1024, "{bytes} bytes");
        let mut calls = self.calls.lock().unwrap();
        let call = calls.len();
        calls.push(entries.clone());
        let fate = (self.fate)(call);
        if fate == Fate::Refused {
            return Err(AwsError::client("ThrottlingException", "Rate exceeded"));
        }
        let mut results: Vec<Value> = entries.iter().map(|it| self.put(call, it)).collect();
        match fate {
            Fate::AnswerLost => return Err(AwsError::internal("the answer was lost")),
            Fate::AnswerCut => drop(results.pop()),
            Fate::Answered | Fate::Refused => (),
        }
        let failed = results.iter().filter(|it| it.get("ErrorCode").is_some()).count();
        let answer = json!({ "FailedEntryCount": failed, "Entries": results });
        Ok(answer.to_string().into())
    }

    fn put(&self, call: usize, entry: &Value) -> Value {
        if let Some(code) = (self.judge)(call, entry) {
            return json!({ "ErrorCode": code, "ErrorMessage": "as scripted" });
        }
        let detail: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
        let id = detail["eventId"].as_str().unwrap().to_owned();
        let mut accepted = self.accepted.lock().unwrap();
        let ids = accepted.entry(id.clone()).or_default();
        ids.push(format!("{id}/{}", ids.len()));
        json!({ "EventId": ids.last() })
    }
}

fn size(entry: &Value) -> usize {
    let length = |text: &Value| text.as_str().unwrap().len();
    let resources: usize = entry["Resources"].as_array().unwrap().iter().map(length).sum();
    14 + resources
        + ["Source", "DetailType", "Detail"].map(|it| length(&entry[it])).iter().sum::<usize>()
}

impl Service for Bus {
    fn targets(&self) -> &'static [&'static str] {
        &["AWSEvents"]
    }

    fn json_version(&self) -> &'static str {
        "1.1"
    }

    fn call<'a>(&'a self, operation: &'a str, body: Bytes) -> Reply<'a> {
        assert_eq!(operation, "PutEvents");
        Box::pin(async move { self.put_events(&body) })
    }
}

/// No waits, and no rest either.
pub(crate) const EAGER: Limits = Limits {
    attempts_max: 4,
    backoff: Duration::ZERO,
    failures_max: u32::MAX,
    rest: Duration::ZERO,
};

/// A publisher whose client calls `service`.
pub(crate) fn publisher(service: Arc<dyn Service>, limits: Limits) -> Publisher {
    Publisher::with_limits(Client::new(&sdk_config(service)), "orderly", limits)
}

/// The queue of what can never be published.
pub(crate) const DEAD_LETTERS: &str = "relay-dlq";

/// A relay from all tables to `bus`, and the queues it knows: without its own until
/// [`open_dead_letters`].
pub(crate) fn relay_to(bus: Arc<Bus>, sources: Sources) -> (Relay, Sqs) {
    let sqs = Sqs::new("http://127.0.0.1:9000");
    let client = aws_sdk_sqs::Client::new(&sdk_config(Arc::new(sqs.clone())));
    let dead_letters = DeadLetters::new(client, sqs.queue_url(DEAD_LETTERS));
    (Relay::new(publisher(bus, EAGER), sources, dead_letters), sqs)
}

pub(crate) fn open_dead_letters(sqs: &Sqs) {
    sqs.create_queue(QueueSpec::named(DEAD_LETTERS)).unwrap();
}

/// What lies in the dead-letter queue.
pub(crate) fn dead(sqs: &Sqs) -> Vec<Value> {
    let body = |it: PeekedMessage| serde_json::from_str(&it.body).unwrap();
    sqs.peek(DEAD_LETTERS).unwrap().into_iter().map(body).collect()
}

/// The attribute `name` of the only dead letter.
pub(crate) fn dead_attribute(sqs: &Sqs, name: &str) -> String {
    let [letter] = &sqs.peek(DEAD_LETTERS).unwrap()[..] else { panic!("not one letter") };
    match &letter.message_attributes[name].value {
        AttributeValue::Text(text) => text.clone(),
        AttributeValue::Binary(_) => panic!("{name} is binary"),
    }
}

/// The event at `sequence_number` in the history of an order.
pub(crate) fn envelope(sequence_number: u64, data: Value) -> Envelope {
    let draft = Draft {
        event_type: "OrderCreated".into(),
        event_version: Version::new(2, 0),
        source: "order-service".into(),
        timestamp: datetime!(2025-11-17 10:30:00.25 UTC),
        aggregate_id: AggregateId::parse("order-123").unwrap(),
        sequence_number,
        data,
    };
    let traceparent = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into());
    let actor = Actor { id: Some("user-456".into()), reason: None, traceparent };
    draft.root(CorrelationId::of("order-123"), actor)
}

/// The events from 1 to `count`.
pub(crate) fn envelopes(count: u64) -> Vec<Envelope> {
    (1..=count).map(|number| envelope(number, json!({ "orderId": "order-123" }))).collect()
}

/// A stream record of an item that was written: `image` has typed attributes.
pub(crate) fn record(sequence_number: &str, image: &Value) -> Value {
    json!({
        "awsRegion": REGION, "eventID": sequence_number, "eventName": "INSERT",
        "eventSource": "aws:dynamodb", "eventVersion": "1.1",
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:000000000000:table/orderly-payments/stream/1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_763_375_400, "Keys": {}, "NewImage": image,
            "SequenceNumber": sequence_number, "SizeBytes": 100, "StreamViewType": "NEW_IMAGE",
        },
    })
}

/// A stream record of an item with the outgoing `envelopes`.
pub(crate) fn publishing(sequence_number: &str, envelopes: &[Envelope]) -> Value {
    let outgoing: serde_dynamo::AttributeValue =
        serde_dynamo::to_attribute_value(envelopes).unwrap();
    record(sequence_number, &json!({ "id": { "S": "inventory#evt_1" }, "outgoing": outgoing }))
}

/// A batch of `records`.
pub(crate) fn batch(records: &[Value]) -> Event {
    serde_json::from_value(json!({ "Records": records })).unwrap()
}
