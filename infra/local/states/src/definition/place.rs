//! Where something stands in a definition.

use std::fmt;

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
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.path.is_empty() { "/" } else { &self.path })
    }
}
