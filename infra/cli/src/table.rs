//! Reading and emptying tables of a deployed stack.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, DeleteRequest, KeysAndAttributes, WriteRequest},
};

use projection::Row;

/// The most requests of one `BatchWriteItem`.
const WRITES_MAX: usize = 25;
/// The most keys of one `BatchGetItem`.
const KEYS_MAX: usize = 100;
/// Before what a table did not take is sent again.
const PAUSE: Duration = Duration::from_millis(100);

/// A table does not answer.
#[derive(Debug, thiserror::Error)]
#[error("{table} cannot be read or written: {reason}")]
pub struct TableError {
    /// The table.
    pub table: String,
    /// Why.
    pub reason: String,
}

impl TableError {
    /// Of a call about `table`.
    pub(crate) fn new(table: &str, error: impl std::error::Error) -> Self {
        Self { table: table.to_owned(), reason: runtime::chain(&error) }
    }
}

/// A part of a table: this one of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) number: u16,
    pub(crate) of: u16,
}

/// Some rows of a table.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) rows: Vec<Row>,
    /// Where the next page begins.
    pub(crate) next: Option<Row>,
}

/// The next page of a table, or of a segment of it, as it is now.
pub(crate) async fn page(
    client: &Client,
    table: &str,
    segment: Option<Segment>,
    start: Option<Row>,
) -> Result<Page, TableError> {
    let mut request = client.scan().table_name(table).consistent_read(true);
    if let Some(Segment { number, of }) = segment {
        request = request.segment(i32::from(number)).total_segments(i32::from(of));
    }
    let page = request.set_exclusive_start_key(start).send().await;
    let page = page.map_err(|error| TableError::new(table, error))?;
    Ok(Page { rows: page.items.unwrap_or_default(), next: page.last_evaluated_key })
}

/// The rows with these keys, as far as there are such, by their keys.
pub(crate) async fn get(
    client: &Client,
    table: &str,
    key: &str,
    wanted: &[String],
) -> Result<HashMap<String, Row>, TableError> {
    let failed = |error| TableError::new(table, error);
    let mut found = HashMap::new();
    for wanted in wanted.chunks(KEYS_MAX) {
        let of = |row: &String| HashMap::from([(key.to_owned(), AttributeValue::S(row.clone()))]);
        let mut keys: Vec<Row> = wanted.iter().map(of).collect();
        while !keys.is_empty() {
            let request = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true);
            let request = request.build().map_err(|it| TableError::new(table, it))?;
            let answer = client.batch_get_item().request_items(table, request).send().await;
            let answer = answer.map_err(failed)?;
            let rows = answer.responses.unwrap_or_default().into_values().flatten();
            found.extend(rows.filter_map(|row| Some((text(&row, key)?, row))));
            let mut left = answer.unprocessed_keys.unwrap_or_default();
            keys = left.remove(table).map_or_else(Vec::new, |it| it.keys);
            if !keys.is_empty() {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    Ok(found)
}

/// Deletes `rows`, and gives how many they were.
pub(crate) async fn delete(
    client: &Client,
    table: &str,
    key: &str,
    rows: Vec<Row>,
) -> Result<u64, TableError> {
    let mut deleted = 0;
    for rows in rows.chunks(WRITES_MAX) {
        let mut left = Vec::new();
        for row in rows {
            let Some(value) = row.get(key) else { continue };
            let request = DeleteRequest::builder().key(key, value.clone()).build();
            let request = request.map_err(|error| TableError::new(table, error))?;
            left.push(WriteRequest::builder().delete_request(request).build());
            deleted += 1;
        }
        while !left.is_empty() {
            let answer = client.batch_write_item().request_items(table, left).send().await;
            let answer = answer.map_err(|error| TableError::new(table, error))?;
            left = answer.unprocessed_items.unwrap_or_default().remove(table).unwrap_or_default();
            if !left.is_empty() {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    Ok(deleted)
}

/// An attribute that is a text.
pub(crate) fn text(row: &Row, name: &str) -> Option<String> {
    row.get(name)?.as_s().ok().cloned()
}
