//! Everything that the invariants are checked on, gathered in one go when nothing moves any more.

use std::collections::{BTreeMap, BTreeSet};

use event_envelope::Envelope;
use local_core::AwsError;
use local_eventbridge::Stats;
use local_ses::SentMail;
use local_states::ExecutionReport;
use local_template::Function;
use outbox::stored_events;
use provider_stubs::{LedgerEntry, Shipment};
use serde_json::{Value, json};

use super::{
    attribute::plain_item,
    tables::{Figure, Reservation, View, rows, scan},
};
use crate::{
    Shop, seed,
    timeline::{self, Published},
};

/// How many records of a stream are read at a time.
const RECORDS_MAX: usize = 1_000;
/// What the sweeper may change on an event.
const SWEEP_MARKS: [&str; 2] = ["sweepShard", "lookAt"];

/// What the stores, ledgers, archives and logs say after a run.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// What there was of each product at the beginning, and what was added to it or taken from it
    /// by administrators.
    pub stocked: BTreeMap<String, i64>,
    /// What there is left of each product.
    pub available: BTreeMap<String, i64>,
    /// The reservations, by order.
    pub reservations: BTreeMap<String, Reservation>,
    /// The stored events of each order, in the order of their keys.
    pub streams: BTreeMap<String, Vec<Envelope>>,
    /// Stored events that were changed or removed afterwards, and what else is wrong in the store.
    pub tampered: Vec<String>,
    /// Every event that any service has stored to be published: its id, and the table.
    pub said: BTreeMap<String, String>,
    /// Every event on the bus.
    pub published: Vec<Published>,
    /// What was on the bus and is no event of this system.
    pub foreign: Vec<String>,
    /// What the payment gateway really did.
    pub ledger: Vec<LedgerEntry>,
    /// What the carrier really did.
    pub shipments: Vec<Shipment>,
    /// Every mail that was sent.
    pub mails: Vec<SentMail>,
    /// How often the process that sends mails died, or ran out of time, at work.
    pub mailers_lost: u64,
    /// The read model, by order.
    pub views: BTreeMap<String, View>,
    /// What was counted of completed orders: each day's, in each currency.
    pub figures: Vec<Figure>,
    /// The executions of the workflow, where one carries orders on.
    pub executions: Option<Vec<ExecutionReport>>,
    /// What is left in each queue that somebody works on.
    pub waiting: BTreeMap<String, usize>,
    /// What is in each dead-letter queue.
    pub parked: BTreeMap<String, usize>,
    /// What is meant to be in dead-letter queues, such as notes of invocations whose process died; in
    /// the others nothing.
    pub parked_expected: BTreeMap<String, usize>,
    /// What the bus has done.
    pub bus: Stats,
    /// The orders that a customer was told are placed.
    pub acknowledged: BTreeSet<String>,
    /// Addresses that must stand nowhere but in the contacts and on the mails.
    pub addresses: Vec<String>,
    /// Events and lines of logs with an `@` in them.
    pub suspects: Vec<String>,
}

impl Evidence {
    /// Reads everything there is in `shop`, which should be quiescent. `acknowledged` are the
    /// orders that customers were told are placed.
    ///
    /// # Errors
    ///
    /// When a table cannot be read.
    pub async fn gather(
        shop: &Shop,
        acknowledged: impl IntoIterator<Item = String>,
    ) -> Result<Self, AwsError> {
        let (published, foreign) = timeline::read(shop.bus().archived());
        let mut evidence = Self {
            stocked: seed::PRODUCTS.iter().map(|it| (it.id.to_owned(), signed(it.stock))).collect(),
            published,
            foreign: foreign.iter().map(ToString::to_string).collect(),
            ledger: shop.payments().ledger(),
            shipments: shop.carrier().shipments(),
            mails: shop.mail().mails(),
            mailers_lost: mailers_lost(shop),
            bus: shop.bus().stats(),
            executions: (!shop.template().state_machines.is_empty())
                .then(|| shop.state_machines().executions()),
            acknowledged: acknowledged.into_iter().collect(),
            addresses: seed::CONTACTS.iter().map(|it| it.email.to_owned()).collect(),
            suspects: shop.logs().suspects(),
            ..Self::default()
        };
        evidence.read_tables(shop).await?;
        evidence.read_changes(shop)?;
        evidence.count_messages(shop)?;
        let texts = evidence.published.iter().map(|it| json!(it.envelope).to_string());
        let texts: Vec<String> = texts.chain(evidence.foreign.iter().cloned()).collect();
        evidence.suspects.extend(texts.into_iter().filter(|text| text.contains('@')));
        Ok(evidence)
    }

    async fn read_tables(&mut self, shop: &Shop) -> Result<(), AwsError> {
        for item in scan(shop, "inventory").await? {
            // A product may be spread over several rows, `prod-001` and `prod-001#3`.
            let row = item["productId"].as_str().unwrap_or_default();
            let product = row.split('#').next().unwrap_or_default().to_owned();
            let available = item["available"].as_i64().unwrap_or(i64::MIN);
            let sum = self.available.entry(product).or_default();
            *sum = sum.saturating_add(available);
        }
        for item in scan(shop, "stock-movements").await? {
            let product = item["productId"].as_str().unwrap_or_default().to_owned();
            let moved = item["quantity"].as_i64().or_else(|| item["delta"].as_i64());
            let stocked = self.stocked.entry(product).or_default();
            *stocked = stocked.saturating_add(moved.unwrap_or_default());
        }
        self.reservations = rows(shop, "reservations", |it: &Reservation| &it.order_id).await?;
        self.views = rows(shop, "order-views", |it: &View| &it.order_id).await?;
        for item in scan(shop, "order-figures").await? {
            self.figures.push(
                serde_json::from_value(item).map_err(|error| {
                    AwsError::internal(format!("a row of order-figures: {error}"))
                })?,
            );
        }
        let mut events = scan(shop, "order-events").await?;
        events.retain(is_event);
        events.sort_by(|one, other| key(one).cmp(&key(other)));
        for item in events {
            let (order, place) = key(&item);
            let (order, place) = (order.trim_start_matches("ORDER#").to_owned(), place.to_owned());
            match serde_json::from_value(item) {
                Ok(envelope) => self.streams.entry(order).or_default().push(envelope),
                Err(error) => self.tampered.push(format!("{order} {place}: {error}")),
            }
        }
        Ok(())
    }

    /// Reads the streams of the tables: what was ever stored to be published, and whether what
    /// must never change was changed.
    fn read_changes(&mut self, shop: &Shop) -> Result<(), AwsError> {
        for table in shop.template().tables.iter().filter(|table| table.stream.is_some()) {
            let mut position = 0;
            let mut first = BTreeMap::new();
            loop {
                let records = shop.dynamodb().stream_records(&table.name, position, RECORDS_MAX)?;
                let Some(last) = records.last() else { break };
                position = last.sequence;
                for record in &records {
                    self.read_change(&table.name, &record.event, &mut first);
                }
            }
        }
        Ok(())
    }

    /// `first` holds each event as it was first written.
    fn read_change(
        &mut self,
        table: &str,
        record: &Value,
        first: &mut BTreeMap<String, BTreeMap<String, Value>>,
    ) {
        let item = plain_item(&record["dynamodb"]["NewImage"]);
        let keys = plain_item(&record["dynamodb"]["Keys"]);
        if is_event(&keys) {
            let event = without_marks(&item);
            if *first.entry(keys.to_string()).or_insert_with(|| event.clone()) != event {
                self.tampered.push(format!("{} of {keys}", record["eventName"]));
            }
        }
        let image = serde_json::from_value(record["dynamodb"]["NewImage"].clone());
        match stored_events(&image.unwrap_or_default()) {
            Ok(events) => {
                for event in events {
                    let id = event.event_id.to_string();
                    self.said.entry(id).or_insert_with(|| table.to_owned());
                }
            }
            Err(error) => self.tampered.push(format!("{table} {keys}: {error}")),
        }
    }

    fn count_messages(&mut self, shop: &Shop) -> Result<(), AwsError> {
        let worked_on: BTreeSet<&str> =
            shop.mappings().iter().map(|mapping| mapping.source()).collect();
        for queue in shop.sqs().queue_names() {
            let depth = shop.sqs().depth(&queue)?.total();
            let is_worked_on = worked_on.contains(queue.as_str());
            let notes = notes_of_losses(shop, &queue).map_or(0, |lost| lost.min(depth));
            if notes > 0 {
                self.parked_expected.insert(queue.clone(), notes);
            }
            let depths = if is_worked_on { &mut self.waiting } else { &mut self.parked };
            depths.insert(queue, depth);
        }
        Ok(())
    }
}

fn key(item: &Value) -> (&str, &str) {
    (item["PK"].as_str().unwrap_or_default(), item["SK"].as_str().unwrap_or_default())
}

/// Whether an item of the event store is an event.
fn is_event(item: &Value) -> bool {
    key(item).1.starts_with("EVENT#")
}

/// An event without what the sweeper notes on it: when to look at its order.
fn without_marks(item: &Value) -> BTreeMap<String, Value> {
    let fields = item.as_object().into_iter().flatten();
    let fields = fields.filter(|(name, _)| !SWEEP_MARKS.contains(&name.as_str()));
    fields.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn mailers_lost(shop: &Shop) -> u64 {
    lost(shop, "-notification")
}

/// How often the process of a function died, or ran out of time, at work.
fn lost(shop: &Shop, name_ends: &str) -> u64 {
    let stats = shop.lambda().stats();
    let function = stats.iter().find(|(name, _)| name.ends_with(name_ends));
    function.map_or(0, |(_, stats)| stats.crashes + stats.timeouts)
}

/// How many messages may be in a queue that is told of failed invocations, if it is one: a note for
/// each time that a process died, such as a sweep's, which the next sweep makes up for.
fn notes_of_losses(shop: &Shop, queue: &str) -> Option<usize> {
    let template = shop.template();
    let arn = &template.queues.iter().find(|it| it.name == queue)?.arn;
    let told = |it: &&Function| it.async_invoke.on_failure_arn.as_ref() == Some(arn);
    let function = template.functions.iter().find(told)?;
    usize::try_from(lost(shop, &function.name)).ok()
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
