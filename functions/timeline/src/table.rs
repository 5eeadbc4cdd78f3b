//! The table of events, an item an event.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, ReturnValue},
};
use event_envelope::AggregateId;
use runtime::Failure;
use time::OffsetDateTime;

use crate::domain::Entry;

/// When DynamoDB deletes an item, in seconds since 1970.
const EXPIRES: &str = "expiresAt";

/// Writes and reads the events of orders.
#[derive(Debug, Clone)]
pub struct Table {
    client: Client,
    name: String,
}

impl Table {
    /// The table `name`.
    pub const fn new(client: Client, name: String) -> Self {
        Self { client, name }
    }

    /// Writes an event, and returns whether it was not there.
    ///
    /// No condition guards the write: another delivery of an event brings the same content.
    ///
    /// # Errors
    ///
    /// Retry when the table is unavailable.
    pub(crate) async fn put(
        &self,
        entry: &Entry,
        expires: Option<OffsetDateTime>,
    ) -> Result<bool, Failure> {
        let mut item: HashMap<String, AttributeValue> =
            serde_dynamo::to_item(entry).map_err(Failure::permanent)?;
        if let Some(at) = expires {
            let seconds = at.unix_timestamp().to_string();
            item.insert(EXPIRES.to_owned(), AttributeValue::N(seconds));
        }
        let put = self.client.put_item().table_name(&self.name).set_item(Some(item));
        let put = put.return_values(ReturnValue::AllOld).send().await.map_err(Failure::retry)?;
        Ok(put.attributes.is_none_or(|before| before.is_empty()))
    }

    /// Every event of an order, in no certain order. An order has some twenty, so this is most
    /// often one request.
    ///
    /// # Errors
    ///
    /// Retry when the table is unavailable; permanent when an item is none of this service.
    pub(crate) async fn entries(&self, order: &AggregateId) -> Result<Vec<Entry>, Failure> {
        let mut entries = Vec::new();
        let mut start = None;
        loop {
            let query = self.client.query().table_name(&self.name);
            let query = query.key_condition_expression("orderId = :order");
            let id = AttributeValue::S(order.to_string());
            let query = query.expression_attribute_values(":order", id);
            // An eventually consistent read may be older than what the caller was shown before.
            let query = query.consistent_read(true).set_exclusive_start_key(start);
            let answer = query.send().await.map_err(Failure::retry)?;
            let items = answer.items.unwrap_or_default();
            let read: Vec<Entry> = serde_dynamo::from_items(items).map_err(Failure::permanent)?;
            entries.extend(read);
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(entries);
            }
        }
    }
}
