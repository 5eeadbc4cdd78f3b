//! Histories, event by event, as AWS writes them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{Answers, Fails, Takes, World, machine, none, task};

#[tokio::test(start_paused = true)]
async fn a_task_that_succeeds() {
    let states = json!({ "A": task("f", json!({
        "TimeoutSeconds": 30, "Assign": {"x": [1], "y": "z"},
    })) });
    let world = World::new(&machine(states), |_, _| Answers(json!({"ok": true})));
    let ended = world.run(json!({"id": 1})).await;
    assert_eq!(
        ended.links(),
        [
            "1<0 ExecutionStarted",
            "2<0 TaskStateEntered",
            "3<2 TaskScheduled",
            "4<3 TaskStarted",
            "5<4 TaskSucceeded",
            "6<5 TaskStateExited",
            "7<6 ExecutionSucceeded",
        ]
    );
    let details = |kind| ended.details(kind)[0].clone();
    let untruncated = json!({"truncated": false});
    assert_eq!(
        details("ExecutionStarted"),
        json!({
            "input": r#"{"id":1}"#, "inputDetails": untruncated,
            "roleArn": "arn:aws:iam::000000000000:role/orders",
        })
    );
    assert_eq!(
        details("TaskStateEntered"),
        json!({"name": "A", "input": r#"{"id":1}"#, "inputDetails": untruncated})
    );
    let mut scheduled = details("TaskScheduled");
    let parameters = scheduled["parameters"].take();
    let parameters: Value = serde_json::from_str(parameters.as_str().unwrap()).unwrap();
    assert_eq!(parameters, json!({"FunctionName": "f", "Payload": {"id": 1}}));
    assert_eq!(
        scheduled,
        json!({
            "resource": "invoke", "resourceType": "lambda", "region": "us-east-1",
            "parameters": null, "timeoutInSeconds": 30,
        })
    );
    assert_eq!(details("TaskStarted"), json!({"resource": "invoke", "resourceType": "lambda"}));
    assert!(details("TaskSucceeded")["output"].as_str().unwrap().contains(r#""ok":true"#));
    assert_eq!(
        details("TaskStateExited"),
        json!({
            "name": "A", "output": r#"{"ok":true}"#, "outputDetails": untruncated,
            "assignedVariables": {"x": "[1]", "y": r#""z""#},
            "assignedVariablesDetails": untruncated,
        })
    );
    assert_eq!(
        details("ExecutionSucceeded"),
        json!({"output": r#"{"ok":true}"#, "outputDetails": untruncated})
    );
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_retried_and_caught() {
    let states = json!({
        "A": task("f", json!({
            "Retry": [{"ErrorEquals": ["Busy"], "MaxAttempts": 1}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "B"}],
        })),
        "B": {"Type": "Succeed"},
    });
    let ended = World::new(&machine(states), |_, _| Fails("Busy")).run(json!({})).await;
    assert_eq!(
        ended.links(),
        [
            "1<0 ExecutionStarted",
            "2<0 TaskStateEntered",
            "3<2 TaskScheduled",
            "4<3 TaskStarted",
            "5<4 TaskFailed",
            "6<5 TaskScheduled",
            "7<6 TaskStarted",
            "8<7 TaskFailed",
            "9<8 TaskStateExited",
            "10<9 SucceedStateEntered",
            "11<10 SucceedStateExited",
            "12<11 ExecutionSucceeded",
        ]
    );
    let cause = json!({"errorMessage": "no", "errorType": "Busy"}).to_string();
    let failed = ended.details("TaskFailed")[0];
    let given: Value = serde_json::from_str(failed["cause"].as_str().unwrap()).unwrap();
    assert_eq!(given, serde_json::from_str::<Value>(&cause).unwrap());
    assert_eq!((&failed["error"], &failed["resource"]), (&json!("Busy"), &json!("invoke")));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_times_out() {
    let states = json!({ "A": task("f", json!({"TimeoutSeconds": 5})) });
    let world = World::new(&machine(states), |_, _| Takes(Duration::from_secs(9), json!({})));
    let ended = world.run(json!({})).await;
    assert_eq!(ended.links()[4..], ["5<4 TaskTimedOut", "6<5 ExecutionFailed"]);
    assert_eq!(
        *ended.details("TaskTimedOut")[0],
        json!({"error": "States.Timeout", "resource": "invoke", "resourceType": "lambda"})
    );
    assert_eq!(*ended.details("ExecutionFailed")[0], json!({"error": "States.Timeout"}));
}

#[tokio::test(start_paused = true)]
async fn states_that_wait_choose_and_fail() {
    let states = json!({
        "A": {"Type": "Wait", "Seconds": 1, "Next": "B"},
        "B": {"Type": "Choice", "Choices": [{"Condition": true, "Next": "C"}]},
        "C": {"Type": "Fail", "Error": "E", "Cause": "C"},
    });
    let ended = World::new(&machine(states), none).run(json!({})).await;
    assert_eq!(
        ended.links(),
        [
            "1<0 ExecutionStarted",
            "2<0 WaitStateEntered",
            "3<2 WaitStateExited",
            "4<3 ChoiceStateEntered",
            "5<4 ChoiceStateExited",
            "6<5 FailStateEntered",
            "7<6 ExecutionFailed",
        ]
    );
    assert_eq!(*ended.details("ExecutionFailed")[0], json!({"error": "E", "cause": "C"}));
}

#[tokio::test(start_paused = true)]
async fn an_expression_that_fails_follows_from_what_led_to_the_state() {
    let states = json!({
        "A": {"Type": "Pass", "Next": "B"},
        "B": {"Type": "Pass", "Output": "{% $none %}", "End": true},
    });
    let ended = World::new(&machine(states), none).run(json!({})).await;
    let links = ["4<3 PassStateEntered", "5<3 EvaluationFailed", "6<5 ExecutionFailed"];
    assert_eq!(ended.links()[3..], links);

    let states = json!({"A": {"Type": "Wait", "Timestamp": "{% 'soon' %}", "End": true}});
    let ended = World::new(&machine(states), none).run(json!({})).await;
    let links = ["2<0 WaitStateEntered", "3<2 EvaluationFailed", "4<3 ExecutionFailed"];
    assert_eq!(ended.links()[1..], links);
}

#[tokio::test(start_paused = true)]
async fn an_execution_without_an_end_fails_at_its_25_000th_event() {
    let states = json!({
        "A": {"Type": "Choice", "Choices": [{"Condition": false, "Next": "B"}], "Default": "A"},
        "B": {"Type": "Succeed"},
    });
    let world = World::new(&machine(states), none);
    let arn = world.start("o-1", &json!({})).await;
    world.settled().await;
    let request = json!({"executionArn": arn, "reverseOrder": true, "maxResults": 2});
    let events = world.call("GetExecutionHistory", request).await["events"].take();
    let last = |index: usize| (events[index]["id"].clone(), events[index]["type"].clone());
    assert_eq!(last(0), (json!(25_000), json!("ExecutionFailed")));
    assert_eq!(last(1), (json!(24_999), json!("ChoiceStateExited")));
    let described = world.call("DescribeExecution", json!({"executionArn": arn})).await;
    let cause = "The execution reached the maximum number of history events (25000).";
    assert_eq!(
        (&described["error"], &described["cause"]),
        (&json!("States.Runtime"), &json!(cause))
    );
}
