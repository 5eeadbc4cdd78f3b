//! The rows that the projector keeps.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, KeysAndAttributes},
};
use event_envelope::Envelope;

use super::{
    RepublishError,
    verdict::{Known, order_of},
};

/// The most keys of one `BatchGetItem`.
const KEYS_MAX: usize = 100;
const KEY: &str = "orderId";

#[derive(Debug)]
pub(super) struct Views {
    client: Client,
    table: String,
}

impl Views {
    pub(super) fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// The rows of the orders that `events` are about.
    pub(super) async fn of(
        &self,
        events: impl Iterator<Item = &Envelope>,
    ) -> Result<Known, RepublishError> {
        let orders: Vec<String> =
            events.filter_map(order_of).collect::<BTreeSet<_>>().into_iter().collect();
        let mut known = Known::default();
        for orders in orders.chunks(KEYS_MAX) {
            let keys = orders
                .iter()
                .map(|order| HashMap::from([(KEY.to_owned(), AttributeValue::S(order.clone()))]));
            let mut keys: Vec<_> = keys.collect();
            while !keys.is_empty() {
                let wanted =
                    KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true);
                let failed = |error| RepublishError::table(&self.table, error);
                let wanted = wanted.build().map_err(|it| RepublishError::table(&self.table, it))?;
                let request = self.client.batch_get_item().request_items(&self.table, wanted);
                let answer = request.send().await.map_err(failed)?;
                let rows = answer.responses.unwrap_or_default().into_values().flatten();
                known.0.extend(rows.filter_map(|row| {
                    let order = row.get(KEY)?.as_s().ok()?.clone();
                    Some((order, row))
                }));
                let mut left = answer.unprocessed_keys.unwrap_or_default();
                keys = left.remove(&self.table).map_or_else(Vec::new, |it| it.keys);
            }
        }
        Ok(known)
    }
}
