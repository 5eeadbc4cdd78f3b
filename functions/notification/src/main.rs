//! Wires the notifications to their queue.

use aws_clients::Aws;
use catalogue::LIVE;
use lambda::batch::QueueBatch;
use lambda::{Consumer, DeadLetterQueue, ReplayPolicy};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use notification::{config::Config, contacts::Contacts, handler::Notifications, mail::Mailer};
use runtime::{Clock, IdGenerator, with_deadline};
use state_machine::Runner;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = Config::from_env()?;
    let tracer = telemetry::init("notification", config.log_filter.as_deref())?;
    let (aws, clock) = (Aws::from_env()?, &Clock::system());
    let dynamodb = aws.dynamodb();
    let runner =
        Runner::new(dynamodb.clone(), config.notifications, clock.clone(), IdGenerator::random());
    let contacts = Contacts::new(dynamodb, config.contacts);
    let mailer = Mailer::new(&aws.sesv2(), config.sender);
    let handler = Notifications::new(runner, contacts, mailer).into_service();
    let dead_letters =
        DeadLetterQueue::new(aws.sqs(), config.queue_url, config.dead_letter_queue_url);
    let consumer =
        &Consumer::new("notification", LIVE, ReplayPolicy::Refuse, dead_letters, handler)
            .traced(tracer);

    run(service_fn(async |event: LambdaEvent<QueueBatch>| {
        let left = clock.until(event.context.deadline);
        Ok::<_, Error>(with_deadline(left, consumer.consume(event.payload)).await)
    }))
    .await
}
