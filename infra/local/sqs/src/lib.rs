//! SQS on one machine: standard and FIFO queues with visibility timeouts, long polling and
//! dead-letter queues, in process as [`Sqs`] and, through [`local_core::Service`], for
//! every AWS SDK.
//!
//! What is left out: permissions and encryption (their attributes are kept, without effect),
//! and the `ReceiveRequestAttemptId` of FIFO queues. Where real queues are only
//! approximately something (counts, order, at-least-once delivery), these are exactly it.
//!
//! ```
//! use local_sqs::{OutgoingMessage, QueueSpec, ReceiveRequest, Sqs};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), local_core::AwsError> {
//! let sqs = Sqs::new("http://127.0.0.1:9000");
//! sqs.create_queue(QueueSpec::named("orders"))?;
//! sqs.send("orders", OutgoingMessage::new("order 1"))?;
//! let received = sqs.receive("orders", ReceiveRequest::default()).await?;
//! sqs.delete("orders", &received[0].receipt_handle)?;
//! assert_eq!(sqs.depth("orders")?.total(), 0);
//! # Ok(())
//! # }
//! ```

mod clock;
mod content;
mod deduplication;
mod digest;
mod error;
mod limits;
mod line;
mod message;
mod move_tasks;
mod moves;
mod names;
mod queue;
mod receipt;
mod redrive;
mod spec;
mod sqs;
mod store;
mod wire;

pub use local_core::Clock;

pub use self::{
    error::query_code,
    message::{
        AttributeValue, Depth, MessageAttribute, OutgoingMessage, PeekedMessage, ReceiveRequest,
        ReceivedMessage, SentMessage, Standing,
    },
    move_tasks::{MoveStatus, MoveTask},
    names::{queue_arn, queue_name_of_arn, queue_name_of_url},
    spec::{QueueSpec, Redrive},
    sqs::Sqs,
};
