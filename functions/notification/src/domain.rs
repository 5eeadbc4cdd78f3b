//! The mails that a customer gets about an order. Pure.

use std::collections::BTreeMap;

use catalogue::{CancelReason, Event, NotificationFailed, NotificationSent, Template};
use event_envelope::{AggregateId, Draft};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use state_machine::StateMachine;
use time::OffsetDateTime;

catalogue::subscribe! {
    /// What customers get mails about.
    pub enum NotificationEvent { OrderCreated, PaymentCompleted, ShipmentCreated, OrderCancelled }
}

/// What the mails of an order take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// This customer placed the order.
    Placed {
        /// The customer.
        user_id: AggregateId,
    },
    /// Something is worth a mail.
    Notify(Message),
    /// The mail went out.
    Sent {
        /// What it was about.
        template: Template,
        /// The order.
        order_id: AggregateId,
        /// The mail service's id.
        message_id: String,
    },
    /// The mail cannot be sent.
    Failed {
        /// What it was about.
        template: Template,
        /// The order.
        order_id: AggregateId,
        /// Why.
        reason: String,
    },
}

/// The content of a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// What it is about.
    pub template: Template,
    /// What belongs to it: the tracking number, or why an order is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// How far a message has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Progress {
    /// It is to be sent.
    Wanted(Message),
    /// It was sent, or cannot be.
    Settled,
}

/// The mails of one order.
///
/// What follows from an input about one of them, in whatever order inputs come: how far it is then,
/// and *the event* that is emitted. Each mail goes its own way.
///
/// | | wanted | sent | failed |
/// |---|---|---|---|
/// | *absent* | wanted | settled *sent* | settled *failed* |
/// | wanted | – | settled *sent* | settled *failed* |
/// | settled | – | – | – |
///
/// – : it has taken effect. The first mail is wanted when the order's creation is consumed, each
/// other one with its own event; none is sent before the customer is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mails {
    /// The customer: known once the order's creation has been consumed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user_id: Option<AggregateId>,
    /// Every message by its template, in the order in which they are worth reading.
    #[serde(default)]
    messages: BTreeMap<Template, Progress>,
}

/// A mail to send now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Send {
    /// To whom.
    pub user_id: AggregateId,
    /// What.
    pub message: Message,
}

impl StateMachine for Mails {
    type Input = Input;
    type Command = Send;
    type Event = Event;

    fn transition(mut self, input: &Input) -> (Self, Vec<Event>) {
        match input {
            Input::Placed { user_id } => {
                self.user_id.get_or_insert_with(|| user_id.clone());
                self.want(Message { template: Template::OrderReceived, detail: None });
                (self, vec![])
            }
            Input::Notify(message) => {
                self.want(message.clone());
                (self, vec![])
            }
            Input::Sent { template, order_id, message_id } => {
                let event = NotificationSent {
                    order_id: order_id.clone(),
                    template: *template,
                    message_id: message_id.clone(),
                };
                self.complete(*template, event.into())
            }
            Input::Failed { template, order_id, reason } => {
                let event = NotificationFailed {
                    order_id: order_id.clone(),
                    template: *template,
                    reason: reason.clone(),
                };
                self.complete(*template, event.into())
            }
        }
    }

    fn pending(&self) -> Option<Send> {
        let user_id = self.user_id.clone()?;
        let message = self.messages.values().find_map(|progress| match progress {
            Progress::Wanted(message) => Some(message.clone()),
            Progress::Settled => None,
        })?;
        Some(Send { user_id, message })
    }

    fn draft(
        event: &Event,
        aggregate: AggregateId,
        sequence: u64,
        at: OffsetDateTime,
    ) -> Draft<Value> {
        event.draft(aggregate, sequence, at)
    }
}

impl Mails {
    /// A second wish for the same message is the first one.
    fn want(&mut self, message: Message) {
        self.messages.entry(message.template).or_insert(Progress::Wanted(message));
    }

    /// A message is completed once; only then is there an event to publish.
    fn complete(mut self, template: Template, event: Event) -> (Self, Vec<Event>) {
        let before = self.messages.insert(template, Progress::Settled);
        let events = if before == Some(Progress::Settled) { vec![] } else { vec![event] };
        (self, events)
    }
}

impl Input {
    /// What an event means for the mails of its order.
    pub fn of(event: &NotificationEvent) -> Self {
        let notify = |template, detail| Self::Notify(Message { template, detail });
        match event {
            NotificationEvent::OrderCreated(order) => {
                Self::Placed { user_id: order.user_id.clone() }
            }
            NotificationEvent::PaymentCompleted(payment) => {
                notify(Template::PaymentReceived, payment.amount.map(|amount| amount.to_string()))
            }
            NotificationEvent::ShipmentCreated(shipment) => {
                let tracking = format!("{} {}", shipment.carrier, shipment.tracking_number);
                notify(Template::OrderShipped, Some(tracking))
            }
            NotificationEvent::OrderCancelled(cancelled) => {
                notify(Template::OrderCancelled, Some(in_words(cancelled.reason).to_owned()))
            }
        }
    }
}

const fn in_words(reason: CancelReason) -> &'static str {
    match reason {
        CancelReason::CustomerRequest => "you asked us to",
        CancelReason::OutOfStock => "not everything you ordered is in stock",
        CancelReason::PaymentFailed => "the payment was refused",
        CancelReason::PaymentRefunded => "the payment went back to you",
        CancelReason::ShippingFailed => "it cannot be delivered",
        CancelReason::TimedOut => "it took too long",
    }
}

#[cfg(test)]
mod tests;
