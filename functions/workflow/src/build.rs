//! The function of this service, built of a configuration and a runtime. Nothing is decided here.

use catalogue::LIVE;
use lambda::{Error, Function, ReplayPolicy, Runtime, service};

use crate::{config::Config, handler::Workflow};

/// `workflow`: starts the workflow of each order.
///
/// # Errors
///
/// None of its own.
pub async fn workflow(config: Config, runtime: Runtime) -> Result<impl Function, Error> {
    let workflow = Workflow::new(runtime.aws.sfn(), config.state_machine_arn);
    Ok(runtime.consumer(config.queue, LIVE, ReplayPolicy::Refuse, service(workflow)))
}
