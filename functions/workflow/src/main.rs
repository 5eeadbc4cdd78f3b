//! Wires the start of workflows to its queue.

use aws_clients::Aws;
use catalogue::LIVE;
use lambda::batch::QueueBatch;
use lambda::{Consumer, DeadLetterQueue, ReplayPolicy};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use runtime::{Clock, with_deadline};
use workflow::{config::Config, handler::Workflow};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = Config::from_env()?;
    let tracer = telemetry::init("workflow", config.log_filter.as_deref())?;
    let (aws, clock) = (Aws::from_env()?, Clock::system());
    let handler = Workflow::new(aws.sfn(), config.state_machine_arn).into_service();
    let dead_letters =
        DeadLetterQueue::new(aws.sqs(), config.queue_url, config.dead_letter_queue_url);
    let consumer = &Consumer::new("workflow", LIVE, ReplayPolicy::Refuse, dead_letters, handler)
        .traced(tracer);

    run(service_fn(async |event: LambdaEvent<QueueBatch>| {
        let left = clock.until(event.context.deadline);
        Ok::<_, Error>(with_deadline(left, consumer.consume(event.payload)).await)
    }))
    .await
}
