//! The Lambda function `relay`.

use aws_clients::Aws;
use batch::TableBatch;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use outbox::Publisher;
use relay::{config::Config, handler::handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = Config::from_env()?;
    let traces = telemetry::init("relay", config.log_filter.as_deref())?;
    let publisher =
        Publisher::new(Aws::from_env()?.eventbridge(), config.event_bus_name).traced(traces);
    // Read record by record: one that is odd has no image here, and is refused by itself.
    let handle = async |LambdaEvent { payload, context }: LambdaEvent<TableBatch>| {
        handle(LambdaEvent::new(payload.into(), context), &publisher).await
    };
    lambda_runtime::run(service_fn(handle)).await
}
