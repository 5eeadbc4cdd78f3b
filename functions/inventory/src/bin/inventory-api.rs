//! Takes the commands of administrators over HTTP.

use aws_clients::Aws;
use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http_api::observe;
use idempotency::{DynamoDbStore, Guard, ReplayPolicy};
use inventory::{api::InventoryApi, config::ApiConfig};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use runtime::{Clock, Tokens, within};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = ApiConfig::from_env()?;
    let traces = telemetry::init("inventory-api", config.log_filter.as_deref())?;
    let (dynamodb, clock) = (Aws::from_env()?.dynamodb(), &Clock::system());
    let records = DynamoDbStore::new(dynamodb.clone(), config.records);
    let guard = Guard::new(records, "inventory-api", ReplayPolicy::Refuse)
        .retention(config.record_retention)
        .with(clock.clone(), Tokens::random());
    let (stock, movements) = (config.stock, config.movements);
    let api = &InventoryApi::new(dynamodb, stock, movements, guard, clock.clone());

    run(service_fn(async |event: LambdaEvent<ApiGatewayV2httpRequest>| {
        let left = clock.until(event.context.deadline);
        Ok::<_, Error>(
            within(
                left,
                observe(event.payload, &traces, async |request| api.handle(request).await),
            )
            .await,
        )
    }))
    .await
}
