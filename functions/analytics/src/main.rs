//! Wires the figures to their queue.

use analytics::{config::Config, handler::Analytics};
use aws_clients::Aws;
use catalogue::LIVE;
use idempotency::{DynamoDbStore, IdempotencyConfig};
use lambda::batch::QueueBatch;
use lambda::{Consumer, DeadLetterQueue, ReplayPolicy};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use runtime::{Clock, IdGenerator, with_deadline};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = Config::from_env()?;
    let tracer = telemetry::init("analytics", config.log_filter.as_deref())?;
    let (aws, clock) = (Aws::from_env()?, &Clock::system());
    let records = DynamoDbStore::new(aws.dynamodb(), config.records);
    let guard = IdempotencyConfig::new(records, "analytics", ReplayPolicy::Refuse)
        .retention(config.record_retention)
        .with(clock.clone(), IdGenerator::random());
    let handler = Analytics::new(config.figures).into_service(guard);
    let dead_letters =
        DeadLetterQueue::new(aws.sqs(), config.queue_url, config.dead_letter_queue_url);
    let consumer = &Consumer::new("analytics", LIVE, ReplayPolicy::Refuse, dead_letters, handler)
        .traced(tracer);

    run(service_fn(async |event: LambdaEvent<QueueBatch>| {
        let left = clock.until(event.context.deadline);
        Ok::<_, Error>(with_deadline(left, consumer.consume(event.payload)).await)
    }))
    .await
}
