//! The functions of this service, built of a configuration and a runtime. Nothing is decided here.

use catalogue::{DECODER, LIVE};
use event_store::EventStore;
use http_api::observed;
use lambda::{Error, Function, ReplayPolicy, Runtime, from_fn, service};
use projection::LivePlacement;
use serde::de::IgnoredAny;

use crate::{
    api::OrderApi,
    config::{ApiConfig, EventsConfig, SweeperConfig},
    handler::Orders,
    limit::OrderLimit,
    lookup::Lookup,
    sweeper::Sweeper,
};

/// `order-api`: places, cancels and resumes orders over HTTP.
///
/// # Errors
///
/// None of its own.
pub async fn api(config: ApiConfig, runtime: Runtime) -> Result<impl Function, Error> {
    let dynamodb = runtime.aws.dynamodb();
    let store = EventStore::new(dynamodb.clone(), config.order_events, "ORDER");
    let lookup = Lookup::new(dynamodb.clone(), config.products, config.delivery_addresses);
    let clock = runtime.clock.clone();
    let views = LivePlacement::new(dynamodb.clone(), config.order_views, clock.clone());
    let limit = OrderLimit::new(dynamodb, views, config.limits);
    let api = OrderApi::new(store, lookup, config.pay_within, config.scope, clock).limited(limit);
    Ok(from_fn(observed(runtime.tracer, async move |request| api.handle(request).await)))
}

/// `order-events`: records what other services publish about orders, and takes the tasks of their
/// workflows.
///
/// # Errors
///
/// None of its own.
pub async fn events(config: EventsConfig, runtime: Runtime) -> Result<impl Function, Error> {
    let store = EventStore::new(runtime.aws.dynamodb(), config.order_events, "ORDER");
    let orders = Orders::new(store, runtime.clock.clone());
    let events = service(orders.clone());
    let consumer = runtime.consumer(config.queue, LIVE, ReplayPolicy::Refuse, events);
    Ok(consumer.with_tasks(orders, config.tasks, DECODER))
}

/// `order-sweeper`: times out orders whose deadline has come.
///
/// # Errors
///
/// None of its own.
pub async fn sweeper(config: SweeperConfig, runtime: Runtime) -> Result<impl Function, Error> {
    let store = EventStore::new(runtime.aws.dynamodb(), config.order_events, "ORDER");
    let sweeper = Sweeper::new(store, config.deadlines, runtime.clock.clone());
    Ok(from_fn(async move |_: IgnoredAny| sweeper.sweep().await))
}
