//! Due entries: streams that are to be loaded again at some time, even if no event comes.
//!
//! An entry is two attributes of the stream's first event. A sparse index
//! lists them by time.

use aws_sdk_dynamodb::operation::update_item::{
    UpdateItemError, builders::UpdateItemFluentBuilder as Update,
};
use aws_sdk_dynamodb::types::AttributeValue;
use event_envelope::{AggregateId, Envelope, fingerprint, instant};
use time::OffsetDateTime;

use crate::{
    EventStore, StoreError,
    store::{Item, PARTITION_KEY, SORT_KEY, store_error},
};

/// Over how many partitions of the index the entries are spread, so that it does not slow down new
/// streams: a partition takes 1,000 writes a second, and a full one throttles its table.
/// Source: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html>.
pub const SHARDS: u8 = 8;

/// The name of the table's index.
const INDEX: &str = "due";
/// The index's partition key.
const SHARD: &str = "sweepShard";
/// The index's sort key.
const DUE_AT: &str = "lookAt";

/// An entry, as it was read from the index.
#[derive(Debug, Clone, PartialEq)]
pub struct DueEntry {
    /// The stream that is due.
    pub aggregate: AggregateId,
    /// From when a sweeper is to load it, as [`instant`] writes times.
    pub due_at: String,
    /// The keys of the item that bears the entry.
    key: (AttributeValue, AttributeValue),
}

/// Some entries, in the order of their times.
#[derive(Debug)]
pub struct DueEntries {
    /// The entries. An invalid one, which other code wrote, does not block the others.
    pub entries: Vec<Result<DueEntry, StoreError>>,
    /// Where the next ones begin; none when these were the last.
    pub next: Option<Position>,
}

/// A place in the index.
#[derive(Debug, Clone, PartialEq)]
pub struct Position(Item);

impl EventStore {
    /// Begins a stream as [`append`](Self::append) does, and schedules it for `due_at`. The entry
    /// is part of the same write.
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append); [`StoreError::Invalid`] also for events that do not begin a
    /// stream.
    pub async fn append_due(
        &self,
        events: &[Envelope],
        due_at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        match events.first() {
            Some(first) if first.sequence_number == 1 => {
                self.write(events, self.entry(&first.aggregate_id, due_at)).await
            }
            _ => Err(StoreError::Invalid("only the first event of a stream bears an entry".into())),
        }
    }

    /// The entries of a `shard`, from 0 to [`SHARDS`] - 1, whose time is not after `until`: at most
    /// `limit` of them (1 or more), from `after` on.
    ///
    /// The index is eventually consistent: an entry may not be there yet, or may have been moved
    /// since. So decide on what [`load`](Self::load) returns, and not on there being an entry.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] is worth a retry.
    pub async fn entries(
        &self,
        shard: u8,
        until: OffsetDateTime,
        limit: u16,
        after: Option<Position>,
    ) -> Result<DueEntries, StoreError> {
        let page = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(INDEX)
            .key_condition_expression("#shard = :shard AND #at <= :until")
            .expression_attribute_names("#shard", SHARD)
            .expression_attribute_names("#at", DUE_AT)
            .expression_attribute_values(":shard", self.shard(shard))
            .expression_attribute_values(":until", AttributeValue::S(instant(until)))
            .limit(i32::from(limit))
            .set_exclusive_start_key(after.map(|position| position.0))
            .send()
            .await
            .map_err(store_error)?;
        let entries = page.items.unwrap_or_default().into_iter().map(|item| self.read_entry(item));
        let next = page.last_evaluated_key.filter(|key| !key.is_empty()).map(Position);
        Ok(DueEntries { entries: entries.collect(), next })
    }

    /// Moves the entry to `due_at`. Does nothing when the entry is no longer as it was read:
    /// another sweeper has decided on it since.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] is worth a retry.
    pub async fn reschedule(
        &self,
        entry: &DueEntry,
        due_at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let due_at = AttributeValue::S(instant(due_at));
        let update = self.change(entry).update_expression("SET #at = :at");
        send(update.expression_attribute_values(":at", due_at)).await
    }

    /// Clears the entry: the stream is not due any more. Does nothing when the entry is no longer
    /// as it was read.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] is worth a retry.
    pub async fn clear_due(&self, entry: &DueEntry) -> Result<(), StoreError> {
        let update = self.change(entry).update_expression("REMOVE #at, #shard");
        send(update.expression_attribute_names("#shard", SHARD)).await
    }

    /// A write on the item that bears `entry`, if it still does.
    fn change(&self, entry: &DueEntry) -> Update {
        let (partition, sort) = entry.key.clone();
        self.client
            .update_item()
            .table_name(&self.table)
            .key(PARTITION_KEY, partition)
            .key(SORT_KEY, sort)
            .condition_expression("#at = :seen")
            .expression_attribute_names("#at", DUE_AT)
            .expression_attribute_values(":seen", AttributeValue::S(entry.due_at.clone()))
    }

    /// The attributes of an entry.
    fn entry(&self, aggregate: &AggregateId, due_at: OffsetDateTime) -> Item {
        let shard = self.shard(shard_of(aggregate));
        [(SHARD, shard), (DUE_AT, AttributeValue::S(instant(due_at)))]
            .map(|(name, value)| (name.to_owned(), value))
            .into()
    }

    /// Streams of another kind in the same table have shards of their own.
    fn shard(&self, shard: u8) -> AttributeValue {
        AttributeValue::S(format!("{}#{shard}", self.kind))
    }

    fn read_entry(&self, item: Item) -> Result<DueEntry, StoreError> {
        let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
        let read = || {
            let partition = text(PARTITION_KEY)?;
            let sort = text(SORT_KEY)?;
            let aggregate = partition.strip_prefix(self.kind)?.strip_prefix('#')?;
            let key = (AttributeValue::S(partition.clone()), AttributeValue::S(sort.clone()));
            let due_at = text(DUE_AT)?.clone();
            Some(DueEntry { aggregate: AggregateId::parse(aggregate).ok()?, due_at, key })
        };
        read().ok_or_else(|| {
            let kind = self.kind;
            let keys = text(PARTITION_KEY).zip(text(SORT_KEY));
            StoreError::Invalid(format!("an entry on {keys:?}, which is not a {kind} event").into())
        })
    }
}

/// The shard of a stream, by a hash of its id: the same for each of its entries.
fn shard_of(aggregate: &AggregateId) -> u8 {
    // The first of sixteen digits: the shards are of equal size.
    let hash = fingerprint(&[aggregate.as_str().as_bytes()]);
    let digit = hash.chars().next().and_then(|digit| digit.to_digit(16));
    digit.and_then(|digit| u8::try_from(digit).ok()).unwrap_or_default() % SHARDS
}

/// Sends a change. It succeeds, too, when the entry is no longer as it was read.
async fn send(update: Update) -> Result<(), StoreError> {
    match update.send().await {
        Ok(_) => Ok(()),
        Err(error) => match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(()),
            _ => Err(store_error(error)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shard_has_its_part_of_the_streams() {
        let mut shards = [0_u32; SHARDS as usize];
        for number in 0..4_000 {
            let aggregate = AggregateId::parse(format!("thing-{number}")).unwrap();
            shards[usize::from(shard_of(&aggregate))] += 1;
        }
        assert!(shards.iter().all(|streams| (350..650).contains(streams)), "{shards:?}");
    }
}
