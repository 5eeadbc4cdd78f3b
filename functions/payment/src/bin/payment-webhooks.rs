//! Is told by the payment provider that something has changed there.

use aws_clients::Aws;
use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http_api::observe;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use payment::{
    config::WebhooksConfig,
    handler::runner_config,
    webhooks::{Keyring, Queue, SigningSecrets, Webhooks},
};
use runtime::{Clock, IdGenerator, with_deadline};
use state_machine::Runner;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = WebhooksConfig::from_env()?;
    let tracer = telemetry::init("payment-webhooks", config.log_filter.as_deref())?;
    let (aws, clock) = (Aws::from_env()?, &Clock::system());
    aws.warm_dynamodb().await;
    let secret = aws.secret(config.secret);
    let secrets = secret.read(SigningSecrets::parse).await?;
    let keyring = Keyring::new(secrets, secret.reader(SigningSecrets::parse), clock.clone());
    let settings = runner_config(config.payments_table);
    let runner = Runner::new(aws.dynamodb(), settings, clock.clone(), IdGenerator::random());
    let queue = Queue::new(aws.sqs(), config.queue_url);
    let webhooks = &Webhooks::new(keyring, runner, queue, clock.clone());

    run(service_fn(async |event: LambdaEvent<ApiGatewayV2httpRequest>| {
        let left = clock.until(event.context.deadline);
        let answer = async |request| webhooks.handle(request).await;
        Ok::<_, Error>(with_deadline(left, observe(event.payload, &tracer, answer)).await)
    }))
    .await
}
