//! What a batch comes to.

use aws_lambda_events::{dynamodb::Event, streams::DynamoDbEventResponse};
use lambda_runtime::{Error, LambdaEvent};
use outbox::Relay;

/// Publishes what `batch` says.
///
/// The batch is answered record by record. What can never be published is in the dead-letter queue
/// before it counts as done; how often the rest is tried is for the mapping in the template.
///
/// # Errors
///
/// None of its own. What could not be published just now is named in the answer.
pub async fn handle(
    batch: LambdaEvent<Event>,
    relay: &Relay,
) -> Result<DynamoDbEventResponse, Error> {
    Ok(relay.relay(batch.payload).await)
}
