//! Takes the commands of administrators over HTTP.

use aws_clients::Aws;
use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http_api::observe;
use idempotency::{DynamoDbStore, IdempotencyConfig, ReplayPolicy};
use inventory::{api::InventoryApi, config::ApiConfig};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use runtime::{Clock, IdGenerator, with_deadline};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = ApiConfig::from_env()?;
    let tracer = telemetry::init("inventory-api", config.log_filter.as_deref())?;
    let (dynamodb, clock) = (Aws::from_env()?.dynamodb(), &Clock::system());
    let records = DynamoDbStore::new(dynamodb.clone(), config.records);
    let guard = IdempotencyConfig::new(records, "inventory-api", ReplayPolicy::Refuse)
        .retention(config.record_retention)
        .with(clock.clone(), IdGenerator::random());
    let (stock, movements) = (config.stock, config.movements);
    let api = &InventoryApi::new(dynamodb, stock, movements, guard, clock.clone());

    run(service_fn(async |event: LambdaEvent<ApiGatewayV2httpRequest>| {
        let left = clock.until(event.context.deadline);
        Ok::<_, Error>(
            with_deadline(
                left,
                observe(event.payload, &tracer, async |request| api.handle(request).await),
            )
            .await,
        )
    }))
    .await
}
