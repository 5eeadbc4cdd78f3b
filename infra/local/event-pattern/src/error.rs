//! Why a pattern is refused.

use crate::{ALTERNATIVES_MAX, DEPTH_MAX};

/// Why a pattern cannot be used: where, and what is wrong. It can never match as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {offence}", if path.is_empty() { "event pattern" } else { path })]
pub struct PatternError {
    /// The dotted path of the field, e.g. `detail.data.amount`; empty for the pattern itself.
    pub path: String,
    /// What is wrong there.
    pub offence: Offence,
}

/// What is wrong at one place of a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Offence {
    /// The pattern as a whole is not a JSON object.
    #[error("must be a JSON object")]
    NotAnObject,
    /// A field has a bare value; even a single one stands in an array.
    #[error("must be an object, or an array of the values to match")]
    NotAnArray,
    /// An object without fields.
    #[error("an empty object matches nothing: name a field, or leave it out")]
    EmptyObject,
    /// An array without values.
    #[error("an empty array matches nothing: list a value, or leave the field out")]
    EmptyArray,
    /// An array inside an array of values.
    #[error("a value to match is a string, number, true, false, null or a content filter")]
    NestedArray,
    /// A content filter with no key or several.
    #[error("a content filter has exactly one key")]
    NotOneFilter,
    /// A content filter of no known name.
    #[error("there is no content filter {0:?} here")]
    UnknownFilter(String),
    /// A content filter that is given something it cannot work with.
    #[error("{filter} takes {takes}")]
    WrongOperand {
        /// The filter's name.
        filter: &'static str,
        /// What it takes.
        takes: &'static str,
    },
    /// A number with more digits than a double holds.
    #[error("{0} has more digits than can be compared exactly")]
    InexactNumber(String),
    /// A name that is reserved for content filters, used as a field inside `$or`.
    #[error("{0:?} is reserved, and cannot be a field inside $or")]
    ReservedInOr(String),
    /// `$or`s that multiply to too many combinations.
    #[error("the $or conditions multiply to more than {ALTERNATIVES_MAX} combinations")]
    TooManyAlternatives,
    /// Nesting past the limit.
    #[error("is nested deeper than {DEPTH_MAX} levels")]
    TooDeep,
}

impl Offence {
    /// The offence at its place.
    pub(crate) fn at(self, path: &str) -> PatternError {
        PatternError { path: path.to_owned(), offence: self }
    }
}
