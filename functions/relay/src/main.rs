//! The Lambda function `relay`.

use aws_clients::Aws;
use lambda_runtime::{Error, service_fn};
use outbox::Publisher;
use relay::{config::Config, handler::handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = Config::from_env()?;
    let traces = telemetry::init("relay", config.log_filter.as_deref())?;
    let publisher =
        Publisher::new(Aws::from_env()?.eventbridge(), config.event_bus_name).traced(traces);
    lambda_runtime::run(service_fn(async |batch| handle(batch, &publisher).await)).await
}
