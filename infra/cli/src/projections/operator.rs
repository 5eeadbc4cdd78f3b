//! A projection of a stack, as an operator works on it.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use event_envelope::{DecodeError, Envelope};
use projection::{Fold, Placement, Placements, Projection, Slot, Tables};
use runtime::Done;

use super::{
    checkpoint::{Built, Checkpoints},
    error::ProjectionError,
};
use crate::table;

/// How long it takes until every process knows of a change, and has ended what it had begun before:
/// longer than [`projection::REFRESH`] and the projector's timeout together.
pub const SETTLE: Duration = Duration::from_secs(15);

/// How far a projection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// Which tables have which version, and which is read.
    pub placement: Placement,
    /// What the rebuild of the other table has done, if there is one.
    pub rebuild: Option<Built>,
}

/// What a projection makes of an event.
pub(super) type Apply = fn(&Envelope) -> Result<Fold, DecodeError>;

/// One projection of a stack, as an operator works on it.
#[derive(Debug)]
pub struct Operator {
    pub(super) client: Client,
    pub(super) placements: Placements,
    pub(super) checkpoints: Checkpoints,
    pub(super) tables: Tables,
    pub(super) name: &'static str,
    pub(super) key: &'static str,
    pub(super) version: u32,
    pub(super) apply: Apply,
    pub(super) settle: Duration,
}

impl Operator {
    /// The projection `P` of the stack with this name.
    pub fn new<P: Projection>(client: Client, stack: &str) -> Self {
        let placements = format!("{stack}-projections");
        let table = format!("{stack}-{}", P::NAME);
        Self {
            placements: Placements::new(client.clone(), placements.clone()),
            checkpoints: Checkpoints::new(client.clone(), placements, P::NAME),
            tables: Tables { b: format!("{table}-b"), a: table },
            name: P::NAME,
            key: P::KEY,
            version: P::VERSION,
            apply: P::apply,
            settle: SETTLE,
            client,
        }
    }

    /// The same, where every process knows of a change at once: only tests have such a stack.
    #[must_use]
    pub fn settled_after(self, settle: Duration) -> Self {
        Self { settle, ..self }
    }

    /// The projection's name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The names of its tables.
    pub const fn tables(&self) -> &Tables {
        &self.tables
    }

    /// How far it is.
    ///
    /// # Errors
    ///
    /// When a table cannot be read.
    pub async fn status(&self) -> Result<Status, ProjectionError> {
        let placement = self.placements.load(self.name).await?;
        let rebuild = self.checkpoints.load(&placement).await?.map(|it| it.built());
        Ok(Status { placement, rebuild })
    }

    /// Writes only the table that is read, and empties the other. The rows that it removed.
    ///
    /// # Errors
    ///
    /// When there is nothing in the other table, or a table is unavailable: then drop it again.
    pub async fn drop_other(&self, mut progress: impl FnMut(u64)) -> Result<u64, ProjectionError> {
        let placement = self.placements.load(self.name).await?;
        // A drop that was interrupted goes on where it was.
        if placement.building().is_some() {
            let alone = placement.drop_other()?;
            // Readers who do not know of a switch yet read the table that is dropped.
            tokio::time::sleep(self.settle).await;
            self.store(alone).await?;
            tokio::time::sleep(self.settle).await;
        }
        let other = self.tables.of(placement.reads.other());
        let mut removed = 0;
        let mut start = None;
        loop {
            let page = table::page(&self.client, other, None, start).await?;
            removed += table::delete(&self.client, other, self.key, page.rows).await?;
            progress(removed);
            start = page.next;
            if start.is_none() {
                break;
            }
        }
        self.checkpoints.remove().await?;
        Ok(removed)
    }

    pub(super) async fn store(&self, placement: Placement) -> Result<Placement, ProjectionError> {
        let stored = self.placements.store(self.name, &placement).await?;
        if stored == Done::Duplicate { Err(ProjectionError::Overtaken) } else { Ok(placement) }
    }

    /// The table of `slot`.
    pub(super) fn table(&self, slot: Slot) -> &str {
        self.tables.of(slot)
    }
}
