//! Where something stands in a definition.

use std::fmt;

use super::DefinitionError;

/// A place in a definition, as AWS names it: `/States/Pay/Retry[0]/ErrorEquals`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    path: String,
}

impl Place {
    pub(crate) fn root() -> Self {
        Self { path: String::new() }
    }

    pub(crate) fn child(&self, name: &str) -> Self {
        Self { path: format!("{}/{name}", self.path) }
    }

    pub(crate) fn item(&self, index: usize) -> Self {
        Self { path: format!("{}[{index}]", self.path) }
    }

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

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.path.is_empty() { "/" } else { &self.path })
    }
}
