//! The operations over the wire, with bodies that an SDK would send.

use std::time::Duration;

use local_core::AwsError;
use local_states::state_machine_arn;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::world::{BEGINNING, NAME, ROLE, Takes, World, fine, machine, none, task};

const DAY: Duration = Duration::from_secs(86_400);

fn waiting() -> World {
    World::new(&machine(json!({"A": {"Type": "Wait", "Seconds": 60, "End": true}})), none)
}

fn start(name: &str, input: &str) -> Value {
    json!({"stateMachineArn": state_machine_arn(NAME), "name": name, "input": input})
}

#[track_caller]
fn says(error: &AwsError, code: &str, text: &str) {
    assert_eq!((error.status, error.code.as_str()), (400, code), "{error}");
    assert!(error.message.contains(text), "{error} should contain {text}");
}

#[tokio::test(start_paused = true)]
async fn an_execution_is_started_once_under_its_name() {
    let world = waiting();
    let first = world.call("StartExecution", start("o-1", r#"{"id": 1}"#)).await;
    let arn = "arn:aws:states:us-east-1:000000000000:execution:orders:o-1";
    assert_eq!(first, json!({"executionArn": arn, "startDate": BEGINNING as f64}));
    sleep(Duration::from_secs(10)).await;
    let again = world.call("StartExecution", start("o-1", r#"{"id": 1}"#)).await;
    assert_eq!(again, first, "it is the one that runs");
    let other = world.refused("StartExecution", start("o-1", r#"{"id": 2}"#)).await;
    says(&other, "ExecutionAlreadyExists", &format!("Execution Already Exists: '{arn}'"));
    assert_eq!(world.states.stats().started, 1);

    world.settled().await;
    let closed = world.refused("StartExecution", start("o-1", r#"{"id": 1}"#)).await;
    says(&closed, "ExecutionAlreadyExists", "o-1");
}

#[tokio::test(start_paused = true)]
async fn a_name_can_be_used_again_90_days_after_its_execution_has_closed() {
    let world = waiting();
    let arn = world.start("o-1", &json!({})).await;
    sleep(Duration::from_secs(60) + DAY * 90).await;
    let refused = world.refused("StartExecution", start("o-1", "{}")).await;
    assert_eq!(refused.code, "ExecutionAlreadyExists");
    sleep(Duration::from_secs(1)).await;
    let gone = world.refused("DescribeExecution", json!({"executionArn": arn})).await;
    says(&gone, "ExecutionDoesNotExist", &arn);
    let list = json!({"stateMachineArn": state_machine_arn(NAME)});
    assert_eq!(world.call("ListExecutions", list).await, json!({"executions": []}));
    world.start("o-1", &json!({})).await;
    let described = world.call("DescribeExecution", json!({"executionArn": arn})).await;
    assert_eq!(described["status"], "RUNNING");
}

#[tokio::test(start_paused = true)]
async fn an_execution_without_a_name_gets_one_and_without_input_an_empty_object() {
    let world = waiting();
    let request = json!({"stateMachineArn": state_machine_arn(NAME)});
    let first = world.call("StartExecution", request.clone()).await;
    let second = world.call("StartExecution", request).await;
    assert_ne!(first["executionArn"], second["executionArn"]);
    let described = json!({"executionArn": first["executionArn"]});
    let described = world.call("DescribeExecution", described).await;
    assert_eq!(described["input"], "{}");
    assert_eq!(described["name"].as_str().unwrap().len(), 36);
}

#[tokio::test(start_paused = true)]
async fn a_start_that_aws_refuses_is_refused() {
    let world = waiting();
    let largest = format!("\"{}\"", "x".repeat(262_142));
    for (request, code, text) in [
        (json!({"input": "{}"}), "ValidationException", "'stateMachineArn'"),
        (json!({"stateMachineArn": "orders"}), "InvalidArn", "Invalid ARN prefix: orders"),
        (
            json!({"stateMachineArn": state_machine_arn("order")}),
            "StateMachineDoesNotExist",
            "State Machine Does Not Exist: 'arn:aws:states:us-east-1:000000000000:stateMachine:order'",
        ),
        (
            json!({"stateMachineArn": "arn:aws:states:us-east-1:000000000000:execution:orders:o-1"}),
            "InvalidArn",
            "Resource type not valid in this context: execution",
        ),
        (start("o 1", "{}"), "InvalidName", "Invalid Name: 'o 1'"),
        (start("", "{}"), "ValidationException", "greater than or equal to 1"),
        (start(&"x".repeat(81), "{}"), "ValidationException", "less than or equal to 80"),
        (start("o-1", ""), "InvalidExecutionInput", "Invalid execution input."),
        (
            start("o-1", "not JSON"),
            "InvalidExecutionInput",
            "Invalid State Machine Execution Input",
        ),
        (start("o-1", "{'id': 1}"), "InvalidExecutionInput", "line 1 column 2"),
        (start("o-1", &format!("{largest} ")), "ValidationException", "or equal to 262144"),
        (json!({"stateMachineArn": 1}), "SerializationException", "string"),
    ] {
        says(&world.refused("StartExecution", request).await, code, text);
    }
    assert_eq!(world.states.stats().started, 0);
    world.call("StartExecution", start("o-1", &largest)).await;
    world.call("StartExecution", start("o-2", "null")).await;
}

#[tokio::test(start_paused = true)]
async fn an_execution_is_described_while_it_runs_and_after() {
    let world = waiting();
    let mut request = start("o-1", r#"{ "id" : 1 }"#);
    request["traceHeader"] = json!("Root=1-5e645f3e-1dfad076a177c5ccc5de12f5");
    let arn = world.call("StartExecution", request).await["executionArn"].take();
    let running = world.call("DescribeExecution", json!({"executionArn": arn})).await;
    assert_eq!(
        running,
        json!({
            "executionArn": arn,
            "stateMachineArn": state_machine_arn(NAME),
            "name": "o-1",
            "status": "RUNNING",
            "startDate": BEGINNING as f64,
            "input": r#"{ "id" : 1 }"#,
            "inputDetails": {"included": true},
            "traceHeader": "Root=1-5e645f3e-1dfad076a177c5ccc5de12f5",
            "redriveCount": 0,
            "redriveStatus": "NOT_REDRIVABLE",
            "redriveStatusReason": "Execution is RUNNING and cannot be redriven",
        })
    );
    world.settled().await;
    let ended = world.call("DescribeExecution", json!({"executionArn": arn})).await;
    assert_eq!((&ended["status"], &ended["output"]), (&json!("SUCCEEDED"), &json!(r#"{"id":1}"#)));
    assert_eq!(ended["stopDate"], json!((BEGINNING + 60) as f64));
    assert_eq!(ended["redriveStatusReason"], "Execution is SUCCEEDED and cannot be redriven");
    for (request, code) in [
        (json!({}), "ValidationException"),
        (json!({"executionArn": "o-1"}), "InvalidArn"),
        (json!({"executionArn": format!("{}2", arn.as_str().unwrap())}), "ExecutionDoesNotExist"),
        (json!({"executionArn": arn, "includedData": "METADATA_ONLY"}), "ValidationException"),
    ] {
        assert_eq!(world.refused("DescribeExecution", request).await.code, code);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stopped_execution_is_aborted_at_once_and_its_function_runs_on() {
    let states = json!({ "A": task("f", json!({})) });
    let world = World::new(&machine(states), |_, _| Takes(Duration::from_secs(30), json!({})));
    let arn = world.start("o-1", &json!({})).await;
    sleep(Duration::from_secs(5)).await;
    let request = json!({"executionArn": arn, "error": "Operator", "cause": "wrong order"});
    let stopped = world.call("StopExecution", request).await;
    assert_eq!(stopped, json!({"stopDate": (BEGINNING + 5) as f64}));
    assert!(world.states.idle());
    sleep(Duration::from_secs(60)).await;
    let ended = world.look(&arn).await;
    assert_eq!(ended.links().last().unwrap(), "5<0 ExecutionAborted");
    let error = json!({"error": "Operator", "cause": "wrong order"});
    assert_eq!(*ended.details("ExecutionAborted")[0], error);
    let description = &ended.description;
    assert_eq!(
        (&description["status"], &description["error"]),
        (&json!("ABORTED"), &json!("Operator"))
    );
    assert_eq!(
        (&description["redriveStatus"], description.get("output")),
        (&json!("REDRIVABLE"), None)
    );
    assert_eq!(*world.functions.answered.lock().unwrap(), ["f"]);

    let again = world.call("StopExecution", json!({"executionArn": arn, "error": "Late"})).await;
    assert_eq!(again, stopped, "it was stopped before");
    assert_eq!(world.look(&arn).await.description["error"], "Operator");
    assert_eq!(world.states.stats().aborted, 1);
    let long = json!({"executionArn": arn, "error": "x".repeat(257)});
    says(&world.refused("StopExecution", long).await, "ValidationException", "256");
}

#[tokio::test(start_paused = true)]
async fn nothing_of_a_stopped_execution_is_left() {
    let states = json!({"A": {"Type": "Wait", "Seconds": 1_000_000, "End": true}});
    let world = World::new(&machine(states), none);
    let arn = world.start("o-1", &json!({})).await;
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(tasks(), 1);
    world.call("StopExecution", json!({"executionArn": arn})).await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_execution_that_never_waits_can_be_stopped_too() {
    let states = json!({
        "A": {"Type": "Choice", "Choices": [{"Condition": false, "Next": "B"}], "Default": "A"},
        "B": {"Type": "Succeed"},
    });
    let world = World::new(&machine(states), none);
    let arn = world.start("o-1", &json!({})).await;
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    world.call("StopExecution", json!({"executionArn": arn})).await;
    let ended = world.look(&arn).await;
    assert_eq!(ended.description["status"], "ABORTED");
    assert!(ended.events.len() < 50, "{}", ended.events.len());
}

#[tokio::test(start_paused = true)]
async fn an_execution_ends_when_its_machine_s_time_is_up() {
    let mut definition = machine(json!({"A": {"Type": "Wait", "Seconds": 60, "End": true}}));
    definition["TimeoutSeconds"] = json!(20);
    let world = World::new(&definition, none);
    let arn = world.start("o-1", &json!({})).await;
    world.settled().await;
    let ended = world.look(&arn).await;
    assert_eq!(ended.description["status"], "TIMED_OUT");
    assert_eq!((ended.description.get("error"), ended.description.get("cause")), (None, None));
    assert_eq!(ended.times("ExecutionTimedOut"), [20.0]);
    assert_eq!(world.states.stats().timed_out, 1);
}

#[tokio::test(start_paused = true)]
async fn no_execution_takes_longer_than_a_year() {
    let states = json!({
        "A": {"Type": "Wait", "Seconds": 30_000_000, "Next": "B"},
        "B": {"Type": "Wait", "Seconds": 30_000_000, "End": true},
    });
    let world = World::new(&machine(states), none);
    let arn = world.start("o-1", &json!({})).await;
    sleep(DAY * 366).await;
    assert_eq!(world.look(&arn).await.times("ExecutionTimedOut"), [365.0 * 86_400.0]);
}

#[tokio::test(start_paused = true)]
async fn a_history_is_read_page_by_page_from_either_end() {
    let world = World::new(&machine(json!({ "A": task("f", json!({})) })), fine);
    let arn = world.start("o-1", &json!({})).await;
    world.settled().await;
    for (reverse, ids) in [(false, [1, 2, 3, 4, 5, 6, 7]), (true, [7, 6, 5, 4, 3, 2, 1])] {
        let mut request = json!({"executionArn": arn, "reverseOrder": reverse, "maxResults": 3});
        let mut seen = Vec::new();
        let mut sizes = Vec::new();
        loop {
            let mut page = world.call("GetExecutionHistory", request.clone()).await;
            let events = page["events"].as_array().unwrap();
            sizes.push(events.len());
            seen.extend(events.iter().map(|event| event["id"].as_u64().unwrap()));
            request["nextToken"] = page["nextToken"].take();
            if request["nextToken"].is_null() {
                break;
            }
        }
        assert_eq!((seen.as_slice(), sizes.as_slice()), (ids.as_slice(), [3, 3, 1].as_slice()));
    }
    let request = json!({"executionArn": arn, "includeExecutionData": false});
    let bare = world.call("GetExecutionHistory", request).await["events"].take();
    assert!(!bare.to_string().contains("put\""), "neither inputs nor outputs: {bare}");
    assert_eq!(bare[1]["stateEnteredEventDetails"], json!({"name": "A"}));

    for (more, code, text) in [
        (json!({"maxResults": 1001}), "ValidationException", "less than or equal to 1000"),
        (json!({"maxResults": -1}), "ValidationException", "greater than or equal to 0"),
        (json!({"nextToken": "x"}), "InvalidToken", "Invalid Token: 'Invalid token'"),
    ] {
        let mut request = json!({"executionArn": arn});
        crate::world::merge(&mut request, more);
        says(&world.refused("GetExecutionHistory", request).await, code, text);
    }
}

#[tokio::test(start_paused = true)]
async fn executions_are_listed_by_status_with_the_newest_first() {
    let world = waiting();
    let mut arns = Vec::new();
    for n in 0..5 {
        arns.push(world.start(&format!("o-{n}"), &json!({})).await);
        sleep(Duration::from_secs(25)).await;
    }
    world.call("StopExecution", json!({"executionArn": arns[4]})).await;
    let list = |more: Value| {
        let mut request = json!({"stateMachineArn": state_machine_arn(NAME)});
        crate::world::merge(&mut request, more);
        request
    };
    let names = |listed: &Value| -> Vec<String> {
        let executions = listed["executions"].as_array().unwrap();
        executions.iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect()
    };
    for (status, expected) in [
        ("RUNNING", vec!["o-3"]),
        ("SUCCEEDED", vec!["o-2", "o-1", "o-0"]),
        ("ABORTED", vec!["o-4"]),
        ("FAILED", vec![]),
    ] {
        let listed = world.call("ListExecutions", list(json!({"statusFilter": status}))).await;
        assert_eq!(names(&listed), expected, "{status}");
    }
    let first = world.call("ListExecutions", list(json!({"maxResults": 2}))).await;
    assert_eq!(names(&first), ["o-4", "o-3"]);
    assert_eq!(
        first["executions"][0],
        json!({
            "executionArn": arns[4], "stateMachineArn": state_machine_arn(NAME), "name": "o-4",
            "status": "ABORTED", "startDate": (BEGINNING + 100) as f64,
            "stopDate": (BEGINNING + 125) as f64, "redriveCount": 0,
        })
    );
    // What starts meanwhile moves nothing.
    world.start("o-5", &json!({})).await;
    let token = list(json!({"maxResults": 2, "nextToken": first["nextToken"]}));
    assert_eq!(names(&world.call("ListExecutions", token).await), ["o-2", "o-1"]);
    for (more, text) in [
        (json!({"statusFilter": "DONE"}), "enum value set"),
        (json!({"statusFilter": "PENDING_REDRIVE"}), "enum value set"),
        (json!({"redriveFilter": "REDRIVEN"}), "'redriveFilter'"),
        (json!({"mapRunArn": "arn"}), "'mapRunArn'"),
    ] {
        says(&world.refused("ListExecutions", list(more)).await, "ValidationException", text);
    }
}

#[tokio::test(start_paused = true)]
async fn state_machines_are_listed_and_described() {
    let definition = machine(json!({"A": {"Type": "Succeed"}}));
    let world = World::new(&definition, none);
    let created = BEGINNING as f64;
    let listed = world.call("ListStateMachines", json!({})).await;
    let summary = json!({
        "stateMachineArn": state_machine_arn(NAME), "name": NAME, "type": "STANDARD",
        "creationDate": created,
    });
    assert_eq!(listed, json!({"stateMachines": [summary]}));
    let request = json!({"stateMachineArn": state_machine_arn(NAME)});
    let described = world.call("DescribeStateMachine", request).await;
    assert_eq!(
        described,
        json!({
            "stateMachineArn": state_machine_arn(NAME), "name": NAME, "type": "STANDARD",
            "creationDate": created, "status": "ACTIVE", "roleArn": ROLE,
            "definition": definition.to_string(),
        })
    );
    let error =
        world.refused("DescribeStateMachine", json!({"stateMachineArn": state_machine_arn("x")}));
    assert_eq!(error.await.code, "StateMachineDoesNotExist");
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_is_not_there_is_refused_by_name() {
    let world = waiting();
    for operation in ["CreateStateMachine", "SendTaskSuccess", "RedriveExecution", "Start"] {
        let error = world.refused(operation, json!({})).await;
        says(&error, "UnknownOperationException", operation);
    }
}
