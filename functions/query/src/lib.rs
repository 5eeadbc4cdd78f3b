//! Questions about orders and products, answered from the read models, and from the event store
//! where the history itself is asked for.

pub mod api;
pub mod config;
mod orders;
mod products;
mod reviews;
mod stream;
