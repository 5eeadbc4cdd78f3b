//! One order in, one execution of its workflow out.

use aws_sdk_sfn::{
    Client, error::SdkError, operation::start_execution::StartExecutionError as Error,
};
use event_envelope::{Delivery, Envelope, canonical};
use lambda::EventHandler;
use runtime::{Done, Failure};

catalogue::subscribe! {
    /// What starts a workflow.
    pub enum WorkflowEvent { OrderCreated }
}

/// Starts workflows.
#[derive(Debug, Clone)]
pub struct Workflow {
    client: Client,
    state_machine_arn: String,
}

impl Workflow {
    /// Starts executions of this state machine, which has to be one of the type `STANDARD`:
    /// nothing else keeps a name from being used twice.
    pub fn new(client: Client, state_machine_arn: String) -> Self {
        Self { client, state_machine_arn }
    }
}

impl EventHandler for Workflow {
    type Event = WorkflowEvent;

    /// Starts the workflow of an order that was placed.
    ///
    /// The execution's name is its record: there is one of each name for 90 days after it has
    /// ended, which is longer than a queue keeps an event.
    /// Source: <https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html>.
    ///
    /// # Errors
    ///
    /// Retry when Step Functions is unavailable or throttles, or the state machine does not exist;
    /// permanent when it accepts no such name or input.
    async fn handle(&self, delivery: Delivery<WorkflowEvent>) -> Result<Done, Failure> {
        let Delivery { envelope, event: WorkflowEvent::OrderCreated(order), .. } = delivery;
        let request = self.client.start_execution().state_machine_arn(&self.state_machine_arn);
        let request = request.name(order.order_id.as_str()).input(input(&envelope)?);
        match request.send().await {
            Ok(_) => Ok(Done::Handled),
            Err(error) => refused(error),
        }
    }
}

/// The same text each time: a second start of a running execution succeeds only with the same
/// input.
fn input(envelope: &Envelope) -> Result<String, Failure> {
    let envelope = serde_json::to_value(envelope).map_err(Failure::permanent)?;
    Ok(canonical(&envelope))
}

/// What follows from a refusal.
fn refused(error: SdkError<Error>) -> Result<Done, Failure> {
    match error.as_service_error() {
        // It has ended, or runs with the input that an earlier version of this function gave it.
        Some(Error::ExecutionAlreadyExists(_)) => Ok(Done::Duplicate),
        Some(
            Error::InvalidName(_) | Error::InvalidExecutionInput(_) | Error::ValidationException(_),
        ) => Err(Failure::permanent(error)),
        // A state machine that is not there, or is being deleted, is an order that waits for its
        // deployment; the rest passes by itself.
        _ => Err(Failure::retry(error)),
    }
}
