//! The functions of this service, built of a configuration and a runtime. Nothing is decided here.

use catalogue::{DECODER, LIVE};
use http_api::observed;
use lambda::{Error, Function, ReplayPolicy, Runtime, from_fn};

use crate::{
    api::InventoryApi,
    config::{ApiConfig, Config},
    handler::Inventory,
};

/// `inventory`: reserves stock for orders, by events and by the tasks of a workflow.
///
/// # Errors
///
/// None of its own.
pub async fn inventory(config: Config, runtime: Runtime) -> Result<impl Function, Error> {
    let dynamodb = runtime.aws.dynamodb();
    let once = config
        .records
        .consumer(dynamodb.clone(), runtime.name, ReplayPolicy::Refuse)
        .with(runtime.clock.clone(), runtime.ids.clone());
    let clock = runtime.clock.clone();
    let inventory = Inventory::new(dynamodb, config.stock, config.reservations, clock);
    let tasks = inventory.clone().into_tasks(once.clone());
    let events = inventory.into_service(once);
    let consumer = runtime.consumer(config.queue, LIVE, ReplayPolicy::Refuse, events);
    Ok(consumer.with_tasks(tasks, config.tasks, DECODER))
}

/// `inventory-api`: takes the commands of administrators over HTTP.
///
/// # Errors
///
/// None of its own.
pub async fn api(config: ApiConfig, runtime: Runtime) -> Result<impl Function, Error> {
    let dynamodb = runtime.aws.dynamodb();
    let once = config
        .records
        .consumer(dynamodb.clone(), runtime.name, ReplayPolicy::Refuse)
        .with(runtime.clock.clone(), runtime.ids.clone());
    let clock = runtime.clock.clone();
    let api = InventoryApi::new(dynamodb, config.stock, config.movements, once, clock);
    Ok(from_fn(observed(runtime.tracer, async move |request| api.handle(request).await)))
}
