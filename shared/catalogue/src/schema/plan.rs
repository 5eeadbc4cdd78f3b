//! The changes that make the published contracts agree with the code.

use std::collections::BTreeSet;

use event_envelope::Version;
use serde_json::Value;

use super::{
    Comparison, Files, Plan, Problem, envelope, files::schema_path, generate::of, golden,
    planner::Planner,
};
use crate::{CATALOGUE, Entry, catalogue::schema_of};

/// The path of the envelope's schema.
const ENVELOPE: &str = "schemas/Envelope.json";

/// Compares the published contracts with the catalogue and its types.
///
/// What was published is never rewritten, but for its words: a type that has changed needs a new
/// version, and each [`Problem`] describes how to make one.
pub fn plan(files: &Files) -> Plan {
    plan_of(CATALOGUE, files)
}

fn plan_of(catalogue: &[Entry], files: &Files) -> Plan {
    let mut planner = Planner { files, plan: Plan::default(), expected: BTreeSet::new() };
    planner.envelope();
    for entry in catalogue {
        planner.schemas(*entry);
        golden::check(*entry, &mut planner);
    }
    let Planner { mut plan, expected, .. } = planner;
    for path in files.0.keys() {
        if !expected.contains(path) && !plan.remove.contains(path) {
            plan.problems.push(Problem::Stray { path: path.clone() });
        }
    }
    plan
}

impl Planner<'_> {
    /// The envelope has no versions: it may only gain what may be left out.
    fn envelope(&mut self) {
        let now = of::<envelope::Envelope>();
        let mut breaches = Vec::new();
        if let Some(text) = self.expect(ENVELOPE) {
            let Some(was) = self.parse(ENVELOPE, text) else { return };
            breaches = Comparison::of(&was, &now).breaches;
        }
        if breaches.is_empty() {
            self.write(ENVELOPE, &now);
        } else {
            self.problem(Problem::Envelope { breaches });
        }
    }

    /// Checks the schemas of a type against its structs, and each minor version against the one
    /// before.
    fn schemas(&mut self, entry: Entry) {
        let event_type = entry.event_type;
        let mut before: Option<(Version, Value)> = None;
        for (index, published) in entry.versions.iter().enumerate() {
            let version = published.version;
            let after = entry.versions.get(index + 1).map(|it| it.version);
            let Some(schema) = self.schema(event_type, version, after) else { continue };
            if let Some((older, was)) = before.filter(|(older, _)| older.major == version.major) {
                let Comparison { added, breaches } = Comparison::of(&was, &schema);
                if !breaches.is_empty() || added.is_empty() {
                    self.plan.write.remove(&schema_path(event_type, version));
                    self.problem(Problem::NotMinor { event_type, older, version, breaches });
                }
            }
            before = Some((version, schema));
        }
    }

    /// The schema of a version, as it was published or is to be.
    fn schema(
        &mut self,
        event_type: &'static str,
        version: Version,
        after: Option<Version>,
    ) -> Option<Value> {
        let path = schema_path(event_type, version);
        let was = match self.expect(&path) {
            Some(text) => Some(self.parse(&path, text)?),
            None => None,
        };
        // An earlier minor version is known only by its file: the struct has gone on.
        let is_last_of_its_major = after.is_none_or(|after| after.major != version.major);
        let now = schema_of(event_type, version.major).filter(|_| is_last_of_its_major);
        match (was, now) {
            (None, None) => {
                self.problem(Problem::Lost { path });
                None
            }
            (None, Some(now)) => {
                self.write(&path, &now);
                Some(now)
            }
            (Some(was), None) => Some(was),
            (Some(was), Some(now)) => {
                let Comparison { added, breaches } = Comparison::of(&was, &now);
                if added.is_empty() && breaches.is_empty() {
                    self.write(&path, &now);
                } else if after.is_some() {
                    self.problem(Problem::OldChanged { event_type, version, added, breaches });
                } else {
                    self.problem(Problem::Changed { event_type, version, added, breaches });
                }
                Some(was)
            }
        }
    }
}

#[cfg(test)]
mod tests;
