//! The message that has a payment checked again, on its queue beside the events.

use event_envelope::{
    Actor, AggregateId, CorrelationId, DecodeError, Draft, Envelope, EventId, FromEnvelope, Version,
};
use serde_json::{Value, json};
use time::OffsetDateTime;

/// The type of the message. It is no event of the catalogue: nothing has happened that another
/// service could rely on, and it never was on the bus.
pub const CHECK_AGAIN: &str = "PaymentLookAgain";
/// Who sends it.
pub const SOURCE: &str = "payment-webhooks";

catalogue::subscribe! {
    /// What payments consume.
    pub enum PaymentInput {
        OrderCreated,
        InventoryReserved,
        OrderCancelled,
        ShippingFailed,
        OrderResumed,
    }
}

/// What arrives in the queue of the payment function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentMessage {
    /// An event of the bus.
    Event(PaymentInput),
    /// The provider reports that something has changed about this order.
    CheckAgain(AggregateId),
}

impl From<PaymentInput> for PaymentMessage {
    fn from(event: PaymentInput) -> Self {
        Self::Event(event)
    }
}

impl FromEnvelope for PaymentMessage {
    fn from_envelope(envelope: &Envelope) -> Result<Self, DecodeError> {
        if envelope.event_type == CHECK_AGAIN && envelope.source == SOURCE {
            return Ok(Self::CheckAgain(envelope.aggregate_id.clone()));
        }
        PaymentInput::from_envelope(envelope).map(Self::Event)
    }
}

/// The message, in the wrapping in which a consumer of the bus takes its events. What the provider
/// sends twice has the same id.
pub(super) fn check_again(
    order: &AggregateId,
    body: &[u8],
    traceparent: Option<String>,
    now: OffsetDateTime,
) -> String {
    let draft: Draft<Value> = Draft {
        event_type: CHECK_AGAIN.to_owned(),
        event_version: Version::new(1, 0),
        source: SOURCE.to_owned(),
        timestamp: now,
        aggregate_id: order.clone(),
        sequence_number: 1,
        data: json!({ "orderId": order }),
    };
    let actor = Actor { traceparent, ..Actor::default() };
    let mut envelope = draft.root(CorrelationId::of(order.as_str()), actor);
    envelope.event_id = EventId::of_content(&[SOURCE.as_bytes(), body]);
    json!({ "detail-type": CHECK_AGAIN, "source": SOURCE, "detail": envelope }).to_string()
}
