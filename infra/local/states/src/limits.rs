//! What Step Functions allows.
//!
//! Source: <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>.

use std::time::Duration;

/// The bytes of an input, an output, a task's result, or what one `Assign` assigns.
pub(crate) const DATA_BYTES_MAX: usize = 256 * 1024;
/// The bytes of all variables of an execution.
pub(crate) const VARIABLES_BYTES_MAX: usize = 10 * 1024 * 1024;
/// The bytes of a definition.
pub(crate) const DEFINITION_BYTES_MAX: usize = 1024 * 1024;
/// The characters of the name of a state machine, an execution, a state or a variable.
pub(crate) const NAME_CHARACTERS_MAX: usize = 80;
/// The events of one execution. The last is kept for how it ended.
/// Source: <https://docs.aws.amazon.com/step-functions/latest/dg/bp-history-limit.html>.
pub(crate) const EVENTS_MAX: usize = 25_000;
/// The longest that an execution runs: one year.
pub(crate) const EXECUTION_TIME_MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// How long an execution that has closed can be looked at, and its name not be used again.
pub(crate) const KEPT: time::Duration = time::Duration::days(90);
/// The largest number of seconds in a definition.
/// Source: <https://github.com/awslabs/statelint/blob/master/data/StateMachine.j2119>.
pub(crate) const SECONDS_MAX: u64 = 99_999_999;
