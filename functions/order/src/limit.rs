//! How many orders one customer may place: so many that have not ended, and so many a minute.
//!
//! A client with one token could otherwise have as many reservations, charges and mails made as the
//! API takes requests, and use up the writes of a product's item.
//!
//! A count of one's own would cost a write for every order: an item to count in, or an index by
//! customer over the event store. The read model has that index already, and exists to be read, so
//! that the limit costs half a read unit for an order and no write. It is behind by as long as an
//! event takes to the projector. What comes in that time is counted by the process itself
//! (`Recent`): a burst gets as far as the processes that take it, each a minute's orders.
//!
//! If the read model cannot be read, the order is placed: it is worth more than the limit. So the
//! limit protects against too many orders, not against a customer who must not have any.

mod recent;

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use event_envelope::AggregateId;
use projection::LivePlacement;
use runtime::Failure;
use serde::Deserialize;
use time::OffsetDateTime;
use tracing::{Level, event};

use recent::Recent;

/// The read model's index by customer, newest first.
const BY_USER: &str = "by-user";
/// In what time orders are counted.
const WINDOW: Duration = Duration::from_secs(60);
/// How long the read model may take. An order does not wait for it any longer.
const TIMEOUT: Duration = Duration::from_secs(1);
/// When to ask again while too many orders have not ended: when one will is not known.
const UNTIL_ONE_ENDS: Duration = Duration::from_secs(60);
/// The statuses of an order that has ended.
const ENDED: [&str; 2] = ["completed", "cancelled"];

/// What a customer may place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Orders at a time that have not ended.
    pub open: u16,
    /// Orders a minute.
    pub per_minute: u16,
}

/// Counts what a customer has placed already.
#[derive(Debug, Clone)]
pub struct OrderLimit {
    client: Client,
    views: LivePlacement,
    limits: Limits,
    recent: Recent,
}

/// A customer has placed too many orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooMany {
    /// In the last minute.
    #[error("at most {limit} orders a minute")]
    InAMinute {
        /// The limit.
        limit: u16,
        /// When there is room again.
        retry_after: Duration,
    },
    /// That have not ended.
    #[error("at most {limit} orders at a time that are neither completed nor cancelled")]
    Open {
        /// The limit.
        limit: u16,
    },
}

/// An order in the index.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    status: String,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

impl TooMany {
    /// When to try again.
    pub fn retry_after(&self) -> Duration {
        match self {
            Self::InAMinute { retry_after, .. } => *retry_after,
            Self::Open { .. } => UNTIL_ONE_ENDS,
        }
    }
}

impl Limits {
    /// How many of a customer's newest orders are read: enough to find as many open ones as
    /// there may be, though as many others have ended meanwhile, and few enough to cost little.
    fn read_max(self) -> i32 {
        (2 * i32::from(self.open)).max(i32::from(self.per_minute))
    }

    /// Whether one more may be placed `now` by the customer with these newest orders, newest first.
    fn check(self, rows: &[Row], now: OffsetDateTime) -> Result<(), TooMany> {
        let Self { open, per_minute } = self;
        // The one that has to be out of the window before there is room again.
        if let Some(row) = rows.get(usize::from(per_minute).saturating_sub(1)) {
            let left = Duration::try_from(row.created_at + WINDOW - now).unwrap_or_default();
            if !left.is_zero() {
                // An order that was placed by a clock ahead of ours does not lengthen the wait.
                let retry_after = left.min(WINDOW);
                return Err(TooMany::InAMinute { limit: per_minute, retry_after });
            }
        }
        let still_open = rows.iter().filter(|row| !ENDED.contains(&row.status.as_str())).count();
        if still_open >= usize::from(open) { Err(TooMany::Open { limit: open }) } else { Ok(()) }
    }
}

impl OrderLimit {
    /// Holds customers to `limits` by their orders in the read models `views`.
    pub fn new(client: Client, views: LivePlacement, limits: Limits) -> Self {
        Self { client, views, limits, recent: Recent::new(limits.per_minute, WINDOW) }
    }

    /// Whether `customer` may place one more order `now`. Counts it as placed, if so.
    ///
    /// # Errors
    ///
    /// When they have placed too many.
    pub async fn admit(&self, customer: &AggregateId, now: OffsetDateTime) -> Result<(), TooMany> {
        let admitted = self.check(customer, now).await;
        if admitted.is_err() {
            event!(target: "metrics", Level::TRACE, monotonic_counter.OrdersLimited = 1);
        }
        admitted
    }

    async fn check(&self, customer: &AggregateId, now: OffsetDateTime) -> Result<(), TooMany> {
        // First what costs nothing.
        self.recent.admit(customer, now).map_err(|retry_after| TooMany::InAMinute {
            limit: self.limits.per_minute,
            retry_after,
        })?;
        match self.newest(customer).await {
            Ok(rows) => self.limits.check(&rows, now),
            Err(failure) => {
                tracing::warn!(%failure, "the customer's orders cannot be read: the order is placed without the limit");
                event!(target: "metrics", Level::TRACE, monotonic_counter.OrderLimitsUnread = 1);
                Ok(())
            }
        }
    }

    async fn newest(&self, customer: &AggregateId) -> Result<Vec<Row>, Failure> {
        let answer = tokio::time::timeout(TIMEOUT, self.query(customer)).await;
        let items = answer.map_err(Failure::retry)??;
        serde_dynamo::from_items(items).map_err(Failure::permanent)
    }

    async fn query(
        &self,
        customer: &AggregateId,
    ) -> Result<Vec<HashMap<String, AttributeValue>>, Failure> {
        let request = self
            .client
            .query()
            .table_name(self.views.table().await?)
            .index_name(BY_USER)
            .key_condition_expression("userId = :user")
            .expression_attribute_values(":user", AttributeValue::S(customer.to_string()))
            .projection_expression("#status, createdAt")
            .expression_attribute_names("#status", "status")
            .scan_index_forward(false)
            .limit(self.limits.read_max());
        Ok(request.send().await.map_err(Failure::retry)?.items.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2025-11-17 10:30 UTC);
    const LIMITS: Limits = Limits { open: 3, per_minute: 2 };

    /// Orders with these states, placed so many seconds ago.
    fn check(orders: &[(&str, i64)]) -> Result<(), TooMany> {
        let row = |(status, seconds): &(&str, i64)| Row {
            status: (*status).to_owned(),
            created_at: NOW - time::Duration::seconds(*seconds),
        };
        LIMITS.check(&orders.iter().map(row).collect::<Vec<_>>(), NOW)
    }

    fn in_a_minute(seconds: u64) -> Result<(), TooMany> {
        Err(TooMany::InAMinute { limit: 2, retry_after: Duration::from_secs(seconds) })
    }

    #[test]
    fn a_minute_has_room_again_when_enough_orders_are_out_of_it() {
        assert_eq!(check(&[]), Ok(()));
        assert_eq!(check(&[("completed", 1)]), Ok(()));
        assert_eq!(check(&[("completed", 1), ("cancelled", 59)]), in_a_minute(1));
        assert_eq!(check(&[("completed", 1), ("cancelled", 60)]), Ok(()));
        assert_eq!(check(&[("completed", 5), ("created", 20), ("paid", 30)]), in_a_minute(40));
        assert_eq!(check(&[("completed", -90), ("created", -80)]), in_a_minute(60));
    }

    #[test]
    fn what_has_ended_leaves_room_for_another() {
        let open = Err(TooMany::Open { limit: 3 });
        assert_eq!(check(&[("created", 99), ("paid", 990)]), Ok(()));
        assert_eq!(check(&[("created", 99), ("paid", 990), ("shipped", 9_900)]), open);
        for ended in ENDED {
            assert_eq!(check(&[("created", 99), (ended, 990), ("paid", 9_900)]), Ok(()));
        }
        // What a newer version calls an order in between is no end.
        assert_eq!(check(&[("created", 99), ("packed", 990), ("paid", 9_900)]), open);
    }

    #[test]
    fn enough_is_read_for_both_limits() {
        assert_eq!(Limits { open: 20, per_minute: 10 }.read_max(), 40);
        assert_eq!(Limits { open: 1, per_minute: 10 }.read_max(), 10);
    }
}
