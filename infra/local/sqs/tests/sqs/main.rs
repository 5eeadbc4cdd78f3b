//! The queues as their users see them, in process and over the AWS JSON protocol.
#![expect(clippy::unwrap_used, reason = "a step that does not succeed fails the test")]

mod conservation;
mod dead_letters;
mod delivery;
mod waiting;
mod wire_messages;
mod wire_queues;

use std::{fmt::Debug, time::Duration};

use local_core::{AwsError, Bytes, Service};
use local_sqs::{QueueSpec, ReceiveRequest, ReceivedMessage, Sqs, queue_arn};
use serde_json::{Value, json};

const URL: &str = "http://127.0.0.1:9000/000000000000/orders";
const DEAD_URL: &str = "http://127.0.0.1:9000/000000000000/orders-dead";
/// Far longer than anything here takes, and shorter than the waits that it bounds.
const WAIT_MAX: Duration = Duration::from_secs(10);

fn sqs_with(specs: impl IntoIterator<Item = QueueSpec>) -> Sqs {
    let sqs = Sqs::new("http://127.0.0.1:9000");
    for spec in specs {
        sqs.create_queue(spec).unwrap();
    }
    sqs
}

async fn receive_for(sqs: &Sqs, queue: &str, visibility: Duration) -> Vec<ReceivedMessage> {
    let request = ReceiveRequest { max: 10, visibility: Some(visibility), ..Default::default() };
    sqs.receive(queue, request).await.unwrap()
}

fn code<T: Debug>(outcome: Result<T, AwsError>) -> String {
    outcome.unwrap_err().short_code().to_owned()
}

async fn try_call(sqs: &Sqs, operation: &str, body: Value) -> Result<Value, AwsError> {
    let answer = sqs.call(operation, Bytes::from(body.to_string())).await?;
    Ok(serde_json::from_slice(&answer).unwrap())
}

async fn call(sqs: &Sqs, operation: &str, body: Value) -> Value {
    try_call(sqs, operation, body).await.unwrap()
}

/// The code of the error that the request ends in.
async fn refused(sqs: &Sqs, operation: &str, body: Value) -> String {
    try_call(sqs, operation, body).await.unwrap_err().code
}

async fn wire_with_orders() -> Sqs {
    let sqs = Sqs::new("http://127.0.0.1:9000/");
    let created = call(&sqs, "CreateQueue", json!({"QueueName": "orders"})).await;
    assert_eq!(created, json!({"QueueUrl": URL}));
    sqs
}

async fn wire_with_dead_letter_queue() -> Sqs {
    let sqs = wire_with_orders().await;
    call(&sqs, "CreateQueue", json!({"QueueName": "orders-dead"})).await;
    let policy = json!({"deadLetterTargetArn": queue_arn("orders-dead"), "maxReceiveCount": "1"});
    let attributes = json!({"RedrivePolicy": policy.to_string()});
    call(&sqs, "SetQueueAttributes", json!({"QueueUrl": URL, "Attributes": attributes})).await;
    sqs
}
