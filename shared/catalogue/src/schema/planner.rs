//! A plan, and how it comes about.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
};

use serde_json::Value;

use super::{
    Files, Problem,
    files::{at, pretty, write},
};

/// The changes that make the files agree with the code. Empty, if they agree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Files to write, with their texts. None of them changes what was published.
    pub write: BTreeMap<String, String>,
    /// Files that other ones have replaced.
    pub remove: BTreeSet<String>,
    /// Decisions that need a developer.
    pub problems: Vec<Problem>,
}

impl Plan {
    /// Whether the files agree with the code.
    pub fn is_empty(&self) -> bool {
        self.write.is_empty() && self.remove.is_empty() && self.problems.is_empty()
    }

    /// Applies to the files below `root`, which is `events`, the changes that need no decision.
    ///
    /// # Errors
    ///
    /// When a file cannot be written or removed, with its path. A retry is safe.
    pub fn apply(&self, root: &Path) -> io::Result<()> {
        for (path, text) in &self.write {
            write(&root.join(path), text)?;
        }
        for path in &self.remove {
            let path = root.join(path);
            fs::remove_file(&path).map_err(|error| at(&path, &error))?;
        }
        Ok(())
    }
}

/// A plan in the making.
pub(super) struct Planner<'a> {
    /// What there is.
    pub(super) files: &'a Files,
    pub(super) plan: Plan,
    /// Every file that belongs there.
    pub(super) expected: BTreeSet<String>,
}

impl<'a> Planner<'a> {
    /// The text of a file that belongs there, if there is one.
    pub(super) fn expect(&mut self, path: &str) -> Option<&'a str> {
        self.expected.insert(path.to_owned());
        self.files.get(path)
    }

    pub(super) fn problem(&mut self, problem: Problem) {
        self.plan.problems.push(problem);
    }

    /// A file's text as JSON. That it is none is a problem.
    pub(super) fn parse(&mut self, path: &str, text: &str) -> Option<Value> {
        let parsed = serde_json::from_str(text);
        if let Err(error) = &parsed {
            self.problem(Problem::Unreadable { path: path.to_owned(), reason: error.to_string() });
        }
        parsed.ok()
    }

    /// Writes a file, unless it has this content already.
    pub(super) fn write(&mut self, path: &str, value: &Value) {
        let text = pretty(value);
        if self.files.get(path) != Some(&text) {
            self.plan.write.insert(path.to_owned(), text);
        }
    }
}
