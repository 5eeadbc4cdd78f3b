//! Answers questions over HTTP.

use aws_clients::Aws;
use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http_api::observe;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use query::{api::QueryApi, config::Config};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = Config::from_env()?;
    let tracer = telemetry::init("query", config.log_filter.as_deref())?;
    let aws = Aws::from_env()?;
    let api = &QueryApi::new(aws.dynamodb(), aws.sqs(), &config);

    run(service_fn(async |event: LambdaEvent<ApiGatewayV2httpRequest>| {
        Ok::<_, Error>(
            observe(event.payload, &tracer, async |request| api.handle(request).await).await,
        )
    }))
    .await
}
