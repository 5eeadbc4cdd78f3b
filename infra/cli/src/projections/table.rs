//! Reading and emptying tables.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, DeleteRequest, KeysAndAttributes, WriteRequest},
};

use projection::Row;

use super::error::ProjectionError;

/// The most requests of one `BatchWriteItem`.
const WRITES_MAX: usize = 25;
/// The most keys of one `BatchGetItem`.
pub(super) const KEYS_MAX: usize = 100;
/// Before what a table did not take is sent again.
const PAUSE: Duration = Duration::from_millis(100);

/// A part of a table: this one of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) number: u16,
    pub(super) of: u16,
}

/// Some rows of a table.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) rows: Vec<Row>,
    /// Where the next page begins.
    pub(super) next: Option<Row>,
}

/// The next page of a table, or of a segment of it, as it is now.
pub(super) async fn page(
    client: &Client,
    table: &str,
    segment: Option<Segment>,
    start: Option<Row>,
) -> Result<Page, ProjectionError> {
    let mut request = client.scan().table_name(table).consistent_read(true);
    if let Some(Segment { number, of }) = segment {
        request = request.segment(i32::from(number)).total_segments(i32::from(of));
    }
    let page = request.set_exclusive_start_key(start).send().await;
    let page = page.map_err(|error| ProjectionError::table(table, error))?;
    Ok(Page { rows: page.items.unwrap_or_default(), next: page.last_evaluated_key })
}

/// The rows with these keys, as far as there are such, by their keys.
pub(super) async fn get(
    client: &Client,
    table: &str,
    key: &str,
    wanted: &[String],
) -> Result<HashMap<String, Row>, ProjectionError> {
    let failed = |error| ProjectionError::table(table, error);
    let mut found = HashMap::new();
    for wanted in wanted.chunks(KEYS_MAX) {
        let of = |row: &String| HashMap::from([(key.to_owned(), AttributeValue::S(row.clone()))]);
        let mut keys: Vec<Row> = wanted.iter().map(of).collect();
        while !keys.is_empty() {
            let request = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true);
            let request = request.build().map_err(|it| ProjectionError::table(table, it))?;
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
pub(super) async fn delete(
    client: &Client,
    table: &str,
    key: &str,
    rows: Vec<Row>,
) -> Result<u64, ProjectionError> {
    let mut deleted = 0;
    for rows in rows.chunks(WRITES_MAX) {
        let mut left = Vec::new();
        for row in rows {
            let Some(value) = row.get(key) else { continue };
            let request = DeleteRequest::builder().key(key, value.clone()).build();
            let request = request.map_err(|error| ProjectionError::table(table, error))?;
            left.push(WriteRequest::builder().delete_request(request).build());
            deleted += 1;
        }
        while !left.is_empty() {
            let answer = client.batch_write_item().request_items(table, left).send().await;
            let answer = answer.map_err(|error| ProjectionError::table(table, error))?;
            left = answer.unprocessed_items.unwrap_or_default().remove(table).unwrap_or_default();
            if !left.is_empty() {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    Ok(deleted)
}

/// An attribute that is a text.
pub(super) fn text(row: &Row, name: &str) -> Option<String> {
    row.get(name)?.as_s().ok().cloned()
}
