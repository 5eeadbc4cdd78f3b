//! What must hold after any run, whatever was delivered twice, late or to a process that died.
//!
//! A [`Snapshot`] is what was observed of a system in which nothing moves any more: what its stores,
//! queues, archive, logs and providers hold. Two gatherers fill it: `orderly` that of a stack that is
//! up, the simulation that of its world. Each of the [`INVARIANTS`] is a pure function of it.
//!
//! A gatherer that cannot observe something leaves it out: the invariants that need it
//! are then reported as not observed, never as held.

mod answers;
mod delivery;
mod events;
mod figures;
mod list;
mod money;
mod orders;
mod report;
mod shipments;
mod snapshot;
mod stock;
mod streams;
#[cfg(test)]
mod tests;
mod workflows;

pub use list::{INVARIANTS, Invariant};
pub use orders::{Ending, ending_of};
pub use report::{Finding, Report, Row};
pub use snapshot::{
    DeadLetters, Observed, Part, Poison, Published, Reservation, Reserved, Restocking, Sale, Shown,
    Snapshot, Stored, TimelineEntry, Total, View,
};
