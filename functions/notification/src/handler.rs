//! One event in, the mails that are then to be sent.

use event_envelope::{AggregateId, Delivery};
use lambda::EventHandler;
use runtime::{Done, Failure};
use state_machine::{Attempt, Runner};

use crate::{
    contacts::{Address, Contacts},
    domain::{Input, Mails, NotificationEvent, Send},
    mail::{Mailer, Sending},
};

/// Sends customers mails about their orders.
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

impl EventHandler for Notifications {
    type Event = NotificationEvent;

    /// Handles one event.
    ///
    /// # Errors
    ///
    /// Retry when a table or SES is unavailable.
    async fn handle(&self, delivery: Delivery<NotificationEvent>) -> Result<Done, Failure> {
        let Delivery { envelope, event, .. } = delivery;
        let input = Input::of(&event);
        let order = event.order_id();
        let send = async |attempt: Attempt<Send>| self.send(order, attempt.command).await;
        let handled = self.runner.handle::<Mails, _>(order, &envelope, input, send).await?;
        Ok(handled.done)
    }
}
