//! The rows that the projector keeps.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::Client;
use event_envelope::Envelope;

use super::{
    RepublishError,
    verdict::{Known, order_of},
};
use crate::table;

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
        Ok(Known(table::get(&self.client, &self.table, KEY, &orders).await?))
    }
}
