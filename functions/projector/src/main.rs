//! Wires the read models to their queue.

use aws_clients::Aws;
use catalogue::ON_BUS;
use event_store::EventStore;
use lambda::batch::QueueBatch;
use lambda::{Consumer, DeadLetterQueue, ReplayPolicy};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use projector::{config::Config, handler::Projector};
use runtime::{Clock, with_deadline};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = Config::from_env()?;
    let tracer = telemetry::init("projector", config.log_filter.as_deref())?;
    let aws = Aws::from_env()?;
    let dynamodb = aws.dynamodb();
    let orders = EventStore::new(dynamodb.clone(), config.order_events, "ORDER");
    let handler = Projector::new(dynamodb, config.views, orders).into_service();
    let dead_letters =
        DeadLetterQueue::new(aws.sqs(), config.queue_url, config.dead_letter_queue_url);
    let consumer = &Consumer::new("projector", ON_BUS, ReplayPolicy::Accept, dead_letters, handler)
        .traced(tracer);

    let clock = &Clock::system();

    run(service_fn(async |event: LambdaEvent<QueueBatch>| {
        let left = clock.until(event.context.deadline);
        Ok::<_, Error>(with_deadline(left, consumer.consume(event.payload)).await)
    }))
    .await
}
