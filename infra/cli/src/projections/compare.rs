//! Compares the two tables, and switches from one to the other.

use aws_sdk_dynamodb::types::{AttributeValue, Get, TransactGetItem};
use projection::{Placement, Row};

use super::{
    error::ProjectionError,
    operator::{Operator, Status},
    parity::Parity,
};
use crate::table::{self, TableError, text};

impl Operator {
    /// Makes readers read the other table, if it equals the one that is read, or may differ.
    ///
    /// # Errors
    ///
    /// [`ProjectionError::Unfinished`] before the rebuild has ended,
    /// [`ProjectionError::Differences`] when rows differ: look at them, and accept them if they are
    /// what the new version is for.
    pub async fn switch(&self, may_differ: bool) -> Result<Placement, ProjectionError> {
        let Status { placement, rebuild } = self.status().await?;
        let switched = placement.switch()?;
        if let Some(built) = rebuild
            && !built.is_complete()
        {
            return Err(ProjectionError::Unfinished { done: built.done, of: built.of });
        }
        if !may_differ {
            let parity = self.compare(|_| ()).await?;
            if !parity.is_equal() {
                return Err(ProjectionError::Differences(Box::new(parity)));
            }
        }
        self.store(switched).await
    }

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
        let failed = |error| TableError::new(tables[0], error);
        let mut request = self.client.transact_get_items();
        for table in tables {
            let key = AttributeValue::S(row.to_owned());
            let get = Get::builder().table_name(table).key(self.key, key).build();
            let get = get.map_err(|error| TableError::new(table, error))?;
            request = request.transact_items(TransactGetItem::builder().get(get).build());
        }
        let answer = request.send().await.map_err(failed)?;
        let mut rows = answer.responses.unwrap_or_default().into_iter().map(|it| it.item);
        Ok([rows.next().flatten(), rows.next().flatten()])
    }
}
