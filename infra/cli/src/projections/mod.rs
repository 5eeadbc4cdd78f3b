//! Building a read model anew while it is read, comparing the two, and switching to the new one.
//!
//! Everything is done by an operator's own calls of DynamoDB, the same for a stack on this machine
//! and on AWS. What an event changes is what the projector makes of it.

mod checkpoint;
mod compare;
mod error;
mod operator;
mod parity;
mod rebuild;

pub use checkpoint::Built;
pub use error::ProjectionError;
pub use operator::{Operator, SETTLE, Status};
pub use parity::{Difference, Parity};
pub use rebuild::{Options, Progress};

#[cfg(test)]
mod tests;
