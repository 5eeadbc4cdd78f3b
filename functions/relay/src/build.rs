//! The function of this service, built of a configuration and a runtime. Nothing is decided here.

use lambda::{Error, Function, Runtime, batch::TableBatch, from_fn};
use outbox::{DeadLetters, Publisher, Relay};

use crate::config::Config;

/// `relay`: publishes the events that tables hold.
///
/// # Errors
///
/// None of its own.
pub async fn relay(config: Config, runtime: Runtime) -> Result<impl Function, Error> {
    let publisher = Publisher::new(runtime.aws.eventbridge(), config.event_bus_name)
        .traced(runtime.tracer.clone());
    let dead_letters = DeadLetters::new(runtime.aws.sqs(), config.dead_letter_queue_url);
    let relay = Relay::new(publisher, config.sources, dead_letters);
    // Read record by record: one that is malformed has no image here, and is refused by itself.
    Ok(from_fn(async move |batch: TableBatch| relay.relay(batch.into()).await))
}
