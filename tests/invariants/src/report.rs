//! What came of checking.

use std::fmt::{self, Display};

use serde::{Deserialize, Serialize};

use crate::{INVARIANTS, Snapshot};

/// The most findings of one invariant that are shown.
const SHOWN_MAX: usize = 5;
/// The most characters of a finding that are shown.
const CHARACTERS_MAX: usize = 160;

/// Something that breaks an invariant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The order, event, product or queue that it is about.
    pub subject: String,
    /// What is wrong with it.
    pub what: String,
}

impl Finding {
    /// `what` is wrong with `subject`.
    pub fn new(subject: impl Display, what: impl Display) -> Self {
        Self { subject: subject.to_string(), what: what.to_string() }
    }
}

impl Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.what)
    }
}

/// What came of one invariant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The invariant's name.
    pub name: String,
    /// What breaks it.
    pub findings: Vec<Finding>,
    /// What it needs and was not observed: if there is any, it was not checked.
    pub not_observed: Vec<String>,
}

impl Row {
    /// Whether it was checked.
    pub fn is_observed(&self) -> bool {
        self.not_observed.is_empty()
    }
}

/// What came of checking.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// What came of each invariant.
    pub rows: Vec<Row>,
}

impl Report {
    /// Checks every invariant whose needs were observed.
    pub fn of(snapshot: &Snapshot) -> Self {
        let rows = INVARIANTS.iter().map(|invariant| {
            let missing = invariant.needs.iter().filter(|part| !part.is_observed(snapshot));
            let not_observed: Vec<String> = missing.map(ToString::to_string).collect();
            let is_observed = not_observed.is_empty();
            let findings = if is_observed { (invariant.check)(snapshot) } else { Vec::new() };
            Row { name: invariant.name.to_owned(), findings, not_observed }
        });
        Self { rows: rows.collect() }
    }

    /// Adds something that was checked elsewhere.
    pub fn add(&mut self, name: impl Into<String>, findings: Vec<Finding>) {
        self.rows.push(Row { name: name.into(), findings, ..Row::default() });
    }

    /// Whether everything that was observed holds.
    pub fn holds(&self) -> bool {
        self.broken().next().is_none()
    }

    /// The invariants that do not hold.
    pub fn broken(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| !row.findings.is_empty())
    }

    /// The invariants that were not checked.
    pub fn not_observed(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| !row.is_observed())
    }

    /// In a sentence, what came of it.
    pub fn verdict(&self) -> String {
        let broken = self.broken().count();
        let unknown = self.not_observed().count();
        let verdict = match broken {
            0 => format!("all {} invariants hold", self.rows.len() - unknown),
            _ => format!("{broken} invariants do not hold"),
        };
        if unknown == 0 { verdict } else { format!("{verdict}, {unknown} not observed") }
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Row { name, findings, not_observed } in &self.rows {
            if !not_observed.is_empty() {
                writeln!(f, "  – {name} (not observed: {})", not_observed.join(", "))?;
                continue;
            }
            let mark = if findings.is_empty() { '✓' } else { '✗' };
            writeln!(f, "  {mark} {name}")?;
            for Finding { subject, what } in findings.iter().take(SHOWN_MAX) {
                let what: String = what.chars().take(CHARACTERS_MAX).collect();
                writeln!(f, "      {subject}: {what}")?;
            }
            if let Some(more) = findings.len().checked_sub(SHOWN_MAX).filter(|more| *more > 0) {
                writeln!(f, "      and {more} more")?;
            }
        }
        Ok(())
    }
}
