//! Writing rows under the guard of their versions.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::{
        transact_write_items::TransactWriteItemsError,
        update_item::{UpdateItemError, UpdateItemOutput},
    },
    types::{
        AttributeValue, CancellationReason, ReturnValue, ReturnValuesOnConditionCheckFailure,
        TransactWriteItem, Update,
    },
};
use runtime::Failure;
use serde_json::Value;

use crate::Fold;

/// Attributes and what they are set to. What is null is removed: an index that is sparse by
/// an attribute lists the rows that have it.
pub type Changes = BTreeMap<&'static str, Value>;
/// A row as it is stored.
pub type Row = HashMap<String, AttributeValue>;

/// What DynamoDB calls an item of a transaction whose condition did not hold.
const CONDITION_FAILED: &str = "ConditionalCheckFailed";

/// Where a section must stand for a write to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// It is not there.
    Absent,
    /// At this version.
    At(u64),
    /// Before this version, or not there.
    Before(u64),
}

impl Guard {
    /// At `version`, which is none at all before the first event.
    pub const fn after(version: u64) -> Self {
        if version == 0 { Self::Absent } else { Self::At(version) }
    }
}

/// A write to one section of a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    /// What changes, in which row.
    pub fold: Fold,
    /// Where its section must stand.
    pub guard: Guard,
}

/// How a write to a row ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Written {
    /// The section moved forward; this is the row now.
    Forward(Row),
    /// The guard did not hold: the section's version is this, zero where it is not there.
    At(u64),
}

/// How a write to the rows of both tables ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Both {
    /// Both moved forward, at once.
    Forward,
    /// Neither did: the guard did not hold in each of them.
    Refused,
}

/// Writes the rows of a projection.
#[derive(Debug, Clone)]
pub struct Rows {
    client: Client,
    key: &'static str,
}

/// An update as expressions.
struct Expressions {
    condition: &'static str,
    update: String,
    names: HashMap<String, String>,
    values: Row,
}

impl Rows {
    /// Writes rows whose key is the attribute `key`.
    pub const fn new(client: Client, key: &'static str) -> Self {
        Self { client, key }
    }

    /// Writes a row of `table`, if its section stands where it must.
    ///
    /// # Errors
    ///
    /// Retry when the table is unavailable. Permanent when a value cannot be stored.
    pub async fn write(&self, table: &str, write: &Write) -> Result<Written, Failure> {
        let Expressions { condition, update, names, values } = Expressions::of(write)?;
        let request = self
            .client
            .update_item()
            .table_name(table)
            .key(self.key, AttributeValue::S(write.fold.row.clone()))
            .condition_expression(condition)
            .update_expression(update)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match request.send().await {
            Ok(UpdateItemOutput { attributes, .. }) => {
                Ok(Written::Forward(attributes.unwrap_or_default()))
            }
            Err(error) => refused(error, write.fold.section),
        }
    }

    /// Writes the same to a row of both tables, if its section stands where it must in each. No
    /// reader sees the one without the other.
    ///
    /// # Errors
    ///
    /// Retry when a table is unavailable, or another transaction writes one of the rows. Permanent
    /// when a value cannot be stored.
    pub async fn write_both(&self, tables: [&str; 2], write: &Write) -> Result<Both, Failure> {
        let mut request = self.client.transact_write_items();
        for table in tables {
            let Expressions { condition, update, names, values } = Expressions::of(write)?;
            let item = Update::builder()
                .table_name(table)
                .key(self.key, AttributeValue::S(write.fold.row.clone()))
                .condition_expression(condition)
                .update_expression(update)
                .set_expression_attribute_names(Some(names))
                .set_expression_attribute_values(Some(values))
                .build()
                .map_err(Failure::permanent)?;
            request = request.transact_items(TransactWriteItem::builder().update(item).build());
        }
        match request.send().await {
            Ok(_) => Ok(Both::Forward),
            Err(error) if is_refused(&error) => Ok(Both::Refused),
            Err(error) => Err(Failure::retry(error)),
        }
    }
}

impl Expressions {
    fn of(write: &Write) -> Result<Self, Failure> {
        let (condition, version) = match write.guard {
            Guard::Absent => ("attribute_not_exists(#guard)", None),
            Guard::At(version) => ("#guard = :version", Some(version)),
            Guard::Before(version) => {
                ("attribute_not_exists(#guard) OR #guard < :version", Some(version))
            }
        };
        let mut names = HashMap::from([("#guard".to_owned(), write.fold.section.to_owned())]);
        let mut values = Row::new();
        if let Some(version) = version {
            values.insert(":version".to_owned(), AttributeValue::N(version.to_string()));
        }
        let mut set = Vec::new();
        let mut remove = Vec::new();
        for (index, (attribute, value)) in write.fold.changes.iter().enumerate() {
            names.insert(format!("#a{index}"), (*attribute).to_owned());
            if value.is_null() {
                remove.push(format!("#a{index}"));
                continue;
            }
            let value = serde_dynamo::to_attribute_value(value).map_err(Failure::permanent)?;
            set.push(format!("#a{index} = :a{index}"));
            values.insert(format!(":a{index}"), value);
        }
        // There is something to set always: the version.
        let mut update = format!("SET {}", set.join(", "));
        if !remove.is_empty() {
            update = format!("{update} REMOVE {}", remove.join(", "));
        }
        Ok(Self { condition, update, names, values })
    }
}

fn refused(error: SdkError<UpdateItemError>, section: &str) -> Result<Written, Failure> {
    let Some(UpdateItemError::ConditionalCheckFailedException(refused)) = error.as_service_error()
    else {
        return Err(Failure::retry(error));
    };
    let version = refused.item().and_then(|item| item.get(section));
    let version = version.and_then(|it| it.as_n().ok()?.parse().ok());
    Ok(Written::At(version.unwrap_or_default()))
}

/// Whether a condition did not hold, and nothing else stood in the way.
fn is_refused(error: &SdkError<TransactWriteItemsError>) -> bool {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
        error.as_service_error()
    else {
        return false;
    };
    let mut codes = cancelled.cancellation_reasons().iter().filter_map(CancellationReason::code);
    codes.any(|code| code == CONDITION_FAILED)
}
