//! Records hosted in the one item that a handler owns.

mod host;
mod machine;
mod row;

pub use host::{Host, HostSettings};
pub use machine::{Due, Machine};
