//! Wires the inventory to its queue, and to the workflow of orders.

use aws_clients::Aws;
use catalogue::{DECODER, LIVE};
use idempotency::{DynamoDbStore, Guard};
use inventory::{config::Config, handler::Inventory};
use lambda::{Consumer, Invocation, Parking, ReplayPolicy, Tasks, answer_traced};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use runtime::{Clock, Tokens, within};
use tower::ServiceExt;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = Config::from_env()?;
    let traces = telemetry::init("inventory", config.log_filter.as_deref())?;
    let (aws, clock) = (Aws::from_env()?, &Clock::system());
    let dynamodb = aws.dynamodb();
    let records = DynamoDbStore::new(dynamodb.clone(), config.records);
    let guard = Guard::new(records, "inventory", ReplayPolicy::Refuse)
        .retention(config.record_retention)
        .with(clock.clone(), Tokens::random());
    let inventory = Inventory::new(dynamodb, config.stock, config.reservations, clock.clone());
    let tasks = &inventory.clone().into_tasks(guard.clone());
    let mode = Tasks::in_mode(config.fulfilment_mode);
    let parking = Parking::new(aws.sqs(), config.queue_url, config.dead_letter_queue_url);
    let handler = inventory.into_service(guard);
    let consumer = &Consumer::new("inventory", LIVE, ReplayPolicy::Refuse, parking, handler)
        .traced(traces.clone());

    run(service_fn(async |LambdaEvent { payload, context }: LambdaEvent<Invocation>| {
        let consume = async |batch| consumer.consume(batch).await;
        let work = async |task| tasks.clone().oneshot(task).await;
        let answered = answer_traced(mode.admit(payload)?, &DECODER, &traces, consume, work);
        within(clock.until(context.deadline), answered).await
    }))
    .await
}
