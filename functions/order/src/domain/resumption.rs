//! How often an order may be resumed.

use event_envelope::{AggregateId, DecodeError, Draft, Envelope, FromEnvelope};
use event_store::Decider;
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::{Command, Order, OrderEvent, Rule};

/// How long an order rests that was resumed once. It doubles each time that it is resumed again
/// with nothing else having happened to it.
const REST: Duration = Duration::MINUTE;
/// The longest that it rests.
const REST_MAX: Duration = Duration::HOUR;

/// Something that happened to an order, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dated {
    /// What happened.
    pub event: OrderEvent,
    /// When.
    pub at: OffsetDateTime,
}

/// An operator has removed what stood in the way of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume {
    /// The order.
    pub order_id: AggregateId,
    /// When the operator asks for it.
    pub at: OffsetDateTime,
}

/// An order with a view to resuming it.
///
/// The order's stream does not show what the services abandoned: they publish that in streams of
/// their own, and may abandon the same again. So it cannot be decided whether a resumption helps,
/// only that it cannot ([`Rule::NothingToResume`]), or that another one does not yet: an order
/// rests after each, the longer the more of them there were in a row. A client that resumes all
/// that is listed each minute then does no harm.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resumption {
    order: Order,
    last: Option<OffsetDateTime>,
    in_a_row: u32,
}

impl Resumption {
    /// Until when the order rests, if it was resumed last of all. Until then, to resume it again
    /// means the same.
    pub fn rests_until(&self) -> Option<OffsetDateTime> {
        let doubled = 2_i32.saturating_pow(self.in_a_row.saturating_sub(1));
        let rest = (REST * doubled).min(REST_MAX);
        Some(self.last?.saturating_add(rest))
    }
}

impl Decider for Resumption {
    type Command = Resume;
    type Event = Dated;
    type Error = Rule;

    fn decide(&self, Resume { order_id, at }: &Resume) -> Result<Vec<Dated>, Rule> {
        let events = self.order.decide(&Command::Resume(order_id.clone()))?;
        if self.rests_until().is_some_and(|until| *at < until) {
            return Ok(vec![]);
        }
        Ok(events.into_iter().map(|event| Dated { event, at: *at }).collect())
    }

    fn evolve(self, Dated { event, at }: &Dated) -> Self {
        // Whatever else happens to the order, it has gone on.
        let (last, in_a_row) = if matches!(event, OrderEvent::Resumed(_)) {
            (Some(*at), self.in_a_row.saturating_add(1))
        } else {
            (None, 0)
        };
        Self { order: self.order.evolve(event), last, in_a_row }
    }

    fn draft(
        event: &Dated,
        aggregate: AggregateId,
        sequence: u64,
        at: OffsetDateTime,
    ) -> Draft<Value> {
        Order::draft(&event.event, aggregate, sequence, at)
    }
}

impl FromEnvelope for Dated {
    fn from_envelope(envelope: &Envelope) -> Result<Self, DecodeError> {
        let event = OrderEvent::from_envelope(envelope)?;
        Ok(Self { event, at: envelope.timestamp })
    }
}
