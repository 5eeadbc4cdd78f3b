//! What came of a world.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use invariants::{Report, Snapshot};
use local_iam::Permission;

use crate::{
    fault::{InjectedFault, Point},
    limits::Quotas,
    sim::Sim,
    stored_event::{self, StoredEvent},
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
    /// The events that were stored or published, each with its cause, in the order of time.
    pub events: Vec<StoredEvent>,
    /// The permissions of its role that each function used, by the function's name.
    pub permissions: BTreeMap<String, BTreeSet<Permission>>,
    /// How often each limit was met.
    pub throttles: BTreeMap<String, u64>,
}

impl Run {
    pub(crate) fn new(seed: u64, stories: &[Story], sim: &Sim, snapshot: &Snapshot) -> Self {
        let record = sim.finish();
        let events = stored_event::events(snapshot, &record.writers);
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
            events,
            permissions: BTreeMap::new(),
            throttles: sim.quotas().map(Quotas::throttles).unwrap_or_default(),
        }
    }

    /// A world that did not end, because something in it panicked.
    pub(crate) fn panicked(seed: u64, stories: &[Story], what: String) -> Self {
        let invariant = "the simulated world does not panic".to_owned();
        Self {
            seed,
            stories: stories.to_vec(),
            points: Vec::new(),
            injected: Vec::new(),
            findings: vec![Finding { invariant, what }],
            not_observed: Vec::new(),
            hash: 0,
            milliseconds: 0,
            lines: Vec::new(),
            events: Vec::new(),
            permissions: BTreeMap::new(),
            throttles: BTreeMap::new(),
        }
    }

    /// The point at which a fault was injected.
    pub fn point(&self, fault: InjectedFault) -> Option<&Point> {
        self.points.iter().find(|point| point.at == fault.at)
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
            let (what, at) =
                self.point(*fault).map_or(("", 0), |it| (it.what.as_str(), it.millisecond));
            writeln!(f, "  injected: {fault} at {at} ms: {what}")?;
        }
        for event in &self.events {
            writeln!(f, "  {event}")?;
        }
        Ok(())
    }
}
