#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod breaker;
mod clock;
mod deadline;
mod environment;
mod ids;
mod outcome;
mod trace;

pub use breaker::{Breaker, CircuitOpen};
pub use clock::Clock;
pub use deadline::{in_time, remaining, with_deadline};
pub use environment::{ConfigError, Environment, FromEnvironment};
pub use ids::IdGenerator;
pub use outcome::{BoxError, Done, Failure, Wait, chain};
pub use trace::{ChildContext, Traceparent, Tracer};
