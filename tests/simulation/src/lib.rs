//! The whole system in one process, on virtual time, with faults from a seed: every function of the
//! template, and the workflow where the [`Mode`] is orchestration. The payment provider's webhooks
//! come where a profile asks for them.
//!
//! The real handlers with the real clients of the AWS SDK run on one thread, over DynamoDB, SQS and
//! EventBridge as the local stack has them, with Step Functions, wired as `infra/template.yaml`
//! says. Everything that is left to chance follows from a seed: what is lost, who dies, what comes
//! late, twice or in another order. So the same seed is the same run, and a failure is one number.
//!
//! A [`World`] plays [`Story`]s under a [`Plan`]; its [`Run`] says which invariants broke.
//! [`sweep`](explore::sweep) injects every fault at every point of a story,
//! [`shrink`](explore::shrink) finds out which faults of a failure it takes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod administrator;
mod answered;
mod bus;
pub mod campaign;
mod control;
mod customer;
mod description;
mod draws;
pub mod explore;
mod external;
mod fault;
mod functions;
mod history;
mod incident;
mod lambda;
mod limits;
mod mode;
mod mutate;
mod mutation;
mod operator;
mod partitions;
mod process;
mod profile;
mod provider;
mod queues;
mod request;
mod run;
mod services;
mod sim;
mod snapshot;
mod stage;
mod stored_event;
mod story;
mod streams;
mod timeline;
mod versions;
mod webhooks;
mod wire;
mod workflows;
mod world;

pub use fault::{Fault, InjectedFault, Point, Site};
pub use limits::{Limits, Slowness};
pub use mode::Mode;
pub use mutation::{Mutation, Provided};
pub use profile::{Outage, Plan, Profile};
pub use run::{Finding, Run};
pub use stored_event::StoredEvent;
pub use story::Story;
pub use timeline::Timeline;
pub use versions::{Release, VersionSkew};
pub use world::World;
