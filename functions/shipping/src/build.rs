//! The function of this service, built of a configuration and a runtime. Nothing is decided here.

use std::sync::Arc;

use catalogue::{DECODER, LIVE};
use http_client::{ApiKey, HttpClient};
use lambda::{Error, Function, ReplayPolicy, Runtime, service};
use state_machine::Runner;

use crate::{
    carrier::{Carrier, HttpCarrier},
    config::Config,
    handler::Handler,
};

/// `shipping`: gives parcels to the carrier and calls them back, by events and by the tasks of a
/// workflow.
///
/// # Errors
///
/// When the carrier's key cannot be read: Lambda starts the function again.
pub async fn shipping(config: Config, runtime: Runtime) -> Result<impl Function, Error> {
    runtime.aws.warm_dynamodb().await;
    let secret = runtime.aws.secret(config.carrier_api_key.clone());
    let client = HttpClient::new(config.carrier_url.clone(), secret.read(ApiKey::parse).await?)?;
    let carrier = HttpCarrier::new(client.renewed_by(secret.reader(ApiKey::parse)));
    Ok(shipping_by(config, runtime, carrier))
}

/// `shipping`, which gives parcels to `carrier`.
pub fn shipping_by(
    config: Config,
    runtime: Runtime,
    carrier: impl Carrier + 'static,
) -> impl Function {
    let dynamodb = runtime.aws.dynamodb();
    let clock = runtime.clock.clone();
    let runner = Runner::new(dynamodb, config.shipments, clock, runtime.ids.clone());
    let handler = Arc::new(Handler::new(runner, carrier));
    let events = service(handler.clone());
    let consumer = runtime.consumer(config.queue, LIVE, ReplayPolicy::Refuse, events);
    consumer.with_tasks(handler, config.tasks, DECODER)
}
