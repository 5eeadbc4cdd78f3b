//! Queues in process, and batches as Lambda makes them of what it receives.

use std::sync::{Arc, Mutex};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use aws_sdk_sqs::Client;
use lambda::DeadLetterQueue;
use local_core::{Bytes, REGION, Reply, Service};
use local_sqs::{OutgoingMessage, QueueSpec, ReceiveRequest, ReceivedMessage, Sqs, queue_arn};
use serde_json::{Value, json};
use testkit::sdk_config;

/// A queue, its dead-letter queue, and a client whose calls are written down.
pub(crate) struct World {
    pub(crate) sqs: Sqs,
    queue: &'static str,
    calls: Arc<Mutex<Vec<(String, Value)>>>,
}

impl World {
    /// A standard queue.
    pub(crate) fn new() -> Self {
        Self::with("orders", false)
    }

    /// A FIFO queue.
    pub(crate) fn fifo() -> Self {
        Self::with("orders.fifo", true)
    }

    fn with(queue: &'static str, fifo: bool) -> Self {
        let sqs = Sqs::new("http://127.0.0.1:9000");
        for name in [queue, dead_letter(queue)] {
            let spec =
                QueueSpec { fifo, content_based_deduplication: fifo, ..QueueSpec::named(name) };
            sqs.create_queue(spec).unwrap();
        }
        Self { sqs, queue, calls: Arc::default() }
    }

    /// Removes the dead-letter queue.
    pub(crate) fn remove_dead_letter_queue(&self) {
        self.sqs.delete_queue(dead_letter(self.queue)).unwrap();
    }

    pub(crate) fn dead_letters(&self) -> DeadLetterQueue {
        let service = Recorded { sqs: self.sqs.clone(), calls: Arc::clone(&self.calls) };
        let client = Client::new(&sdk_config(Arc::new(service)));
        let url = |queue| self.sqs.queue_url(queue);
        DeadLetterQueue::new(client, url(self.queue), url(dead_letter(self.queue)))
    }

    pub(crate) fn send(&self, body: impl Into<String>) {
        self.sqs.send(self.queue, OutgoingMessage::new(body)).unwrap();
    }

    pub(crate) fn send_to_group(&self, group: &str, body: impl Into<String>) {
        let group_id = Some(group.to_owned());
        self.sqs
            .send(self.queue, OutgoingMessage { group_id, ..OutgoingMessage::new(body) })
            .unwrap();
    }

    /// Everything that can be received, as one batch.
    pub(crate) async fn batch(&self) -> SqsEvent {
        let mut records = Vec::new();
        loop {
            let request = ReceiveRequest { max: 10, ..ReceiveRequest::default() };
            let received = self.sqs.receive(self.queue, request).await.unwrap();
            if received.is_empty() {
                return event(records);
            }
            records.extend(received.iter().map(|message| self.record(message)));
        }
    }

    fn record(&self, message: &ReceivedMessage) -> Value {
        json!({
            "messageId": message.message_id,
            "receiptHandle": message.receipt_handle,
            "body": message.body,
            "attributes": message.attributes,
            "messageAttributes": {},
            "md5OfBody": message.md5_of_body,
            "eventSource": "aws:sqs",
            "eventSourceARN": queue_arn(self.queue),
            "awsRegion": REGION,
        })
    }

    /// Deletes what was not returned, as Lambda does. Gives the bodies that were.
    pub(crate) fn acknowledge(&self, batch: &SqsEvent, response: &SqsBatchResponse) -> Vec<String> {
        let returned: Vec<_> =
            response.batch_item_failures.iter().map(|it| it.item_identifier.as_str()).collect();
        let mut bodies = Vec::new();
        for record in &batch.records {
            if returned.contains(&record.message_id.as_deref().unwrap()) {
                bodies.push(record.body.clone().unwrap());
            } else {
                self.sqs.delete(self.queue, record.receipt_handle.as_deref().unwrap()).unwrap();
            }
        }
        bodies
    }

    /// How many messages are left in the queue.
    pub(crate) fn left(&self) -> usize {
        self.sqs.depth(self.queue).unwrap().total()
    }

    /// Body and attributes of every dead-lettered message.
    pub(crate) async fn dead_lettered(&self) -> Vec<ReceivedMessage> {
        let request = ReceiveRequest { max: 10, ..ReceiveRequest::default() };
        self.sqs.receive(dead_letter(self.queue), request).await.unwrap()
    }

    /// The delays in seconds that messages were put off by.
    pub(crate) fn delays(&self) -> Vec<u64> {
        let calls = self.calls.lock().unwrap();
        let changes = calls.iter().filter(|(operation, _)| operation == "ChangeMessageVisibility");
        changes.map(|(_, request)| request["VisibilityTimeout"].as_u64().unwrap()).collect()
    }
}

/// A batch of `records`.
pub(crate) fn event(records: Vec<Value>) -> SqsEvent {
    serde_json::from_value(json!({ "Records": records })).unwrap()
}

fn dead_letter(queue: &str) -> &'static str {
    if queue.ends_with(".fifo") { "orders-dlq.fifo" } else { "orders-dlq" }
}

/// SQS, with every call written down.
struct Recorded {
    sqs: Sqs,
    calls: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Service for Recorded {
    fn targets(&self) -> &'static [&'static str] {
        self.sqs.targets()
    }

    fn json_version(&self) -> &'static str {
        self.sqs.json_version()
    }

    fn call<'a>(&'a self, operation: &'a str, body: Bytes) -> Reply<'a> {
        let json = serde_json::from_slice(&body).unwrap();
        self.calls.lock().unwrap().push((operation.to_owned(), json));
        self.sqs.call(operation, body)
    }
}
