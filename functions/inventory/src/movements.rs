//! Movements of stock as they lie in DynamoDB: a row for each, under its product.

use aws_sdk_dynamodb::types::{Put, ReturnValuesOnConditionCheckFailure::AllOld};
use idempotency::Item;
use runtime::Failure;

use crate::{commands::Movement, stock::built};

/// The table of movements.
#[derive(Debug, Clone)]
pub(crate) struct MovementTable(pub(crate) String);

impl MovementTable {
    /// Records a movement that was not recorded before.
    pub(crate) fn record(&self, movement: &Movement) -> Result<Put, Failure> {
        let item: Item = serde_dynamo::to_item(movement).map_err(Failure::permanent)?;
        built(
            Put::builder()
                .table_name(&self.0)
                .set_item(Some(item))
                .condition_expression("attribute_not_exists(productId)")
                .return_values_on_condition_check_failure(AllOld)
                .build(),
        )
    }
}

/// The movement in an item.
pub(crate) fn read_movement(item: Item) -> Result<Movement, Failure> {
    serde_dynamo::from_item(item).map_err(Failure::permanent)
}
