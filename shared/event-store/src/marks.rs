//! Marks: streams that somebody wants to look at again at some time, whatever happens to them.
//!
//! A mark is two attributes of the stream's first event. An index that only marked items are in
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

/// Over how many partitions of the index the marks are spread, so that new streams are not slowed
/// down by it: a partition takes 1,000 writes a second, and a full one throttles its table.
/// Source: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html>.
pub const SHARDS: u8 = 8;

/// The index.
const INDEX: &str = "due";
/// The index's partition key.
const SHARD: &str = "sweepShard";
/// The index's sort key.
const LOOK_AT: &str = "lookAt";

/// A mark, as the index had it.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// The marked stream.
    pub aggregate: AggregateId,
    /// When somebody wants to look at it, as [`instant`] writes times.
    pub look_at: String,
    /// The keys of the item that bears the mark.
    key: (AttributeValue, AttributeValue),
}

/// Some marks, in the order of their times.
#[derive(Debug)]
pub struct Marks {
    /// The marks. One that makes no sense, for somebody else wrote it, does not hold the others.
    pub marks: Vec<Result<Mark, StoreError>>,
    /// Where the next ones begin; none when these were the last.
    pub next: Option<Position>,
}

/// A place in the index.
#[derive(Debug, Clone, PartialEq)]
pub struct Position(Item);

impl EventStore {
    /// Begins a stream as [`append`](Self::append) does, and marks it to be looked at from
    /// `look_at` on. The mark is part of the same write.
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append); [`StoreError::Invalid`] also for events that do not begin a
    /// stream.
    pub async fn append_marked(
        &self,
        events: &[Envelope],
        look_at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        match events.first() {
            Some(first) if first.sequence_number == 1 => {
                self.write(events, self.mark(&first.aggregate_id, look_at)).await
            }
            _ => Err(StoreError::Invalid("only the first event of a stream bears a mark".into())),
        }
    }

    /// The marks of a `shard`, from 0 to [`SHARDS`] - 1, whose time is not after `until`: at most
    /// `limit` of them (1 or more), from `after` on.
    ///
    /// An index shows what was written a moment ago, or not yet, and a mark that has been moved
    /// since. So decide on what [`load`](Self::load) says, and not on there being a mark.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] is worth a retry.
    pub async fn marks(
        &self,
        shard: u8,
        until: OffsetDateTime,
        limit: u16,
        after: Option<Position>,
    ) -> Result<Marks, StoreError> {
        let page = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(INDEX)
            .key_condition_expression("#shard = :shard AND #at <= :until")
            .expression_attribute_names("#shard", SHARD)
            .expression_attribute_names("#at", LOOK_AT)
            .expression_attribute_values(":shard", self.shard(shard))
            .expression_attribute_values(":until", AttributeValue::S(instant(until)))
            .limit(i32::from(limit))
            .set_exclusive_start_key(after.map(|position| position.0))
            .send()
            .await
            .map_err(store_error)?;
        let marks = page.items.unwrap_or_default().into_iter().map(|item| self.read_mark(item));
        let next = page.last_evaluated_key.filter(|key| !key.is_empty()).map(Position);
        Ok(Marks { marks: marks.collect(), next })
    }

    /// Has the stream looked at from `look_at` on instead. Does nothing when the mark is no longer
    /// as it was read: somebody else has decided on it since.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] is worth a retry.
    pub async fn remark(&self, mark: &Mark, look_at: OffsetDateTime) -> Result<(), StoreError> {
        let look_at = AttributeValue::S(instant(look_at));
        let update = self.change(mark).update_expression("SET #at = :at");
        settled(update.expression_attribute_values(":at", look_at)).await
    }

    /// Takes the mark away: nobody has to look at the stream any more. Does nothing when the mark
    /// is no longer as it was read.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] is worth a retry.
    pub async fn unmark(&self, mark: &Mark) -> Result<(), StoreError> {
        let update = self.change(mark).update_expression("REMOVE #at, #shard");
        settled(update.expression_attribute_names("#shard", SHARD)).await
    }

    /// A write on the item that bears `mark`, if it still does.
    fn change(&self, mark: &Mark) -> Update {
        let (partition, sort) = mark.key.clone();
        self.client
            .update_item()
            .table_name(&self.table)
            .key(PARTITION_KEY, partition)
            .key(SORT_KEY, sort)
            .condition_expression("#at = :seen")
            .expression_attribute_names("#at", LOOK_AT)
            .expression_attribute_values(":seen", AttributeValue::S(mark.look_at.clone()))
    }

    /// The attributes of a mark.
    fn mark(&self, aggregate: &AggregateId, look_at: OffsetDateTime) -> Item {
        let shard = self.shard(shard_of(aggregate));
        [(SHARD, shard), (LOOK_AT, AttributeValue::S(instant(look_at)))]
            .map(|(name, value)| (name.to_owned(), value))
            .into()
    }

    /// Streams of another kind in the same table have shards of their own.
    fn shard(&self, shard: u8) -> AttributeValue {
        AttributeValue::S(format!("{}#{shard}", self.kind))
    }

    fn read_mark(&self, item: Item) -> Result<Mark, StoreError> {
        let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
        let read = || {
            let (partition, sort) = (text(PARTITION_KEY)?, text(SORT_KEY)?);
            let aggregate = partition.strip_prefix(self.kind)?.strip_prefix('#')?;
            let key = (AttributeValue::S(partition.clone()), AttributeValue::S(sort.clone()));
            let look_at = text(LOOK_AT)?.clone();
            Some(Mark { aggregate: AggregateId::parse(aggregate).ok()?, look_at, key })
        };
        read().ok_or_else(|| {
            let (kind, keys) = (self.kind, text(PARTITION_KEY).zip(text(SORT_KEY)));
            StoreError::Invalid(format!("a mark on {keys:?}, which is no {kind} event").into())
        })
    }
}

/// The same for each mark of a stream.
fn shard_of(aggregate: &AggregateId) -> u8 {
    // The first digit of sixteen: as many for each shard.
    let hash = fingerprint(&[aggregate.as_str().as_bytes()]);
    let digit = hash.chars().next().and_then(|digit| digit.to_digit(16));
    digit.and_then(|digit| u8::try_from(digit).ok()).unwrap_or_default() % SHARDS
}

/// Sends a change. A mark that is no longer as it was read is as good as changed.
async fn settled(update: Update) -> Result<(), StoreError> {
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
