//! What tables and their streams hold, of a stack that is up as of a simulated one.

use std::collections::BTreeMap;

use event_envelope::Envelope;
use invariants::{Reservation, Snapshot, Stored, View};
use local_core::AwsError;
use local_dynamodb::DynamoDb;
use local_template::Template;
use outbox::stored_events;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::attribute::plain_item;

/// How many records of a stream are read at a time.
const RECORDS_MAX: usize = 1_000;
/// What the sweeper may change on an event.
const SWEEP_MARKS: [&str; 2] = ["sweepShard", "lookAt"];

/// The tables of a stack.
#[derive(Debug, Clone, Copy)]
pub struct Tables<'a> {
    /// Where they are.
    pub database: &'a DynamoDb,
    /// What their names begin with.
    pub stack: &'a str,
}

impl Tables<'_> {
    /// Adds to `snapshot` what the tables and streams of `template` hold, where at the beginning
    /// there was `stocked` of each product.
    ///
    /// # Errors
    ///
    /// When a table cannot be read.
    pub async fn observe(
        self,
        snapshot: &mut Snapshot,
        template: &Template,
        stocked: BTreeMap<String, i64>,
    ) -> Result<(), AwsError> {
        let moved = self.moved().await?;
        snapshot.stocked = sum(stocked, &moved).into();
        snapshot.moved = moved.into();
        snapshot.available = self.available().await?.into();
        snapshot.reservations =
            self.rows("reservations", |it: &Reservation| &it.order_id).await?.into();
        let views = self.read_table("order-views").await?;
        snapshot.views = self.rows(&views, |it: &View| &it.order_id).await?.into();
        if let Some(totals) = self.all_rows(template, "order-figures").await? {
            snapshot.totals = totals.into();
        }
        if let Some(sales) = self.all_rows(template, "product-figures").await? {
            snapshot.sales = sales.into();
        }
        if let Some(timelines) = self.all_rows(template, "order-timeline").await? {
            snapshot.timelines = timelines.into();
        }
        let (streams, unreadable) = self.streams().await?;
        snapshot.streams = streams.into();
        let mut changes = Changes { tampered: unreadable, stored: BTreeMap::new() };
        for table in template.tables.iter().filter(|table| table.stream.is_some()) {
            changes.read(self.database, &table.name)?;
        }
        snapshot.tampered = changes.tampered.into();
        snapshot.stored = changes.stored.into();
        Ok(())
    }

    /// The one of a projection's two tables that is read.
    async fn read_table(self, projection: &str) -> Result<String, AwsError> {
        let placements = self.scan("projections").await?;
        let is_switched =
            placements.iter().any(|it| it["projection"] == projection && it["reads"] == "b");
        Ok(if is_switched { format!("{projection}-b") } else { projection.to_owned() })
    }

    /// The stored events of each order, and what is stored there and cannot be read.
    ///
    /// # Errors
    ///
    /// When the table cannot be read.
    pub async fn streams(self) -> Result<(BTreeMap<String, Vec<Envelope>>, Vec<String>), AwsError> {
        let mut events = self.scan("order-events").await?;
        events.retain(is_event);
        events.sort_by(|one, other| key(one).cmp(&key(other)));
        let mut streams: BTreeMap<String, Vec<Envelope>> = BTreeMap::new();
        let mut unreadable = Vec::new();
        for item in events {
            let (order, place) = key(&item);
            let order = order.trim_start_matches("ORDER#").to_owned();
            let place = place.to_owned();
            match serde_json::from_value(item) {
                Ok(envelope) => streams.entry(order).or_default().push(envelope),
                Err(error) => unreadable.push(format!("{order} {place}: {error}")),
            }
        }
        Ok((streams, unreadable))
    }

    /// What administrators added to each product, less what they removed.
    async fn moved(self) -> Result<BTreeMap<String, i64>, AwsError> {
        let mut moved: BTreeMap<String, i64> = BTreeMap::new();
        for item in self.scan("stock-movements").await? {
            let product = item["productId"].as_str().unwrap_or_default().to_owned();
            let pieces = item["quantity"].as_i64().or_else(|| item["delta"].as_i64());
            let sum = moved.entry(product).or_default();
            *sum = sum.saturating_add(pieces.unwrap_or_default());
        }
        Ok(moved)
    }

    async fn available(self) -> Result<BTreeMap<String, i64>, AwsError> {
        let mut sums: BTreeMap<String, i64> = BTreeMap::new();
        for item in self.scan("inventory").await? {
            // A product may be spread over several rows, `prod-001` and `prod-001#3`.
            let row = item["productId"].as_str().unwrap_or_default();
            let product = row.split('#').next().unwrap_or_default().to_owned();
            let available = item["available"].as_i64().unwrap_or(i64::MIN);
            let sum = sums.entry(product).or_default();
            *sum = sum.saturating_add(available);
        }
        Ok(sums)
    }

    /// The rows of a table, by what `key` takes from each.
    async fn rows<T: DeserializeOwned>(
        self,
        table: &str,
        key: impl Fn(&T) -> &String,
    ) -> Result<BTreeMap<String, T>, AwsError> {
        let items = self.scan(table).await?.into_iter();
        items.map(|item| row(table, item).map(|row| (key(&row).clone(), row))).collect()
    }

    /// The rows of a table; none where `template` does not have it.
    async fn all_rows<T: DeserializeOwned>(
        self,
        template: &Template,
        table: &str,
    ) -> Result<Option<Vec<T>>, AwsError> {
        let name = format!("{}-{table}", self.stack);
        if !template.tables.iter().any(|it| it.name == name) {
            return Ok(None);
        }
        let items = self.scan(table).await?.into_iter();
        items.map(|item| row(table, item)).collect::<Result<_, _>>().map(Some)
    }

    /// Every item of a table.
    async fn scan(self, table: &str) -> Result<Vec<Value>, AwsError> {
        let table = format!("{}-{table}", self.stack);
        let mut items = Vec::new();
        let mut request = json!({ "TableName": table, "ConsistentRead": true });
        loop {
            let page = self.database.json("Scan", &request).await?;
            items.extend(page["Items"].as_array().into_iter().flatten().map(plain_item));
            if page["LastEvaluatedKey"].is_null() {
                return Ok(items);
            }
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"].clone();
        }
    }
}

/// What the streams of tables hold: what was ever stored to be published, and whether what must
/// never change was changed.
struct Changes {
    tampered: Vec<String>,
    stored: BTreeMap<String, Stored>,
}

impl Changes {
    fn read(&mut self, database: &DynamoDb, table: &str) -> Result<(), AwsError> {
        let mut position = 0;
        let mut first = BTreeMap::new();
        loop {
            let records = database.stream_records(table, position, RECORDS_MAX)?;
            let Some(last) = records.last() else { return Ok(()) };
            position = last.sequence;
            for record in &records {
                self.read_record(table, &record.event, &mut first);
            }
        }
    }

    /// `first` holds each event as it was first written.
    fn read_record(&mut self, table: &str, record: &Value, first: &mut BTreeMap<String, Value>) {
        let keys = plain_item(&record["dynamodb"]["Keys"]);
        if is_event(&keys) {
            let event = without_marks(plain_item(&record["dynamodb"]["NewImage"]));
            if *first.entry(keys.to_string()).or_insert_with(|| event.clone()) != event {
                self.tampered.push(format!("{} of {keys}", record["eventName"]));
            }
        }
        let image = serde_json::from_value(record["dynamodb"]["NewImage"].clone());
        match stored_events(&image.unwrap_or_default()) {
            Ok(events) => {
                for envelope in events {
                    let id = envelope.event_id.to_string();
                    let stored = || Stored { table: table.to_owned(), envelope };
                    self.stored.entry(id).or_insert_with(stored);
                }
            }
            Err(error) => self.tampered.push(format!("{table} {keys}: {error}")),
        }
    }
}

/// What there was of each product at the beginning, with what was moved since.
fn sum(mut stocked: BTreeMap<String, i64>, moved: &BTreeMap<String, i64>) -> BTreeMap<String, i64> {
    for (product, pieces) in moved {
        let sum = stocked.entry(product.clone()).or_default();
        *sum = sum.saturating_add(*pieces);
    }
    stocked
}

fn row<T: DeserializeOwned>(table: &str, item: Value) -> Result<T, AwsError> {
    serde_json::from_value(item)
        .map_err(|error| AwsError::internal(format!("a row of {table}: {error}")))
}

fn key(item: &Value) -> (&str, &str) {
    (item["PK"].as_str().unwrap_or_default(), item["SK"].as_str().unwrap_or_default())
}

/// Whether an item of the event store is an event.
fn is_event(item: &Value) -> bool {
    key(item).1.starts_with("EVENT#")
}

/// An event without what the sweeper notes on it: when its order is due.
fn without_marks(mut event: Value) -> Value {
    for mark in SWEEP_MARKS {
        event.as_object_mut().and_then(|fields| fields.remove(mark));
    }
    event
}
