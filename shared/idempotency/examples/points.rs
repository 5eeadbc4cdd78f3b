//! A whole Lambda function: it consumes receipts from a queue and books one loyalty point for each
//! full euro, once, however often a till sends its receipt.

use aws_clients::Aws;
use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use aws_sdk_dynamodb::types::{AttributeValue, Update};
use idempotency::{
    Attempt, ByJmespath, DynamoDbStore, IdempotencyConfig, IdempotencyLayer, ReplayPolicy,
    UnitOfWork,
};
use lambda::batch::Queue;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use runtime::{Done, Failure};
use serde::Deserialize;
use tower::ServiceBuilder;

#[derive(Deserialize)]
struct Receipt {
    customer: String,
    cents: u64,
}

/// Decides; the layer writes what it returns, and that it was done, in one transaction.
async fn book(attempt: Attempt<SqsMessage>) -> Result<UnitOfWork<u64>, Failure> {
    let body = attempt.request.body.unwrap_or_default();
    let receipt: Receipt = serde_json::from_str(&body).map_err(Failure::permanent)?;
    let points = receipt.cents / 100;
    let update = Update::builder()
        .table_name("points")
        .key("customer", AttributeValue::S(receipt.customer))
        .update_expression("ADD points :points")
        .expression_attribute_values(":points", AttributeValue::N(points.to_string()))
        .build()
        .map_err(Failure::permanent)?;
    Ok(UnitOfWork::new(points).write(update))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let store = DynamoDbStore::new(Aws::from_env()?.dynamodb(), "records");
    let guard = IdempotencyConfig::new(store, "points", ReplayPolicy::Refuse);
    // The till's number, not the message's: a till that sends twice makes two messages.
    let receipt = ByJmespath::key("powertools_json(body).[till, number]")?
        .payload("powertools_json(body).[customer, cents]")?;
    let service = ServiceBuilder::new()
        .map_response(Done::from)
        .layer(IdempotencyLayer::<_, u64>::transactional(guard).identify_by(receipt))
        .service_fn(book);
    let queue = &Queue::new(service);
    run(service_fn(async |event: LambdaEvent<SqsEvent>| {
        Ok::<_, Error>(queue.handle(event.payload).await)
    }))
    .await
}
