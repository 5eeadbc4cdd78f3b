//! The function of this service, built of a configuration and a runtime. Nothing is decided here.

use catalogue::LIVE;
use lambda::{Error, Function, ReplayPolicy, Runtime};

use crate::{config::Config, handler::Analytics};

/// `analytics`: counts completed orders.
///
/// # Errors
///
/// None of its own.
pub async fn analytics(config: Config, runtime: Runtime) -> Result<impl Function, Error> {
    let once = config
        .records
        .consumer(runtime.aws.dynamodb(), runtime.name, ReplayPolicy::Refuse)
        .with(runtime.clock.clone(), runtime.ids.clone());
    let analytics = Analytics::new(config.totals).into_service(once);
    Ok(runtime.consumer(config.queue, LIVE, ReplayPolicy::Refuse, analytics))
}
