//! Questions about orders, answered from the read models, and from the event store where the history
//! itself is asked for; and about products, in a function of its own.

mod answers;
pub mod api;
pub mod build;
pub mod catalogue;
pub mod config;
mod details;
mod moment;
mod orders;
mod products;
mod repair;
mod reviews;
mod stream;
mod token;
