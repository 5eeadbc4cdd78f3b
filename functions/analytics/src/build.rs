//! The functions of this service, built of a configuration and a runtime. Nothing is decided here.

use catalogue::LIVE;
use event_store::EventStore;
use http_api::observed;
use lambda::{Error, Function, ReplayPolicy, Runtime, from_fn};

use crate::{
    api::AnalyticsApi,
    config::{Config, Tables},
    handler::Analytics,
};

/// `analytics`: counts what happens to orders.
///
/// # Errors
///
/// None of its own.
pub async fn analytics(config: Config, runtime: Runtime) -> Result<impl Function, Error> {
    let dynamodb = runtime.aws.dynamodb();
    let once = config
        .records
        .consumer(dynamodb.clone(), runtime.name, ReplayPolicy::Refuse)
        .with(runtime.clock.clone(), runtime.ids.clone());
    let orders = EventStore::new(dynamodb, config.order_events, "ORDER");
    let tables = config.tables;
    let analytics = Analytics::new(tables.figures, tables.products, orders).into_service(once);
    Ok(runtime.consumer(config.queue, LIVE, ReplayPolicy::Refuse, analytics))
}

/// `analytics-api`: shows operators the figures.
///
/// # Errors
///
/// None of its own.
pub async fn api(tables: Tables, runtime: Runtime) -> Result<impl Function, Error> {
    let api = AnalyticsApi::new(runtime.aws.dynamodb(), tables, runtime.clock.clone());
    Ok(from_fn(observed(runtime.tracer, async move |request| api.handle(request).await)))
}
