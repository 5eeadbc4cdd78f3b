//! When nothing is under way any more.

use std::time::Duration;

use local_lambda::FunctionStats;
use local_states::Stats as ExecutionStats;

use super::Stack;

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// Everything that counts up when work moves from one station to the next.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Activity {
    published: u64,
    delivered: u64,
    batches: u64,
    invocations: u64,
    executions: ExecutionStats,
    written: f64,
}

impl Stack {
    /// Waits until nothing is pending anywhere: no event on the bus, no message in a queue that a
    /// function works on, no record of a stream that was not dealt with, no execution of a state
    /// machine under way, no function at work.
    ///
    /// A function that nothing but a schedule invokes is not waited for: it is never done. What it
    /// sets in motion is.
    pub async fn quiescent(&self) {
        loop {
            // A piece of work could hide by moving from a station not yet looked at to one that
            // was: but not without being counted.
            let before = self.activity();
            if self.is_quiet() && self.is_quiet() && self.activity() == before {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// As [`quiescent`](Self::quiescent), but not longer than `patience`; whether it came to that.
    pub async fn becomes_idle(&self, patience: Duration) -> bool {
        tokio::time::timeout(patience, self.quiescent()).await.is_ok()
    }

    fn is_quiet(&self) -> bool {
        let functions_rest = self
            .awaited()
            .iter()
            .all(|it| it.busy == 0 && it.waiting == 0 && it.async_pending == 0);
        functions_rest
            && self.0.bus.idle()
            && self.0.state_machines.idle()
            && self.0.mappings.iter().all(|it| it.idle())
    }

    /// What has happened to the functions that rest is waited for.
    fn awaited(&self) -> Vec<FunctionStats> {
        let stats = self.0.lambda.stats().into_iter();
        stats.filter(|(name, _)| !self.0.only_scheduled.contains(name)).map(|(_, it)| it).collect()
    }

    fn activity(&self) -> Activity {
        let bus = self.0.bus.stats();
        let counters = self.0.mappings.iter().map(|it| it.counters());
        Activity {
            published: bus.put,
            delivered: bus.delivered + bus.dead_lettered + bus.dropped,
            batches: counters.map(|it| it.batches + it.filtered + it.discarded).sum(),
            invocations: self.awaited().iter().map(|it| it.invocations).sum(),
            executions: self.0.state_machines.stats(),
            written: self.0.dynamodb.capacity().write_units,
        }
    }
}
