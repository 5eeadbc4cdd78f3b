//! The order system on one machine, with one command.
//!
//! [`Shop`] is the SAM template on the local stack, with stand-ins for the providers around it;
//! [`demo`] and [`load`] drive it as customers do, and a [`snapshot`] shows afterwards whether what
//! must always hold has held. [`catalogue`] shows what is published on the bus, and by whom.

pub mod catalogue;
mod cli;
pub mod client;
pub mod demo;
pub mod load;
mod otlp;
pub mod projections;
pub mod republish;
pub mod seed;
pub mod shop;
pub mod simulate;
pub mod snapshot;
mod table;
pub mod timeline;

pub use cli::run;
pub use shop::Shop;
