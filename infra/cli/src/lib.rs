//! The order system on one machine, with one command.
//!
//! [`Shop`] is the SAM template on the local stack, with stand-ins for the providers around it;
//! [`demo`] and [`load`] drive it as customers do, and [`invariants`] checks afterwards that what
//! must always hold has held. [`catalogue`] tells what is said on the bus, and by whom.

pub mod catalogue;
mod cli;
pub mod client;
pub mod demo;
pub mod invariants;
pub mod load;
pub mod republish;
pub mod seed;
pub mod shop;
pub mod timeline;

pub use cli::run;
pub use shop::Shop;
