//! One effect per event, however often it is delivered.
//!
//! A record of what has been handled is committed *in the same DynamoDB transaction* as what the
//! handler wrote and what it wants to publish, so that a crash leaves all of it or nothing. There
//! are two placements of that record and two ways to earn it:
//!
//! | | the record is an item of its own: [`IdempotencyLayer`] | the record is hosted in the one item the handler owns: [`Host`] |
//! |---|---|---|
//! | effects in DynamoDB only | [`IdempotencyLayer::transactional`] | a [`Machine`] with nothing [`due`](Machine::due) |
//! | effects outside (charge a card, send a mail) | [`IdempotencyLayer::leased`] | a [`Machine`] with an effect [`due`](Machine::due) |
//!
//! The layer is a `tower::Layer` around the typed handler of one record. The handler returns a
//! [`UnitOfWork`]: its result, its writes and the events to publish. In transactional mode nothing
//! is written before that commit. In leased mode the record is claimed first, under a lease and a
//! token that fences it: whoever lost the lease writes nothing.
//!
//! The stream of the table is the outbox: what `outgoing` holds is published from there.

mod claims;
mod host;
mod layer;
mod machine;
mod record;
mod store;
mod transaction;
mod unit;

pub use host::{Host, HostSettings};
pub use layer::{Attempt, Completion, IdempotencyLayer, Idempotent, Keyed};
pub use machine::{Due, Machine};
pub use store::{IdempotencySettings, IdempotencyStore};
pub use transaction::{Refused, Write};
pub use unit::UnitOfWork;

/// An item of a table.
pub type Item = std::collections::HashMap<String, aws_sdk_dynamodb::types::AttributeValue>;
