//! One value of a pattern against one leaf of an event.

use serde_json::{Number, Value};

use crate::{
    address::Network,
    number::{self, Range},
    text::{Folded, Wildcard},
};

/// What a pattern accepts at a path.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Matcher {
    /// `null`, `true` or `false`.
    Literal(Value),
    Number(Number),
    Text(String),
    Prefix(String),
    PrefixIgnoringCase(Folded),
    Suffix(String),
    SuffixIgnoringCase(Folded),
    TextIgnoringCase(Folded),
    Wildcard(Wildcard),
    Numeric(Range),
    Address(Network),
    /// Any leaf that none of these accepts.
    AnythingBut(Vec<Matcher>),
    Present,
    /// No leaf at the path: decided by the event's shape, never by a value.
    Absent,
}

impl Matcher {
    /// Whether `leaf` (a string, number, boolean or null) is accepted.
    pub(crate) fn accepts(&self, leaf: &Value) -> bool {
        match self {
            Self::Literal(literal) => literal == leaf,
            Self::Number(wanted) => leaf.as_number().is_some_and(|it| number::same(wanted, it)),
            Self::Numeric(range) => leaf.as_number().is_some_and(|it| range.contains(it)),
            Self::AnythingBut(refused) => !refused.iter().any(|it| it.accepts(leaf)),
            Self::Present => true,
            Self::Absent => false,
            Self::Text(_)
            | Self::Prefix(_)
            | Self::PrefixIgnoringCase(_)
            | Self::Suffix(_)
            | Self::SuffixIgnoringCase(_)
            | Self::TextIgnoringCase(_)
            | Self::Wildcard(_)
            | Self::Address(_) => leaf.as_str().is_some_and(|text| self.accepts_text(text)),
        }
    }

    fn accepts_text(&self, text: &str) -> bool {
        match self {
            Self::Text(wanted) => wanted == text,
            Self::Prefix(prefix) => text.starts_with(&**prefix),
            Self::PrefixIgnoringCase(prefix) => prefix.starts(text),
            Self::Suffix(suffix) => text.ends_with(&**suffix),
            Self::SuffixIgnoringCase(suffix) => suffix.ends(text),
            Self::TextIgnoringCase(wanted) => wanted.equals(text),
            Self::Wildcard(wildcard) => wildcard.matches(text),
            Self::Address(network) => network.contains(text),
            Self::Literal(_)
            | Self::Number(_)
            | Self::Numeric(_)
            | Self::AnythingBut(_)
            | Self::Present
            | Self::Absent => false,
        }
    }
}
