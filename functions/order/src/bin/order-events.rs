//! Hears what other services say about orders, and takes the tasks of their workflows.

use aws_clients::Aws;
use catalogue::{DECODER, LIVE};
use event_store::EventStore;
use lambda::{Consumer, DeadLetterQueue, Invocation, ReplayPolicy, Tasks, answer_traced};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use order::{config::EventsConfig, handler, tasks};
use runtime::{Clock, with_deadline};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = EventsConfig::from_env()?;
    let tracer = telemetry::init("order-events", config.log_filter.as_deref())?;
    let aws = Aws::from_env()?;
    let store = &EventStore::new(aws.dynamodb(), config.order_events, "ORDER");
    let clock = &Clock::system();
    let mode = Tasks::in_mode(config.fulfilment_mode);
    let dead_letters =
        DeadLetterQueue::new(aws.sqs(), config.queue_url, config.dead_letter_queue_url);
    let handler = tower::service_fn(|delivery| handler::handle(store, clock, delivery));
    let consumer =
        &Consumer::new("order-events", LIVE, ReplayPolicy::Refuse, dead_letters, handler)
            .traced(tracer.clone());

    run(service_fn(async |LambdaEvent { payload, context }: LambdaEvent<Invocation>| {
        let payload = mode.admit(payload)?;
        let consume = async |batch| consumer.consume(batch).await;
        // The futures of the SDK are deep: one more layer around them is too much to compile.
        let work = async |task| Box::pin(tasks::work(store, clock, task)).await;
        with_deadline(
            clock.until(context.deadline),
            answer_traced(payload, &DECODER, &tracer, consume, work),
        )
        .await
    }))
    .await
}
