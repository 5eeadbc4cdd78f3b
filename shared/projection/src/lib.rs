#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod config;
mod live;
mod placement;
mod placements;
mod rows;

pub use config::ProjectionConfig;
pub use live::{LivePlacement, REFRESH};
pub use placement::{Placement, PlacementError, Slot, Tables};
pub use placements::Placements;
pub use rows::{Both, Changes, Guard, Row, Rows, Write, Written};

use event_envelope::{DecodeError, Envelope};

/// A read model: rows that are folded from events.
pub trait Projection {
    /// Its name, by which commands and tables are called.
    const NAME: &'static str;
    /// The version of what [`Projection::apply`] makes of events. Rows of another version have to
    /// be built anew.
    const VERSION: u32;
    /// The attribute that is the key of a row.
    const KEY: &'static str;

    /// What an event changes, and in which row. Pure: the same event changes the same, whenever and
    /// however often it is applied.
    ///
    /// # Errors
    ///
    /// When the event cannot be read. It is dead-lettered, or reported by a rebuild.
    fn apply(event: &Envelope) -> Result<Fold, DecodeError>;
}

/// What an event, or several in their order, change in one section of one row.
///
/// A section is the part of a row that the events of one stream change. Its version is the
/// sequence number of the last event that changed it.
#[derive(Debug, Clone, PartialEq)]
pub struct Fold {
    /// The key of the row.
    pub row: String,
    /// The attribute with the version of the section.
    pub section: &'static str,
    /// Whether the section needs every event of its stream, in their order: then one is applied to
    /// the version before it alone. If not, the newest event has all that counts.
    pub is_gapless: bool,
    /// What is set, and removed where it is null; the section's version among it.
    pub changes: Changes,
}

impl Fold {
    /// The version to which the section comes.
    pub fn version(&self) -> u64 {
        self.changes.get(self.section).and_then(serde_json::Value::as_u64).unwrap_or_default()
    }

    /// Where the section must stand for this to be applied, if it is that of one event.
    pub fn guard(&self) -> Guard {
        let version = self.version();
        if self.is_gapless {
            Guard::after(version.saturating_sub(1))
        } else {
            Guard::Before(version)
        }
    }

    /// Adds what a later event of the same section changes.
    pub fn then(&mut self, later: Self) {
        self.changes.extend(later.changes);
    }
}
