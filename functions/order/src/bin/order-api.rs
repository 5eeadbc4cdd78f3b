//! Takes the commands of customers and operators over HTTP.

use aws_clients::Aws;
use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use event_store::EventStore;
use http_api::observe;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use order::{api::OrderApi, config::ApiConfig, limit::OrderLimit, lookup::Lookup};
use runtime::Clock;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = ApiConfig::from_env()?;
    let tracer = telemetry::init("order-api", config.log_filter.as_deref())?;
    let dynamodb = Aws::from_env()?.dynamodb();
    let store = EventStore::new(dynamodb.clone(), config.order_events, "ORDER");
    let lookup = Lookup::new(dynamodb.clone(), config.products, config.delivery_addresses);
    let limit = OrderLimit::new(dynamodb, config.order_views, config.limits);
    let api = &OrderApi::new(store, lookup, config.pay_within, config.scope, Clock::system())
        .limited(limit);

    run(service_fn(async |event: LambdaEvent<ApiGatewayV2httpRequest>| {
        Ok::<_, Error>(
            observe(event.payload, &tracer, async |request| api.handle(request).await).await,
        )
    }))
    .await
}
