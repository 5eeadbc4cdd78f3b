//! Definitions that are refused, and why.

use std::{collections::BTreeSet, error::Error, sync::Arc};

use local_states::{Definition, StepFunctions, Tasks};
use serde_json::{Value, json};

use crate::world::{World, fine, machine, merge, options, spec, task};

/// The message of the refusal, with that of its source.
fn refusal(definition: &str) -> String {
    let Err(error) = Definition::parse(definition) else { panic!("{definition} was accepted") };
    let source = error.source().map(|source| format!(": {source}")).unwrap_or_default();
    format!("{error}{source}")
}

#[track_caller]
fn refused(definition: &Value, says: &str) {
    let message = refusal(&definition.to_string());
    assert!(message.contains(says), "{message} should contain {says}");
}

/// A machine of one state of this type.
fn one(state: Value) -> Value {
    machine(json!({ "A": state }))
}

fn pass(more: Value) -> Value {
    let mut state = json!({"Type": "Pass", "End": true});
    merge(&mut state, more);
    one(state)
}

fn with_task(more: Value) -> Value {
    one(task("f", more))
}

fn retry(more: Value) -> Value {
    let mut retrier = json!({"ErrorEquals": ["States.ALL"]});
    merge(&mut retrier, more);
    with_task(json!({ "Retry": [retrier] }))
}

#[test]
fn what_is_no_machine_is_refused() {
    for (text, says) in [
        ("", "not valid JSON"),
        ("[]", "/: must be an object"),
        ("{}", "/QueryLanguage: the query language JSONPath, the default, is not run"),
        (r#"{"QueryLanguage": "JSONPath"}"#, "the query language JSONPath is not run on one"),
        (r#"{"QueryLanguage": "JSONata"}"#, "/StartAt: is required"),
        (r#"{"QueryLanguage": "JSONata", "StartAt": "A"}"#, "/States: is required"),
        (r#"{"QueryLanguage": "JSONata", "StartAt": "A", "States": {}}"#, "/StartAt: names \"A\""),
        (r#"{"States": {"A": 1, "A": 2}}"#, "the key \"A\" stands there twice"),
        (r#"{"Comment": "${OrderFunction}"}"#, "${OrderFunction} is left in it"),
    ] {
        let message = refusal(text);
        assert!(message.contains(says), "{message} should contain {says}");
    }
    let large = format!("{{\"Comment\": \"{}\"}}", "x".repeat(1024 * 1024));
    assert!(refusal(&large).contains("larger than 1 MiB"));
}

#[test]
fn fields_of_the_machine_are_checked() {
    for (more, says) in [
        (json!({"Version": "2.0"}), "/Version: must be \"1.0\""),
        (
            json!({"TimeoutSeconds": 0}),
            "/TimeoutSeconds: is 0, must be a whole number 1 to 99999999",
        ),
        (json!({"TimeoutSeconds": 1.5}), "/TimeoutSeconds: is 1.5"),
        (json!({"Comment": 1}), "/Comment: must be text"),
        (json!({"StartAt": "B"}), "/StartAt: names \"B\", which is no state there"),
        (
            json!({"Colour": "red"}),
            "/Colour: the field is not run on one machine; what is: Comment",
        ),
    ] {
        let mut definition = pass(json!({}));
        merge(&mut definition, more);
        refused(&definition, says);
    }
}

#[test]
fn what_belongs_to_jsonpath_is_refused() {
    for (more, field) in [
        (json!({"InputPath": "$.order"}), "InputPath"),
        (json!({"Parameters": {"a.$": "$.a"}}), "Parameters"),
        (json!({"Result": 1}), "Result"),
        (json!({"ResultPath": null, "OutputPath": "$"}), "OutputPath"),
    ] {
        let mut state = json!({"Type": "Pass", "End": true});
        state.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        refused(&one(state), &format!("/States/A/{field}: belongs to JSONPath"));
    }
    refused(&pass(json!({"QueryLanguage": "JSONPath"})), "/States/A/QueryLanguage");
    let choice = |more: Value| {
        let mut rule = json!({"Condition": true, "Next": "A"});
        merge(&mut rule, more);
        one(json!({"Type": "Choice", "Choices": [rule]}))
    };
    refused(&choice(json!({"Variable": "$.a"})), "/Choices[0]/Variable: belongs to JSONPath");
    refused(
        &choice(json!({"IsNull": true})),
        "/States/A/Choices[0]/IsNull: the field is not run on one machine; what is: Comment, \
         Condition, Output, Assign, Next",
    );
}

#[test]
fn states_that_are_not_run_are_refused_by_name() {
    refused(&one(json!({"Type": "Map"})), "/States/A/Type: the state type Map is not run");
    refused(&one(json!({"Type": "Tusk"})), "is \"Tusk\", must be one of Choice, Fail");
    refused(&one(json!({})), "/States/A/Type: is required");
    refused(&one(json!("Pass")), "/States/A: must be an object");
    let name = "x".repeat(81);
    refused(
        &json!({"QueryLanguage": "JSONata", "StartAt": name, "States": {&name: {"Type": "Succeed"}}}),
        "the name of a state is 1 to 80 characters",
    );
}

#[test]
fn each_state_may_say_the_query_language_instead_of_the_machine() {
    let named = |name: &str, more: Value| {
        let mut state = json!({"Type": "Pass", "End": true});
        merge(&mut state, more);
        json!({"StartAt": name, "States": {name: state}})
    };
    let state = |more: Value| named("A", more);
    let says = json!({"QueryLanguage": "JSONata", "Output": "{% 2 * 3 %}"});
    Definition::parse(&state(says.clone()).to_string()).unwrap();
    let branch = |inner: Value| {
        let outer = json!({"Type": "Parallel", "QueryLanguage": "JSONata", "Branches": [inner]});
        state(outer)
    };
    Definition::parse(&branch(named("B", says)).to_string()).unwrap();
    refused(&branch(named("B", json!({}))), "/States/A/Branches[0]/States/B/QueryLanguage");
    refused(&state(json!({"QueryLanguage": "JSONPath"})), "/States/A/QueryLanguage");
    refused(&state(json!({})), "/QueryLanguage: the query language JSONPath, the default,");
}

#[test]
fn every_state_leads_somewhere_and_can_be_reached() {
    let end = || json!({"Type": "Succeed"});
    for (states, says) in [
        (json!({"A": {"Type": "Pass"}}), "/States/A: leads nowhere"),
        (json!({"A": {"Type": "Pass", "End": false}}), "/States/A: leads nowhere"),
        (json!({"A": {"Type": "Pass", "End": true, "Next": "A"}}), "has both Next and End"),
        (json!({"A": {"Type": "Pass", "Next": "B"}}), "/States/A/Next: names \"B\""),
        (json!({"A": {"Type": "Pass", "Next": "A"}}), "/States: no state ends"),
        (json!({"A": end(), "B": end()}), "/States/B: no other state leads here"),
        (
            json!({"A": {"Type": "Choice", "Choices": [{"Condition": true, "Next": "C"}], "Default": "B"}, "B": end()}),
            "/States/A/Choices[0]/Next: names \"C\"",
        ),
        (
            json!({"A": {"Type": "Choice", "Choices": [{"Condition": true, "Next": "B"}], "Default": "C"}, "B": end()}),
            "/States/A/Default: names \"C\"",
        ),
        (
            json!({"A": task("f", json!({"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "C"}]}))}),
            "/States/A/Catch[0]/Next: names \"C\"",
        ),
        (json!({"A": {"Type": "Succeed", "Next": "A"}}), "/States/A/Next: the field is not run"),
        (json!({"A": {"Type": "Fail", "End": true}}), "/States/A/End: the field is not run"),
    ] {
        refused(&machine(states), says);
    }
}

#[test]
fn tasks_invoke_functions_and_nothing_else() {
    let arguments = |more: Value| {
        let mut arguments = json!({"FunctionName": "f"});
        merge(&mut arguments, more);
        json!({ "Arguments": arguments })
    };
    for (more, says) in [
        (json!({"Resource": null}), "/States/A/Resource: is required"),
        (json!({"Resource": "lambda"}), "/States/A/Resource: must be the ARN of a resource"),
        (
            json!({"Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken"}),
            "waitForTaskToken is not run on one machine; what is: arn:aws:states:::lambda:invoke",
        ),
        (json!({"Resource": "arn:aws:lambda:us-east-1:0:function:f"}), "is not run on one machine"),
        (json!({"Resource": "arn:aws:states:::events:putEvents"}), "events:putEvents is not run"),
        (json!({"HeartbeatSeconds": 5}), "sends no heartbeats"),
        (json!({"Credentials": {}}), "/States/A/Credentials"),
        (json!({"Arguments": null}), "/States/A/Arguments: is required"),
        (json!({"Arguments": []}), "/States/A/Arguments: must be an object"),
        (json!({"Arguments": "{% $states.input %}"}), "an expression for all arguments is not run"),
        (arguments(json!({"FunctionName": null})), "/States/A/Arguments/FunctionName: is required"),
        (arguments(json!({"FunctionName": ""})), "must be the name or the ARN of a function"),
        (arguments(json!({"InvocationType": "Event"})), "the invocation type Event is not run"),
        (arguments(json!({"Qualifier": "1"})), "which may end in :<version>"),
        (arguments(json!({"Paylod": 1})), "/States/A/Arguments/Paylod: the field is not run"),
        (json!({"TimeoutSeconds": 0}), "/States/A/TimeoutSeconds: must be a whole number 1 to"),
        (json!({"TimeoutSeconds": "5"}), "/States/A/TimeoutSeconds: must be a whole number"),
    ] {
        refused(&with_task(more), says);
    }
}

#[test]
fn retry_and_catch_are_checked() {
    for (more, says) in [
        (json!({"ErrorEquals": null}), "/Retry[0]/ErrorEquals: must name at least one error"),
        (json!({"ErrorEquals": []}), "must name at least one error"),
        (json!({"ErrorEquals": [7]}), "/Retry[0]/ErrorEquals[0]: must be text"),
        (json!({"ErrorEquals": ["A", "States.ALL"]}), "States.ALL must stand alone"),
        (json!({"ErrorEquals": ["States.TimeOut"]}), "the error name States.TimeOut is not run"),
        (json!({"IntervalSeconds": 0}), "/Retry[0]/IntervalSeconds: is 0"),
        (json!({"MaxAttempts": -1}), "/Retry[0]/MaxAttempts: is -1"),
        (
            json!({"BackoffRate": 0.5}),
            "/Retry[0]/BackoffRate: is 0.5, must be a number of at least 1",
        ),
        (json!({"MaxDelaySeconds": 31_622_400}), "/Retry[0]/MaxDelaySeconds"),
        (json!({"IntervalSeconds": 9, "MaxDelaySeconds": 8}), "not be less than IntervalSeconds"),
        (json!({"JitterStrategy": "SOME"}), "must be \"FULL\" or \"NONE\""),
        (json!({"Delay": 1}), "/Retry[0]/Delay: the field is not run"),
    ] {
        refused(&retry(more), says);
    }
    let all = || json!({"ErrorEquals": ["States.ALL"], "Next": "B"});
    let busy = || json!({"ErrorEquals": ["Busy"], "Next": "B"});
    let catch = |entries: Value| {
        machine(json!({"A": task("f", json!({"Catch": entries})), "B": {"Type": "Succeed"}}))
    };
    refused(
        &catch(json!([all(), busy()])),
        "/Catch[1]: stands after States.ALL, which must be last",
    );
    refused(&catch(json!([{"ErrorEquals": ["Busy"]}])), "/Catch[0]/Next: is required");
    refused(&catch(json!({})), "/States/A/Catch: must be a list");
    Definition::parse(&catch(json!([busy(), all()])).to_string()).unwrap();
}

#[test]
fn expressions_are_parsed_before_anything_runs() {
    for (definition, says) in [
        (
            pass(json!({"Output": {"a": [{"b": "{% 1 + %}"}]}})),
            "/States/A/Output/a[0]/b: the JSONata expression \"1 +\": ",
        ),
        (pass(json!({"Output": "{% order.id %}"})), "the field \"order\" at the top level"),
        (pass(json!({"Output": "{% 1"})), "an expression begins with {% and ends with %}"),
        (pass(json!({"Output": "{% $states.result %}"})), "$states.result is there only in"),
        (pass(json!({"Assign": {"x": "{% $states.errorOutput %}"}})), "/Assign/x: the JSONata"),
        (pass(json!({"Assign": {"states": 1}})), "/States/A/Assign/states: a variable is"),
        (pass(json!({"Assign": {"x.y": 1}})), "/States/A/Assign/x.y: a variable is"),
        (pass(json!({"Assign": 1})), "/States/A/Assign: must be an object"),
        (
            with_task(
                json!({"Arguments": {"FunctionName": "f", "Payload": "{% $states.result %}"}}),
            ),
            "/States/A/Arguments/Payload: the JSONata expression",
        ),
        (with_task(json!({"TimeoutSeconds": "{% ?? %}"})), "/States/A/TimeoutSeconds: the JSONata"),
        (
            one(json!({"Type": "Choice", "Choices": [{"Condition": "true", "Next": "A"}]})),
            "/Choices[0]/Condition: must be true, false or an expression",
        ),
        (
            one(json!({"Type": "Choice", "Choices": [{"Next": "A"}]})),
            "/States/A/Choices[0]/Condition: is required",
        ),
        (one(json!({"Type": "Choice", "Choices": []})), "/Choices: must have at least one rule"),
        (
            one(json!({
                "Type": "Choice", "Choices": [{"Condition": true, "Next": "A"}], "Output": 1,
            })),
            "belong to Default, which is missing",
        ),
        (
            one(json!({"Type": "Fail", "Error": 7})),
            "/States/A/Error: must be text or an expression",
        ),
        (one(json!({"Type": "Wait", "End": true})), "must have either Seconds or Timestamp"),
        (
            one(
                json!({"Type": "Wait", "Seconds": 1, "Timestamp": "2026-01-01T00:00:00Z", "End": true}),
            ),
            "must have either Seconds or Timestamp",
        ),
        (
            one(json!({"Type": "Wait", "Seconds": -1, "End": true})),
            "/Seconds: must be a whole number",
        ),
        (
            one(json!({"Type": "Wait", "Timestamp": "2026-01-01 00:00:00Z", "End": true})),
            "/States/A/Timestamp: must be a timestamp",
        ),
    ] {
        refused(&definition, says);
    }
}

#[test]
fn branches_are_machines_of_their_own() {
    let parallel = |branches: Value| {
        machine(json!({
            "A": {"Type": "Parallel", "Branches": branches, "Assign": {"own": 1}, "Next": "Y"},
            "Y": {"Type": "Pass", "Assign": {"outer": 1}, "Next": "Z"},
            "Z": {"Type": "Succeed"},
        }))
    };
    let branch = |state: Value| json!({"StartAt": "B", "States": {"B": state}});
    for (branches, says) in [
        (json!([]), "/States/A/Branches: must have at least one branch"),
        (json!([{}]), "/States/A/Branches[0]/StartAt: is required"),
        (
            json!([branch(json!({"Type": "Pass", "Next": "Z"}))]),
            "/States/A/Branches[0]/States/B/Next: names \"Z\", which is no state there",
        ),
        (
            json!([branch(json!({"Type": "Succeed"})), branch(json!({"Type": "Succeed"}))]),
            "/States/A/Branches[1]/States/B: another state has this name",
        ),
        (
            json!([branch(json!({"Type": "Pass", "Assign": {"outer": 2}, "End": true}))]),
            "/Branches[0]/States/B/Assign/outer: a variable of this name is assigned outside",
        ),
    ] {
        refused(&parallel(branches), says);
    }
    let own = branch(json!({"Type": "Pass", "Assign": {"own": 2, "inner": 3}, "End": true}));
    Definition::parse(&parallel(json!([own])).to_string()).unwrap();
}

#[test]
fn the_functions_that_are_named_are_known() {
    let branch = json!({"StartAt": "B", "States": {"B": task("ship", json!({}))}});
    let late =
        json!({"Arguments": {"FunctionName": "{% $states.input %}"}, "End": null, "Next": "P"});
    let states = json!({
        "A": task("pay", json!({"End": null, "Next": "L"})),
        "L": task("", late),
        "P": {"Type": "Parallel", "Branches": [branch], "End": true},
    });
    let definition = Definition::parse(&machine(states.clone()).to_string()).unwrap();
    assert_eq!(definition.functions(), BTreeSet::from(["pay", "ship"]));
    let world = World::new(&machine(states), fine);
    assert_eq!(world.states.functions(), BTreeSet::from(["pay", "ship"]));
}

#[tokio::test]
async fn machines_that_aws_would_not_create_are_refused_by_name() {
    let definition = pass(json!({}));
    let created = |names: &[&str], definition: &Value| {
        let specs = names.iter().map(|name| spec(name, definition)).collect();
        let tasks = Arc::clone(&World::new(&pass(json!({})), fine).functions) as Arc<dyn Tasks>;
        StepFunctions::new(specs, tasks, options())
    };
    for (names, says) in [
        (["a b", "c"], "state machine \"a b\": a name is 1 to 80 characters"),
        (["a", "a"], "state machine \"a\" is there twice"),
    ] {
        let Err(error) = created(&names, &definition) else { panic!("{names:?} were created") };
        assert!(error.to_string().contains(says), "{error}");
    }
    let Err(error) = created(&["a"], &json!({})) else { panic!("it was created") };
    assert_eq!(error.to_string(), "state machine \"a\": the definition cannot be run");
    assert!(error.source().unwrap().to_string().contains("/QueryLanguage"));
}
