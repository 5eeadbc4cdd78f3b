//! Stock and reservations as they lie in DynamoDB.

use aws_sdk_dynamodb::{
    Client,
    error::BuildError,
    types::{
        AttributeValue, Put, ReturnValuesOnConditionCheckFailure::AllOld, Update,
        builders::UpdateBuilder,
    },
};
use event_envelope::AggregateId;
use events::{ReservedItem, Shortage};
use idempotency::{Item, Refused};
use outcome::Failure;

use crate::domain::Reservation;

/// The two tables of this service.
#[derive(Debug, Clone)]
pub(crate) struct Tables {
    client: Client,
    stock: String,
    reservations: String,
}

impl Tables {
    pub(crate) fn new(client: Client, stock: String, reservations: String) -> Self {
        Self { client, stock, reservations }
    }

    pub(crate) async fn reservation(&self, order: &AggregateId) -> Result<Reservation, Failure> {
        let got = self
            .client
            .get_item()
            .table_name(&self.reservations)
            .key("orderId", text(order))
            .consistent_read(true)
            .send()
            .await
            .map_err(Failure::retry)?;
        got.item.map_or(Ok(Reservation::Absent), read_reservation)
    }

    /// Writes the first state of an order's reservation, if there is none.
    pub(crate) fn open(&self, order: &AggregateId, state: &Reservation) -> Result<Put, Failure> {
        let mut item: Item = serde_dynamo::to_item(state).map_err(Failure::poison)?;
        item.insert("orderId".to_owned(), text(order));
        built(
            Put::builder()
                .table_name(&self.reservations)
                .set_item(Some(item))
                .condition_expression("attribute_not_exists(orderId)")
                .return_values_on_condition_check_failure(AllOld)
                .build(),
        )
    }

    /// Turns a reservation that holds goods into one that does not.
    pub(crate) fn close(&self, order: &AggregateId) -> Result<Update, Failure> {
        built(
            Update::builder()
                .table_name(&self.reservations)
                .key("orderId", text(order))
                .update_expression("SET #status = :released")
                .condition_expression("#status = :reserved")
                .expression_attribute_names("#status", "status")
                .expression_attribute_values(":released", AttributeValue::S("released".into()))
                .expression_attribute_values(":reserved", AttributeValue::S("reserved".into()))
                .return_values_on_condition_check_failure(AllOld)
                .build(),
        )
    }

    /// Takes goods out of stock, if there are enough.
    pub(crate) fn take(&self, item: &ReservedItem) -> Result<Update, Failure> {
        let update =
            self.stock_of(item).update_expression("SET #available = #available - :quantity");
        built(
            update
                .condition_expression("#available >= :quantity")
                .return_values_on_condition_check_failure(AllOld)
                .build(),
        )
    }

    /// Puts goods back, also where the product is no longer stocked: they are there all the same.
    pub(crate) fn put_back(&self, item: &ReservedItem) -> Result<Update, Failure> {
        built(self.stock_of(item).update_expression("ADD #available :quantity").build())
    }

    fn stock_of(&self, item: &ReservedItem) -> UpdateBuilder {
        Update::builder()
            .table_name(&self.stock)
            .key("productId", text(&item.product_id))
            .expression_attribute_names("#available", "available")
            .expression_attribute_values(":quantity", AttributeValue::N(item.quantity.to_string()))
    }
}

/// The reservation in an item.
pub(crate) fn read_reservation(item: Item) -> Result<Reservation, Failure> {
    serde_dynamo::from_item(item).map_err(Failure::poison)
}

/// What was missing, told from the stock rows that refused.
pub(crate) fn shortage(item: &ReservedItem, refused: &Refused) -> Shortage {
    let available = refused.item.as_ref().and_then(|row| row.get("available"));
    Shortage {
        product_id: item.product_id.clone(),
        requested: item.quantity,
        available: available.and_then(|it| it.as_n().ok()?.parse().ok()),
    }
}

fn text(id: &AggregateId) -> AttributeValue {
    AttributeValue::S(id.to_string())
}

/// A request that lacks a member is this code's fault: no redelivery mends it.
fn built<T>(built: Result<T, BuildError>) -> Result<T, Failure> {
    built.map_err(Failure::poison)
}
