//! One event in, the mails that are then to be sent.

use catalogue::Event;
use event_envelope::{AggregateId, Delivery};
use runtime::{Done, Failure};
use state_machine::{Attempt, Runner};
use tower::Service;

use crate::{
    contacts::{Address, Contacts},
    domain::{Input, Mails, Send},
    mail::{Mailer, Sending},
};

/// Tells customers about their orders.
#[derive(Debug, Clone)]
pub struct Notifications {
    runner: Runner,
    contacts: Contacts,
    mailer: Mailer,
}

impl Notifications {
    /// Runs the mails of orders by `runner`.
    pub fn new(runner: Runner, contacts: Contacts, mailer: Mailer) -> Self {
        Self { runner, contacts, mailer }
    }

    /// These notifications as the service that a consumer calls.
    pub fn into_service(
        self,
    ) -> impl Service<Delivery<Event>, Response = Done, Error = Failure> + Clone {
        tower::service_fn(move |delivery| {
            let notifications = self.clone();
            async move { notifications.handle(delivery).await }
        })
    }

    /// Takes in one event.
    ///
    /// # Errors
    ///
    /// Retry when a table or SES is unavailable.
    pub async fn handle(&self, delivery: Delivery<Event>) -> Result<Done, Failure> {
        let Delivery { envelope, event, .. } = delivery;
        let Some(input) = Input::of(&event) else {
            return Ok(Done::Ignored);
        };
        let order = event.order_id();
        let send = async |attempt: Attempt<Send>| self.send(order, attempt.command).await;
        let handled = self.runner.handle::<Mails, _>(order, &envelope, input, send).await?;
        Ok(handled.done)
    }

    async fn send(&self, order: &AggregateId, mail: Send) -> Result<Input, Failure> {
        let template = mail.message.template;
        let failed = |reason: String| Input::Failed { template, order_id: order.clone(), reason };
        let Some(email) = self.contacts.find(&mail.user_id).await? else {
            return Ok(failed("the customer has no address".to_owned()));
        };
        let address = match Address::parse(&email) {
            Ok(address) => address,
            Err(invalid) => return Ok(failed(invalid.to_string())),
        };
        match self.mailer.send(order, &address, &mail.message).await? {
            Sending::Sent { message_id } => {
                Ok(Input::Sent { template, order_id: order.clone(), message_id })
            }
            Sending::Refused { reason } => Ok(failed(reason)),
        }
    }
}
