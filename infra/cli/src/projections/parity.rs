//! Whether the two tables have the same.

use std::fmt;

use aws_sdk_dynamodb::types::{AttributeValue, Get, TransactGetItem};
use serde_json::Value;

use super::{
    Operator,
    error::ProjectionError,
    table::{self, Row, text},
};

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

    fn take(&mut self, row: &str, read: Option<&Row>, other: Option<&Row>) {
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

impl Operator {
    /// Compares every row of the two tables. `progress` is given what is known after each page.
    ///
    /// Rows that live events move meanwhile are read again from both tables at one moment, before
    /// they count as different.
    ///
    /// # Errors
    ///
    /// When the other table is not in use, or a table is unavailable.
    pub async fn compare(
        &self,
        mut progress: impl FnMut(&Parity),
    ) -> Result<Parity, ProjectionError> {
        let placement = self.placements.load(self.name).await?;
        // There has to be something to compare with.
        placement.switch()?;
        let read = self.table(placement.reads);
        let other = self.table(placement.reads.other());
        let mut parity = Parity::default();
        for (table, beside) in [(read, other), (other, read)] {
            let is_read = table == read;
            let mut start = None;
            loop {
                let page = table::page(&self.client, table, None, start).await?;
                let keys = page.rows.iter().filter_map(|row| text(row, self.key));
                let keys: Vec<String> = keys.collect();
                let counterparts = table::get(&self.client, beside, self.key, &keys).await?;
                for row in &page.rows {
                    let Some(key) = text(row, self.key) else { continue };
                    let counterpart = counterparts.get(&key);
                    match counterpart {
                        Some(same) if is_read && same == row => parity.equal += 1,
                        // Counted when the table was read whose row it is.
                        Some(_) if !is_read => (),
                        Some(_) | None => {
                            let [read, other] = self.at_once([read, other], &key).await?;
                            parity.take(&key, read.as_ref(), other.as_ref());
                        }
                    }
                }
                progress(&parity);
                start = page.next;
                if start.is_none() {
                    break;
                }
            }
        }
        Ok(parity)
    }

    /// The row with this key in both tables, at one moment.
    async fn at_once(
        &self,
        tables: [&str; 2],
        row: &str,
    ) -> Result<[Option<Row>; 2], ProjectionError> {
        let failed = |error| ProjectionError::table(tables[0], error);
        let mut request = self.client.transact_get_items();
        for table in tables {
            let key = AttributeValue::S(row.to_owned());
            let get = Get::builder().table_name(table).key(self.key, key).build();
            let get = get.map_err(|error| ProjectionError::table(table, error))?;
            request = request.transact_items(TransactGetItem::builder().get(get).build());
        }
        let answer = request.send().await.map_err(failed)?;
        let mut rows = answer.responses.unwrap_or_default().into_iter().map(|it| it.item);
        Ok([rows.next().flatten(), rows.next().flatten()])
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
