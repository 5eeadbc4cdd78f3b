//! EventBridge Scheduler on one machine: functions invoked at a rate.
//!
//! [`Scheduler`] invokes the function of each [`ScheduleSpec`] at once and then each time its rate
//! says so, asynchronously, through a [`Targets`]. Only whether an invocation is *accepted* is its
//! concern: what is refused is tried again as the schedule's retry policy says, and then sent to
//! its dead-letter queue. What the function does with an accepted invocation, and how often that
//! is tried, is Lambda's.
//!
//! [`router`] is the service's API as far as it reads: `GetSchedule` and `ListSchedules`.
//!
//! Left out: `cron` and `at` expressions, time zones, start and end, flexible windows, groups, and
//! the operations that change a schedule.
//!
//! ```
//! use std::{sync::{Arc, Mutex}, time::Duration};
//!
//! use local_scheduler::{
//!     Bytes, DeadLetter, Options, Refusal, RetryPolicy, ScheduleSpec, Scheduler, Targets,
//! };
//!
//! /// A function that notes what it is given.
//! #[derive(Default)]
//! struct Noted(Mutex<Vec<Bytes>>);
//!
//! impl Targets for Noted {
//!     fn invoke(&self, _: &str, payload: Bytes) -> Result<(), Refusal> {
//!         self.0.lock().unwrap().push(payload);
//!         Ok(())
//!     }
//!     fn is_busy(&self, _: &str) -> bool {
//!         false
//!     }
//!     fn dead_letter(&self, _: &str, letter: DeadLetter) -> Result<(), String> {
//!         Err(letter.payload)
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! let schedule = ScheduleSpec {
//!     name: "sweep".to_owned(),
//!     arn: "arn:aws:scheduler:us-east-1:000000000000:schedule/default/sweep".to_owned(),
//!     function_arn: "arn:aws:lambda:us-east-1:000000000000:function:sweep".to_owned(),
//!     every: Duration::from_secs(60),
//!     input: Some(r#"{"limit": 5}"#.to_owned()),
//!     retry: RetryPolicy::default(),
//!     dead_letter_arn: None,
//! };
//! let noted = Arc::new(Noted::default());
//! let scheduler = Scheduler::start(vec![schedule], noted.clone(), Options::default());
//! tokio::time::sleep(Duration::from_secs(90)).await;
//! scheduler.stop().await;
//! assert_eq!(*noted.0.lock().unwrap(), [r#"{"limit": 5}"#; 2]);
//! # }
//! ```

mod api;
mod options;
mod payload;
mod run;
mod scheduler;
mod spec;
mod stats;
mod targets;

pub use bytes::Bytes;
pub use local_core::{Clock, RetryPolicy};

pub use self::{
    api::{ScheduleDescription, router},
    options::{Options, SchedulePace},
    scheduler::Scheduler,
    spec::ScheduleSpec,
    stats::Stats,
    targets::{Attribute, DeadLetter, Refusal, Targets},
};
