//! The functions of this service, built of a configuration and a runtime. Nothing is decided here.

use catalogue::ON_BUS;
use http_api::observed;
use lambda::{Error, Function, ReplayPolicy, Runtime, from_fn, service};

use crate::{
    Table,
    api::TimelineApi,
    config::{ApiConfig, Config},
    handler::Timeline,
};

/// `timeline`: keeps the events. It takes replays, as an event is the same item each time.
///
/// # Errors
///
/// None of its own.
pub async fn timeline(config: Config, runtime: Runtime) -> Result<impl Function, Error> {
    let table = Table::new(runtime.aws.dynamodb(), config.table);
    let timeline = Timeline::new(table, runtime.clock.clone(), config.retention);
    Ok(runtime.consumer(config.queue, ON_BUS, ReplayPolicy::Accept, service(timeline)))
}

/// `timeline-api`: answers customers and operators.
///
/// # Errors
///
/// None of its own.
pub async fn api(config: ApiConfig, runtime: Runtime) -> Result<impl Function, Error> {
    let api = TimelineApi::new(Table::new(runtime.aws.dynamodb(), config.table), config.scope);
    Ok(from_fn(observed(runtime.tracer, async move |request| api.handle(request).await)))
}
