//! Step Functions on one machine: Standard workflows in `JSONata`, with their history.
//!
//! [`StepFunctions`] is built from [`StateMachineSpec`]s (the template's state machines), runs
//! their executions as tasks of tokio, hands the work of Task states to a [`Tasks`], and speaks
//! the JSON protocol of Step Functions as a [`local_core::Service`].
//!
//! It reads strictly: what AWS would refuse in a definition is refused at the start, and so is
//! what AWS would take and this does not follow, by its place in the definition. What is run are
//! the states Task (`arn:aws:states:::lambda:invoke`), Choice, Wait, Pass, Succeed, Fail and
//! Parallel; all expressions are parsed before anything runs.
//!
//! Left out: `JSONPath`, Map, activities, task tokens, `.sync` and other service integrations,
//! redriving, versions and aliases, the events that AWS puts on the default bus, logging, tracing
//! and permissions. Numbers in expressions are doubles. Executions and their histories are in
//! memory: they run as long as there is a handle, and are gone with the process.
//!
//! ```
//! use std::sync::Arc;
//!
//! use local_core::{Bytes, Service};
//! use local_states::{Invocation, Options, StateMachineSpec, StepFunctions, Tasks};
//! use serde_json::{Value, json};
//!
//! /// There are no functions here.
//! struct Nothing;
//!
//! impl Tasks for Nothing {
//!     fn invoke<'a>(&'a self, function: &'a str, _: Bytes) -> Invocation<'a> {
//!         Box::pin(async move { Err(local_states::InvokeError::NotFound(function.to_owned())) })
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let definition = json!({
//!     "QueryLanguage": "JSONata",
//!     "StartAt": "Greet",
//!     "States": { "Greet": {
//!         "Type": "Pass", "Output": "{% 'Hello ' & $states.input.name %}", "End": true,
//!     } },
//! });
//! let spec = StateMachineSpec {
//!     name: "greeter".to_owned(),
//!     role_arn: "arn:aws:iam::000000000000:role/greeter".to_owned(),
//!     definition: definition.to_string(),
//! };
//! let machine_arn = spec.arn();
//! let states = StepFunctions::new(vec![spec], Arc::new(Nothing), Options::default())?;
//!
//! let arn = states.start_execution(&machine_arn, Some("first"), r#"{"name": "Ada"}"#)?;
//! while !states.idle() {
//!     tokio::task::yield_now().await;
//! }
//! let request = json!({ "executionArn": arn }).to_string();
//! let answer = states.call("DescribeExecution", request.into()).await?;
//! let execution: Value = serde_json::from_slice(&answer)?;
//! assert_eq!(execution["status"], "SUCCEEDED");
//! assert_eq!(execution["output"], r#""Hello Ada""#);
//! # Ok(())
//! # }
//! ```

mod api;
mod arn;
mod definition;
mod error;
mod execution;
mod expression;
mod history;
mod identity;
mod json;
mod limits;
mod names;
mod report;
mod run;
mod service;
mod spec;
mod state;
mod state_error;
mod stats;
mod tasks;

pub use local_core::Clock;

pub use self::{
    arn::state_machine_arn,
    definition::{Definition, DefinitionError, Place},
    error::ApiError,
    execution::Status,
    report::ExecutionReport,
    service::StepFunctions,
    spec::{StateMachineError, StateMachineSpec},
    state::Options,
    stats::Stats,
    tasks::{Invocation, InvokeError, Invoked, Tasks},
};
