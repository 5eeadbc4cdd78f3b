//! The functions of this service, built of a configuration and a runtime. Nothing is decided here.

use catalogue::LIVE;
use event_store::EventStore;
use lambda::{Error, Function, ReplayPolicy, Runtime};

use crate::{config::Config, handler::Analytics};

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
