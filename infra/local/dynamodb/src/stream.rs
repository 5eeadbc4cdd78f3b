//! A table's stream, as Lambda reads it.

use local_core::{ACCOUNT, AwsError, REGION};
use local_template::STREAM_LABEL;
use serde_json::{Value, json};

use crate::DynamoDb;

/// Public sequence numbers have 21 digits; this is the first.
pub(crate) const SEQUENCE_BASE: u128 = 100_000_000_000_000_000_000;

/// A record of a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamRecord {
    /// The position in the stream: rising, not gapless.
    pub sequence: u64,
    /// The record as an element of `Records` in the event that Lambda hands to a function.
    pub event: Value,
}

/// Where a table's stream is read.
#[derive(Debug, Clone)]
pub(crate) struct Shard {
    stream: Value,
    shard: Value,
}

impl DynamoDb {
    /// The next records of `table`'s stream after position `after` (0: the oldest), at most
    /// `limit` (1 to 1,000) of them.
    ///
    /// # Errors
    ///
    /// When the table has no stream.
    pub fn stream_records(
        &self,
        table: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<StreamRecord>, AwsError> {
        // Counted before the stream is read: a write in between is looked for the next time.
        let reached = (after, *self.inner.writes.borrow());
        if self.inner.read_to_end.lock().get(table) == Some(&reached) {
            return Ok(Vec::new());
        }
        let records = self.read_records(table, after, limit)?;
        if records.is_empty() {
            self.inner.read_to_end.lock().insert(table.to_owned(), reached);
        }
        Ok(records)
    }

    fn read_records(
        &self,
        table: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<StreamRecord>, AwsError> {
        let Shard { stream, shard } = self.shard(table)?;
        let mut start = json!({ "StreamArn": stream, "ShardId": shard });
        if after == 0 {
            start["ShardIteratorType"] = "TRIM_HORIZON".into();
        } else {
            start["ShardIteratorType"] = "AFTER_SEQUENCE_NUMBER".into();
            start["SequenceNumber"] = (SEQUENCE_BASE + u128::from(after)).to_string().into();
        }
        let iterator = self.request("GetShardIterator", &start)?["ShardIterator"].clone();
        let request = json!({ "ShardIterator": iterator, "Limit": limit });
        let Value::Array(records) = self.request("GetRecords", &request)?["Records"].take() else {
            return Ok(Vec::new());
        };
        records.into_iter().map(|record| lambda_record(table, record)).collect()
    }

    /// The one shard of a table's stream, asked for once: a stream is read many times a second.
    fn shard(&self, table: &str) -> Result<Shard, AwsError> {
        let known = || self.inner.shards.lock();
        if let Some(shard) = known().get(table) {
            return Ok(shard.clone());
        }
        let mut described = self.request("DescribeTable", &json!({ "TableName": table }))?;
        let stream = described["Table"]["LatestStreamArn"].take();
        if stream.is_null() {
            let message = format!("table {table} has no stream");
            return Err(AwsError::client("ResourceNotFoundException", message));
        }
        let mut described = self.request("DescribeStream", &json!({ "StreamArn": stream }))?;
        let shard = described["StreamDescription"]["Shards"][0]["ShardId"].take();
        let shard = Shard { stream, shard };
        known().insert(table.to_owned(), shard.clone());
        Ok(shard)
    }
}

fn lambda_record(table: &str, mut event: Value) -> Result<StreamRecord, AwsError> {
    let sequence = event["dynamodb"]["SequenceNumber"]
        .as_str()
        .and_then(|text| text.parse::<u128>().ok())
        .and_then(|public| u64::try_from(public.checked_sub(SEQUENCE_BASE)?).ok())
        .ok_or_else(|| AwsError::internal("a stream record without a sequence number"))?;
    event["eventSourceARN"] =
        format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}/stream/{STREAM_LABEL}").into();
    Ok(StreamRecord { sequence, event })
}
