//! The table of records.

use std::time::Duration;

use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::{put_item::PutItemError, update_item::UpdateItemError},
    types::{Put, ReturnValuesOnConditionCheckFailure, Update},
};
use clock::{Clock, Tokens};
use outcome::Failure;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Item, Refused, UnitOfWork, Write,
    record::{Existing, Status, attribute, millis, number, outgoing, text},
    transaction::{Transacted, failure, transact},
};

/// The condition under which a record may be written: there is none, or it is past its retention,
/// or its holder is past its lease. Time to live deletes late, so that expiry is looked at here.
const FREE: &str = "attribute_not_exists(#id) OR #expiration < :now \
     OR (#status = :inProgress AND #leaseUntil < :nowMillis)";

/// How records are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencySettings {
    /// The table; its key is `id`.
    pub table: String,
    /// Who handles: the same event has a record for each consumer.
    pub consumer: String,
    /// How long a record is kept once it is complete. Beyond it only natural keys protect.
    pub retention: Duration,
    /// How long a holder may take before another one may try. Longer than the function's timeout
    /// means that a live holder is never robbed.
    pub lease: Duration,
}

/// The records of one consumer.
#[derive(Debug, Clone)]
pub struct IdempotencyStore {
    client: Client,
    settings: IdempotencySettings,
    clock: Clock,
    tokens: Tokens,
}

/// The right to have an effect, until its lease ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) owner: String,
}

/// What became of an attempt to claim or commit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Admission<T, R> {
    /// It is ours.
    Granted(T),
    /// It took effect before, with this result.
    Completed(R),
    /// These business conditions did not hold; nothing was written.
    Refused(Vec<Refused>),
}

impl IdempotencyStore {
    /// Keeps records by `settings`.
    pub fn new(client: Client, settings: IdempotencySettings, clock: Clock, tokens: Tokens) -> Self {
        Self { client, settings, clock, tokens }
    }

    fn id(&self, key: &str) -> String {
        format!("{}#{key}", self.settings.consumer)
    }

    fn now_values(&self) -> Item {
        let now = self.clock.now();
        Item::from([
            (":now".to_owned(), number(now.unix_timestamp())),
            (":nowMillis".to_owned(), number(millis(now))),
            (":inProgress".to_owned(), text(Status::InProgress.as_str())),
        ])
    }

    fn expiration(&self) -> i64 {
        (self.clock.now() + self.settings.retention).unix_timestamp()
    }

    /// Commits a unit of work and its record in one transaction.
    pub(crate) async fn commit<R: Serialize + DeserializeOwned>(
        &self,
        key: &str,
        payload_hash: &str,
        unit: &UnitOfWork<R>,
    ) -> Result<Admission<(), R>, Failure> {
        let record = self.completed_record(key, payload_hash, unit)?;
        let put = Put::builder()
            .table_name(&self.settings.table)
            .set_item(Some(record))
            .condition_expression(FREE)
            .set_expression_attribute_names(Some(names(&[
                attribute::ID,
                attribute::EXPIRATION,
                attribute::STATUS,
                attribute::LEASE_UNTIL,
            ])))
            .set_expression_attribute_values(Some(self.now_values()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(Failure::poison)?;
        let mut writes = unit.writes.clone();
        writes.push(put.into());
        match transact(&self.client, &writes).await? {
            Transacted::Committed => Ok(Admission::Granted(())),
            Transacted::Refused(mut refused) => {
                let Some(index) = refused.iter().position(|it| it.write == unit.writes.len()) else {
                    return Ok(Admission::Refused(refused));
                };
                // The record comes first: what a duplicate meets besides does not matter.
                let item = refused.swap_remove(index).item.unwrap_or_default();
                self.replay(item, payload_hash)
            }
        }
    }

    fn replay<T, R: DeserializeOwned>(
        &self,
        item: Item,
        payload_hash: &str,
    ) -> Result<Admission<T, R>, Failure> {
        let existing = Existing::read(item)?;
        existing.check_payload(payload_hash)?;
        match existing.status {
            Status::Completed => existing.replay(payload_hash).map(Admission::Completed),
            Status::InProgress => {
                let left = existing.lease_until - millis(self.clock.now());
                let after = Duration::from_millis(u64::try_from(left).unwrap_or_default());
                Err(Failure::retry_after("another delivery is being handled", after))
            }
        }
    }

    fn completed_record<R: Serialize>(
        &self,
        key: &str,
        payload_hash: &str,
        unit: &UnitOfWork<R>,
    ) -> Result<Item, Failure> {
        let mut record = Item::from([
            (attribute::ID.to_owned(), text(self.id(key))),
            (attribute::STATUS.to_owned(), text(Status::Completed.as_str())),
            (attribute::PAYLOAD_HASH.to_owned(), text(payload_hash)),
            (attribute::EXPIRATION.to_owned(), number(self.expiration())),
            (attribute::RESULT.to_owned(), text(result_json(&unit.result)?)),
        ]);
        if !unit.outgoing.is_empty() {
            record.insert(attribute::OUTGOING.to_owned(), outgoing(&unit.outgoing)?);
        }
        Ok(record)
    }

    /// Claims `key` for one attempt at its effect.
    pub(crate) async fn claim<R: DeserializeOwned>(
        &self,
        key: &str,
        payload_hash: &str,
    ) -> Result<Admission<Claim, R>, Failure> {
        let owner = self.tokens.draw();
        let lease_until = millis(self.clock.now() + self.settings.lease);
        let sent = self
            .client
            .put_item()
            .table_name(&self.settings.table)
            .item(attribute::ID, text(self.id(key)))
            .item(attribute::STATUS, text(Status::InProgress.as_str()))
            .item(attribute::OWNER, text(&owner))
            .item(attribute::LEASE_UNTIL, number(lease_until))
            .item(attribute::PAYLOAD_HASH, text(payload_hash))
            .item(attribute::EXPIRATION, number(self.expiration()))
            .condition_expression(FREE)
            .set_expression_attribute_names(Some(names(&[
                attribute::ID,
                attribute::EXPIRATION,
                attribute::STATUS,
                attribute::LEASE_UNTIL,
            ])))
            .set_expression_attribute_values(Some(self.now_values()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let Err(error) = sent else {
            return Ok(Admission::Granted(Claim { owner }));
        };
        let item = refused_put(error)?;
        // Our own claim, whose answer was lost on the way and which the SDK sent again.
        if item.get(attribute::OWNER) == Some(&text(&owner)) {
            return Ok(Admission::Granted(Claim { owner }));
        }
        self.replay(item, payload_hash)
    }

    /// Completes a claim: the unit of work and the record in one write, if the claim still holds.
    pub(crate) async fn complete<R: Serialize>(
        &self,
        key: &str,
        claim: &Claim,
        unit: &UnitOfWork<R>,
    ) -> Result<(), Failure> {
        let update = self.completion(key, claim, unit)?;
        if unit.writes.is_empty() {
            return self.complete_alone(update).await;
        }
        let mut writes = unit.writes.clone();
        writes.push(update.into());
        match transact(&self.client, &writes).await? {
            Transacted::Committed => Ok(()),
            Transacted::Refused(refused) if refused.iter().any(|it| it.write == unit.writes.len()) => {
                Err(lease_lost())
            }
            Transacted::Refused(_) => {
                Err(Failure::retry("what the handler had read has changed since"))
            }
        }
    }

    fn completion<R: Serialize>(
        &self,
        key: &str,
        claim: &Claim,
        unit: &UnitOfWork<R>,
    ) -> Result<Update, Failure> {
        let mut set = vec!["#status = :completed", "#result = :result", "#expiration = :expiration"];
        let mut values = Item::from([
            (":completed".to_owned(), text(Status::Completed.as_str())),
            (":inProgress".to_owned(), text(Status::InProgress.as_str())),
            (":result".to_owned(), text(result_json(&unit.result)?)),
            (":expiration".to_owned(), number(self.expiration())),
            (":owner".to_owned(), text(&claim.owner)),
        ]);
        let mut used = vec![
            attribute::STATUS,
            attribute::RESULT,
            attribute::EXPIRATION,
            attribute::OWNER,
            attribute::LEASE_UNTIL,
        ];
        if !unit.outgoing.is_empty() {
            set.push("#outgoing = :outgoing");
            values.insert(":outgoing".to_owned(), outgoing(&unit.outgoing)?);
            used.push(attribute::OUTGOING);
        }
        Update::builder()
            .table_name(&self.settings.table)
            .key(attribute::ID, text(self.id(key)))
            .update_expression(format!("SET {} REMOVE #leaseUntil", set.join(", ")))
            .condition_expression("#owner = :owner AND #status = :inProgress")
            .set_expression_attribute_names(Some(names(&used)))
            .set_expression_attribute_values(Some(values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(Failure::poison)
    }

    /// One write costs half of a transaction of one.
    async fn complete_alone(&self, update: Update) -> Result<(), Failure> {
        let owner = update.expression_attribute_values().and_then(|it| it.get(":owner")).cloned();
        let Err(error) = self.send(update).await else {
            return Ok(());
        };
        let item = refused_update(error)?.unwrap_or_default();
        // The owner stays when a claim completes: this is our own write, seen again.
        let ours = item.get(attribute::OWNER) == owner.as_ref()
            && item.get(attribute::STATUS) == Some(&text(Status::Completed.as_str()));
        if ours { Ok(()) } else { Err(lease_lost()) }
    }

    /// Gives up a claim, so that the next delivery need not wait for its lease.
    pub(crate) async fn release(&self, key: &str, claim: &Claim) -> Result<(), Failure> {
        let update = Update::builder()
            .table_name(&self.settings.table)
            .key(attribute::ID, text(self.id(key)))
            .update_expression("SET #leaseUntil = :zero")
            .condition_expression("#owner = :owner AND #status = :inProgress")
            .set_expression_attribute_names(Some(names(&[
                attribute::LEASE_UNTIL,
                attribute::OWNER,
                attribute::STATUS,
            ])))
            .expression_attribute_values(":zero", number(0))
            .expression_attribute_values(":owner", text(&claim.owner))
            .expression_attribute_values(":inProgress", text(Status::InProgress.as_str()))
            .build()
            .map_err(Failure::poison)?;
        match self.send(update).await {
            Ok(()) => Ok(()),
            // Somebody else holds it now: nothing to give up.
            Err(error) => refused_update(error).map(drop),
        }
    }

    async fn send(&self, update: Update) -> Result<(), SdkError<UpdateItemError>> {
        self.client
            .update_item()
            .table_name(update.table_name)
            .set_key(Some(update.key))
            .update_expression(update.update_expression)
            .set_condition_expression(update.condition_expression)
            .set_expression_attribute_names(update.expression_attribute_names)
            .set_expression_attribute_values(update.expression_attribute_values)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await
            .map(drop)
    }
}

impl From<Write> for aws_sdk_dynamodb::types::TransactWriteItem {
    fn from(write: Write) -> Self {
        write.0
    }
}

fn names(used: &[&str]) -> std::collections::HashMap<String, String> {
    used.iter().map(|name| (format!("#{name}"), (*name).to_owned())).collect()
}

fn result_json(result: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(result).map_err(Failure::poison)
}

fn lease_lost() -> Failure {
    Failure::retry("the lease was lost: another delivery took over, nothing was written")
}

fn refused_put(error: SdkError<PutItemError>) -> Result<Item, Failure> {
    match error.as_service_error() {
        Some(PutItemError::ConditionalCheckFailedException(refused)) => {
            Ok(refused.item().cloned().unwrap_or_default())
        }
        _ => Err(failure(error)),
    }
}

fn refused_update(error: SdkError<UpdateItemError>) -> Result<Option<Item>, Failure> {
    match error.as_service_error() {
        Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
            Ok(refused.item().cloned())
        }
        _ => Err(failure(error)),
    }
}
