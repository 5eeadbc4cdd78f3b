//! The function of this service, built of a configuration and a runtime. Nothing is decided here.

use catalogue::ON_BUS;
use event_store::EventStore;
use lambda::{Error, Function, ReplayPolicy, Runtime, service};
use projection::{LivePlacement, Projection, Rows};

use crate::{config::Config, handler::Projector, view::OrderViews};

/// `projector`: keeps the rows of the read models. It takes replays: a row only moves forward.
///
/// # Errors
///
/// None of its own.
pub async fn projector(config: Config, runtime: Runtime) -> Result<impl Function, Error> {
    let dynamodb = runtime.aws.dynamodb();
    let orders = EventStore::new(dynamodb.clone(), config.order_events, "ORDER");
    let placement = LivePlacement::new(dynamodb.clone(), config.views, runtime.clock.clone());
    let projector = Projector::new(Rows::new(dynamodb, OrderViews::KEY), placement, orders);
    Ok(runtime.consumer(config.queue, ON_BUS, ReplayPolicy::Accept, service(projector)))
}
