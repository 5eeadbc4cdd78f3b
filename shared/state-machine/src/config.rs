//! The configuration of a runner: where machines are stored, and the limits of a command.

use std::{num::NonZeroU32, time::Duration};

use runtime::{ConfigError, Environment};

/// How long a command may take, unless configured otherwise: longer than a timeout of ten seconds,
/// so that a live attempt of a function with that one is never taken over.
pub const LEASE: Duration = Duration::from_secs(15);
/// After how many failed attempts a command is exhausted, unless configured otherwise. A queue that
/// dead-letters after ten receives then still has the record.
pub const EXHAUSTED_AFTER: NonZeroU32 = NonZeroU32::MIN.saturating_add(7);
/// The fewest attempts that can be read: one failure is no reason to stop.
const ATTEMPTS_MIN: u32 = 2;
/// The most attempts that can be read: a queue that dead-letters after ten receives has the record
/// until then.
const ATTEMPTS_MAX: u32 = 9;

/// Where machines are stored, for how long a command is leased, and when it is exhausted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunnerConfig {
    /// The name of the DynamoDB table.
    pub table: String,
    /// Its partition key, of type string.
    pub key: &'static str,
    /// How long a command may take before another delivery may try it. Longer than the function's
    /// timeout means that a live attempt is never taken over.
    pub lease: Duration,
    /// After how many failed attempts a command is exhausted. Fewer than the receives after which
    /// the queue dead-letters, or the record is in the dead-letter queue before the machine has
    /// emitted anything.
    pub exhausted_after: NonZeroU32,
}

impl RunnerConfig {
    /// Machines in `table`, whose partition key is `key`, with [`LEASE`] and [`EXHAUSTED_AFTER`].
    pub fn new(table: impl Into<String>, key: &'static str) -> Self {
        Self { table: table.into(), key, lease: LEASE, exhausted_after: EXHAUSTED_AFTER }
    }

    /// As [`new`](Self::new), in the table that the variable `table` names.
    ///
    /// # Errors
    ///
    /// When the variable is not set.
    pub fn read(
        environment: &Environment,
        table: &'static str,
        key: &'static str,
    ) -> Result<Self, ConfigError> {
        Ok(Self::new(environment.required(table)?, key))
    }

    /// The same with the attempts that `variable` holds, from two to nine, if it is set.
    ///
    /// # Errors
    ///
    /// When it holds anything else.
    pub fn read_exhausted_after(
        self,
        environment: &Environment,
        variable: &'static str,
    ) -> Result<Self, ConfigError> {
        if environment.optional(variable).is_none() {
            return Ok(self);
        }
        let attempts = environment.whole(variable, ATTEMPTS_MIN..=ATTEMPTS_MAX)?;
        let exhausted_after = NonZeroU32::new(attempts).unwrap_or(EXHAUSTED_AFTER);
        Ok(Self { exhausted_after, ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "PARCELS_TABLE";
    const ATTEMPTS: &str = "PARCEL_ATTEMPTS";

    fn read(environment: &Environment) -> Result<RunnerConfig, ConfigError> {
        RunnerConfig::read(environment, TABLE, "id")?.read_exhausted_after(environment, ATTEMPTS)
    }

    #[test]
    fn a_table_is_required_and_all_else_has_a_default() {
        let environment = Environment::of([(TABLE, "parcels")]);
        assert_eq!(read(&environment), Ok(RunnerConfig::new("parcels", "id")));
        let error = read(&environment.without(TABLE)).unwrap_err();
        assert_eq!(error, ConfigError::Missing { name: TABLE });
    }

    #[test]
    fn a_command_is_exhausted_before_the_queue_dead_letters() {
        let environment = Environment::of([(TABLE, "parcels")]);
        let read = |attempts| read(&environment.clone().with(ATTEMPTS, attempts));
        for (text, attempts) in [("2", 2), ("5", 5), ("9", 9)] {
            assert_eq!(read(text).unwrap().exhausted_after.get(), attempts);
        }
        for text in ["", "0", "1", "10", "-3", "+4", "2.5", "eight", "4294967298"] {
            let error = read(text).unwrap_err().to_string();
            let expected = format!("PARCEL_ATTEMPTS: {text:?} is not a whole number from 2 to 9");
            assert_eq!(error, expected);
        }
    }
}
