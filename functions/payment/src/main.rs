//! The Lambda function `payment`.

use aws_clients::Aws;
use aws_lambda_events::sqs::SqsEvent;
use clock::{Clock, Tokens, within};
use consumer::{Consumer, Parking, ReplayPolicy};
use events::{DECODER, Event};
use http_port::HttpPort;
use idempotency::Host;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use payment::{
    config::Config,
    gateway::Stripe,
    handler::{Handler, hosted_in},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = Config::from_env()?;
    telemetry::init("payment", config.log_filter.as_deref())?;
    let (aws, clock) = (Aws::from_env()?, Clock::system());
    aws.warm_dynamodb().await;
    let settings = hosted_in(config.payments_table);
    let host = Host::new(aws.dynamodb(), settings, clock.clone(), Tokens::random());
    let gateway = Stripe::new(HttpPort::new(config.gateway_url, config.gateway_api_key)?);
    let parking = Parking::new(aws.sqs(), config.queue_url, config.dead_letter_queue_url);
    let service = Handler::new(host, gateway).into_service();
    let consumer = Consumer::new("payment", DECODER, ReplayPolicy::Refuse, parking, service);
    let handle = async |batch: LambdaEvent<SqsEvent>| {
        let left = clock.until(batch.context.deadline);
        Ok::<_, Error>(within(left, consumer.consume::<Event>(batch.payload)).await)
    };
    lambda_runtime::run(service_fn(handle)).await
}
