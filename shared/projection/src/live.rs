//! The placement as a process knows it.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::Client;
use runtime::{Clock, Failure};
use time::{Duration, OffsetDateTime};

use crate::{
    config::ProjectionConfig,
    placement::{Placement, Tables},
    placements::Placements,
};

/// For how long a process relies on what it has read. Who changes a placement waits for longer than
/// this and an invocation before relying on every process's knowing of it.
pub const REFRESH: Duration = Duration::seconds(5);

/// Knows which tables a projection is read from and written to, and reads that anew now and then.
/// Clones are the same.
#[derive(Debug, Clone)]
pub struct LivePlacement {
    placements: Placements,
    name: String,
    tables: Tables,
    clock: Clock,
    known: Arc<Mutex<Option<(OffsetDateTime, Placement)>>>,
}

impl LivePlacement {
    /// Of the projection of `config`.
    pub fn new(client: Client, config: ProjectionConfig, clock: Clock) -> Self {
        let ProjectionConfig { name, tables, placements } = config;
        let placements = Placements::new(client, placements);
        Self { placements, name, tables, clock, known: Arc::default() }
    }

    /// The placement, at most [`REFRESH`] old.
    ///
    /// # Errors
    ///
    /// Retry when it is older than that and cannot be read.
    pub async fn now(&self) -> Result<Placement, Failure> {
        let now = self.clock.now();
        let known = *self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, placement)) = known
            && (at..at + REFRESH).contains(&now)
        {
            return Ok(placement);
        }
        let placement = self.placements.load(&self.name).await?;
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, placement));
        Ok(placement)
    }

    /// The table to read.
    ///
    /// # Errors
    ///
    /// As [`LivePlacement::now`].
    pub async fn table(&self) -> Result<&str, Failure> {
        Ok(self.tables.of(self.now().await?.reads))
    }

    /// The names of the tables.
    pub const fn tables(&self) -> &Tables {
        &self.tables
    }
}
