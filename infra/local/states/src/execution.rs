//! An execution: what is known of it while it runs, and after.

use std::sync::Arc;

use local_core::Counter;
use parking_lot::Mutex;
use serde_json::Value;
use time::OffsetDateTime;
use tokio::sync::Notify;

use crate::{
    arn::execution_arn,
    history::{Event, Full, Happening, History},
    limits::KEPT,
    spec::Machine,
    state_error::StateError,
};

/// An execution of a state machine.
#[derive(Debug)]
pub(crate) struct Execution {
    pub(crate) arn: String,
    pub(crate) name: String,
    /// The how manieth of all executions it is.
    pub(crate) number: u64,
    pub(crate) machine: Arc<Machine>,
    /// The input as it was given, and what it says.
    pub(crate) input: Arc<str>,
    pub(crate) input_value: Value,
    pub(crate) trace_header: Option<String>,
    pub(crate) started: OffsetDateTime,
    record: Mutex<Record>,
    transitions: Counter,
    stopped: Notify,
}

#[derive(Debug, Default)]
struct Record {
    history: History,
    ending: Option<Ending>,
}

/// When and how an execution ended.
#[derive(Debug, Clone)]
pub(crate) struct Ending {
    pub(crate) at: OffsetDateTime,
    pub(crate) end: End,
}

/// How far an execution has come, as AWS names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// `RUNNING`
    Running,
    /// `SUCCEEDED`
    Succeeded,
    /// `FAILED`
    Failed,
    /// `TIMED_OUT`
    TimedOut,
    /// `ABORTED`
    Aborted,
}

impl Status {
    /// The name that the API has for it, e.g. `TIMED_OUT`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Aborted => "ABORTED",
        }
    }
}

/// How an execution ended.
#[derive(Debug, Clone)]
pub(crate) enum End {
    Succeeded(Arc<str>),
    Failed(StateError),
    TimedOut,
    Aborted(StateError),
}

/// What an execution is started with.
pub(crate) struct Start {
    pub(crate) name: String,
    pub(crate) number: u64,
    pub(crate) machine: Arc<Machine>,
    pub(crate) input: Arc<str>,
    pub(crate) input_value: Value,
    pub(crate) trace_header: Option<String>,
    pub(crate) at: OffsetDateTime,
}

/// Why an event is not written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoRecord {
    /// The execution has ended.
    Ended,
    /// There is room only for how it ends.
    Full,
}

impl Execution {
    pub(crate) fn new(start: Start) -> Self {
        let execution = Self {
            arn: execution_arn(&start.machine.spec.name, &start.name),
            name: start.name,
            number: start.number,
            input: start.input,
            input_value: start.input_value,
            trace_header: start.trace_header,
            started: start.at,
            record: Mutex::default(),
            transitions: Counter::default(),
            stopped: Notify::new(),
            machine: start.machine,
        };
        let role_arn = execution.machine.spec.role_arn.clone();
        let input = Arc::clone(&execution.input);
        // The history is empty: there is room.
        let _ = execution.record(start.at, 0, Happening::ExecutionStarted { input, role_arn });
        execution
    }

    /// Writes down what happened after the event `previous`, and returns the event's id.
    pub(crate) fn record(
        &self,
        at: OffsetDateTime,
        previous: u64,
        happening: Happening,
    ) -> Result<u64, NoRecord> {
        let mut record = self.record.lock();
        if record.ending.is_some() {
            return Err(NoRecord::Ended);
        }
        record.history.add(at, previous, happening).map_err(|Full| NoRecord::Full)
    }

    /// Ends the execution, unless it has ended already; and returns whether it did.
    pub(crate) fn end(&self, at: OffsetDateTime, previous: u64, end: End) -> bool {
        let mut record = self.record.lock();
        if record.ending.is_some() {
            return false;
        }
        record.history.close(at, previous, end.happening());
        record.ending = Some(Ending { at, end });
        self.stopped.notify_one();
        true
    }

    /// Returns once the execution has been ended by others than its run, which alone may ask.
    pub(crate) async fn stopped(&self) {
        self.stopped.notified().await;
    }

    pub(crate) fn ending(&self) -> Option<Ending> {
        self.record.lock().ending.clone()
    }

    pub(crate) fn status(&self) -> Status {
        self.record.lock().ending.as_ref().map_or(Status::Running, |ending| ending.end.status())
    }

    /// Notes that a state was entered, or tried again.
    pub(crate) fn count_transition(&self) {
        self.transitions.add_one();
    }

    pub(crate) fn transitions(&self) -> u64 {
        self.transitions.get()
    }

    /// Whether it ended so long ago that it is not known any more.
    pub(crate) fn is_forgotten(&self, now: OffsetDateTime) -> bool {
        self.ending().is_some_and(|ending| now - ending.at > KEPT)
    }

    /// What `read` makes of the events so far.
    pub(crate) fn read_events<T>(&self, read: impl FnOnce(&[Event]) -> T) -> T {
        read(self.record.lock().history.events())
    }
}

impl End {
    pub(crate) fn status(&self) -> Status {
        match self {
            Self::Succeeded(_) => Status::Succeeded,
            Self::Failed(_) => Status::Failed,
            Self::TimedOut => Status::TimedOut,
            Self::Aborted(_) => Status::Aborted,
        }
    }

    fn happening(&self) -> Happening {
        match self {
            Self::Succeeded(output) => Happening::ExecutionSucceeded { output: Arc::clone(output) },
            Self::Failed(error) => Happening::ExecutionFailed(error.clone()),
            Self::TimedOut => Happening::ExecutionTimedOut,
            Self::Aborted(error) => Happening::ExecutionAborted(error.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};
    use time::OffsetDateTime;

    use super::{End, Execution, NoRecord, Start};
    use crate::{
        StateMachineSpec, history::Happening, limits::KEPT, spec::Machine, state_error::StateError,
    };

    fn execution() -> Execution {
        let definition = json!({
            "QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": {"Type": "Succeed"}},
        });
        let spec = StateMachineSpec {
            name: "orders".to_owned(),
            role_arn: String::new(),
            definition: definition.to_string(),
        };
        Execution::new(Start {
            name: "o-1".to_owned(),
            number: 1,
            machine: Arc::new(Machine::new(spec).unwrap()),
            input: "null".into(),
            input_value: Value::Null,
            trace_header: None,
            at: OffsetDateTime::UNIX_EPOCH,
        })
    }

    #[test]
    fn nothing_happens_after_the_end_and_there_is_one_end() {
        let (execution, at) = (execution(), OffsetDateTime::UNIX_EPOCH);
        assert_eq!(execution.record(at, 1, Happening::ParallelStateStarted), Ok(2));
        assert!(execution.end(at, 0, End::Aborted(StateError::default())));
        let late = execution.record(at, 2, Happening::ParallelStateStarted);
        assert_eq!(late, Err(NoRecord::Ended));
        assert!(!execution.end(at, 2, End::TimedOut));
        assert_eq!(execution.status().as_str(), "ABORTED");
        assert_eq!(execution.read_events(<[_]>::len), 3);
    }

    #[test]
    fn only_what_has_ended_is_forgotten() {
        let (execution, at) = (execution(), OffsetDateTime::UNIX_EPOCH);
        assert!(!execution.is_forgotten(at + KEPT * 2));
        execution.end(at, 0, End::TimedOut);
        assert!(!execution.is_forgotten(at + KEPT));
        assert!(execution.is_forgotten(at + KEPT + time::Duration::SECOND));
    }
}
