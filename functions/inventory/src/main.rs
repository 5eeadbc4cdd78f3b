//! Wires the inventory to its queue, and to the workflow of orders.

use aws_clients::Aws;
use catalogue::{DECODER, LIVE};
use idempotency::{DynamoDbStore, IdempotencyConfig};
use inventory::{config::Config, handler::Inventory};
use lambda::{Consumer, DeadLetterQueue, Invocation, ReplayPolicy, Tasks, answer_traced};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use runtime::{Clock, IdGenerator, with_deadline};
use tower::ServiceExt;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = Config::from_env()?;
    let tracer = telemetry::init("inventory", config.log_filter.as_deref())?;
    let (aws, clock) = (Aws::from_env()?, &Clock::system());
    let dynamodb = aws.dynamodb();
    let records = DynamoDbStore::new(dynamodb.clone(), config.records);
    let guard = IdempotencyConfig::new(records, "inventory", ReplayPolicy::Refuse)
        .retention(config.record_retention)
        .with(clock.clone(), IdGenerator::random());
    let inventory = Inventory::new(dynamodb, config.stock, config.reservations, clock.clone());
    let tasks = &inventory.clone().into_tasks(guard.clone());
    let mode = Tasks::in_mode(config.fulfilment_mode);
    let dead_letters =
        DeadLetterQueue::new(aws.sqs(), config.queue_url, config.dead_letter_queue_url);
    let handler = inventory.into_service(guard);
    let consumer = &Consumer::new("inventory", LIVE, ReplayPolicy::Refuse, dead_letters, handler)
        .traced(tracer.clone());

    run(service_fn(async |LambdaEvent { payload, context }: LambdaEvent<Invocation>| {
        let consume = async |batch| consumer.consume(batch).await;
        let work = async |task| tasks.clone().oneshot(task).await;
        let answered = answer_traced(mode.admit(payload)?, &DECODER, &tracer, consume, work);
        with_deadline(clock.until(context.deadline), answered).await
    }))
    .await
}
