//! Hears what other services say about orders.

use aws_clients::Aws;
use aws_lambda_events::sqs::SqsEvent;
use clock::Clock;
use consumer::{Consumer, Parking, ReplayPolicy};
use event_store::EventStore;
use events::DECODER;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use order::{config::EventsConfig, news};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = EventsConfig::from_env()?;
    telemetry::init("order-events", config.log.as_deref())?;
    let aws = Aws::from_env()?;
    let store = &EventStore::new(aws.dynamodb(), config.order_events, "ORDER");
    let clock = &Clock::system();
    let parking = Parking::new(aws.sqs(), config.queue_url, config.dead_letter_queue_url);
    let handler = tower::service_fn(|delivery| news::handle(store, clock, delivery));
    let consumer = &Consumer::new("order-events", DECODER, ReplayPolicy::Refuse, parking, handler);

    run(service_fn(async |event: LambdaEvent<SqsEvent>| {
        Ok::<_, Error>(consumer.consume(event.payload).await)
    }))
    .await
}
