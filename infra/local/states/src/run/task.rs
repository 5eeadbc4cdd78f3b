//! Invoking a function, and what comes back as Step Functions reports it.
//!
//! Source: <https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html>.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    failure::Failure,
    handle::Work,
    trail::Trail,
    visit::{Outcome, Visit},
};
use crate::{
    definition::{Handlers, Leave, SECONDS_EXPECTED, Task, timeout_seconds},
    expression::QueryError,
    history::{Happening, TaskEvent},
    limits::DATA_BYTES_MAX,
    state_error::StateError,
    tasks::{InvokeError, Invoked},
};

/// An invocation, with all expressions evaluated.
struct Call {
    arguments: Value,
    function: String,
    timeout_seconds: Option<u64>,
}

impl Work for Task {
    fn handlers(&self) -> &Handlers {
        &self.handlers
    }

    fn leave(&self) -> &Leave {
        &self.leave
    }

    async fn attempt(
        &self,
        visit: &Visit<'_>,
        retries: u64,
        trail: &mut Trail,
    ) -> Result<Value, Failure> {
        let call = self.call(visit, retries, trail);
        let call = call.map_err(|error| visit.evaluation_failed(error, trail))?;
        let parameters = call.arguments.to_string();
        if parameters.len() > DATA_BYTES_MAX {
            return Err(Failure::Fatal(Failure::too_large(visit.name)));
        }
        let timeout_seconds = call.timeout_seconds;
        trail.add(visit, TaskEvent::Scheduled { parameters, timeout_seconds })?;
        trail.add(visit, TaskEvent::Started)?;
        let outcome = match call.answer(visit).await {
            Some(answer) => result(answer),
            None => {
                let error = StateError::timeout();
                trail.add(visit, TaskEvent::TimedOut(error.clone()))?;
                return Err(Failure::Error(error));
            }
        };
        match outcome {
            Ok(result) => {
                trail.add(visit, TaskEvent::Succeeded { output: result.to_string() })?;
                Ok(result)
            }
            Err(error) => {
                trail.add(visit, TaskEvent::Failed(error.clone()))?;
                Err(Failure::Error(error))
            }
        }
    }

    fn abandon(&self, _: &Visit<'_>, _: &mut Trail) -> Result<(), Failure> {
        Ok(())
    }
}

impl Task {
    fn call(&self, visit: &Visit<'_>, retries: u64, trail: &Trail) -> Result<Call, QueryError> {
        let mut query = visit.query(trail, Outcome { retries, ..Outcome::default() });
        let arguments = self.arguments.evaluate(&mut query, "Arguments")?;
        let name = arguments.get("FunctionName").unwrap_or(&Value::Null);
        let Some(function) = name.as_str().filter(|name| !name.is_empty()) else {
            let location = "Arguments/FunctionName".to_owned();
            let problem = format!("The field '{location}' must name a function, but was: {name}");
            return Err(QueryError { location, problem });
        };
        let timeout = self.timeout.as_ref().map(|timeout| {
            let location = "TimeoutSeconds";
            timeout.evaluate_as(&mut query, location, SECONDS_EXPECTED, timeout_seconds)
        });
        let function = function.to_owned();
        Ok(Call { arguments, function, timeout_seconds: timeout.transpose()? })
    }
}

impl Call {
    /// Invokes the function. `None` once it has taken longer than the task may: it runs on then,
    /// and its answer is dropped.
    async fn answer(self, visit: &Visit<'_>) -> Option<Result<Invoked, InvokeError>> {
        let tasks = Arc::clone(&visit.run.shared.tasks);
        let payload = self.arguments.get("Payload").map(Value::to_string);
        let payload = Bytes::from(payload.unwrap_or_else(|| "{}".to_owned()));
        let invocation = tokio::spawn(async move { tasks.invoke(&self.function, payload).await });
        let answered = match self.timeout_seconds.map(Duration::from_secs) {
            Some(limit) => tokio::time::timeout(limit, invocation).await.ok()?,
            None => invocation.await,
        };
        // A panic of the implementation, or the runtime's end.
        let broken =
            |error: tokio::task::JoinError| Err(InvokeError::Unreachable(error.to_string()));
        Some(answered.unwrap_or_else(broken))
    }
}

/// The result of a task, or its error.
fn result(answer: Result<Invoked, InvokeError>) -> Result<Value, StateError> {
    let invoked = answer.map_err(|error| exception(&error))?;
    if invoked.function_error.is_some() {
        return Err(function_error(&invoked.payload));
    }
    let result = response(&invoked);
    if result.to_string().len() > DATA_BYTES_MAX {
        return Err(Failure::too_large("lambda"));
    }
    Ok(result)
}

/// An exception of Lambda.
fn exception(error: &InvokeError) -> StateError {
    let (code, status) = error.code();
    let cause = match status {
        Some(status) => {
            format!("{error} (Service: AWSLambda; Status Code: {status}; Error Code: {code})")
        }
        None => error.to_string(),
    };
    StateError::new(format!("Lambda.{code}"), cause)
}

/// An error of the function: its type is the error's name, its description the cause.
fn function_error(payload: &[u8]) -> StateError {
    let text = String::from_utf8_lossy(payload);
    let description: Value = serde_json::from_slice(payload).unwrap_or_default();
    match description["errorType"].as_str() {
        Some(error_type) if !error_type.is_empty() => {
            StateError::new(error_type, description.to_string())
        }
        Some(_) | None => {
            let cause = format!(
                "The cause could not be determined because Lambda did not return an error type. \
                 Returned payload: {text}"
            );
            StateError::new("Lambda.Unknown", cause)
        }
    }
}

/// The response of Lambda's Invoke as the SDK of Step Functions has it.
fn response(invoked: &Invoked) -> Value {
    let payload = if invoked.payload.is_empty() {
        Value::Null
    } else {
        let text = || Value::String(String::from_utf8_lossy(&invoked.payload).into_owned());
        serde_json::from_slice(&invoked.payload).unwrap_or_else(|_| text())
    };
    let length = invoked.payload.len().to_string();
    let id = &invoked.request_id;
    json!({
        "ExecutedVersion": "$LATEST",
        "Payload": payload,
        "SdkHttpMetadata": {
            "AllHttpHeaders": {
                "Content-Length": [length],
                "Content-Type": ["application/json"],
                "X-Amz-Executed-Version": ["$LATEST"],
                "x-amzn-RequestId": [id],
            },
            "HttpHeaders": {
                "Content-Length": length,
                "Content-Type": "application/json",
                "X-Amz-Executed-Version": "$LATEST",
                "x-amzn-RequestId": id,
            },
            "HttpStatusCode": 200,
        },
        "SdkResponseMetadata": { "RequestId": id },
        "StatusCode": 200,
    })
}

impl Trail {
    /// Writes down what happened in a task.
    fn add(&mut self, visit: &Visit<'_>, event: TaskEvent) -> Result<(), Failure> {
        self.last = visit.run.record(self.last, Happening::Task(event))?;
        Ok(())
    }
}
