//! What all clones of a service and all its executions share.

use std::{
    collections::BTreeMap,
    sync::{Arc, Weak},
};

use local_core::{Clock, Counter};
use parking_lot::Mutex;
use time::OffsetDateTime;
use tokio::task::JoinSet;

use crate::{
    execution::{End, Execution},
    spec::Machine,
    stats::Counters,
    tasks::Tasks,
};

/// How state machines are run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where timestamps come from.
    pub clock: Clock,
    /// What jitter, generated names, and `$random()` and `$uuid()` follow from.
    pub seed: u64,
}

impl Default for Options {
    /// The clock of the machine, and a seed that is drawn.
    #[expect(clippy::disallowed_methods, reason = "the one place that draws the seed")]
    fn default() -> Self {
        Self { clock: Clock::system(), seed: fastrand::u64(..) }
    }
}

/// The executions that are followed; nothing once they are not to be any more.
pub(crate) type Runs = Mutex<Option<JoinSet<()>>>;

/// The state machines and their executions, below those who work with them.
pub(crate) struct Shared {
    pub(crate) machines: BTreeMap<String, Arc<Machine>>,
    /// The executions, by the names of their machine and their own.
    pub(crate) executions: Mutex<BTreeMap<(String, String), Arc<Execution>>>,
    pub(crate) tasks: Arc<dyn Tasks>,
    pub(crate) options: Options,
    pub(crate) counters: Counters,
    pub(crate) created: OffsetDateTime,
    pub(crate) numbers: Counter,
    pub(crate) random: Mutex<fastrand::Rng>,
    pub(crate) runs: Weak<Runs>,
}

impl Shared {
    /// Ends an execution that has not ended.
    pub(crate) fn end(&self, execution: &Execution, previous: u64, end: End) {
        let counter = match end {
            End::Succeeded(_) => &self.counters.succeeded,
            End::Failed(_) => &self.counters.failed,
            End::TimedOut => &self.counters.timed_out,
            End::Aborted(_) => &self.counters.aborted,
        };
        if let End::Failed(error) = &end {
            tracing::error!(execution = execution.arn, ?error, "an execution failed");
        }
        if execution.end(self.options.clock.now(), previous, end) {
            counter.add_one();
        }
    }

    /// The number of the next execution.
    pub(crate) fn next_number(&self) -> u64 {
        self.numbers.next_number() + 1
    }

    /// Dice of their own.
    pub(crate) fn random(&self) -> fastrand::Rng {
        self.random.lock().fork()
    }
}
