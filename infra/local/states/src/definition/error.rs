//! What can be wrong with a definition.

use super::Place;

/// Why a state machine cannot be run.
///
/// None of them passes by itself: the definition must be changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DefinitionError {
    /// The text is not JSON, or repeats a key.
    #[error("the definition is not valid JSON")]
    Json(#[source] serde_json::Error),
    /// Something that AWS would refuse as well.
    #[error("{place}: {problem}")]
    Invalid {
        /// Where it stands.
        place: Place,
        /// What is wrong with it, and what to write instead.
        problem: String,
    },
    /// Something that AWS would take, and that this stand-in does not follow.
    #[error("{place}: {what} is not run on one machine; what is: {supported}")]
    Unsupported {
        /// Where it stands.
        place: Place,
        /// What it is.
        what: String,
        /// What could stand there.
        supported: String,
    },
    /// An expression that does not parse, or that could never be evaluated.
    #[error("{place}: the JSONata expression {expression:?}: {problem}")]
    Expression {
        /// Where it stands.
        place: Place,
        /// What stands between `{%` and `%}`.
        expression: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl Place {
    /// Something that AWS would refuse as well.
    pub(crate) fn invalid(&self, problem: impl Into<String>) -> DefinitionError {
        DefinitionError::Invalid { place: self.clone(), problem: problem.into() }
    }

    /// Something that AWS would take.
    pub(crate) fn unsupported(
        &self,
        what: impl Into<String>,
        supported: impl Into<String>,
    ) -> DefinitionError {
        let (what, supported) = (what.into(), supported.into());
        DefinitionError::Unsupported { place: self.clone(), what, supported }
    }
}
