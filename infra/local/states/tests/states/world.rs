//! State machines over functions that answer as they are scripted, and remember.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use local_core::{AwsError, Bytes, Service};
use local_states::{
    Clock, Invocation, InvokeError, Invoked, Options, StateMachineSpec, StepFunctions, Tasks,
    state_machine_arn,
};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::time::{Instant, sleep};

pub(crate) const NAME: &str = "orders";
pub(crate) const ROLE: &str = "arn:aws:iam::000000000000:role/orders";
/// 2026-11-23T12:00:00Z, when every test begins.
pub(crate) const BEGINNING: i64 = 1_795_435_200;

/// What a function does with an invocation.
#[derive(Clone)]
pub(crate) enum Reply {
    Answers(Value),
    /// A function error with this type.
    Fails(&'static str),
    /// A function error that is described by this payload.
    FailsWith(Value),
    Refuses(InvokeError),
    /// Answers after some time.
    Takes(Duration, Value),
}

pub(crate) use Reply::{Answers, Fails, FailsWith, Refuses, Takes};

/// What a function answers to its nth invocation (from 0).
type Script = dyn Fn(&str, usize) -> Reply + Send + Sync;

pub(crate) struct Functions {
    script: Box<Script>,
    /// Each invocation: the function, and the payload.
    pub(crate) invocations: Mutex<Vec<(String, Value)>>,
    /// The functions that have answered, in order.
    pub(crate) answered: Mutex<Vec<String>>,
}

impl Functions {
    fn count(&self, function: &str) -> usize {
        self.names().iter().filter(|name| *name == function).count()
    }

    /// The functions that were invoked, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        self.invocations.lock().unwrap().iter().map(|(name, _)| name.clone()).collect()
    }

    pub(crate) fn payloads(&self) -> Vec<Value> {
        self.invocations.lock().unwrap().iter().map(|(_, payload)| payload.clone()).collect()
    }
}

impl Tasks for Functions {
    fn invoke<'a>(&'a self, function: &'a str, payload: Bytes) -> Invocation<'a> {
        Box::pin(async move {
            let reply = (self.script)(function, self.count(function));
            let payload = serde_json::from_slice(&payload).unwrap();
            self.invocations.lock().unwrap().push((function.to_owned(), payload));
            let invoked = |payload: Value, function_error: Option<&str>| Invoked {
                request_id: "c6af9ac6-7b61-11e6-9a41-93e8deadbeef".to_owned(),
                payload: payload.to_string().into(),
                function_error: function_error.map(str::to_owned),
            };
            let outcome = match reply {
                Answers(payload) => Ok(invoked(payload, None)),
                Fails(error_type) => {
                    let description = json!({"errorType": error_type, "errorMessage": "no"});
                    Ok(invoked(description, Some("Unhandled")))
                }
                FailsWith(description) => Ok(invoked(description, Some("Unhandled"))),
                Refuses(error) => Err(error),
                Takes(duration, payload) => {
                    sleep(duration).await;
                    Ok(invoked(payload, None))
                }
            };
            self.answered.lock().unwrap().push(function.to_owned());
            outcome
        })
    }
}

pub(crate) struct World {
    pub(crate) states: StepFunctions,
    pub(crate) functions: Arc<Functions>,
}

impl World {
    /// One state machine, named `orders`, and functions that follow `script`.
    pub(crate) fn new(
        definition: &Value,
        script: impl Fn(&str, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let functions = Arc::new(Functions {
            script: Box::new(script),
            invocations: Mutex::default(),
            answered: Mutex::default(),
        });
        let specs = vec![spec(NAME, definition)];
        let tasks = Arc::clone(&functions) as Arc<dyn Tasks>;
        let states = StepFunctions::new(specs, tasks, options()).unwrap();
        Self { states, functions }
    }

    pub(crate) async fn call(&self, operation: &str, body: Value) -> Value {
        match self.try_call(operation, body.clone()).await {
            Ok(response) => response,
            Err(error) => panic!("{operation} {body} was refused: {error}"),
        }
    }

    pub(crate) async fn try_call(&self, operation: &str, body: Value) -> Result<Value, AwsError> {
        let response = self.states.call(operation, Bytes::from(body.to_string())).await?;
        Ok(serde_json::from_slice(&response).unwrap())
    }

    pub(crate) async fn refused(&self, operation: &str, body: Value) -> AwsError {
        match self.try_call(operation, body.clone()).await {
            Ok(response) => panic!("{operation} {body} was accepted: {response}"),
            Err(error) => error,
        }
    }

    /// Starts an execution and returns its ARN.
    pub(crate) async fn start(&self, name: &str, input: &Value) -> String {
        let request = json!({
            "stateMachineArn": state_machine_arn(NAME), "name": name, "input": input.to_string(),
        });
        let started = self.call("StartExecution", request).await;
        started["executionArn"].as_str().unwrap().to_owned()
    }

    /// Runs an execution to its end.
    pub(crate) async fn run(&self, input: Value) -> Ended {
        let arn = self.start("o-1", &input).await;
        self.settled().await;
        self.look(&arn).await
    }

    /// Waits until no execution is running, however long that is.
    pub(crate) async fn settled(&self) {
        while !self.states.idle() {
            sleep(Duration::from_secs(86_400)).await;
        }
    }

    /// What is known of an execution.
    pub(crate) async fn look(&self, arn: &str) -> Ended {
        let description = self.call("DescribeExecution", json!({ "executionArn": arn })).await;
        let request = json!({ "executionArn": arn, "maxResults": 1000 });
        let history = self.call("GetExecutionHistory", request).await;
        assert_eq!(history["nextToken"], Value::Null, "all of it");
        Ended { description, events: history["events"].as_array().unwrap().clone() }
    }
}

pub(crate) fn spec(name: &str, definition: &Value) -> StateMachineSpec {
    StateMachineSpec {
        name: name.to_owned(),
        role_arn: ROLE.to_owned(),
        definition: definition.to_string(),
    }
}

/// A clock that goes with tokio's, and dice that fall the same in every run.
pub(crate) fn options() -> Options {
    let beginning = OffsetDateTime::from_unix_timestamp(BEGINNING).unwrap();
    let start = Instant::now();
    Options { clock: Clock::new(move || beginning + start.elapsed()), seed: 7 }
}

/// An execution, as the API describes it.
pub(crate) struct Ended {
    pub(crate) description: Value,
    pub(crate) events: Vec<Value>,
}

impl Ended {
    /// The output of one that succeeded.
    #[track_caller]
    pub(crate) fn output(&self) -> Value {
        assert_eq!(self.description["status"], "SUCCEEDED", "{:#}", self.description);
        serde_json::from_str(self.description["output"].as_str().unwrap()).unwrap()
    }

    /// The error of one that failed.
    #[track_caller]
    pub(crate) fn error(&self) -> &str {
        assert_eq!(self.description["status"], "FAILED", "{:#}", self.description);
        self.description["error"].as_str().unwrap_or_default()
    }

    pub(crate) fn cause(&self) -> &str {
        self.description["cause"].as_str().unwrap_or_default()
    }

    /// The types of its events.
    pub(crate) fn types(&self) -> Vec<&str> {
        self.events.iter().map(|event| event["type"].as_str().unwrap()).collect()
    }

    /// Id, previous id and type of each event, as in `3<2 TaskScheduled`.
    pub(crate) fn links(&self) -> Vec<String> {
        let events = self.events.iter();
        events
            .map(|it| {
                let kind = it["type"].as_str().unwrap();
                format!("{}<{} {kind}", it["id"], it["previousEventId"])
            })
            .collect()
    }

    /// The states it went through.
    pub(crate) fn states(&self) -> Vec<&str> {
        let names = self.events.iter().map(|event| &event["stateEnteredEventDetails"]["name"]);
        names.filter_map(Value::as_str).collect()
    }

    /// When events of a type happened, in seconds since the beginning.
    pub(crate) fn times(&self, kind: &str) -> Vec<f64> {
        let events = self.events.iter().filter(|event| event["type"] == kind);
        events.map(|event| event["timestamp"].as_f64().unwrap() - BEGINNING as f64).collect()
    }

    /// The details of the events of a type.
    pub(crate) fn details(&self, kind: &str) -> Vec<&Value> {
        let events = self.events.iter().filter(|event| event["type"] == kind);
        let members = events.flat_map(|event| event.as_object().unwrap());
        members.filter(|(name, _)| name.ends_with("EventDetails")).map(|(_, it)| it).collect()
    }
}

/// A machine of these states, beginning at `A`.
pub(crate) fn machine(states: Value) -> Value {
    json!({ "QueryLanguage": "JSONata", "StartAt": "A", "States": states })
}

/// A task that invokes `function` and ends.
pub(crate) fn task(function: &str, more: Value) -> Value {
    let mut state = json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": { "FunctionName": function, "Payload": "{% $states.input %}" },
        "Output": "{% $states.result.Payload %}",
        "End": true,
    });
    merge(&mut state, more);
    state
}

/// Sets members of an object; a null takes one away.
pub(crate) fn merge(object: &mut Value, more: Value) {
    let Value::Object(more) = more else { panic!("an object") };
    for (name, value) in more {
        if value.is_null() {
            object.as_object_mut().unwrap().remove(&name);
        } else {
            object[name] = value;
        }
    }
}

/// Functions that are never invoked.
pub(crate) fn none(function: &str, _: usize) -> Reply {
    panic!("{function} was invoked")
}

/// Functions that answer with nothing in particular.
pub(crate) fn fine(_: &str, _: usize) -> Reply {
    Answers(json!({}))
}
