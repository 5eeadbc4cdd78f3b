//! What a batch comes to.

use aws_lambda_events::{dynamodb::Event, streams::DynamoDbEventResponse};
use lambda_runtime::{Error, LambdaEvent};
use outbox::{Publisher, relay};

/// Publishes what `batch` says.
///
/// The batch is answered record by record and nothing is dropped here, whatever is wrong with it:
/// how often a record is tried, and where it goes then, is for the mapping in the template.
///
/// # Errors
///
/// None of its own. What could not be published is named in the answer.
pub async fn handle(
    batch: LambdaEvent<Event>,
    publisher: &Publisher,
) -> Result<DynamoDbEventResponse, Error> {
    Ok(relay(batch.payload, publisher).await)
}
