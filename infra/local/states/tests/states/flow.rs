//! What each type of state does, and what is passed on.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{Answers, Takes, World, fine, machine, merge, none, task};

#[tokio::test(start_paused = true)]
async fn a_pass_state_passes_on_its_input_or_its_output() {
    for (more, output) in [
        (json!({}), json!({"n": 1})),
        (json!({"Output": "{% $states.input.n + 1 %}"}), json!(2)),
        (
            json!({"Output": {"a": ["{% $states.input.n %}", " {% n %} "]}}),
            json!({"a": [1, " {% n %} "]}),
        ),
        (json!({"Output": {}}), json!({})),
        (json!({"Output": "$states.input"}), json!("$states.input")),
    ] {
        let mut state = json!({"Type": "Pass", "End": true});
        merge(&mut state, more);
        let world = World::new(&machine(json!({ "A": state })), none);
        assert_eq!(world.run(json!({"n": 1})).await.output(), output, "{state}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_output_can_be_null() {
    let state = json!({"Type": "Succeed", "Output": null});
    let world = World::new(&machine(json!({ "A": state })), none);
    assert_eq!(world.run(json!({"n": 1})).await.output(), Value::Null);
}

#[tokio::test(start_paused = true)]
async fn a_task_is_given_its_payload_and_results_in_the_whole_response() {
    let states = json!({ "A": task("reserve", json!({
        "Arguments": {"FunctionName": "reserve", "Payload": {"order": "{% $states.input.id %}"}},
        "Output": null,
    })) });
    let world = World::new(&machine(states), |_, _| Answers(json!({"reserved": true})));
    let result = world.run(json!({"id": "o-1"})).await.output();
    assert_eq!(world.functions.payloads(), [json!({"order": "o-1"})]);
    assert_eq!(result["Payload"], json!({"reserved": true}));
    assert_eq!(
        (&result["StatusCode"], &result["ExecutedVersion"]),
        (&json!(200), &json!("$LATEST"))
    );
    let id = &result["SdkResponseMetadata"]["RequestId"];
    assert_eq!(result["SdkHttpMetadata"]["HttpHeaders"]["x-amzn-RequestId"], *id);
    assert_eq!(result["SdkHttpMetadata"]["HttpStatusCode"], 200);
}

#[tokio::test(start_paused = true)]
async fn a_task_without_a_payload_gives_an_empty_object_and_may_name_its_function_late() {
    let states = json!({ "A": task("", json!({
        "Arguments": {"FunctionName": "{% $states.input.function %}"},
    })) });
    let world = World::new(&machine(states), fine);
    world.run(json!({"function": "pay"})).await.output();
    assert_eq!(*world.functions.invocations.lock().unwrap(), [("pay".to_owned(), json!({}))]);
}

#[tokio::test(start_paused = true)]
async fn a_choice_goes_where_the_first_condition_that_holds_leads() {
    let rule = |condition: Value, next: &str| json!({"Condition": condition, "Next": next});
    let end = json!({"Type": "Pass", "Output": "{% $states.context.State.Name %}", "End": true});
    let choice = json!({
        "Type": "Choice",
        "Choices": [
            rule(json!("{% $states.input.total > 100 %}"), "Much"),
            rule(json!("{% $states.input.total > 10 %}"), "Some"),
            rule(json!(false), "Much"),
        ],
        "Default": "Little",
    });
    let states = json!({"A": choice, "Much": end, "Some": end, "Little": end});
    for (total, end) in [(101, "Much"), (100, "Some"), (10, "Little")] {
        let world = World::new(&machine(states.clone()), none);
        assert_eq!(world.run(json!({"total": total})).await.output(), json!(end), "{total}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rule_has_its_own_output_and_variables_and_the_rest_are_of_the_default() {
    let choice = json!({
        "Type": "Choice",
        "Choices": [{
            "Condition": "{% $states.input.vip %}",
            "Output": {"tier": "gold"},
            "Assign": {"discount": "{% $states.input.total / 10 %}"},
            "Next": "B",
        }],
        "Default": "B",
        "Output": {"tier": "none"},
        "Assign": {"discount": 0},
    });
    let end = json!({
        "Type": "Pass", "End": true,
        "Output": {"tier": "{% $states.input.tier %}", "discount": "{% $discount %}"},
    });
    for (vip, output) in [
        (true, json!({"tier": "gold", "discount": 5})),
        (false, json!({"tier": "none", "discount": 0})),
    ] {
        let world = World::new(&machine(json!({"A": choice, "B": end})), none);
        assert_eq!(world.run(json!({"vip": vip, "total": 50})).await.output(), output);
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_takes_as_long_as_it_says() {
    for (until, seconds) in [
        (json!({"Seconds": 30}), 30.0),
        (json!({"Seconds": 0}), 0.0),
        (json!({"Seconds": "{% $states.input.seconds %}"}), 90.0),
        (json!({"Timestamp": "2026-11-23T12:05:00Z"}), 300.0),
        (json!({"Timestamp": "{% $states.input.at %}"}), 86_400.0),
        (json!({"Timestamp": "2026-11-23T13:00:00.5+01:00"}), 0.5),
        (json!({"Timestamp": "2016-03-14T01:59:00Z"}), 0.0),
    ] {
        let mut state = json!({"Type": "Wait", "End": true});
        merge(&mut state, until);
        let world = World::new(&machine(json!({ "A": state })), none);
        let input = json!({"seconds": 90, "at": "2026-11-24T12:00:00Z"});
        let ended = world.run(input.clone()).await;
        assert_eq!(ended.times("WaitStateExited"), [seconds], "{state}");
        assert_eq!(ended.output(), input);
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_state_names_error_and_cause() {
    for (more, error, cause) in [
        (json!({"Error": "Refused", "Cause": "no funds"}), "Refused", "no funds"),
        (json!({"Cause": "{% 'of ' & $states.input.id %}"}), "", "of o-1"),
        (json!({}), "", ""),
    ] {
        let mut state = json!({"Type": "Fail"});
        merge(&mut state, more);
        let world = World::new(&machine(json!({ "A": state })), none);
        let ended = world.run(json!({"id": "o-1"})).await;
        assert_eq!((ended.error(), ended.cause()), (error, cause));
        assert_eq!(ended.description.get("error").is_some(), !error.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn variables_are_read_by_all_later_states_and_change_all_at_once() {
    let states = json!({
        "A": {"Type": "Pass", "Assign": {"x": 3, "y": {"z": 6}}, "Next": "B"},
        "B": {
            "Type": "Pass", "Next": "C",
            "Assign": {"x": "{% $y.z %}", "y": "{% $x %}"},
            "Output": "{% [$x, $y] %}",
        },
        "C": {"Type": "Succeed", "Output": {"before": "{% $states.input %}", "x": "{% $x %}", "y": "{% $y %}"}},
    });
    let world = World::new(&machine(states), none);
    let output = world.run(json!({})).await.output();
    assert_eq!(output, json!({"before": [3, {"z": 6}], "x": 6, "y": 3}));
}

#[tokio::test(start_paused = true)]
async fn an_execution_knows_itself() {
    let states = json!({
        "A": {"Type": "Wait", "Seconds": 1, "Next": "B"},
        "B": {"Type": "Pass", "Output": "{% $states.context %}", "End": true},
    });
    let world = World::new(&machine(states), none);
    let output = world.run(json!({"id": 7})).await.output();
    assert_eq!(
        output,
        json!({
            "Execution": {
                "Id": "arn:aws:states:us-east-1:000000000000:execution:orders:o-1",
                "Input": {"id": 7},
                "Name": "o-1",
                "RoleArn": "arn:aws:iam::000000000000:role/orders",
                "StartTime": "2026-11-23T12:00:00.000Z",
                "RedriveCount": 0,
            },
            "StateMachine": {
                "Id": "arn:aws:states:us-east-1:000000000000:stateMachine:orders",
                "Name": "orders",
            },
            "State": {"Name": "B", "EnteredTime": "2026-11-23T12:00:01.000Z"},
        })
    );
}

#[tokio::test(start_paused = true)]
async fn executions_run_side_by_side() {
    let states = json!({ "A": task("slow", json!({})) });
    let world = World::new(&machine(states), |_, _| Takes(Duration::from_secs(10), json!("done")));
    let mut arns = Vec::new();
    for n in 0..100 {
        arns.push(world.start(&format!("o-{n}"), &json!(n)).await);
    }
    world.settled().await;
    for arn in arns {
        let ended = world.look(&arn).await;
        assert_eq!(
            (ended.output(), ended.times("ExecutionSucceeded")),
            (json!("done"), vec![10.0])
        );
    }
    let stats = world.states.stats();
    assert_eq!((stats.started, stats.succeeded, stats.transitions), (100, 100, 100));
}
