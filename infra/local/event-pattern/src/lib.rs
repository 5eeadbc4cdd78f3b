#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod address;
mod alternative;
mod error;
mod event;
mod filter;
mod matcher;
mod number;
mod parse;
mod text;

use std::{collections::BTreeSet, sync::Arc};

use serde_json::Value;

pub use error::{Offence, PatternError};

use crate::{alternative::Alternative, event::Fields};

/// The deepest nesting of objects and `$or` in a pattern, in levels.
pub const DEPTH_MAX: usize = 64;

/// How many combinations the `$or`s of a pattern may multiply to: they are multiplied out when a
/// pattern is parsed.
pub const ALTERNATIVES_MAX: usize = 1_000;

/// A parsed event pattern.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// `$or` multiplied out: the pattern matches where one of these does.
    alternatives: Vec<Alternative>,
    /// Every path that an alternative looks at, so that the rest of an event is not walked.
    paths: BTreeSet<Arc<str>>,
}

impl Pattern {
    /// Reads a pattern from its JSON.
    ///
    /// A path named both inside a `$or` and beside it means what stands beside it: the later
    /// definition of a path wins, and `$or` is read before its neighbours.
    ///
    /// # Errors
    ///
    /// When it is not one that AWS accepts, or is past [`DEPTH_MAX`] or [`ALTERNATIVES_MAX`]; the
    /// error names the path and the offence. The author has to correct the pattern.
    pub fn parse(pattern: &Value) -> Result<Self, PatternError> {
        let alternatives = parse::alternatives(pattern)?;
        let paths = alternatives.iter().flat_map(Alternative::paths).cloned().collect();
        Ok(Self { alternatives, paths })
    }

    /// Whether `event` matches. What is not a JSON object never does.
    ///
    /// Work is bounded by the size of the event times the size of the pattern.
    #[must_use]
    pub fn matches(&self, event: &Value) -> bool {
        if !event.is_object() {
            return false;
        }
        let fields = Fields::collect(event, &self.paths);
        self.alternatives.iter().any(|alternative| alternative.matches(&fields))
    }
}
