//! A stack with a state machine and a schedule, over a function that does what its event asks for.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "what is missing fails the test")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use local_stack::{OVERVIEW_PATH, Overview, SchedulePace, Stack, StackError, StackOptions};
use local_states::Status;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

/// Long enough for anything that is going to happen at all.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// The compiled example: cargo puts it next to the directory of the test binaries.
fn probe() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().and_then(Path::parent).unwrap().join("examples/stack-probe");
    assert!(path.exists(), "{} is missing: run `cargo build --examples`", path.display());
    path
}

/// A probe for each function of the template, and the file in which they note their invocations.
struct Probes(TempDir);

impl Probes {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        for binary in ["ship", "sweep"] {
            std::os::unix::fs::symlink(probe(), directory.path().join(binary)).unwrap();
        }
        Self(directory)
    }

    fn options(&self, parameters: &[(&str, &str)]) -> StackOptions {
        let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/workflow/template.yaml");
        let mut options = StackOptions::new(template, self.0.path());
        let given = parameters.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        options.parameters = given.collect();
        let journal = |function: &str| {
            let path = self.journal(function).display().to_string();
            (function.to_owned(), BTreeMap::from([("JOURNAL".to_owned(), path)]))
        };
        options.environment = ["ship", "sweep"].map(journal).into();
        options
    }

    fn journal(&self, function: &str) -> PathBuf {
        self.0.path().join(format!("{function}.journal"))
    }

    /// What a function was given so far.
    fn invocations(&self, function: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.journal(function)).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    async fn until_invoked(&self, function: &str, times: usize) {
        let began = Instant::now();
        while self.invocations(function).len() < times {
            let found = self.invocations(function);
            assert!(began.elapsed() < WAIT_MAX, "{function} was invoked with {found:?}");
            sleep(Duration::from_millis(5)).await;
        }
    }
}

/// A client for the loopback interface.
fn client() -> reqwest::Client {
    // Plain HTTP only, but the client wants to know who would do its cryptography.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().tls_certs_only([]).no_proxy().timeout(WAIT_MAX).build().unwrap()
}

/// An operation of Step Functions, as an SDK asks for it.
async fn ask(stack: &Stack, operation: &str, request: Value) -> Value {
    let client = client();
    let response = client
        .post(stack.endpoint_url())
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("AWSStepFunctions.{operation}"))
        .body(request.to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200, "{operation}");
    response.json().await.unwrap()
}

#[tokio::test]
async fn an_execution_is_reached_over_the_endpoint_and_waited_for() {
    let probes = Probes::new();
    let stack = Stack::start(probes.options(&[("Schedules", "none")])).await.unwrap();
    let machine = &stack.template().state_machines[0];
    let input = json!({ "orderId": "o-1" });
    let request = json!({
        "stateMachineArn": machine.arn, "name": "o-1", "input": input.to_string(),
    });
    let started = ask(&stack, "StartExecution", request).await;
    assert!(
        !stack.becomes_idle(Duration::from_millis(100)).await,
        "the execution waits for a second"
    );
    assert!(stack.becomes_idle(WAIT_MAX).await);
    assert_eq!(probes.invocations("ship"), std::slice::from_ref(&input));

    let described = ask(&stack, "DescribeExecution", started).await;
    assert_eq!(described["status"], "SUCCEEDED", "{described:#}");
    let output: Value = serde_json::from_str(described["output"].as_str().unwrap()).unwrap();
    assert_eq!(output, input);

    let executions = stack.state_machines().executions();
    let reported: Vec<_> =
        executions.iter().map(|it| (it.name.as_str(), it.status, it.transitions)).collect();
    assert_eq!(reported, [("o-1", Status::Succeeded, 2)], "the task and the wait");
    let history = stack.state_machines().history(&executions[0].arn).unwrap();
    let entered = history.iter().filter_map(|it| it["stateEnteredEventDetails"]["name"].as_str());
    assert_eq!(entered.collect::<Vec<_>>(), ["Ship", "Rest"]);
    stack.stop().await;
}

#[tokio::test]
async fn a_schedule_invokes_its_function_and_does_not_keep_the_stack_busy() {
    let probes = Probes::new();
    let mut options = probes.options(&[]);
    options.schedule_pace = SchedulePace::Every(Duration::from_millis(50));
    let stack = Stack::start(options).await.unwrap();
    probes.until_invoked("sweep", 3).await;
    let event = probes.invocations("sweep").swap_remove(2);
    assert_eq!(event["source"], "aws.scheduler");
    assert_eq!(event["resources"][0], stack.template().schedules[0].arn.as_str());
    assert!(
        stack.becomes_idle(WAIT_MAX).await,
        "a schedule is never done, and the stack is at rest"
    );
    assert!(stack.scheduler().stats()["sweep"].accepted >= 3);
    stack.stop().await;
    let count = probes.invocations("sweep").len();
    sleep(Duration::from_millis(300)).await;
    assert_eq!(probes.invocations("sweep").len(), count, "nothing is invoked after the stop");
}

#[tokio::test]
async fn a_scheduled_function_that_hangs_is_invoked_once_and_not_waited_for() {
    let probes = Probes::new();
    let mut options = probes.options(&[("SweepInput", r#"{"do": "hang"}"#)]);
    options.schedule_pace = SchedulePace::Every(Duration::from_millis(20));
    let stack = Stack::start(options).await.unwrap();
    probes.until_invoked("sweep", 1).await;
    let is_spared = || stack.scheduler().stats()["sweep"].spared > 3;
    let began = Instant::now();
    while !is_spared() && began.elapsed() < WAIT_MAX {
        sleep(Duration::from_millis(5)).await;
    }
    assert!(stack.becomes_idle(WAIT_MAX).await);
    assert_eq!(probes.invocations("sweep"), [json!({ "do": "hang" })]);
    stack.stop().await;
}

#[tokio::test]
async fn people_are_told_of_state_machines_and_schedules() {
    let probes = Probes::new();
    let stack = Stack::start(probes.options(&[("RestSeconds", "3600")])).await.unwrap();
    let machine_arn = stack.template().state_machines[0].arn.clone();
    stack.state_machines().start_execution(&machine_arn, Some("o-1"), "{}").unwrap();
    probes.until_invoked("ship", 1).await;
    probes.until_invoked("sweep", 1).await;
    let url = format!("{}{OVERVIEW_PATH}", stack.endpoint_url());
    let client = client();
    let reported: Overview = client.get(url).send().await.unwrap().json().await.unwrap();
    let [machine] = &reported.state_machines[..] else { panic!("{reported:?}") };
    assert_eq!(
        (machine.name.as_str(), machine.executions, machine.running),
        ("local-fulfilment", 1, 1)
    );
    let [schedule] = &reported.schedules[..] else { panic!("{reported:?}") };
    assert_eq!((schedule.function.as_str(), schedule.every_seconds), ("local-Sweep", 300));
    assert_eq!(schedule.accepted, 1, "its own rate is five minutes");
    stack.stop().await;
}

#[tokio::test]
async fn what_the_stack_has_not_is_named() {
    let probes = Probes::new();
    // The host knows the function by its binary; Lambda would not.
    let error = Stack::start(probes.options(&[("ShipFunction", "ship")])).await.unwrap_err();
    assert!(matches!(error, StackError::UnknownTask { .. }), "{error}");
    let error = error.to_string();
    for part in ["local-fulfilment", "\"ship\"", "local-Ship, local-Sweep"] {
        assert!(error.contains(part), "{error}");
    }
    for named in ["local-Ship", "arn:aws:lambda:us-east-1:000000000000:function:local-Ship:$LATEST"]
    {
        let stack = Stack::start(probes.options(&[("ShipFunction", named)])).await.unwrap();
        stack.stop().await;
    }
    let error = Stack::start(probes.options(&[("Mode", "fast")])).await.unwrap_err();
    assert_eq!(error.to_string(), "parameter Mode: is not a parameter of the template");
}

/// An execution that waits holds the functions' host. It must not outlive the stack.
#[tokio::test]
async fn a_stack_that_is_dropped_leaves_no_process_however_long_an_execution_waits() {
    let probes = Probes::new();
    let stack =
        Stack::start(probes.options(&[("Schedules", "none"), ("RestSeconds", "3600")])).await;
    let stack = stack.unwrap();
    let machine_arn = stack.template().state_machines[0].arn.clone();
    stack.state_machines().start_execution(&machine_arn, None, "{}").unwrap();
    while stack.state_machines().stats().transitions < 2 {
        sleep(Duration::from_millis(5)).await;
    }
    let (_, pid) = stack.lambda().processes().swap_remove(0);
    let pid = rustix::process::Pid::from_raw(pid.try_into().unwrap()).unwrap();
    assert!(rustix::process::test_kill_process(pid).is_ok());
    drop(stack);
    let began = Instant::now();
    while rustix::process::test_kill_process(pid).is_ok() {
        assert!(began.elapsed() < WAIT_MAX, "the process lives on");
        sleep(Duration::from_millis(5)).await;
    }
}
