//! Records hosted in the one item that a handler owns.

mod attempt;
mod cause;
mod host;
mod machine;
mod row;
mod table;

pub use cause::Cause;
pub use host::{Host, HostSettings, REVIEW_AFTER};
pub use machine::{Due, Machine};
