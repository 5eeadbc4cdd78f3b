//! What a comparison of two tables found.

use std::fmt;

use serde_json::Value;

use projection::Row;

/// So many differences are shown.
const SHOWN_MAX: usize = 20;

/// What differs in one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The row.
    pub row: String,
    /// By attribute: what the table has that is read, and what the other has.
    pub attributes: Vec<(String, Option<Value>, Option<Value>)>,
}

/// What a comparison found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parity {
    /// Rows that are the same in both.
    pub equal: u64,
    /// Rows that are in both, and not the same.
    pub different: u64,
    /// Rows that the new table lacks.
    pub missing: u64,
    /// Rows that only the new table has.
    pub additional: u64,
    /// The first rows that are not the same.
    pub differences: Vec<Difference>,
}

impl Parity {
    /// Whether the tables have the same.
    pub const fn is_equal(&self) -> bool {
        self.different == 0 && self.missing == 0 && self.additional == 0
    }

    pub(super) fn take(&mut self, row: &str, read: Option<&Row>, other: Option<&Row>) {
        match (read, other) {
            (Some(read), Some(other)) if read == other => self.equal += 1,
            (Some(_), Some(_)) => self.different += 1,
            (Some(_), None) => self.missing += 1,
            (None, Some(_)) => self.additional += 1,
            (None, None) => return,
        }
        if read != other && self.differences.len() < SHOWN_MAX {
            self.differences.push(difference(row, read, other));
        }
    }
}

impl fmt::Display for Parity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { equal, different, missing, additional, differences } = self;
        write!(f, "rows: {equal} equal, {different} different, {missing} missing, ")?;
        write!(f, "{additional} only in the new table")?;
        for Difference { row, attributes } in differences {
            write!(f, "\n{row}")?;
            for (name, read, other) in attributes {
                let shown = |it: &Option<Value>| it.as_ref().map_or("-".into(), Value::to_string);
                write!(f, "\n  {name}: {} → {}", shown(read), shown(other))?;
            }
        }
        Ok(())
    }
}

fn difference(row: &str, read: Option<&Row>, other: Option<&Row>) -> Difference {
    let empty = Row::new();
    let (read, other) = (read.unwrap_or(&empty), other.unwrap_or(&empty));
    let mut names: Vec<&String> = read.keys().chain(other.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let differing = names.into_iter().filter(|name| read.get(*name) != other.get(*name));
    let shown = |row: &Row, name: &String| {
        let value = row.get(name).cloned()?;
        serde_dynamo::from_attribute_value(value).ok()
    };
    let attributes = differing.map(|name| (name.clone(), shown(read, name), shown(other, name)));
    Difference { row: row.to_owned(), attributes: attributes.collect() }
}
