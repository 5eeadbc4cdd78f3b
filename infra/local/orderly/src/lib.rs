//! The order system on one machine, with one command.
//!
//! [`Stack`] reads the SAM template and runs everything in it in one process, with the functions
//! as processes of their own; [`demo`] and [`load`] drive it as customers do, and [`invariants`]
//! checks afterwards that what must always hold has held. [`catalogue`] tells what is said on the
//! bus, and by whom.

pub mod build;
pub mod catalogue;
mod cli;
pub mod client;
mod console;
pub mod demo;
pub mod invariants;
pub mod load;
pub mod republish;
pub mod seed;
pub mod stack;
pub mod telemetry;
pub mod timeline;

pub use cli::run;
pub use stack::{Stack, StackError, StackOptions};
