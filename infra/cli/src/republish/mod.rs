//! Publishing again what the tables hold, for events that a stream has forgotten before the relay
//! could carry them: the tables hold them for as long as their items live.
//!
//! Every stored event of a [`Window`] is compared with the row of its order in `order-views`, which
//! the projector writes because of published events alone. What the row [proves](Verdict) to be
//! published is left alone; everything else goes through the relay, which keeps its rules of who
//! speaks from which table. What was published all the same is published once more under its id, and
//! every consumer knows it again.

mod invoke;
mod records;
mod report;
mod verdict;
mod views;

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, TableDescription},
};
use event_envelope::Envelope;
use serde_dynamo::Item;
use serde_json::Value;
use time::OffsetDateTime;

pub use invoke::{HttpRelay, InvokeError};
pub use report::{Report, Totals};
pub use verdict::Verdict;

use crate::table::{self, TableError};
use records::{Batch, Place, Record};
use views::Views;

/// How often a call of the relay is made anew for what the bus did not take.
const ATTEMPTS_MAX: u32 = 5;
/// Before the first such call; it doubles each time.
const PAUSE: Duration = Duration::from_millis(500);

/// The function that may publish.
pub trait Relay {
    /// Which sources it publishes from which tables: its variable `PUBLISHES`.
    ///
    /// # Errors
    ///
    /// When it cannot be proven either way.
    fn publishes(&self) -> impl Future<Output = Result<String, InvokeError>>;

    /// What it answers to a batch of a stream.
    ///
    /// # Errors
    ///
    /// When it does not answer, or fails.
    fn relay(&self, batch: &Value) -> impl Future<Output = Result<Value, InvokeError>>;
}

/// Which events are meant, by when they happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// From then on.
    pub since: OffsetDateTime,
    /// Before then.
    pub until: OffsetDateTime,
}

impl Window {
    fn has(self, event: &Envelope) -> bool {
        (self.since..self.until).contains(&event.timestamp)
    }
}

/// What is to be done.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The events.
    pub window: Window,
    /// Whether only to count.
    pub is_dry: bool,
    /// The most events in a second; none is no limit.
    pub rate: Option<f64>,
}

/// Why it cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum RepublishError {
    /// A table does not answer.
    #[error("{table} cannot be read: {reason}")]
    Table {
        /// The table.
        table: String,
        /// Why.
        reason: String,
    },
    /// The relay knows a table by its stream.
    #[error("{table} has no stream: switch it on as in the template")]
    NoStream {
        /// The table.
        table: String,
    },
    /// The relay does not list what it publishes.
    #[error("the relay does not list the tables from which it publishes")]
    Relay(#[from] InvokeError),
    /// Its answer is invalid.
    #[error("the relay's variable PUBLISHES is not an object of tables")]
    Publishes(#[source] serde_json::Error),
}

impl From<TableError> for RepublishError {
    fn from(TableError { table, reason }: TableError) -> Self {
        Self::Table { table, reason }
    }
}

/// Publishes again.
#[derive(Debug)]
pub struct Republisher<R> {
    client: Client,
    relay: R,
    views: Views,
    options: Options,
}

impl<R: Relay> Republisher<R> {
    /// Reads tables by `client`, compares with the rows of the table `views`, and hands what is not
    /// proven to be published to `relay`.
    pub fn new(client: Client, views: String, relay: R, options: Options) -> Self {
        Self { views: Views::new(client.clone(), views), client, relay, options }
    }

    /// Goes through every table that the relay publishes from. `progress` is given each page.
    ///
    /// # Errors
    ///
    /// When a table cannot be read. What the relay does not take is in the report.
    pub async fn run(&self, mut progress: impl FnMut(&Report)) -> Result<Report, RepublishError> {
        let publishes = self.relay.publishes().await?;
        let tables: BTreeMap<String, Value> =
            serde_json::from_str(&publishes).map_err(RepublishError::Publishes)?;
        let mut report = Report::new(self.options.is_dry);
        for table in tables.keys() {
            let place = self.place(table).await?;
            let mut start = None;
            loop {
                let page = table::page(&self.client, table, None, start).await?;
                self.take(&place, page.rows, &mut report).await?;
                progress(&report);
                start = page.next;
                if start.is_none() {
                    break;
                }
            }
        }
        Ok(report)
    }

    /// What a record knows of its table.
    async fn place(&self, table: &str) -> Result<Place, RepublishError> {
        let described = self.client.describe_table().table_name(table).send().await;
        let described = described.map_err(|error| TableError::new(table, error))?;
        let described = described.table.unwrap_or_else(|| TableDescription::builder().build());
        let keys = described.key_schema.unwrap_or_default();
        let stream = described
            .latest_stream_arn
            .ok_or_else(|| RepublishError::NoStream { table: table.to_owned() })?;
        let keys = keys.into_iter().map(|key| key.attribute_name).collect();
        Ok(Place { table: table.to_owned(), keys, stream })
    }

    /// Takes the items of a page.
    async fn take(
        &self,
        place: &Place,
        items: Vec<HashMap<String, AttributeValue>>,
        report: &mut Report,
    ) -> Result<(), RepublishError> {
        let mut stored = Vec::new();
        for item in items {
            let item = Item::from(item);
            let key = place.key(&item);
            match outbox::stored_events(&item) {
                Ok(mut events) => {
                    events.retain(|event| self.options.window.has(event));
                    if !events.is_empty() {
                        stored.push((key, events));
                    }
                }
                Err(error) => report.unreadable(&place.table, format!("{key:?}: {error}")),
            }
        }
        let known = self.views.of(stored.iter().flat_map(|(_, events)| events)).await?;
        let totals = report.totals(&place.table);
        let mut batch = Batch::default();
        for (key, mut events) in stored {
            events.retain(|event| {
                let verdict = known.verdict(event);
                totals.count(verdict);
                verdict != Verdict::Published
            });
            if events.is_empty() || self.options.is_dry {
                continue;
            }
            let record = Record::new(place, &key, events);
            if !batch.has_room(&record) {
                self.publish(std::mem::take(&mut batch), totals).await;
            }
            batch.add(record);
        }
        self.publish(batch, totals).await;
        Ok(())
    }

    /// Hands records to the relay until it has taken all of them, or is not going to.
    async fn publish(&self, mut batch: Batch, totals: &mut Totals) {
        let mut pause = PAUSE;
        for attempt in 0..ATTEMPTS_MAX {
            if batch.is_empty() {
                return;
            }
            if attempt > 0 {
                tokio::time::sleep(pause).await;
                pause = pause.saturating_mul(2);
            }
            match self.relay.relay(&batch.event()).await {
                Ok(answer) => {
                    let taken = batch.settle(&answer);
                    totals.republished += taken;
                    self.slow_down(taken).await;
                }
                Err(error) => totals.reason(&error),
            }
        }
        totals.failed += batch.events();
    }

    /// Waits for as long as so many events may take.
    async fn slow_down(&self, events: usize) {
        let Some(rate) = self.options.rate else { return };
        let seconds = f64::from(u32::try_from(events).unwrap_or(u32::MAX)) / rate;
        tokio::time::sleep(Duration::try_from_secs_f64(seconds).unwrap_or_default()).await;
    }
}

#[cfg(test)]
mod tests;
