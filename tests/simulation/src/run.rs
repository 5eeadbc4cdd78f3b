//! What came of a world.

use std::fmt;

use invariants::{Report, Snapshot};

use crate::{
    fault::{InjectedFault, Point},
    sim::Sim,
    story::Story,
};

/// Something that breaks an invariant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What must hold.
    pub invariant: String,
    /// What breaks it.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.what)
    }
}

/// A world that has ended.
#[derive(Debug, Clone)]
pub struct Run {
    /// The seed of the world.
    pub seed: u64,
    /// The stories that were played.
    pub stories: Vec<Story>,
    /// Every point at which something could have gone wrong.
    pub points: Vec<Point>,
    /// What did go wrong.
    pub injected: Vec<InjectedFault>,
    /// What breaks an invariant; nothing, in a system that is right.
    pub findings: Vec<Finding>,
    /// The invariants that were not checked: what they need was not observed.
    pub not_observed: Vec<String>,
    /// The hash of all that happened: every request with its content, every answer, every moment.
    pub hash: u64,
    /// How much virtual time passed, in milliseconds.
    pub milliseconds: u64,
    /// What happened, with its moment in milliseconds.
    pub lines: Vec<(u64, String)>,
    /// The events that the bus took, each with its cause.
    pub events: Vec<String>,
}

impl Run {
    pub(crate) fn new(seed: u64, stories: &[Story], sim: &Sim, snapshot: &Snapshot) -> Self {
        let record = sim.finish();
        let events = snapshot.published.iter().map(|event| {
            let (at, order, event) = (event.at, event.order_id(), &event.envelope);
            let cause = event.causation_id.as_ref().map_or("nothing", |it| it.as_str());
            format!("{at} {order} {} {} because of {cause}", event.event_type, event.event_id)
        });
        let report = Report::of(snapshot);
        let findings = report.broken().flat_map(|row| {
            let finding = |what: String| Finding { invariant: row.name.clone(), what };
            row.findings.iter().map(move |it| finding(it.to_string()))
        });
        let not_observed = report.not_observed().map(|row| row.name.clone());
        Self {
            seed,
            stories: stories.to_vec(),
            points: record.points,
            injected: record.injected,
            findings: findings.collect(),
            not_observed: not_observed.collect(),
            hash: record.hash,
            milliseconds: sim.millisecond(),
            lines: record.lines,
            events: events.collect(),
        }
    }

    /// Whether every invariant holds.
    pub fn holds(&self) -> bool {
        self.findings.is_empty()
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {} with {:?}", self.seed, self.stories)?;
        for finding in &self.findings {
            writeln!(f, "  broken: {finding}")?;
        }
        for fault in &self.injected {
            let point = self.points.iter().find(|point| point.at == fault.at);
            let (what, at) = point.map_or(("", 0), |it| (it.what.as_str(), it.millisecond));
            writeln!(f, "  injected: {fault} at {at} ms: {what}")?;
        }
        for event in &self.events {
            writeln!(f, "  {event}")?;
        }
        Ok(())
    }
}
