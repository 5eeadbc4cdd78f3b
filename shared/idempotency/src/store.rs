//! The table of records.
//!
//! A record passes through at most two states:
//!
//! ```text
//! (none) ── claim ──► INPROGRESS ── complete ──► COMPLETED ── expiration ──► (free)
//!    │                 │      ▲                      ▲
//!    │                 └──────┘ claim, when the      │
//!    │                   lease has ended             │
//!    └───────────────── commit ──────────────────────┘
//! ```

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::{
    Client,
    operation::put_item::PutItemError,
    types::{Put, ReturnValuesOnConditionCheckFailure},
};
use clock::{Clock, Tokens};
use outcome::Failure;
use serde::{Serialize, de::DeserializeOwned};
use time::OffsetDateTime;

use crate::{
    Item, Refused, UnitOfWork,
    claims::Claim,
    record::{Existing, Status, attribute, millis, number, outgoing, text},
    transaction::{Transacted, failure, patiently, transact},
};

/// The condition under which a record may be written: there is none, or it is past its retention,
/// or its holder is past its lease. Time to live deletes late, so that expiry is looked at here.
/// A holder that is past its lease may have had its effect: nobody follows it with another payload.
const FREE: &str = "attribute_not_exists(#id) OR #expiration < :now \
     OR (#status = :inProgress AND #leaseUntil < :nowMillis AND #payloadHash = :payloadHash)";
/// The attributes that [`FREE`] looks at.
const FREE_NAMES: &[&str] = &[
    attribute::ID,
    attribute::EXPIRATION,
    attribute::STATUS,
    attribute::LEASE_UNTIL,
    attribute::PAYLOAD_HASH,
];

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
    pub(crate) client: Client,
    pub(crate) settings: IdempotencySettings,
    pub(crate) clock: Clock,
    pub(crate) tokens: Tokens,
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
    pub fn new(
        client: Client,
        settings: IdempotencySettings,
        clock: Clock,
        tokens: Tokens,
    ) -> Self {
        Self { client, settings, clock, tokens }
    }

    pub(crate) fn id(&self, key: &str) -> String {
        format!("{}#{key}", self.settings.consumer)
    }

    /// The values that [`FREE`] compares with.
    fn free_values(&self, payload_hash: &str) -> Item {
        let now = self.clock.now();
        Item::from([
            (":now".to_owned(), number(now.unix_timestamp())),
            (":nowMillis".to_owned(), number(millis(now))),
            (":inProgress".to_owned(), text(Status::InProgress.as_str())),
            (":payloadHash".to_owned(), text(payload_hash)),
        ])
    }

    /// Seconds since the epoch, as time to live wants them.
    pub(crate) fn expiration_after(&self, at: OffsetDateTime) -> i64 {
        (at + self.settings.retention).unix_timestamp()
    }

    /// Commits a unit of work and its record in one write.
    pub(crate) async fn commit<R: Serialize + DeserializeOwned>(
        &self,
        key: &str,
        payload_hash: &str,
        unit: &UnitOfWork<R>,
    ) -> Result<Admission<(), R>, Failure> {
        let claim = Claim::draw(&self.tokens);
        let record = self.completed_record(key, payload_hash, &claim, unit)?;
        let put = self.put_if_free(record, payload_hash)?;
        let there = if unit.writes.is_empty() {
            self.put_alone(put).await?
        } else {
            let mut writes = unit.writes.clone();
            writes.push(put.into());
            match transact(&self.client, &writes).await? {
                Transacted::Committed => None,
                Transacted::Refused(mut refused) => {
                    // The record comes first: what a duplicate meets besides does not matter.
                    match refused.iter().position(|it| it.write == unit.writes.len()) {
                        Some(record) => Some(refused.swap_remove(record).item.unwrap_or_default()),
                        None => return Ok(Admission::Refused(refused)),
                    }
                }
            }
        };
        match there {
            None => Ok(Admission::Granted(())),
            Some(there) if claim.completed(&there) => Ok(Admission::Granted(())),
            Some(there) => self.replay(there, payload_hash),
        }
    }

    /// Puts a record where the place is [`FREE`].
    pub(crate) fn put_if_free(&self, record: Item, payload_hash: &str) -> Result<Put, Failure> {
        Put::builder()
            .table_name(&self.settings.table)
            .set_item(Some(record))
            .condition_expression(FREE)
            .set_expression_attribute_names(Some(names(FREE_NAMES)))
            .set_expression_attribute_values(Some(self.free_values(payload_hash)))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(Failure::poison)
    }

    /// One write costs half of a transaction of one. The item that stood in the way, if one did.
    pub(crate) async fn put_alone(&self, put: Put) -> Result<Option<Item>, Failure> {
        let request = self
            .client
            .put_item()
            .table_name(put.table_name)
            .set_item(Some(put.item))
            .set_condition_expression(put.condition_expression)
            .set_expression_attribute_names(put.expression_attribute_names)
            .set_expression_attribute_values(put.expression_attribute_values)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = patiently(|| request.clone().send()).await else {
            return Ok(None);
        };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(refused)) => {
                Ok(Some(refused.item().cloned().unwrap_or_default()))
            }
            _ => Err(failure(error)),
        }
    }

    /// What a record that is not free says to somebody who comes later.
    pub(crate) fn replay<T, R: DeserializeOwned>(
        &self,
        item: Item,
        payload_hash: &str,
    ) -> Result<Admission<T, R>, Failure> {
        let existing = Existing::read(item)?;
        existing.check_payload(payload_hash)?;
        match existing.status {
            Status::Completed => existing.result().map(Admission::Completed),
            Status::InProgress => {
                let left = existing.lease_until - millis(self.clock.now());
                let after = Duration::from_millis(u64::try_from(left).unwrap_or_default());
                Err(Failure::retry_within("another delivery is being handled", after))
            }
        }
    }

    fn completed_record<R: Serialize>(
        &self,
        key: &str,
        payload_hash: &str,
        claim: &Claim,
        unit: &UnitOfWork<R>,
    ) -> Result<Item, Failure> {
        let mut record = Item::from([
            (attribute::ID.to_owned(), text(self.id(key))),
            (attribute::STATUS.to_owned(), text(Status::Completed.as_str())),
            (attribute::OWNER.to_owned(), text(&claim.owner)),
            (attribute::PAYLOAD_HASH.to_owned(), text(payload_hash)),
            (attribute::EXPIRATION.to_owned(), number(self.expiration_after(self.clock.now()))),
            (attribute::RESULT.to_owned(), text(result_json(&unit.result)?)),
        ]);
        if !unit.outgoing.is_empty() {
            record.insert(attribute::OUTGOING.to_owned(), outgoing(&unit.outgoing)?);
        }
        Ok(record)
    }
}

/// Placeholders of expressions, `#name` for `name`.
pub(crate) fn names(used: &[&str]) -> HashMap<String, String> {
    used.iter().map(|name| (format!("#{name}"), (*name).to_owned())).collect()
}

pub(crate) fn result_json(result: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(result).map_err(Failure::poison)
}
