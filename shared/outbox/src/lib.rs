//! Publishes what was stored: from a DynamoDB stream to EventBridge, every entry accounted for.
//!
//! A service writes its state and the events that follow from it in one transaction, and the
//! table's stream brings them here: [`envelopes_of`] finds the events in a record, [`Publisher`]
//! hands them to the bus, and [`relay`] tells the stream how far that went. What the bus has not
//! accepted is never acknowledged, so stored means published, at least once.

mod breaker;
mod entry;
mod publisher;
mod relay;
mod stored;
mod trace;

pub use publisher::{Limits, NotPublished, Published, Publisher};
pub use relay::relay;
pub use stored::{Unreadable, envelopes_of};
