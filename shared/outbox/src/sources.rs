use std::{
    collections::{BTreeMap, BTreeSet},
    str::FromStr,
};

use serde_dynamo::{AttributeValue, Item};
use serde_json::Value;

/// Which sources may publish from which table.
///
/// A service that may write to a table decides what its stream holds. Without a rule, one service
/// could publish in the name of another by writing to a table of its own. There is no default: the
/// caller states the rules, or [`Sources::any`].
///
/// Rules can be read from JSON, as an environment variable holds them. A table shared by several
/// writers, each under a prefix of the key, has rules for each prefix:
///
/// ```
/// # use outbox::Sources;
/// let sources: Sources = r#"{
///     "loans": ["loan-service"],
///     "records": { "shelf#": ["shelf-service"] }
/// }"#.parse()?;
/// # let same = Sources::none().allow("loans", "loan-service");
/// # assert_eq!(sources, same.allow_under("records", "shelf#", "shelf-service"));
/// # Ok::<(), outbox::SourcesError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources(Policy);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Policy {
    Any,
    Listed(BTreeMap<String, Allowed>),
}

/// What one table allows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Allowed {
    anywhere: BTreeSet<String>,
    /// By what the key begins with.
    under: BTreeMap<String, BTreeSet<String>>,
}

/// Where an event is stored: the table, and the key of its item.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The name of the table. Nothing is allowed from an unknown one.
    pub table: Option<&'a str>,
    /// The item's key attributes.
    pub key: &'a Item,
}

/// An event names a source that may not publish from its table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{table} may not publish for {source_name:?} under the key {key}: allow it in the sources, or find out who wrote it"
)]
pub struct SourceRefused {
    /// The table it is stored in.
    pub table: String,
    /// The source that it names.
    pub source_name: String,
    /// The key of its item, as JSON.
    pub key: String,
}

/// A text is not a valid set of rules.
#[derive(Debug, thiserror::Error)]
pub enum SourcesError {
    /// It is not JSON.
    #[error("the sources are not JSON")]
    NotJson(#[from] serde_json::Error),
    /// It is not an object.
    #[error("the sources are not an object of tables: write {{\"table\": [\"source\"]}}")]
    NotAnObject,
    /// A table, or a prefix of its keys, has no list of sources.
    #[error("{place} has no list of sources: write [\"source\"], or {{\"prefix\": [\"source\"]}}")]
    NotAList {
        /// The table, and the prefix if it is one's.
        place: String,
    },
    /// A name or a prefix is empty, which would allow everything.
    #[error("{place} has an empty name or prefix")]
    Empty {
        /// The table, and the prefix if it is one's.
        place: String,
    },
}

impl Sources {
    /// Any source may publish from any table: where one service writes all tables.
    pub const fn any() -> Self {
        Self(Policy::Any)
    }

    /// No source may publish, until one is allowed to.
    pub const fn none() -> Self {
        Self(Policy::Listed(BTreeMap::new()))
    }

    /// `source` may publish from every item of `table` too.
    #[must_use]
    pub fn allow(mut self, table: impl Into<String>, source: impl Into<String>) -> Self {
        if let Policy::Listed(tables) = &mut self.0 {
            tables.entry(table.into()).or_default().anywhere.insert(source.into());
        }
        self
    }

    /// `source` may publish from the items of `table` too whose key begins with `prefix`. End it
    /// with a separator: `shelf` is the beginning of `shelf-2` as well. The key has to be one text:
    /// of a partition key and a sort key together, nothing is allowed by a prefix.
    #[must_use]
    pub fn allow_under(
        mut self,
        table: impl Into<String>,
        prefix: impl Into<String>,
        source: impl Into<String>,
    ) -> Self {
        if let Policy::Listed(tables) = &mut self.0 {
            let allowed = tables.entry(table.into()).or_default();
            allowed.under.entry(prefix.into()).or_default().insert(source.into());
        }
        self
    }

    /// Checks that an event of `source` that is stored at `place` may be published.
    ///
    /// # Errors
    ///
    /// When it may not. A retry does not change that.
    pub fn check(&self, place: Place<'_>, source: &str) -> Result<(), SourceRefused> {
        let Policy::Listed(tables) = &self.0 else { return Ok(()) };
        let allowed = place.table.and_then(|table| tables.get(table));
        if allowed.is_some_and(|allowed| allowed.allows(place.key, source)) {
            return Ok(());
        }
        Err(SourceRefused {
            table: place.table.unwrap_or("an unknown table").to_owned(),
            source_name: source.to_owned(),
            key: serde_json::to_string(place.key).unwrap_or_default(),
        })
    }
}

impl Allowed {
    fn allows(&self, key: &Item, source: &str) -> bool {
        let mut attributes = key.inner().values();
        let key = match (attributes.next(), attributes.next()) {
            (Some(AttributeValue::S(key)), None) => Some(key),
            _ => None,
        };
        let is_under = |(prefix, sources): (&String, &BTreeSet<String>)| {
            key.is_some_and(|key| key.starts_with(prefix)) && sources.contains(source)
        };
        self.anywhere.contains(source) || self.under.iter().any(is_under)
    }
}

impl FromStr for Sources {
    type Err = SourcesError;

    fn from_str(text: &str) -> Result<Self, SourcesError> {
        let Value::Object(tables) = serde_json::from_str(text)? else {
            return Err(SourcesError::NotAnObject);
        };
        let mut sources = Self::none();
        for (table, allowed) in &tables {
            if let Value::Object(prefixes) = allowed {
                for (prefix, list) in prefixes {
                    let place = format!("{table}, {prefix}");
                    for source in names([table, prefix], list, &place)? {
                        sources = sources.allow_under(table, prefix, source);
                    }
                }
            } else {
                for source in names([table, table], allowed, table)? {
                    sources = sources.allow(table, source);
                }
            }
        }
        Ok(sources)
    }
}

/// The sources of `list`, the rule of the table or prefix `keys`.
fn names<'a>(
    keys: [&String; 2],
    list: &'a Value,
    place: &str,
) -> Result<Vec<&'a str>, SourcesError> {
    let place = || place.to_owned();
    let list = list.as_array().filter(|list| !list.is_empty());
    let list = list.ok_or_else(|| SourcesError::NotAList { place: place() })?;
    let names: Option<Vec<&str>> = list.iter().map(Value::as_str).collect();
    let names = names.ok_or_else(|| SourcesError::NotAList { place: place() })?;
    let is_empty = keys.iter().any(|key| key.is_empty()) || names.contains(&"");
    if is_empty { Err(SourcesError::Empty { place: place() }) } else { Ok(names) }
}
