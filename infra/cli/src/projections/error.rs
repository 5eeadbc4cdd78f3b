//! Why a command about a projection does not go on.

use projection::PlacementError;
use runtime::Failure;

use super::parity::Parity;

/// Why it does not go on.
#[derive(Debug, thiserror::Error)]
pub enum ProjectionError {
    /// It makes no difference as it is.
    #[error(transparent)]
    Placement(#[from] PlacementError),
    /// A table of placements does not answer.
    #[error("the placement cannot be read or written")]
    Failure(#[from] Failure),
    /// A table does not answer.
    #[error("{table} cannot be read or written: {reason}")]
    Table {
        /// The table.
        table: String,
        /// Why.
        reason: String,
    },
    /// Another command was first.
    #[error("another command has changed the projection: look at it with `list`, and try again")]
    Overtaken,
    /// There is a rebuild that has not ended.
    #[error("{done} of {of} parts are built: run `rebuild` again, it goes on where it was")]
    Unfinished {
        /// Parts that are built.
        done: usize,
        /// Of so many.
        of: usize,
    },
    /// The tables differ.
    #[error(
        "the tables differ, see below; switch with --accept-differences if that is intended\n{0}"
    )]
    Differences(Box<Parity>),
    /// The checkpoint is of another program.
    #[error("the checkpoint of {0} cannot be read: drop the other table, and rebuild it")]
    Checkpoint(String),
}

impl ProjectionError {
    /// Of a call about `table`.
    pub(super) fn table(table: &str, error: impl std::error::Error) -> Self {
        Self::Table { table: table.to_owned(), reason: runtime::chain(&error) }
    }
}
