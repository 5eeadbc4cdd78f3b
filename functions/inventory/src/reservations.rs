//! Reservations as they lie in DynamoDB: one row for each order.

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, Put, ReturnValuesOnConditionCheckFailure::AllOld, Update},
};
use event_envelope::AggregateId;
use idempotency::Item;
use runtime::Failure;

use crate::{domain::Reservation, stock::built};

/// The table of reservations.
#[derive(Debug, Clone)]
pub(crate) struct ReservationTable {
    client: Client,
    table: String,
}

/// How a reservation ends that holds goods.
#[derive(Debug, Clone, Copy)]
pub(crate) enum End {
    Released,
    Shipped,
}

impl End {
    /// As [`Reservation`] is written.
    const fn status(self) -> &'static str {
        match self {
            Self::Released => "released",
            Self::Shipped => "shipped",
        }
    }
}

impl ReservationTable {
    pub(crate) fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    pub(crate) async fn read(&self, order: &AggregateId) -> Result<Reservation, Failure> {
        let got = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("orderId", text(order.as_str()))
            .consistent_read(true)
            .send()
            .await
            .map_err(Failure::retry)?;
        got.item.map_or(Ok(Reservation::Absent), read_reservation)
    }

    /// Writes the first state of an order's reservation, if there is none.
    pub(crate) fn open(&self, order: &AggregateId, state: &Reservation) -> Result<Put, Failure> {
        let mut item: Item = serde_dynamo::to_item(state).map_err(Failure::permanent)?;
        item.insert("orderId".to_owned(), text(order.as_str()));
        built(
            Put::builder()
                .table_name(&self.table)
                .set_item(Some(item))
                .condition_expression("attribute_not_exists(orderId)")
                .return_values_on_condition_check_failure(AllOld)
                .build(),
        )
    }

    /// Ends a reservation that holds goods.
    pub(crate) fn close(&self, order: &AggregateId, end: End) -> Result<Update, Failure> {
        built(
            Update::builder()
                .table_name(&self.table)
                .key("orderId", text(order.as_str()))
                .update_expression("SET #status = :end")
                .condition_expression("#status = :reserved")
                .expression_attribute_names("#status", "status")
                .expression_attribute_values(":end", text(end.status()))
                .expression_attribute_values(":reserved", text("reserved"))
                .return_values_on_condition_check_failure(AllOld)
                .build(),
        )
    }
}

/// The reservation in an item.
pub(crate) fn read_reservation(item: Item) -> Result<Reservation, Failure> {
    serde_dynamo::from_item(item).map_err(Failure::permanent)
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_written_as_the_state_that_it_leads_to() {
        for (end, state) in
            [(End::Released, Reservation::Released), (End::Shipped, Reservation::Shipped)]
        {
            let item = Item::from([("status".to_owned(), text(end.status()))]);
            assert_eq!(read_reservation(item).unwrap(), state);
        }
    }
}
