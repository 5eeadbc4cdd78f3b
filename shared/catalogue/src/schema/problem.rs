//! Disagreements that need a decision of a developer, and what to do about each.

use std::fmt::Display;

use event_envelope::Version;
use serde_json::Value;

use super::Breach;

/// The command that carries out a [`Plan`](super::Plan).
const COMMAND: &str = "cargo run -- events write";
/// The file with the list of versions.
const CATALOGUE: &str = "shared/catalogue/src/catalogue.rs";

/// A disagreement of the published contracts and the code that needs a decision. Its text has the
/// steps to take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A type is no longer what its current version was published as.
    #[error("{}", changed(event_type, *version, added, breaches))]
    Changed {
        /// The event type, e.g. `OrderCreated`.
        event_type: &'static str,
        /// Its current version.
        version: Version,
        /// What is new and may be left out.
        added: Vec<String>,
        /// What needs a new major version.
        breaches: Vec<Breach>,
    },
    /// The struct of a version that is no longer published has changed.
    #[error(
        "{event_type} {version} is no longer published, and what it was cannot change. Take these \
         changes of v{}::{event_type} back:{}{}",
        version.major, list(added), list(breaches)
    )]
    OldChanged {
        /// The event type, e.g. `OrderCreated`.
        event_type: &'static str,
        /// The version that disagrees.
        version: Version,
        /// What is new and may be left out.
        added: Vec<String>,
        /// What else changed.
        breaches: Vec<Breach>,
    },
    /// A minor version does not just add to the one before it.
    #[error("{}", not_minor(event_type, *older, *version, breaches))]
    NotMinor {
        /// The event type, e.g. `OrderCreated`.
        event_type: &'static str,
        /// The minor version before it.
        older: Version,
        /// The version that disagrees.
        version: Version,
        /// What it breaks. Nothing, if it adds nothing either.
        breaches: Vec<Breach>,
    },
    /// The envelope is no longer what it was published as.
    #[error(
        "the envelope has no versions, so it may only gain what may be left out. Take these \
         changes back:{}",
        list(breaches)
    )]
    Envelope {
        /// What needs to stay.
        breaches: Vec<Breach>,
    },
    /// A schema is gone that cannot be made again.
    #[error(
        "{path} is missing and cannot be made again, as the struct has gone on: restore it from \
         the repository's history"
    )]
    Lost {
        /// The path of its file below `events/contracts`.
        path: String,
    },
    /// A file belongs to no version of the catalogue.
    #[error(
        "{path} belongs to no version in {CATALOGUE}. What was published is read for ever: put the \
         version back, or delete the file if it never was published"
    )]
    Stray {
        /// The path of the file below `events/contracts`.
        path: String,
    },
    /// A version has no golden sample.
    #[error(
        "{path} is missing: write an event of that version as it comes over the bus, with all that \
         it can have, and run: {COMMAND}"
    )]
    NoSample {
        /// The file it belongs in.
        path: String,
    },
    /// A file has the wrong content, or cannot be read.
    #[error("{path}: {reason}")]
    Unreadable {
        /// The path of the file below `events/contracts`.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A golden sample does not show all that its version can have.
    #[error("{path} does not show {}: add it", missing.join(", "))]
    Incomplete {
        /// The path of the file below `events/contracts`.
        path: String,
        /// The members that it leaves out, as paths.
        missing: Vec<String>,
    },
    /// An event of an old version has come to mean something else.
    #[error(
        "{path}: an event that is stored would come to mean something else: {place} was {was}, is \
         {is}. Take back what changed how the old version is read"
    )]
    ReadsDifferently {
        /// The file with its earlier meaning.
        path: String,
        /// Where they differ, as a path.
        place: String,
        /// What it meant there.
        was: Value,
        /// What it means now.
        is: Value,
    },
}

impl Problem {
    /// An event differs from what is pinned at `path`: where, what was there, and what is.
    pub(super) fn reads_differently(
        path: String,
        (place, was, is): (String, Value, Value),
    ) -> Self {
        Self::ReadsDifferently { path, place, was, is }
    }
}

fn changed(event_type: &str, version: Version, added: &[String], breaches: &[Breach]) -> String {
    let problem = if breaches.is_empty() {
        minor(event_type, version, added)
    } else {
        major(event_type, version, breaches)
    };
    // A version that is not published yet may still change.
    format!(
        "{problem}\nIf {version} has never left this working copy, delete schemas/{event_type}/\
         {version}.json instead, and run: {COMMAND}"
    )
}

fn minor(event_type: &str, version: Version, added: &[String]) -> String {
    let next = Version::new(version.major, version.minor + 1);
    let steps = [
        format!("add `{next} => \"…\"` after {version} in {CATALOGUE}"),
        format!("write golden/{event_type}/{next}.json, with all of that in it"),
        format!("run: {COMMAND}"),
    ];
    let added = added.join(", ");
    format!(
        "{event_type} {version} is published, and the struct now has more: {added}. Publish {next}:{}",
        numbered(&steps)
    )
}

fn major(event_type: &str, version: Version, breaches: &[Breach]) -> String {
    let next = Version::new(version.major + 1, 0);
    let old = format!("v{}::{event_type}", version.major);
    let steps = [
        format!("keep the struct as it was, as {old}"),
        format!(
            "impl From<{old}> for {event_type}, which cannot fail; what became {event_type} until \
             now becomes {old}"
        ),
        format!(
            "in {CATALOGUE}, let {old} have the versions {}.x, and add \
             `{event_type} {{ {next} => \"…\" }}` after it",
            version.major
        ),
        format!("write golden/{event_type}/{next}.json, with all that it can have"),
        format!("run: {COMMAND}"),
    ];
    format!(
        "{event_type} {version} is published, and the struct no longer keeps to it:{}\nTake that \
         back, or publish {next}:{}",
        list(breaches),
        numbered(&steps)
    )
}

fn not_minor(event_type: &str, older: Version, version: Version, breaches: &[Breach]) -> String {
    if breaches.is_empty() {
        return format!(
            "{event_type} {version} adds nothing to {older}: add to the struct, or take \
             {version} out of {CATALOGUE}"
        );
    }
    let next = Version::new(version.major + 1, 0);
    format!(
        "{event_type} {version} does not only add to {older}:{}\nTake that back, or publish it as {next}",
        list(breaches)
    )
}

fn list(items: &[impl Display]) -> String {
    items.iter().map(|item| format!("\n  - {item}")).collect()
}

fn numbered(steps: &[String]) -> String {
    steps.iter().zip(1..).map(|(step, number)| format!("\n  {number}. {step}")).collect()
}
