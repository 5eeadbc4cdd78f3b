//! The functions of this service, built of a configuration and a runtime. Nothing is decided here.

use std::sync::Arc;

use catalogue::{DECODER, LIVE};
use http_api::observed;
use http_client::{ApiKey, HttpClient};
use lambda::{Error, Function, ReplayPolicy, Runtime, from_fn, service};
use state_machine::Runner;

use crate::{
    config::{Config, WebhooksConfig},
    customers::Customers,
    gateway::{PaymentGateway, Stripe},
    handler::Handler,
    webhooks::{Keyring, Queue, SigningSecrets, Webhooks},
};

/// `payment`: charges and refunds orders at the payment provider, by events and by the tasks of a
/// workflow.
///
/// # Errors
///
/// When the provider's key cannot be read: Lambda starts the function again.
pub async fn payment(config: Config, runtime: Runtime) -> Result<impl Function, Error> {
    runtime.aws.warm_dynamodb().await;
    let secret = runtime.aws.secret(config.gateway_api_key.clone());
    let client = HttpClient::new(config.gateway_url.clone(), secret.read(ApiKey::parse).await?)?;
    let gateway = Stripe::new(client.renewed_by(secret.reader(ApiKey::parse)));
    Ok(payment_by(config, runtime, gateway))
}

/// `payment`, which moves money through `gateway`.
pub fn payment_by(
    config: Config,
    runtime: Runtime,
    gateway: impl PaymentGateway + 'static,
) -> impl Function {
    let dynamodb = runtime.aws.dynamodb();
    let clock = runtime.clock.clone();
    let runner = Runner::new(dynamodb.clone(), config.payments, clock, runtime.ids.clone());
    let customers = Customers::new(dynamodb, config.customers_table);
    let handler = Arc::new(Handler::new(runner, gateway, customers));
    let events = service(handler.clone());
    let consumer = runtime.consumer(config.queue, LIVE, ReplayPolicy::Refuse, events);
    consumer.with_tasks(handler, config.tasks, DECODER)
}

/// `payment-webhooks`: is notified by the payment provider that something has changed there.
///
/// # Errors
///
/// When the signing secrets cannot be read: Lambda starts the function again.
pub async fn webhooks(config: WebhooksConfig, runtime: Runtime) -> Result<impl Function, Error> {
    runtime.aws.warm_dynamodb().await;
    let secret = runtime.aws.secret(config.secret.clone());
    let secrets = secret.read(SigningSecrets::parse).await?;
    let reader = secret.reader(SigningSecrets::parse);
    let keyring = Keyring::new(secrets, reader, runtime.clock.clone());
    Ok(webhooks_by(config, runtime, keyring))
}

/// `payment-webhooks`, which checks signatures with `keyring`.
pub fn webhooks_by(config: WebhooksConfig, runtime: Runtime, keyring: Keyring) -> impl Function {
    let clock = runtime.clock.clone();
    let runner = Runner::new(runtime.aws.dynamodb(), config.payments, clock.clone(), runtime.ids);
    let queue = Queue::new(runtime.aws.sqs(), config.queue_url);
    let webhooks = Webhooks::new(keyring, runner, queue, clock);
    from_fn(observed(runtime.tracer, async move |request| webhooks.handle(request).await))
}
