//! SQS over the AWS JSON 1.0 protocol.
//!
//! Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html>.

mod attributes;
mod batches;
mod messages;
mod moves;
mod queues;
mod request;
mod shapes;

use local_core::{AwsError, Bytes, Reply, Service};
use serde_json::Value;

use crate::{error, sqs::Sqs};

impl Service for Sqs {
    fn targets(&self) -> &'static [&'static str] {
        &["AmazonSQS"]
    }

    fn json_version(&self) -> &'static str {
        "1.0"
    }

    fn query_code(&self, error: &AwsError) -> Option<String> {
        Some(crate::query_code(error).to_owned())
    }

    fn call<'a>(&'a self, operation: &'a str, body: Bytes) -> Reply<'a> {
        Box::pin(async move {
            let answer = self.answer(operation, &body).await.map_err(error::on_the_wire)?;
            Ok(Bytes::from(answer.to_string()))
        })
    }
}

impl Sqs {
    async fn answer(&self, operation: &str, body: &[u8]) -> Result<Value, AwsError> {
        match operation {
            "CreateQueue" => self.on_create_queue(request::parse(body)?),
            "DeleteQueue" => self.on_delete_queue(request::parse(body)?),
            "GetQueueUrl" => self.on_get_queue_url(request::parse(body)?),
            "ListQueues" => self.on_list_queues(request::parse(body)?),
            "GetQueueAttributes" => self.on_get_queue_attributes(request::parse(body)?),
            "SetQueueAttributes" => self.on_set_queue_attributes(request::parse(body)?),
            "PurgeQueue" => self.on_purge_queue(request::parse(body)?),
            "TagQueue" => self.on_tag_queue(request::parse(body)?),
            "UntagQueue" => self.on_untag_queue(request::parse(body)?),
            "ListQueueTags" => self.on_list_queue_tags(request::parse(body)?),
            "ListDeadLetterSourceQueues" => self.on_list_sources(request::parse(body)?),
            "SendMessage" => self.on_send_message(request::parse(body)?),
            "ReceiveMessage" => self.on_receive_message(request::parse(body)?).await,
            "DeleteMessage" => self.on_delete_message(request::parse(body)?),
            "ChangeMessageVisibility" => self.on_change_visibility(request::parse(body)?),
            "SendMessageBatch" => self.on_send_batch(request::parse(body)?),
            "DeleteMessageBatch" => self.on_delete_batch(request::parse(body)?),
            "ChangeMessageVisibilityBatch" => {
                self.on_change_visibility_batch(request::parse(body)?)
            }
            "StartMessageMoveTask" => self.on_start_move(request::parse(body)?),
            "ListMessageMoveTasks" => self.on_list_moves(request::parse(body)?),
            "CancelMessageMoveTask" => self.on_cancel_move(request::parse(body)?),
            other => Err(AwsError::unknown_operation(other)),
        }
    }
}
