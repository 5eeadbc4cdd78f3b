//! Append-only streams of events in DynamoDB, and the one loop that turns a command into new
//! events.
//!
//! A [`Decider`] is pure: `decide` says what follows from a command, `evolve` what state follows
//! from an event. [`execute`] does the I/O around it: load the stream, decide, append on the
//! expected version, and decide again when somebody else appended first.
//!
//! An event's item *is* its envelope, under `PK = ORDER#<id>` and `SK = EVENT#<20 digits>`, so that
//! what was stored is published from the table's stream without another write.

mod append;
mod decider;
mod execute;
#[cfg(any(test, feature = "testing"))]
pub mod scenario;
mod store;

pub use decider::Decider;
pub use execute::{ExecuteError, Executed, Lineage, execute};
pub use store::{EventStore, StoreError};
