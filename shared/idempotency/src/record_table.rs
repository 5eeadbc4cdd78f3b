//! The table of records of a function, as its environment names it.

use std::{sync::Arc, time::Duration};

use aws_sdk_dynamodb::Client;
use event_envelope::ReplayPolicy;
use runtime::{ConfigError, Environment};

use crate::{DynamoDbStore, IdempotencyConfig};

/// A DynamoDB table of records, and how long they are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordTable {
    /// The name of the table.
    pub table: String,
    /// How long a record is kept once it is complete.
    pub retention: Duration,
}

impl RecordTable {
    /// The table that the variable `table` names, and the retention that the variable
    /// `retention_days` holds, in days from 1 to 65535.
    ///
    /// # Errors
    ///
    /// When one of them is not set, or the retention is anything else.
    pub fn read(
        environment: &Environment,
        table: &'static str,
        retention_days: &'static str,
    ) -> Result<Self, ConfigError> {
        let table = environment.required(table)?;
        let days = environment.whole(retention_days, 1..=u16::MAX)?;
        Ok(Self { table, retention: Duration::from_hours(24 * u64::from(days)) })
    }

    /// The configuration of `consumer` with its records in this table, as
    /// [`IdempotencyConfig::new`] makes it.
    pub fn consumer(
        self,
        client: Client,
        consumer: impl Into<Arc<str>>,
        replays: ReplayPolicy,
    ) -> IdempotencyConfig<DynamoDbStore> {
        let store = DynamoDbStore::new(client, self.table);
        IdempotencyConfig::new(store, consumer, replays).retention(self.retention)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "RECORDS_TABLE";
    const DAYS: &str = "RETENTION_DAYS";

    #[test]
    fn a_retention_is_a_whole_number_of_days() {
        let environment = Environment::of([(TABLE, "records")]);
        let read = |days| RecordTable::read(&environment.clone().with(DAYS, days), TABLE, DAYS);
        for (text, days) in [("1", 1), ("365", 365), ("65535", 65_535)] {
            let retention = Duration::from_hours(24 * days);
            assert_eq!(read(text), Ok(RecordTable { table: "records".to_owned(), retention }));
        }
        for bad in ["", "a year", "0", "-1", "+7", "1.5", "65536"] {
            let error = read(bad).unwrap_err().to_string();
            let expected = format!("RETENTION_DAYS: {bad:?} is not a whole number from 1 to 65535");
            assert_eq!(error, expected);
        }
    }

    #[test]
    fn table_and_retention_are_required() {
        let environment = Environment::of([(TABLE, "records"), (DAYS, "14")]);
        for name in [TABLE, DAYS] {
            let error =
                RecordTable::read(&environment.clone().without(name), TABLE, DAYS).unwrap_err();
            assert_eq!(error, ConfigError::Missing { name });
        }
    }
}
