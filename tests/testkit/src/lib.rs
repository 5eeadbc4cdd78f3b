//! What tests of functions need, once.
//!
//! - [`template`] is `infra/template.yaml`, resolved; [`database`] has its tables, [`Queues`] the queues of a function, and
//!   [`sdk_config`] leads any SDK client to a service in the same process.
//! - [`Samples`] reads `events/<folder>`, and holds a test to use every file.
//! - [`http`] builds requests as API Gateway sends them, and reads answers.
//! - [`events_added`] reads the events that a write to a service's own row publishes, as the
//!   stream shows it.
//! - [`sweep`] runs a story of deliveries again and again, with a fault at every call;
//!   [`permutations`] are the orders in which it can be run.
//! - [`side_effect_tests`] are the tests of any state machine with a side effect at a provider;
//!   its function declares by [`SideEffect`] what it works on, most of which is a [`TestBed`].
//! - [`LossyProxy`] is a network that loses requests and answers, before any address.
//!
//! A test that is set up wrongly is a test that fails: everything here panics rather than return
//! an error.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod clock;
mod connector;
mod deliver;
mod disorder;
mod events;
mod gate;
pub mod http;
mod lossy;
pub mod orders;
mod queues;
mod samples;
pub mod side_effect;
mod stack;
mod sweep;
mod test_bed;

pub use clock::TestClock;
pub use connector::sdk_config;
pub use deliver::{deliver, for_any_event};
pub use disorder::permutations;
pub use events::events_added;
pub use gate::{Gate, ProviderCase, ProviderFault};
pub use lossy::{LossyProxy, NetworkFault, Rates};
pub use queues::{End, Queues, text_attribute};
pub use samples::Samples;
pub use side_effect::SideEffect;
pub use stack::{
    ENDPOINT, STACK, VIEW_TABLES, database, order_views, parameters, template, template_with,
};
pub use sweep::{Again, Case, Harness, cases, sweep};
pub use test_bed::TestBed;
