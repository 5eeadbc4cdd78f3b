//! The Lambda function `relay`.

use aws_clients::Aws;
use lambda::batch::TableBatch;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use outbox::{DeadLetters, Publisher, Relay};
use relay::{config::Config, handler::handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = Config::from_env()?;
    let tracer = telemetry::init("relay", config.log_filter.as_deref())?;
    let aws = Aws::from_env()?;
    let publisher = Publisher::new(aws.eventbridge(), config.event_bus_name).traced(tracer);
    let dead_letters = DeadLetters::new(aws.sqs(), config.dead_letter_queue_url);
    let relay = Relay::new(publisher, config.sources, dead_letters);
    // Read record by record: one that is odd has no image here, and is refused by itself.
    let handle = async |LambdaEvent { payload, context }: LambdaEvent<TableBatch>| {
        handle(LambdaEvent::new(payload.into(), context), &relay).await
    };
    lambda_runtime::run(service_fn(handle)).await
}
