//! Why a command about a projection does not go on.

use projection::PlacementError;
use runtime::Failure;

use super::parity::Parity;
use crate::table::TableError;

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
    #[error(transparent)]
    Table(#[from] TableError),
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
