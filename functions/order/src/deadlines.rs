//! What an order waits for, and until when. Pure.

use catalogue::Awaited;
use event_envelope::{DecodeError, Envelope, FromEnvelope};
use event_store::Decider;
use time::{Duration, OffsetDateTime};

use crate::domain::{Command, Order, OrderEvent};

/// How long an order may wait, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// For its payment, which includes its reservation, since it was placed.
    pub pay_within: u64,
    /// For its shipment, since it was paid for.
    pub ship_within: u64,
}

/// The state of an order with regard to its deadline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<'a> {
    /// It waits for nothing, and never will: it need not be checked again.
    Settled,
    /// It waits, and may do so until then.
    Waiting(OffsetDateTime),
    /// It has waited for too long.
    Late {
        /// The command that ends its wait.
        command: Command,
        /// The event since which it has waited.
        since: &'a Envelope,
    },
}

/// Why it cannot be decided whether an order is late. An operator has to check its stream.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// An event cannot be read.
    #[error("event {sequence} of the order cannot be read")]
    Event {
        /// Which.
        sequence: u64,
        /// What is wrong with it.
        source: DecodeError,
    },
    /// What it waits for counts from an event that is not there.
    #[error("the order's stream does not begin with its creation")]
    NotCreated,
}

/// When `seconds` have passed since `since`.
pub fn deadline(since: OffsetDateTime, seconds: u64) -> OffsetDateTime {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    since.saturating_add(Duration::seconds(seconds))
}

impl Deadlines {
    /// The state at `now` of the order with all events in `stream`.
    ///
    /// A deadline counts from the event that it follows from, by the timestamp of that event.
    ///
    /// # Errors
    ///
    /// When an event cannot be read, or the order was never placed.
    pub fn check<'a>(
        &self,
        stream: &'a [Envelope],
        now: OffsetDateTime,
    ) -> Result<Found<'a>, Unreadable> {
        let mut order = Order::default();
        let mut since = None;
        for envelope in stream {
            let event = OrderEvent::from_envelope(envelope).map_err(|source| {
                Unreadable::Event { sequence: envelope.sequence_number, source }
            })?;
            if matches!(event, OrderEvent::Created(_) | OrderEvent::Paid(_)) {
                since = Some(envelope);
            }
            order = order.evolve(&event);
        }
        let (awaited, within) = match order {
            Order::Absent => return Err(Unreadable::NotCreated),
            Order::Created(_) => (Awaited::Payment, self.pay_within),
            Order::Paid(_) => (Awaited::Shipment, self.ship_within),
            // What is on its way cannot be cancelled, however long that takes.
            Order::Shipped(_) | Order::Completed | Order::Cancelled => return Ok(Found::Settled),
        };
        let since = since.ok_or(Unreadable::NotCreated)?;
        let deadline = deadline(since.timestamp, within);
        if now < deadline {
            return Ok(Found::Waiting(deadline));
        }
        Ok(Found::Late { command: Command::TimeOut { awaited, within }, since })
    }
}

#[cfg(test)]
mod tests;
