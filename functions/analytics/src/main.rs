//! Wires the figures to their queue.

use analytics::{config::Config, handler::Analytics};
use aws_clients::Aws;
use catalogue::LIVE;
use idempotency::{DynamoDbStore, Guard};
use lambda::batch::QueueBatch;
use lambda::{Consumer, Parking, ReplayPolicy};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use runtime::{Clock, Tokens, within};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = Config::from_env()?;
    let traces = telemetry::init("analytics", config.log_filter.as_deref())?;
    let (aws, clock) = (Aws::from_env()?, &Clock::system());
    let records = DynamoDbStore::new(aws.dynamodb(), config.records);
    let guard = Guard::new(records, "analytics", ReplayPolicy::Refuse)
        .retention(config.record_retention)
        .with(clock.clone(), Tokens::random());
    let handler = Analytics::new(config.figures).into_service(guard);
    let parking = Parking::new(aws.sqs(), config.queue_url, config.dead_letter_queue_url);
    let consumer =
        &Consumer::new("analytics", LIVE, ReplayPolicy::Refuse, parking, handler).traced(traces);

    run(service_fn(async |event: LambdaEvent<QueueBatch>| {
        let left = clock.until(event.context.deadline);
        Ok::<_, Error>(within(left, consumer.consume(event.payload)).await)
    }))
    .await
}
