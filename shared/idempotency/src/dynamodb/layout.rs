//! The attribute names of a record, and the writes that store it.

use std::{borrow::Cow, collections::HashMap};

use super::{
    size,
    value::{from_millis, from_seconds, millis, number, outgoing, text},
};
use crate::{IdempotencyError, Item, Record, Status, TakeoverCondition};
use aws_sdk_dynamodb::{
    error::BuildError,
    types::{AttributeValue, Put, ReturnValuesOnConditionCheckFailure, Update},
};

/// The key of a record is free: there is no item, or one that may be taken over. The condition of
/// [`TakeoverCondition::allows`] as an expression of DynamoDB.
const FREE: &str = "attribute_not_exists(#key) OR #expiration < :now \
     OR (#status = :inProgress AND #leaseUntil < :leasesOverBefore";
/// The request that was not completed had the same payload, or its payload was not recorded.
const SAME_PAYLOAD: &str =
    " AND (attribute_not_exists(#payloadHash) OR #payloadHash = :payloadHash)";
/// The condition under which the holder still has its claim.
const OURS: &str = "#owner = :owner AND #status = :inProgress";

/// The names of a table's key and of a record's attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    key: Cow<'static, str>,
    /// The sort key, and the partition of all records then.
    sort: Option<(Cow<'static, str>, Cow<'static, str>)>,
    status: Cow<'static, str>,
    fencing_token: Cow<'static, str>,
    lease_until: Cow<'static, str>,
    payload_hash: Cow<'static, str>,
    result: Cow<'static, str>,
    outgoing: Cow<'static, str>,
    expiration: Cow<'static, str>,
}

impl Default for Layout {
    /// `id`, `status`, `owner`, `leaseUntil`, `payloadHash`, `result`, `outgoing`, `expiration`.
    fn default() -> Self {
        Self {
            key: "id".into(),
            sort: None,
            status: "status".into(),
            fencing_token: "owner".into(),
            lease_until: "leaseUntil".into(),
            payload_hash: "payloadHash".into(),
            result: "result".into(),
            outgoing: "outgoing".into(),
            expiration: "expiration".into(),
        }
    }
}

impl Layout {
    /// The names that Powertools for AWS Lambda uses, so that functions in several languages share
    /// a table: `id`, `status`, `in_progress_expiration`, `validation`, `data` and `expiration`.
    /// Powertools ignores the attributes `owner` and `outgoing` beside them.
    ///
    /// A record that Powertools holds is not taken over before its lease ends. The other way round
    /// Powertools overwrites the record when its own handler is done: only this library is fenced.
    pub fn powertools() -> Self {
        Self {
            lease_until: "in_progress_expiration".into(),
            payload_hash: "validation".into(),
            result: "data".into(),
            ..Self::default()
        }
    }

    /// For a table with a composite key: all records in the partition `partition`, each under its
    /// id as the sort key. (`PK` and `SK`, in a table with other items.)
    #[must_use]
    pub fn composite(
        self,
        partition_key: impl Into<Cow<'static, str>>,
        sort_key: impl Into<Cow<'static, str>>,
        partition: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { key: partition_key.into(), sort: Some((sort_key.into(), partition.into())), ..self }
    }

    /// Puts `record` where `takeover` allows it.
    pub(super) fn put(
        &self,
        table: &str,
        record: &Record,
        takeover: TakeoverCondition,
    ) -> Result<Put, IdempotencyError> {
        let item = self.item(record)?;
        size::check_record(&item, &self.result, &self.outgoing)?;
        let mut put = Put::builder()
            .table_name(table)
            .set_item(Some(item))
            .expression_attribute_names("#key", &*self.key)
            .expression_attribute_names("#expiration", &*self.expiration)
            .expression_attribute_names("#status", &*self.status)
            .expression_attribute_names("#leaseUntil", &*self.lease_until)
            .expression_attribute_values(":now", number(takeover.now.unix_timestamp()))
            .expression_attribute_values(
                ":leasesOverBefore",
                number(millis(takeover.leases_over_before)),
            )
            .expression_attribute_values(":inProgress", text(Status::InProgress.as_str()));
        let same_payload = match &record.payload_hash {
            Some(hash) => {
                put = put
                    .expression_attribute_names("#payloadHash", &*self.payload_hash)
                    .expression_attribute_values(":payloadHash", text(hash));
                SAME_PAYLOAD
            }
            None => "",
        };
        put.condition_expression(format!("{FREE}{same_payload})"))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(invalid)
    }

    /// Completes the record, if its fencing token still holds the lease.
    pub(super) fn complete(
        &self,
        table: &str,
        record: &Record,
    ) -> Result<Update, IdempotencyError> {
        let item = self.item(record)?;
        size::check_record(&item, &self.result, &self.outgoing)?;
        let mut set = Vec::new();
        let mut names = self.ours_names();
        let mut values = ours_values(record.fencing_token.as_deref().unwrap_or_default());
        let attributes = [
            ("status", &self.status),
            ("result", &self.result),
            ("expiration", &self.expiration),
            ("outgoing", &self.outgoing),
        ];
        for (name, attribute) in attributes {
            let Some(value) = item.get(attribute.as_ref()) else { continue };
            set.push(format!("#{name} = :{name}"));
            names.insert(format!("#{name}"), attribute.to_string());
            values.insert(format!(":{name}"), value.clone());
        }
        names.insert("#leaseUntil".to_owned(), self.lease_until.to_string());
        Update::builder()
            .table_name(table)
            .set_key(Some(self.key(&record.id)))
            .update_expression(format!("SET {} REMOVE #leaseUntil", set.join(", ")))
            .condition_expression(OURS)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(invalid)
    }

    /// Ends the lease with this `fencing_token`.
    pub(super) fn release(
        &self,
        table: &str,
        id: &str,
        fencing_token: &str,
    ) -> Result<Update, IdempotencyError> {
        let mut names = self.ours_names();
        names.insert("#leaseUntil".to_owned(), self.lease_until.to_string());
        Update::builder()
            .table_name(table)
            .set_key(Some(self.key(id)))
            .update_expression("SET #leaseUntil = :zero")
            .condition_expression(OURS)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(ours_values(fencing_token)))
            .expression_attribute_values(":zero", number(0))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(invalid)
    }

    fn ours_names(&self) -> HashMap<String, String> {
        let names = [("#owner", &self.fencing_token), ("#status", &self.status)];
        names.into_iter().map(|(name, it)| (name.to_owned(), it.to_string())).collect()
    }

    fn key(&self, id: &str) -> Item {
        match &self.sort {
            None => Item::from([(self.key.to_string(), text(id))]),
            Some((sort_key, partition)) => Item::from([
                (self.key.to_string(), text(partition.as_ref())),
                (sort_key.to_string(), text(id)),
            ]),
        }
    }

    fn item(&self, record: &Record) -> Result<Item, IdempotencyError> {
        let mut item = self.key(&record.id);
        let mut put = |attribute: &Cow<'_, str>, value| item.insert(attribute.to_string(), value);
        put(&self.status, text(record.status.as_str()));
        put(&self.expiration, number(record.expires_at.unix_timestamp()));
        if let Some(fencing_token) = &record.fencing_token {
            put(&self.fencing_token, text(fencing_token));
        }
        if let Some(until) = record.lease_until {
            put(&self.lease_until, number(millis(until)));
        }
        if let Some(hash) = &record.payload_hash {
            put(&self.payload_hash, text(hash));
        }
        if let Some(result) = &record.result {
            put(&self.result, text(result));
        }
        if !record.outgoing.is_empty() {
            put(&self.outgoing, outgoing(&record.outgoing)?);
        }
        Ok(item)
    }

    /// # Errors
    ///
    /// [`IdempotencyError::Unreadable`], which names the attribute.
    pub(super) fn read(&self, mut item: Item) -> Result<Record, IdempotencyError> {
        let id_name = self.sort.as_ref().map_or(&self.key, |(sort_key, _)| sort_key);
        let id = string(&mut item, id_name).unwrap_or_default();
        let unreadable = |attribute: &str| IdempotencyError::Unreadable {
            id: id.clone(),
            reason: format!("its attribute {attribute} is missing or invalid"),
        };
        let status = string(&mut item, &self.status).as_deref().and_then(Status::parse);
        let expires_at = integer(&mut item, &self.expiration).and_then(from_seconds);
        let outgoing = match item.remove(self.outgoing.as_ref()) {
            Some(value) => {
                serde_dynamo::from_attribute_value(value).map_err(|_| unreadable(&self.outgoing))?
            }
            None => Vec::new(),
        };
        Ok(Record {
            status: status.ok_or_else(|| unreadable(&self.status))?,
            fencing_token: string(&mut item, &self.fencing_token),
            lease_until: integer(&mut item, &self.lease_until).and_then(from_millis),
            payload_hash: string(&mut item, &self.payload_hash),
            result: string(&mut item, &self.result),
            expires_at: expires_at.ok_or_else(|| unreadable(&self.expiration))?,
            outgoing,
            id,
        })
    }
}

fn invalid(error: BuildError) -> IdempotencyError {
    IdempotencyError::Invalid(error.into())
}

fn ours_values(fencing_token: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([
        (":owner".to_owned(), text(fencing_token)),
        (":inProgress".to_owned(), text(Status::InProgress.as_str())),
    ])
}

fn string(item: &mut Item, attribute: &str) -> Option<String> {
    if let AttributeValue::S(text) = item.remove(attribute)? { Some(text) } else { None }
}

fn integer(item: &mut Item, attribute: &str) -> Option<i64> {
    item.remove(attribute)?.as_n().ok()?.parse().ok()
}
