//! Errors: what they are called, which state catches them, and which cannot be caught.

use std::time::Duration;

use local_states::InvokeError;
use serde_json::{Value, json};

use crate::world::{
    Answers, Ended, Fails, FailsWith, Refuses, Reply, Takes, World, fine, machine, merge, none,
    task,
};

/// A task that catches everything, and puts the error out.
async fn caught(more: Value, reply: Reply) -> Value {
    let mut state = task(
        "f",
        json!({
            "TimeoutSeconds": 60,
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "B"}],
        }),
    );
    merge(&mut state, more);
    let states = json!({"A": state, "B": {"Type": "Succeed"}});
    let world = World::new(&machine(states), move |_, _| reply.clone());
    world.run(json!({"id": "o-1"})).await.output()
}

#[tokio::test(start_paused = true)]
async fn a_function_error_is_called_by_its_type_and_described_by_its_payload() {
    let description = json!({"errorType": "CardRefused", "errorMessage": "no funds"});
    let error = caught(json!({}), FailsWith(description.clone())).await;
    assert_eq!(error["Error"], "CardRefused");
    let cause: Value = serde_json::from_str(error["Cause"].as_str().unwrap()).unwrap();
    assert_eq!(cause, description);
}

#[tokio::test(start_paused = true)]
async fn a_function_error_without_a_type_is_unknown() {
    for description in [json!({"errorMessage": "x"}), json!("x"), json!({"errorType": 7})] {
        let error = caught(json!({}), FailsWith(description.clone())).await;
        assert_eq!(error["Error"], "Lambda.Unknown");
        let cause = error["Cause"].as_str().unwrap();
        assert!(cause.ends_with(&format!("Returned payload: {description}")), "{cause}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_exception_of_lambda_is_called_by_its_code() {
    let text = || "that is why".to_owned();
    for (exception, name, says) in [
        (InvokeError::AccessDenied(text()), "Lambda.AccessDeniedException", "Status Code: 403"),
        (InvokeError::NotFound(text()), "Lambda.ResourceNotFoundException", "Status Code: 404"),
        (InvokeError::TooManyRequests(text()), "Lambda.TooManyRequestsException", "Code: 429"),
        (InvokeError::Service(text()), "Lambda.ServiceException", "Code: 500"),
        (InvokeError::PayloadTooLarge(text()), "Lambda.RequestTooLargeException", "Code: 413"),
        (InvokeError::Unreachable(text()), "Lambda.SdkClientException", "that is why"),
    ] {
        let error = caught(json!({}), Refuses(exception)).await;
        assert_eq!(error["Error"], name);
        let cause = error["Cause"].as_str().unwrap();
        assert!(cause.starts_with("that is why") && cause.contains(says), "{cause}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_hangs_times_out_and_its_function_runs_on() {
    let states = json!({
        "A": task("f", json!({
            "TimeoutSeconds": "{% $states.input.seconds %}",
            "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "B"}],
        })),
        "B": {"Type": "Wait", "Seconds": 100, "End": true},
    });
    let world = World::new(&machine(states), |_, _| Takes(Duration::from_secs(50), json!({})));
    let arn = world.start("o-1", &json!({"seconds": 20})).await;
    tokio::time::sleep(Duration::from_secs(40)).await;
    assert_eq!(*world.functions.answered.lock().unwrap(), Vec::<String>::new());
    world.settled().await;
    let ended = world.look(&arn).await;
    assert_eq!(ended.output(), json!({"Error": "States.Timeout", "Cause": ""}));
    assert_eq!(ended.times("TaskTimedOut"), [20.0]);
    assert_eq!(*world.functions.answered.lock().unwrap(), ["f"], "it was not cancelled");
}

#[tokio::test(start_paused = true)]
async fn a_timeout_is_not_a_failed_task() {
    let late = || Takes(Duration::from_secs(61), json!({}));
    let catch = json!({"Catch": [
        {"ErrorEquals": ["States.TaskFailed"], "Next": "B", "Output": "failed"},
        {"ErrorEquals": ["States.Timeout"], "Next": "B", "Output": "late"},
    ]});
    assert_eq!(caught(catch.clone(), late()).await, json!("late"));
    assert_eq!(caught(catch, Fails("Other")).await, json!("failed"));
}

#[tokio::test(start_paused = true)]
async fn the_first_catcher_for_an_error_takes_it() {
    let catch = json!({"Catch": [
        {"ErrorEquals": ["Other"], "Next": "B", "Output": "first"},
        {"ErrorEquals": ["Refused", "Busy"], "Next": "B", "Output": "second"},
        {"ErrorEquals": ["Refused"], "Next": "B", "Output": "third"},
        {"ErrorEquals": ["States.ALL"], "Next": "B", "Output": "last"},
    ]});
    assert_eq!(caught(catch.clone(), Fails("Refused")).await, json!("second"));
    assert_eq!(caught(catch, Fails("Unlisted")).await, json!("last"));
}

#[tokio::test(start_paused = true)]
async fn a_catcher_reads_the_input_and_the_error_and_the_state_s_own_variables_stay() {
    let states = json!({
        "A": task("f", json!({
            "Assign": {"done": true},
            "Catch": [{
                "ErrorEquals": ["States.ALL"],
                "Output": {"id": "{% $states.input.id %}", "error": "{% $states.errorOutput.Error %}"},
                "Assign": {"why": "{% $parse($states.errorOutput.Cause).errorMessage %}"},
                "Next": "B",
            }],
        })),
        "B": {
            "Type": "Succeed",
            "Output": {
                "input": "{% $states.input %}", "why": "{% $why %}", "done": "{% $exists($done) %}",
            },
        },
    });
    let world = World::new(&machine(states), |_, _| Fails("Refused"));
    let output = world.run(json!({"id": "o-1"})).await.output();
    let input = json!({"id": "o-1", "error": "Refused"});
    assert_eq!(output, json!({"input": input, "why": "no", "done": false}));
}

#[tokio::test(start_paused = true)]
async fn retries_come_before_catchers() {
    let states = json!({
        "A": task("f", json!({
            "Retry": [{"ErrorEquals": ["Busy"], "MaxAttempts": 2}],
            "Catch": [{"ErrorEquals": ["Busy"], "Next": "B"}],
        })),
        "B": {"Type": "Succeed"},
    });
    let world = World::new(&machine(states), |_, _| Fails("Busy"));
    let ended = world.run(json!({})).await;
    assert_eq!(ended.output()["Error"], "Busy");
    assert_eq!(world.functions.names().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_expression_that_fails_is_an_error_like_others() {
    for more in [
        json!({"Arguments": {"FunctionName": "f", "Payload": "{% $none %}"}}),
        json!({"Arguments": {"FunctionName": "{% $states.input %}"}}),
        json!({"TimeoutSeconds": "{% 'soon' %}"}),
        json!({"TimeoutSeconds": "{% 0 %}"}),
        json!({"TimeoutSeconds": "{% 1.5 %}"}),
        json!({"Output": "{% $states.result.Payload + 1 %}"}),
        json!({"Assign": {"x": "{% $none %}"}}),
    ] {
        let error = caught(more.clone(), Answers(json!({}))).await;
        assert_eq!(error["Error"], "States.QueryEvaluationError", "{more}");
        let cause = error["Cause"].as_str().unwrap();
        let begins =
            "An error occurred while executing the state 'A' (entered at the event id #2). ";
        assert!(cause.starts_with(begins), "{cause}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_expression_that_fails_where_nothing_catches_ends_the_execution() {
    let end = json!({"Type": "Pass", "End": true});
    let rule = |condition: &str| json!([{"Condition": condition, "Next": "B"}]);
    for (state, location, says) in [
        (
            json!({"Type": "Pass", "Output": {"a": ["{% $none %}"]}, "Next": "B"}),
            "Output/a[0]",
            "'$none' specified for the field 'Output/a[0]' returned nothing (undefined).",
        ),
        (
            json!({"Type": "Choice", "Choices": rule("{% 'yes' %}"), "Default": "B"}),
            "Choices[0]/Condition",
            "Expected 'boolean', but was 'string' for value: \"yes\"",
        ),
        (
            json!({"Type": "Wait", "Seconds": "{% -1 %}", "Next": "B"}),
            "Seconds",
            "Expected 'a whole number 0 to 99999999', but was 'number' for value: -1",
        ),
        (
            json!({"Type": "Wait", "Timestamp": "{% '2016-12-05 21:29:29Z' %}", "Next": "B"}),
            "Timestamp",
            "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format \
             string: 2016-12-05 21:29:29Z",
        ),
        (
            json!({
                "Type": "Choice", "Choices": [{"Condition": true, "Next": "C"}], "Default": "B",
            }),
            "Error",
            "Expected 'string', but was 'object' for value: {}",
        ),
    ] {
        let fail = json!({"Type": "Fail", "Error": "{% $states.input %}"});
        let mut states = json!({"A": state, "B": end});
        if location == "Error" {
            states["C"] = fail;
        }
        let ended = World::new(&machine(states), none).run(json!({})).await;
        assert_eq!(ended.error(), "States.QueryEvaluationError");
        assert!(ended.cause().contains(says), "{}", ended.cause());
        let [failed] = ended.details("EvaluationFailed")[..] else { panic!("{:?}", ended.types()) };
        assert_eq!(failed["location"], location);
        assert_eq!(failed["cause"], ended.cause());
        assert_eq!(failed["error"], "States.QueryEvaluationError");
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_in_a_catcher_is_not_caught() {
    let states = json!({
        "A": task("f", json!({"Catch": [
            {"ErrorEquals": ["Refused"], "Output": "{% $none %}", "Next": "B"},
            {"ErrorEquals": ["States.ALL"], "Next": "B"},
        ]})),
        "B": {"Type": "Succeed"},
    });
    let ended = World::new(&machine(states), |_, _| Fails("Refused")).run(json!({})).await;
    assert_eq!(ended.error(), "States.QueryEvaluationError");
    assert!(ended.cause().contains("the field 'Catch[0]/Output'"), "{}", ended.cause());
}

#[tokio::test(start_paused = true)]
async fn a_choice_that_matches_nothing_fails_the_execution() {
    let states = json!({
        "A": {"Type": "Choice", "Choices": [{"Condition": false, "Next": "B"}]},
        "B": {"Type": "Succeed"},
    });
    let ended = World::new(&machine(states), none).run(json!({})).await;
    assert_eq!(ended.error(), "States.Runtime");
    assert!(ended.cause().ends_with("The state does not point to a next state."));
}

fn of_bytes(count: usize) -> Value {
    json!("x".repeat(count - 2))
}

#[tokio::test(start_paused = true)]
async fn a_result_over_256_kib_is_an_error_of_the_task() {
    let error = caught(json!({}), Answers(of_bytes(262_144))).await;
    assert_eq!(error["Error"], "States.DataLimitExceeded");
    assert!(error["Cause"].as_str().unwrap().contains("'lambda' returned a result with a size"));
}

async fn with_output(bytes: usize) -> Ended {
    let output = format!("{{% $pad('', {}, 'x') %}}", bytes - 2);
    let state = json!({"Type": "Pass", "Output": output, "End": true});
    World::new(&machine(json!({ "A": state })), none).run(json!({})).await
}

#[tokio::test(start_paused = true)]
async fn an_output_over_256_kib_ends_the_execution() {
    assert_eq!(with_output(262_144).await.output(), of_bytes(262_144));
    let ended = with_output(262_145).await;
    assert_eq!(ended.error(), "States.DataLimitExceeded");
    assert_eq!(ended.types(), ["ExecutionStarted", "PassStateEntered", "ExecutionFailed"]);
}

#[tokio::test(start_paused = true)]
async fn no_catcher_takes_an_output_or_arguments_that_are_too_large() {
    let catch = json!([{"ErrorEquals": ["States.ALL"], "Next": "B"}]);
    let large = "{% $pad('', 262145, 'x') %}";
    for more in [
        json!({"Output": large}),
        json!({"Arguments": {"FunctionName": "f", "Payload": large}}),
        json!({"Assign": {"x": large}}),
        json!({"Assign": {"x": "{% $pad('', 200000, 'x') %}", "y": "{% $pad('', 70000, 'x') %}"}}),
    ] {
        let mut state = task("f", json!({"Catch": catch}));
        merge(&mut state, more);
        let states = json!({"A": state, "B": {"Type": "Succeed"}});
        let ended = World::new(&machine(states), fine).run(json!({})).await;
        assert_eq!(ended.error(), "States.DataLimitExceeded");
    }
}
