//! What an event adds to the totals. Pure.

use event_envelope::Envelope;
use time::UtcOffset;

/// Stands for the currency of orders whose event has no total: those completed by version 2.0 of
/// the event. No currency has this code, for codes are three capital letters.
pub const UNKNOWN: &str = "none";

catalogue::subscribe! {
    /// What is counted.
    pub enum AnalyticsEvent { OrderCompleted }
}

/// What an order adds to the total of its day and currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addition {
    /// The day on which the order was completed, in UTC, such as `2025-11-17`.
    pub day: String,
    /// The code of the currency, or [`UNKNOWN`].
    pub currency: String,
    /// What the order came to, in minor units of the currency.
    pub amount: i64,
}

impl Addition {
    /// What `event` adds. The day is that of the event, not of its delivery, which may be days
    /// later.
    pub fn of(event: &AnalyticsEvent, envelope: &Envelope) -> Self {
        let AnalyticsEvent::OrderCompleted(completed) = event;
        let day = envelope.timestamp.to_offset(UtcOffset::UTC).date().to_string();
        match completed.total {
            Some(total) => Self { day, currency: total.currency.into(), amount: total.amount },
            None => Self { day, currency: UNKNOWN.to_owned(), amount: 0 },
        }
    }
}

#[cfg(test)]
mod tests {
    use catalogue::{Event, Money, OrderCompleted, OrderResumed};
    use event_envelope::{AggregateId, CorrelationId};
    use time::{OffsetDateTime, macros::datetime};

    use super::*;

    fn order_id() -> AggregateId {
        AggregateId::parse("order-1").unwrap()
    }

    fn completed(total: Option<Money>, at: OffsetDateTime) -> Addition {
        let completed = OrderCompleted { order_id: order_id(), total };
        let draft = Event::from(completed.clone()).draft(order_id(), 4, at);
        let envelope = draft.root(CorrelationId::of("order-1"), None);
        Addition::of(&AnalyticsEvent::OrderCompleted(completed), &envelope)
    }

    #[test]
    fn an_order_adds_its_total_to_its_currency() {
        let added = completed(Some(Money::usd(10_997)), datetime!(2025-11-17 10:30 UTC));
        let expected =
            Addition { day: "2025-11-17".into(), currency: "USD".into(), amount: 10_997 };
        assert_eq!(added, expected);
    }

    #[test]
    fn an_order_without_a_total_is_counted_apart() {
        let added = completed(None, datetime!(2025-11-17 10:30 UTC));
        assert_eq!((added.currency.as_str(), added.amount), (UNKNOWN, 0));
    }

    #[test]
    fn a_day_begins_and_ends_at_midnight_in_utc() {
        for (at, day) in [
            (datetime!(2025-11-17 00:00 UTC), "2025-11-17"),
            (datetime!(2025-11-17 23:59:59.999 UTC), "2025-11-17"),
            (datetime!(2025-11-18 00:30 +01:00), "2025-11-17"),
            (datetime!(2025-12-31 23:30 -01:00), "2026-01-01"),
        ] {
            assert_eq!(completed(None, at).day, day, "{at}");
        }
    }

    #[test]
    fn nothing_else_is_consumed() {
        assert_eq!(AnalyticsEvent::TYPES, ["OrderCompleted"]);
        let resumed = Event::from(OrderResumed { order_id: order_id() });
        assert!(AnalyticsEvent::try_from(resumed).is_err());
    }
}
