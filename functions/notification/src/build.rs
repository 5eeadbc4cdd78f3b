//! The function of this service, built of a configuration and a runtime. Nothing is decided here.

use catalogue::LIVE;
use lambda::{Error, Function, ReplayPolicy, Runtime, service};
use state_machine::Runner;

use crate::{config::Config, contacts::Contacts, handler::Notifications, mail::Mailer};

/// `notification`: mails customers about their orders.
///
/// # Errors
///
/// None of its own.
pub async fn notification(config: Config, runtime: Runtime) -> Result<impl Function, Error> {
    let dynamodb = runtime.aws.dynamodb();
    let clock = runtime.clock.clone();
    let runner = Runner::new(dynamodb.clone(), config.notifications, clock, runtime.ids.clone());
    let contacts = Contacts::new(dynamodb, config.contacts);
    let mailer = Mailer::new(&runtime.aws.sesv2(), config.sender);
    let notifications = Notifications::new(runner, contacts, mailer);
    Ok(runtime.consumer(config.queue, LIVE, ReplayPolicy::Refuse, service(notifications)))
}
