//! One event in, one conditional write out; what is missing is pulled.

use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::update_item::UpdateItemError,
    types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure},
};
use catalogue::Event;
use event_envelope::{AggregateId, Delivery, Envelope, FromEnvelope};
use event_store::EventStore;
use lambda::EventHandler;
use runtime::{Done, Failure};
use serde_json::Value;
use time::OffsetDateTime;

use crate::{
    metrics::{self, CountedEvent},
    view::{Changes, Section, changes},
};

/// How often a row is tried again that another invocation moved forward in between.
const ATTEMPTS_MAX: usize = 5;
/// The attribute that says when an order was placed.
const PLACED_AT: &str = "createdAt";

/// Keeps the rows.
#[derive(Debug, Clone)]
pub struct Projector {
    client: Client,
    table: String,
    orders: EventStore,
}

/// Where a section must stand for a write to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    /// It is not there.
    Absent,
    /// At this version.
    At(u64),
    /// Before this version, or not there.
    Before(u64),
}

/// How a write to a row ended.
enum Written {
    /// The row was placed at this time, if that is known yet.
    Forward(Option<String>),
    /// The condition did not hold: the section's version is this.
    At(u64),
}

/// What is to be written, and what is counted once it is.
#[derive(Debug, Clone, Default)]
struct Folded {
    changes: Changes,
    counted: Vec<(CountedEvent, OffsetDateTime)>,
}

impl Projector {
    /// Keeps rows in `table`, and pulls missing events from `orders`.
    pub fn new(client: Client, table: String, orders: EventStore) -> Self {
        Self { client, table, orders }
    }

    /// Moves the order's section forward to `sequence`, over whatever is missing before it.
    async fn follow(
        &self,
        order: &AggregateId,
        sequence: u64,
        folded: Folded,
        is_live: bool,
    ) -> Result<Done, Failure> {
        let mut version = sequence - 1;
        let mut next = folded.clone();
        for _ in 0..ATTEMPTS_MAX {
            let Folded { changes, counted } = next;
            let reached = version_in(&changes, Section::Order);
            version = match self.step(order, version, changes).await? {
                Written::Forward(placed_at) => {
                    count(&counted, placed_at.as_deref(), is_live);
                    if reached >= sequence {
                        return Ok(Done::Handled);
                    }
                    reached
                }
                Written::At(version) if version >= sequence => return Ok(Done::Duplicate),
                Written::At(version) => version,
            };
            // The event itself need not be in the store any more: a restored backup lacks the
            // last events, which the bus has delivered.
            let is_next = version + 1 == sequence;
            next = if is_next { folded.clone() } else { self.pull(order, version).await? };
        }
        Err(Failure::retry("the row keeps changing"))
    }

    /// What all events after `version` change together.
    async fn pull(&self, order: &AggregateId, version: u64) -> Result<Folded, Failure> {
        let mut folded = Folded::default();
        for envelope in self.orders.load(order, version).await? {
            let event = Event::from_envelope(&envelope).map_err(Failure::permanent)?;
            folded.add(event, &envelope);
        }
        if folded.changes.is_empty() {
            return Err(Failure::retry("the event store does not have the events before this one"));
        }
        Ok(folded)
    }

    /// Writes the order's section if it stands at exactly `version`.
    async fn step(
        &self,
        order: &AggregateId,
        version: u64,
        changes: Changes,
    ) -> Result<Written, Failure> {
        let guard = if version == 0 { Condition::Absent } else { Condition::At(version) };
        self.write(order, Section::Order, guard, changes).await
    }

    /// Writes a section if it stands anywhere before the event.
    async fn advance(
        &self,
        order: &AggregateId,
        section: Section,
        changes: Changes,
    ) -> Result<Written, Failure> {
        let guard = Condition::Before(version_in(&changes, section));
        self.write(order, section, guard, changes).await
    }

    async fn write(
        &self,
        order: &AggregateId,
        section: Section,
        guard: Condition,
        changes: Changes,
    ) -> Result<Written, Failure> {
        let (condition, version) = match guard {
            Condition::Absent => ("attribute_not_exists(#guard)", None),
            Condition::At(version) => ("#guard = :version", Some(version)),
            Condition::Before(version) => {
                ("attribute_not_exists(#guard) OR #guard < :version", Some(version))
            }
        };
        let mut request = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("orderId", AttributeValue::S(order.to_string()))
            .condition_expression(condition)
            .expression_attribute_names("#guard", section.version())
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        if let Some(version) = version {
            request = request
                .expression_attribute_values(":version", AttributeValue::N(version.to_string()));
        }
        let (mut set, mut remove) = (Vec::new(), Vec::new());
        for (index, (attribute, value)) in changes.into_iter().enumerate() {
            request = request.expression_attribute_names(format!("#a{index}"), attribute);
            if value.is_null() {
                remove.push(format!("#a{index}"));
                continue;
            }
            let value = serde_dynamo::to_attribute_value(value).map_err(Failure::permanent)?;
            set.push(format!("#a{index} = :a{index}"));
            request = request.expression_attribute_values(format!(":a{index}"), value);
        }
        // There is something to set always: the version.
        let mut update = format!("SET {}", set.join(", "));
        if !remove.is_empty() {
            update = format!("{update} REMOVE {}", remove.join(", "));
        }
        match request.update_expression(update).send().await {
            Ok(written) => {
                let placed_at = written.attributes.and_then(|mut row| row.remove(PLACED_AT));
                Ok(Written::Forward(placed_at.and_then(|it| it.as_s().ok().cloned())))
            }
            Err(error) => refused(error, section),
        }
    }
}

impl EventHandler for Projector {
    type Event = Event;

    /// Takes one event into the row of its order.
    ///
    /// The row's own versions are the record of what was handled: a section only moves forward.
    ///
    /// # Errors
    ///
    /// Retry when a table is unavailable.
    async fn handle(&self, delivery: Delivery<Event>) -> Result<Done, Failure> {
        let Delivery { envelope, event, replay } = delivery;
        let (order, is_live) = (event.order_id().clone(), replay.is_none());
        let (section, sequence) = (Section::of(&event), envelope.sequence_number);
        let mut folded = Folded::default();
        folded.add(event, &envelope);
        if section == Section::Order {
            return self.follow(&order, sequence, folded, is_live).await;
        }
        let Folded { changes, counted } = folded;
        match self.advance(&order, section, changes).await? {
            Written::Forward(placed_at) => {
                count(&counted, placed_at.as_deref(), is_live);
                Ok(Done::Handled)
            }
            Written::At(_) => Ok(Done::Duplicate),
        }
    }
}

impl Folded {
    fn add(&mut self, event: Event, envelope: &Envelope) {
        self.changes.extend(changes(&event, envelope));
        if let Ok(counted) = CountedEvent::try_from(event) {
            self.counted.push((counted, envelope.timestamp));
        }
    }
}

/// Counts what live events say; a replay tells what was counted before.
fn count(events: &[(CountedEvent, OffsetDateTime)], placed_at: Option<&str>, is_live: bool) {
    for (event, happened) in events.iter().filter(|_| is_live) {
        metrics::count(event, *happened, placed_at);
    }
}

/// The version to which `changes` bring a section.
fn version_in(changes: &Changes, section: Section) -> u64 {
    changes.get(section.version()).and_then(Value::as_u64).unwrap_or_default()
}

fn refused(error: SdkError<UpdateItemError>, section: Section) -> Result<Written, Failure> {
    let Some(UpdateItemError::ConditionalCheckFailedException(refused)) = error.as_service_error()
    else {
        return Err(Failure::retry(error));
    };
    let version = refused.item().and_then(|item| item.get(section.version()));
    let version = version.and_then(|it| it.as_n().ok()?.parse().ok());
    Ok(Written::At(version.unwrap_or_default()))
}
