//! One event in, the mails that are then due.

use event_envelope::{AggregateId, Delivery};
use events::Event;
use outcome::{Done, Failure};
use state_machine::{Due, Host};
use tower::Service;

use crate::{
    contacts::{Address, Contacts},
    domain::{Fact, Mails, Send},
    mail::{Mailer, Sending},
};

/// Tells customers about their orders.
#[derive(Debug, Clone)]
pub struct Notifications {
    host: Host,
    contacts: Contacts,
    mailer: Mailer,
}

impl Notifications {
    /// Keeps what was told in `host`.
    pub fn new(host: Host, contacts: Contacts, mailer: Mailer) -> Self {
        Self { host, contacts, mailer }
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
    /// Retry when a table or SES is away.
    pub async fn handle(&self, delivery: Delivery<Event>) -> Result<Done, Failure> {
        let Delivery { envelope, event, .. } = delivery;
        let Some(fact) = Fact::of(&event) else {
            return Ok(Done::Ignored);
        };
        let order = event.order_id();
        let send = async |due: Due<Send>| self.send(order, due.effect).await;
        self.host.handle::<Mails, _>(order, &envelope, fact, send).await
    }

    async fn send(&self, order: &AggregateId, due: Send) -> Result<Fact, Failure> {
        let template = due.message.template;
        let failed = |reason: String| Fact::Failed { template, order_id: order.clone(), reason };
        let Some(email) = self.contacts.find(&due.user_id).await? else {
            return Ok(failed("the customer has no address".to_owned()));
        };
        let address = match Address::parse(&email) {
            Ok(address) => address,
            Err(invalid) => return Ok(failed(invalid.to_string())),
        };
        match self.mailer.send(order, &address, &due.message).await? {
            Sending::Sent { message_id } => {
                Ok(Fact::Sent { template, order_id: order.clone(), message_id })
            }
            Sending::Refused { reason } => Ok(failed(reason)),
        }
    }
}
