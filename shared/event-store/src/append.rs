//! Writing to a stream: all of the events or none, and only where no other writer was first.

use aws_sdk_dynamodb::{
    operation::{put_item::PutItemError, transact_write_items::TransactWriteItemsError},
    types::{Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem},
};
use event_envelope::Envelope;
use serde_json::Value;

use crate::{
    EventStore, StoreError,
    store::{Item, PARTITION_KEY, SORT_KEY, sort_key, store_error},
};

impl EventStore {
    /// Appends `events`, consecutive ones of one aggregate, in one atomic write.
    ///
    /// The first must follow the last event that the caller has read with [`load`](Self::load):
    /// the condition is that its place is free, not that the place before it is taken, which
    /// would cost four times as much. Appending the same events again is no conflict.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when another writer appended first; nothing was written: load and
    /// decide again. [`StoreError::Unavailable`] when it may or may not have been written:
    /// retry later. [`StoreError::Invalid`] for events that can never be appended: those that do
    /// not continue each other, are too large, are more than the 100 of a transaction, or hold what
    /// no table can hold (an [`Unstorable`](event_envelope::Unstorable), which names the place).
    pub async fn append(&self, events: &[Envelope]) -> Result<(), StoreError> {
        self.write(events, Item::new()).await
    }

    /// Writes `events`, the first of them with these attributes `beside` its own.
    pub(crate) async fn write(&self, events: &[Envelope], beside: Item) -> Result<(), StoreError> {
        check_consecutive(events)?;
        let attributes = std::iter::once(beside).chain(std::iter::repeat_with(Item::new));
        let puts = events.iter().zip(attributes).map(|(event, beside)| self.put(event, beside));
        let mut puts = puts.collect::<Result<Vec<_>, _>>()?;
        match (puts.pop(), puts.is_empty()) {
            (None, _) => Ok(()),
            (Some(put), true) => self.append_one(put, events).await,
            (Some(put), false) => {
                puts.push(put);
                self.append_all(puts, events).await
            }
        }
    }

    fn put(&self, event: &Envelope, beside: Item) -> Result<Put, StoreError> {
        event.to_json().map_err(|error| StoreError::Invalid(error.into()))?;
        event.check_storable(0).map_err(|error| StoreError::Invalid(error.into()))?;
        let mut item: Item =
            serde_dynamo::to_item(event).map_err(|error| StoreError::Invalid(error.into()))?;
        item.extend(beside);
        item.insert(PARTITION_KEY.to_owned(), self.partition(&event.aggregate_id));
        item.insert(SORT_KEY.to_owned(), sort_key(event.sequence_number));
        Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#pk)")
            .expression_attribute_names("#pk", PARTITION_KEY)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(|error| StoreError::Invalid(error.into()))
    }

    /// A single write costs half of a transaction with one write.
    async fn append_one(&self, put: Put, events: &[Envelope]) -> Result<(), StoreError> {
        let sent = self
            .client
            .put_item()
            .table_name(put.table_name)
            .set_item(Some(put.item))
            .set_condition_expression(put.condition_expression)
            .set_expression_attribute_names(put.expression_attribute_names)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let Err(error) = sent else {
            return Ok(());
        };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                resolve(events, &[failed.item().cloned()])
            }
            Some(PutItemError::TransactionConflictException(_)) => Err(conflict(events)),
            _ => Err(store_error(error)),
        }
    }

    async fn append_all(&self, puts: Vec<Put>, events: &[Envelope]) -> Result<(), StoreError> {
        let writes = puts.into_iter().map(|put| TransactWriteItem::builder().put(put).build());
        let sent = self
            .client
            .transact_write_items()
            .set_transact_items(Some(writes.collect()))
            .send()
            .await;
        let Err(error) = sent else {
            return Ok(());
        };
        let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
            error.as_service_error()
        else {
            return Err(store_error(error));
        };
        // Reasons are in the order of the writes, "None" for those that did not fail.
        let reasons = cancelled.cancellation_reasons();
        let is = |code: &str| reasons.iter().any(|reason| reason.code() == Some(code));
        if is("ConditionalCheckFailed") {
            let there: Vec<_> = reasons.iter().map(|reason| reason.item().cloned()).collect();
            resolve(events, &there)
        } else if is("TransactionConflict") {
            Err(conflict(events))
        } else if is("ValidationError") || is("ItemCollectionSizeLimitExceeded") {
            Err(StoreError::Invalid(error.into()))
        } else {
            Err(StoreError::Unavailable(error.into()))
        }
    }
}

fn check_consecutive(events: &[Envelope]) -> Result<(), StoreError> {
    let continues = |pair: &[Envelope]| {
        pair[1].aggregate_id == pair[0].aggregate_id
            && pair[0].sequence_number.checked_add(1) == Some(pair[1].sequence_number)
    };
    match events.windows(2).find(|pair| !continues(pair)) {
        None => Ok(()),
        Some(pair) => {
            let place =
                |event: &Envelope| format!("{} {}", event.aggregate_id, event.sequence_number);
            let reason = format!("event {} does not follow {}", place(&pair[1]), place(&pair[0]));
            Err(StoreError::Invalid(reason.into()))
        }
    }
}

/// Events that are there already are either another writer's, or our own write whose answer was
/// lost and which the SDK sent again.
fn resolve(events: &[Envelope], there: &[Option<Item>]) -> Result<(), StoreError> {
    let ours = |(event, item): (&Envelope, &Option<Item>)| {
        let there = item.clone().and_then(|item| serde_dynamo::from_item::<_, Envelope>(item).ok());
        there.is_some_and(|there| is_same(event, there))
    };
    if events.len() == there.len() && events.iter().zip(there).all(ours) {
        Ok(())
    } else {
        Err(conflict(events))
    }
}

fn conflict(events: &[Envelope]) -> StoreError {
    let first = events.first().map_or(1, |event| event.sequence_number);
    StoreError::Conflict { expected: first.saturating_sub(1) }
}

/// Whether `there` is `event` as it comes back from the table.
fn is_same(event: &Envelope, mut there: Envelope) -> bool {
    let data = std::mem::take(&mut there.data);
    same_value(&event.data, &data) && there.with_data(event.data.clone()) == *event
}

/// DynamoDB does not distinguish 1.0 and 1.
fn same_value(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) if one.is_f64() || other.is_f64() => {
            one.as_f64() == other.as_f64()
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|(one, other)| same_value(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, value)| {
                    other.get(key).is_some_and(|other| same_value(value, other))
                })
        }
        (one, other) => one == other,
    }
}
