//! Metrics, from CloudWatch's embedded metric format to a table.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::console::heading;

/// The most values of a metric that are kept for its percentiles. CloudWatch keeps all.
const VALUES_MAX: usize = 10_000;
/// The dimension that every metric has.
const SERVICE: &str = "Service";

/// The metrics of a stack.
#[derive(Debug, Default)]
pub(super) struct Metrics(BTreeMap<(String, String, String), Summary>);

#[derive(Debug, Default)]
struct Summary {
    unit: String,
    count: u64,
    sum: f64,
    values: Vec<f64>,
}

/// Metrics, by service, name and dimensions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MetricTable(pub Vec<MetricRow>);

/// A metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MetricRow {
    /// The function.
    pub service: String,
    /// What is measured.
    pub name: String,
    /// Of what: `EventType=OrderCreated`; empty if the service is all that is known.
    pub of: String,
    /// In what it is measured: `Count`, `Milliseconds` or `None`.
    pub unit: String,
    /// How many values there were.
    pub count: u64,
    /// All values together.
    pub sum: f64,
    /// The value that half of them do not exceed.
    pub p50: f64,
    /// The value that 99 of 100 do not exceed.
    pub p99: f64,
}

impl Metrics {
    pub(super) fn add(&mut self, document: &Value) {
        let text = |name: &str| document[name].as_str().unwrap_or_default().to_owned();
        let directives = document["_aws"]["CloudWatchMetrics"].as_array();
        for directive in directives.into_iter().flatten() {
            let sets = directive["Dimensions"].as_array().into_iter().flatten();
            let names: BTreeSet<&str> =
                sets.filter_map(Value::as_array).flatten().filter_map(Value::as_str).collect();
            let of = names.iter().filter(|name| **name != SERVICE);
            let of: Vec<_> = of.map(|name| format!("{name}={}", text(name))).collect();
            for metric in directive["Metrics"].as_array().into_iter().flatten() {
                let (Some(name), unit) = (metric["Name"].as_str(), &metric["Unit"]) else {
                    continue;
                };
                let Some(value) = document[name].as_f64() else { continue };
                let key = (text(SERVICE), name.to_owned(), of.join(" "));
                let summary = self.0.entry(key).or_default();
                summary.unit = unit.as_str().unwrap_or("None").to_owned();
                summary.add(value);
            }
        }
    }

    pub(super) fn table(&self) -> MetricTable {
        let row = |((service, name, of), summary): (&(String, String, String), &Summary)| {
            let mut values = summary.values.clone();
            values.sort_by(f64::total_cmp);
            MetricRow {
                service: service.clone(),
                name: name.clone(),
                of: of.clone(),
                unit: summary.unit.clone(),
                count: summary.count,
                sum: summary.sum,
                p50: percentile(&values, 50),
                p99: percentile(&values, 99),
            }
        };
        MetricTable(self.0.iter().map(row).collect())
    }
}

impl Summary {
    fn add(&mut self, value: f64) {
        self.count += 1;
        self.sum += value;
        if self.values.len() < VALUES_MAX {
            self.values.push(value);
        }
    }
}

/// The smallest of `sorted` that so many of a hundred do not exceed.
fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(rank).copied().unwrap_or_default()
}

impl fmt::Display for MetricTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let titles = format!(
            "{:<14} {:<18} {:<42} {:>7} {:>12} {:>10} {:>10}",
            "service", "metric", "of", "count", "sum", "p50", "p99"
        );
        write!(f, "{}", heading(titles))?;
        for row in &self.0 {
            let MetricRow { service, name, of, count, sum, p50, p99, .. } = row;
            write!(f, "\n{service:<14} {name:<18} {of:<42} {count:>7} {sum:>12.0}")?;
            if row.unit != "Count" {
                write!(f, " {p50:>10.1} {p99:>10.1}")?;
            }
        }
        Ok(())
    }
}
