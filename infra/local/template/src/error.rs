//! What can be wrong with a template, and where.

use std::{fmt, io, path::PathBuf};

/// Why a template cannot be run.
///
/// None of them passes by itself: the template, a parameter or the path must be changed.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The file is not there or not readable.
    #[error("template {}: cannot be read", path.display())]
    Unreadable {
        /// Where it was looked for.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// The text is not YAML.
    #[error("template: not valid YAML")]
    Yaml {
        /// Line and column, and what was expected there.
        #[source]
        source: serde_yaml_ng::Error,
    },
    /// A file that the template names as a nested application is no template that can be run.
    #[error("{file}: {source}")]
    Nested {
        /// Its path from the template's folder.
        file: String,
        /// What is wrong in it.
        source: Box<TemplateError>,
    },
    /// A parameter is missing, unknown or outside what the template allows.
    #[error("parameter {name}: {problem}")]
    Parameter {
        /// The parameter's name.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A resource of a type that the local stack does not run.
    #[error(
        "{resource}: resources of type {kind} are not run on one machine; leave it out or teach local-template the type"
    )]
    UnknownType {
        /// Logical id of the resource.
        resource: String,
        /// Its type, e.g. `AWS::S3::Bucket`.
        kind: String,
    },
    /// A property that would change what the stack does, and that the local stack does not follow.
    #[error(
        "{place}: the property is not followed on one machine; leave it out or teach local-template the property"
    )]
    UnsupportedProperty {
        /// Where the property stands.
        place: Place,
    },
    /// More than one of them.
    #[error("{} resources cannot be run:{}", .0.len(), lines(.0))]
    Several(Vec<TemplateError>),
    /// Something that AWS would refuse as well.
    #[error("{place}: {problem}")]
    Invalid {
        /// Where it stands.
        place: Place,
        /// What is wrong with it.
        problem: String,
    },
}

impl TemplateError {
    /// All of them as one, if there are any.
    pub(crate) fn all(mut errors: Vec<Self>) -> Option<Self> {
        if errors.len() > 1 { Some(Self::Several(errors)) } else { errors.pop() }
    }
}

fn lines(errors: &[TemplateError]) -> String {
    errors.iter().map(|error| format!("\n  {error}")).collect()
}

/// A place in the template, e.g. `OrderQueue.Properties.RedrivePolicy`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    path: String,
}

impl Place {
    pub(crate) fn at(root: &str) -> Self {
        Self { path: root.to_owned() }
    }

    pub(crate) fn child(&self, name: &str) -> Self {
        Self { path: format!("{}.{name}", self.path) }
    }

    pub(crate) fn item(&self, index: usize) -> Self {
        Self { path: format!("{}[{index}]", self.path) }
    }

    pub(crate) fn invalid(&self, problem: impl Into<String>) -> TemplateError {
        TemplateError::Invalid { place: self.clone(), problem: problem.into() }
    }

    pub(crate) fn unsupported(&self) -> TemplateError {
        TemplateError::UnsupportedProperty { place: self.clone() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)
    }
}
