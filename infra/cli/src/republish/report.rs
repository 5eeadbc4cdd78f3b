//! What was found and done.

use std::{collections::BTreeMap, error::Error, fmt};

use super::Verdict;

/// The totals of one table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// The events of the window.
    pub stored: usize,
    /// Those that are proven to be published.
    pub published: usize,
    /// Those that the projector has not seen.
    pub missing: usize,
    /// Those that cannot be proven either way.
    pub unprovable: usize,
    /// Those that the relay took.
    pub republished: usize,
    /// Those that it did not take.
    pub failed: usize,
    /// What could not be read, and why the relay did not take something, without repetitions.
    pub reasons: Vec<String>,
    /// The items that could not be read.
    pub unreadable: usize,
}

impl Totals {
    pub(super) fn count(&mut self, verdict: Verdict) {
        self.stored += 1;
        *match verdict {
            Verdict::Published => &mut self.published,
            Verdict::Missing => &mut self.missing,
            Verdict::Unprovable => &mut self.unprovable,
        } += 1;
    }

    pub(super) fn reason(&mut self, error: &dyn Error) {
        let (mut reason, mut source) = (error.to_string(), error.source());
        while let Some(cause) = source {
            reason = format!("{reason}: {cause}");
            source = cause.source();
        }
        if !self.reasons.contains(&reason) {
            self.reasons.push(reason);
        }
    }
}

/// What was found and done, by table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The totals of each table.
    pub tables: BTreeMap<String, Totals>,
    is_dry: bool,
}

impl Report {
    pub(super) fn new(is_dry: bool) -> Self {
        Self { tables: BTreeMap::new(), is_dry }
    }

    pub(super) fn totals(&mut self, table: &str) -> &mut Totals {
        self.tables.entry(table.to_owned()).or_default()
    }

    pub(super) fn unreadable(&mut self, table: &str, reason: String) {
        let totals = self.totals(table);
        totals.unreadable += 1;
        totals.reasons.push(reason);
    }

    /// The totals of all tables together.
    pub fn total(&self) -> Totals {
        let mut total = Totals::default();
        for totals in self.tables.values() {
            total.stored += totals.stored;
            total.published += totals.published;
            total.missing += totals.missing;
            total.unprovable += totals.unprovable;
            total.republished += totals.republished;
            total.failed += totals.failed;
            total.unreadable += totals.unreadable;
        }
        total
    }

    /// Whether everything could be read, and nothing is missing any more.
    pub fn is_complete(&self) -> bool {
        let total = self.total();
        let is_left = if self.is_dry { total.missing > 0 } else { total.failed > 0 };
        total.unreadable == 0 && !is_left
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.tables.keys().map(String::len).max().unwrap_or(0);
        for (table, it) in &self.tables {
            writeln!(
                f,
                "{table:<width$}  {} stored, {} proven published, {} missing, {} not provable, \
                 {} republished, {} not taken",
                it.stored, it.published, it.missing, it.unprovable, it.republished, it.failed,
            )?;
            for reason in &it.reasons {
                writeln!(f, "{:<width$}  {reason}", "")?;
            }
        }
        Ok(())
    }
}
