//! EventBridge on one machine: buses, rules, retries, dead letters, archives, replays.
//!
//! [`EventBridge`] is built from a fixed [`Topology`] (the template's buses, rules and archives),
//! hands matching events to a [`Deliver`], and speaks EventBridge's JSON protocol as a
//! [`local_core::Service`]. What goes beyond that on AWS (schedules, input transformers,
//! changing rules by API) is refused rather than ignored.
//!
//! Left out: the minutes that AWS takes to make an event available for replay, throttling by
//! rate, and permissions.

mod api;
mod archive;
mod arn;
mod backoff;
mod deliver;
mod disorder;
mod dispatch;
mod entry;
mod event;
mod put;
mod replay;
mod requests;
mod resend;
mod service;
mod spec;
mod state;
mod stats;
mod topology;
mod wildcard;

pub use archive::ArchivedEvent;
pub use arn::{archive_arn, bus_arn, rule_arn};
pub use backoff::Backoff;
pub use deliver::{Attribute, Deliver, Delivery, DeliveryError};
pub use disorder::Disorder;
pub use local_core::{Clock, RetryPolicy};
pub use service::EventBridge;
pub use spec::{ArchiveSpec, BusSpec, RuleSpec, TargetSpec, Topology};
pub use state::Options;
pub use stats::Stats;
pub use topology::TopologyError;
