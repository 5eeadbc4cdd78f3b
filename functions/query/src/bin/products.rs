//! Shows the catalogue to anybody over HTTP.

use aws_clients::Aws;
use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http_api::observe;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use query::{catalogue::CatalogueApi, config::CatalogueConfig};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = CatalogueConfig::from_env()?;
    let tracer = telemetry::init("products", config.log_filter.as_deref())?;
    let api = &CatalogueApi::new(Aws::from_env()?.dynamodb(), &config);

    run(service_fn(async |event: LambdaEvent<ApiGatewayV2httpRequest>| {
        Ok::<_, Error>(
            observe(event.payload, &tracer, async |request| api.handle(request).await).await,
        )
    }))
    .await
}
