//! The Lambda function `shipping`.

use aws_clients::Aws;
use catalogue::{DECODER, Event, LIVE};
use http_client::{ApiKey, HttpClient};
use lambda::{Consumer, DeadLetterQueue, Invocation, ReplayPolicy, Tasks, answer_traced};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use runtime::{Clock, IdGenerator, with_deadline};
use shipping::{carrier::HttpCarrier, config::Config, handler::Handler, handler::runner_config};
use state_machine::Runner;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = Config::from_env()?;
    let tracer = telemetry::init("shipping", config.log_filter.as_deref())?;
    let (aws, clock) = (Aws::from_env()?, Clock::system());
    aws.warm_dynamodb().await;
    let settings = runner_config(config.shipments_table);
    let runner = Runner::new(aws.dynamodb(), settings, clock.clone(), IdGenerator::random())
        .exhausted_after(config.review_after);
    let secret = aws.secret(config.carrier_api_key);
    let port = HttpClient::new(config.carrier_url, secret.read(ApiKey::parse).await?)?;
    let carrier = HttpCarrier::new(port.renewed_by(secret.reader(ApiKey::parse)));
    let tasks = Tasks::in_mode(config.fulfilment_mode);
    let dead_letters =
        DeadLetterQueue::new(aws.sqs(), config.queue_url, config.dead_letter_queue_url);
    let handler = std::sync::Arc::new(Handler::new(runner, carrier));
    let service = handler.clone().into_service();
    let consumer = Consumer::new("shipping", LIVE, ReplayPolicy::Refuse, dead_letters, service)
        .traced(tracer.clone());
    // The futures of the SDK are deep: one more layer around them is too much to compile.
    let consume = async |batch| Box::pin(consumer.consume::<Event>(batch)).await;
    let work = async |task| Box::pin(handler.work(task)).await;
    let handle = async |LambdaEvent { payload, context }: LambdaEvent<Invocation>| {
        let answered = answer_traced(tasks.admit(payload)?, &DECODER, &tracer, consume, work);
        with_deadline(clock.until(context.deadline), answered).await
    };
    lambda_runtime::run(service_fn(handle)).await
}
