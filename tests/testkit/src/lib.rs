//! What tests of functions need, once.
//!
//! - [`template`] is `infra/template.yaml`, resolved; [`database`] has its tables, [`Queues`] the queues of a function, and
//!   [`sdk_config`] leads any SDK client to a service in the same process.
//! - [`Samples`] reads `events/<folder>`, and holds a test to have told of every file.
//! - [`http`] builds requests as API Gateway sends them, and reads answers.
//! - [`events_added`] reads what a write to a service's own row says, as the stream shows it.
//! - [`sweep`] tells a story of deliveries again and again, with a fault at every call;
//!   [`permutations`] are the orders in which it can be told.
//!
//! A test that is set up wrongly is a test that fails: everything here panics rather than return
//! an error.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod connector;
mod disorder;
mod events;
pub mod http;
mod queues;
mod samples;
mod stack;
mod sweep;

pub use connector::sdk_config;
pub use disorder::permutations;
pub use events::events_added;
pub use queues::{End, Queues, text_attribute};
pub use samples::Samples;
pub use stack::{ENDPOINT, STACK, database, parameters, template, template_with};
pub use sweep::{Again, Case, Harness, cases, sweep};
