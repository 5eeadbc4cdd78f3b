//! Calls off orders that are not paid for or not shipped in time.

use aws_clients::Aws;
use event_store::EventStore;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use order::{config::SweeperConfig, sweeper::Sweeper};
use runtime::{Clock, with_deadline};
use serde::de::IgnoredAny;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = SweeperConfig::from_env()?;
    telemetry::init("order-sweeper", config.log_filter.as_deref())?;
    let (dynamodb, clock) = (Aws::from_env()?.dynamodb(), &Clock::system());
    let store = EventStore::new(dynamodb, config.order_events, "ORDER");
    let sweeper = &Sweeper::new(store, config.deadlines, clock.clone());

    run(service_fn(async |event: LambdaEvent<IgnoredAny>| {
        let left = clock.until(event.context.deadline);
        Ok::<_, Error>(with_deadline(left, sweeper.sweep()).await)
    }))
    .await
}
