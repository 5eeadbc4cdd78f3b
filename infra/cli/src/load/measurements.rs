//! What a load run measured, and how it is shown.

use std::{collections::BTreeMap, time::Duration};

use local_dynamodb::Capacity;
use local_lambda::FunctionStats;
use local_stack::console::{aside, bad, heading, say};

use crate::shop::short_name;

/// What a load run measured.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measurements {
    /// How many orders were sent.
    pub sent: usize,
    /// How many of them were accepted.
    pub accepted: usize,
    /// How many were completed.
    pub completed: usize,
    /// From the first order's moment to the last one's completion.
    pub duration: Duration,
    /// From an order's moment to the API's answer, in rising order.
    pub answered_after: Vec<Duration>,
    /// From an order's moment to its completion on the bus, in rising order.
    pub completed_after: Vec<Duration>,
    /// How long the stack went on after the last order was answered, if it came to rest.
    pub drained_after: Option<Duration>,
    /// What happened to each function.
    pub functions: BTreeMap<String, FunctionStats>,
    /// What the run consumed.
    pub capacity: Capacity,
    /// The most memory of the whole stack, in bytes.
    pub memory_max: Option<u64>,
}

impl Measurements {
    /// Completed orders a second.
    pub fn throughput(&self) -> f64 {
        ratio(self.completed, self.duration.as_secs_f64())
    }

    /// Shows everything on the terminal.
    pub(super) fn show(&self) {
        say(heading(format_args!("\n{:.1} orders/s", self.throughput())));
        let Self { sent, accepted, completed, .. } = self;
        say(format_args!(
            "  {sent} orders sent, {accepted} accepted, {completed} completed in {:.2} s",
            self.duration.as_secs_f64()
        ));
        match self.drained_after {
            Some(after) => {
                say(format_args!("  drained {:.2} s after the last answer", after.as_secs_f64()))
            }
            None => say(format_args!("  {}", bad("the queues did not drain"))),
        }
        show_times("order to answer", &self.answered_after);
        show_times("order to shipped", &self.completed_after);
        self.show_functions();
        self.show_cost();
    }

    fn show_functions(&self) {
        say(heading("\nFunctions"));
        let columns = format!(
            "  {:<14} {:>11} {:>9} {:>7} {:>7} {:>10}",
            "", "invocations", "per order", "errors", "crashes", "processes"
        );
        say(aside(columns));
        for (name, stats) in &self.functions {
            let per_order = ratio_u64(stats.invocations, self.accepted);
            say(format_args!(
                "  {:<14} {:>11} {per_order:>9.2} {:>7} {:>7} {:>10}",
                short_name(name),
                stats.invocations,
                stats.errors,
                stats.crashes,
                stats.environments,
            ));
        }
    }

    fn show_cost(&self) {
        say(heading("\nDynamoDB, per order"));
        let per_order =
            |units: f64| if self.accepted == 0 { 0.0 } else { units / float(self.accepted) };
        let Capacity { write_units, read_units, write_requests, read_requests } = self.capacity;
        say(format_args!(
            "  {:.1} write units in {:.1} requests, {:.1} read units in {:.1} requests",
            per_order(write_units),
            ratio_u64(write_requests, self.accepted),
            per_order(read_units),
            ratio_u64(read_requests, self.accepted),
        ));
        if let Some(bytes) = self.memory_max {
            say(heading("\nMemory"));
            let mebibytes = bytes / (1024 * 1024);
            say(format_args!("  {mebibytes} MiB at most, this process and all functions together"));
        }
    }
}

fn show_times(name: &str, rising: &[Duration]) {
    let shown = |share| {
        percentile(rising, share)
            .map_or("-".to_owned(), |it| format!("{:.0} ms", it.as_secs_f64() * 1e3))
    };
    say(format_args!(
        "  {name:<17} p50 {:>8}   p99 {:>8}   max {:>8}",
        shown(50),
        shown(99),
        shown(100)
    ));
}

/// The smallest time that `percent` of all are not above.
fn percentile(rising: &[Duration], percent: usize) -> Option<Duration> {
    let rank = (rising.len() * percent).div_ceil(100);
    rising.get(rank.saturating_sub(1)).copied()
}

fn ratio(count: usize, by: f64) -> f64 {
    if by > 0.0 { float(count) / by } else { 0.0 }
}

fn ratio_u64(count: u64, by: usize) -> f64 {
    ratio(usize::try_from(count).unwrap_or(usize::MAX), float(by))
}

#[expect(clippy::cast_precision_loss, reason = "counts of one run are exact in a double")]
fn float(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let times: Vec<_> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(percentile(&times, 50), Some(Duration::from_millis(100)));
        assert_eq!(percentile(&times, 99), Some(Duration::from_millis(198)));
        assert_eq!(percentile(&times, 100), Some(Duration::from_millis(200)));
        assert_eq!(percentile(&times[..1], 50), Some(Duration::from_millis(1)));
        assert_eq!(percentile(&[], 50), None);
    }

    #[test]
    fn throughput_counts_what_was_completed() {
        let measurements = Measurements {
            sent: 200,
            completed: 100,
            duration: Duration::from_secs(4),
            ..Measurements::default()
        };
        assert!((measurements.throughput() - 25.0).abs() < f64::EPSILON);
        assert!(Measurements::default().throughput().abs() < f64::EPSILON);
    }
}
