//! How far a rebuild is, so that one that was killed goes on where it was.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use projection::{Placement, Row};
use serde_dynamo::Item;

use super::error::ProjectionError;
use crate::table::{Segment, TableError, text};

/// The attribute that is the key of the table.
const KEY: &str = "projection";
const SEGMENTS: &str = "segments";
/// In the place of a key: the segment was read to its end.
const END: &str = "end";

/// What a rebuild has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Built {
    /// Parts of tables that were read to their end.
    pub done: usize,
    /// Of so many.
    pub of: usize,
}

impl Built {
    /// Whether the new table has everything.
    pub const fn is_complete(self) -> bool {
        self.done == self.of
    }
}

/// A part of one of the tables that a rebuild reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) table: String,
    pub(super) segment: Segment,
}

impl Part {
    /// What it is called in the checkpoint.
    fn name(&self) -> String {
        let Segment { number, of } = self.segment;
        format!("{} {number}/{of}", self.table)
    }
}

/// Where a rebuild goes on in a part.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Place {
    /// After this key, or at the beginning.
    After(Option<Row>),
    /// It has read all of it.
    End,
}

/// How far a rebuild is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Checkpoint {
    /// By part: the key as JSON, or [`END`], or nothing yet.
    segments: BTreeMap<String, String>,
}

impl Checkpoint {
    pub(super) fn built(&self) -> Built {
        let done = self.segments.values().filter(|place| *place == END).count();
        Built { done, of: self.segments.len() }
    }

    /// Where it goes on.
    pub(super) fn place(&self, part: &Part) -> Result<Place, ProjectionError> {
        match self.segments.get(&part.name()).map(String::as_str) {
            None | Some("") => Ok(Place::After(None)),
            Some(END) => Ok(Place::End),
            Some(key) => {
                let key = serde_json::from_str::<Item>(key);
                let key = key.map_err(|_| ProjectionError::Checkpoint(part.name()))?;
                Ok(Place::After(Some(key.into())))
            }
        }
    }
}

/// Keeps the checkpoint of a projection in the table of placements.
#[derive(Debug)]
pub(super) struct Checkpoints {
    client: Client,
    table: String,
    name: String,
}

impl Checkpoints {
    pub(super) fn new(client: Client, table: String, projection: &str) -> Self {
        Self { client, table, name: format!("{projection}/rebuild") }
    }

    fn key(&self) -> AttributeValue {
        AttributeValue::S(self.name.clone())
    }

    /// That of the rebuild which began with `placement`, or before it was switched.
    pub(super) async fn load(
        &self,
        placement: &Placement,
    ) -> Result<Option<Checkpoint>, ProjectionError> {
        let request = self.client.get_item().table_name(&self.table).key(KEY, self.key());
        let got = request.consistent_read(true).send().await;
        let got = got.map_err(|error| TableError::new(&self.table, error))?;
        let Some(item) = got.item.filter(|_| placement.beside.is_some()) else { return Ok(None) };
        let segments = item.get(SEGMENTS).and_then(|it| it.as_m().ok());
        let segments = segments.ok_or_else(|| ProjectionError::Checkpoint(self.name.clone()))?;
        let names = segments.keys().filter_map(|name| Some((name.clone(), text(segments, name)?)));
        Ok(Some(Checkpoint { segments: names.collect() }))
    }

    /// Begins one for `parts`.
    pub(super) async fn begin(&self, parts: &[Part]) -> Result<Checkpoint, ProjectionError> {
        let segments: BTreeMap<String, String> =
            parts.iter().map(|part| (part.name(), String::new())).collect();
        let stored = segments.clone().into_iter().map(|(name, at)| (name, AttributeValue::S(at)));
        self.client
            .put_item()
            .table_name(&self.table)
            .item(KEY, self.key())
            .item(SEGMENTS, AttributeValue::M(stored.collect()))
            .send()
            .await
            .map_err(|error| TableError::new(&self.table, error))?;
        Ok(Checkpoint { segments })
    }

    /// A part was read up to `place`, and what it has is written.
    pub(super) async fn advance(&self, part: &Part, place: &Place) -> Result<(), ProjectionError> {
        let place = match place {
            Place::End => END.to_owned(),
            Place::After(None) => String::new(),
            Place::After(Some(key)) => serde_json::to_string(&Item::from(key.clone()))
                .map_err(|error| TableError::new(&self.table, error))?,
        };
        self.client
            .update_item()
            .table_name(&self.table)
            .key(KEY, self.key())
            .update_expression("SET #segments.#part = :place")
            .condition_expression("attribute_exists(#segments)")
            .expression_attribute_names("#segments", SEGMENTS)
            .expression_attribute_names("#part", part.name())
            .expression_attribute_values(":place", AttributeValue::S(place))
            .send()
            .await
            .map_err(|error| TableError::new(&self.table, error))?;
        Ok(())
    }

    /// The rebuild is of no interest any more.
    pub(super) async fn remove(&self) -> Result<(), ProjectionError> {
        let request = self.client.delete_item().table_name(&self.table).key(KEY, self.key());
        request.send().await.map_err(|error| TableError::new(&self.table, error))?;
        Ok(())
    }
}
