//! Branches: side by side, with their own variables, ended by the first failure.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{Answers, Fails, Reply, Takes, World, fine, machine, merge, none, task};

fn branch(states: Value) -> Value {
    let start = states.as_object().unwrap().keys().min().unwrap().clone();
    json!({"StartAt": start, "States": states})
}

fn parallel(branches: Value, more: Value) -> Value {
    let mut state = json!({"Type": "Parallel", "Branches": branches, "End": true});
    merge(&mut state, more);
    state
}

fn after(seconds: u64) -> Reply {
    Takes(Duration::from_secs(seconds), json!(seconds))
}

#[tokio::test(start_paused = true)]
async fn branches_run_side_by_side_and_their_outputs_keep_the_order() {
    let branches = json!([
        branch(json!({"B1": task("slow", json!({}))})),
        branch(json!({"B2": {"Type": "Pass", "Output": "{% $states.input.n %}", "End": true}})),
        branch(json!({"B3": task("quick", json!({}))})),
    ]);
    let more = json!({
        "Arguments": {"n": "{% $states.input.n + 1 %}"},
        "Output": {"input": "{% $states.input %}", "result": "{% $states.result %}"},
    });
    let states = json!({ "A": parallel(branches, more) });
    let script = |name: &str, _| after(if name == "slow" { 30 } else { 20 });
    let world = World::new(&machine(states), script);
    let ended = world.run(json!({"n": 1})).await;
    assert_eq!(ended.output(), json!({"input": {"n": 1}, "result": [30, 2, 20]}));
    assert_eq!(ended.times("ExecutionSucceeded"), [30.0]);
    assert_eq!(world.functions.payloads(), [json!({"n": 2}), json!({"n": 2})]);
}

#[tokio::test(start_paused = true)]
async fn a_branch_reads_the_variables_around_it_and_keeps_its_own() {
    let inner = |value: u32| {
        let first = format!("B{value}");
        let second = format!("C{value}");
        branch(json!({
            first: {"Type": "Pass", "Assign": {"inner": value}, "Next": second.clone()},
            second: {"Type": "Pass", "Output": "{% [$outer, $inner] %}", "End": true},
        }))
    };
    let states = json!({
        "A": {"Type": "Pass", "Assign": {"outer": 1}, "Next": "P"},
        "P": parallel(json!([inner(2), inner(3)]), json!({
            "Assign": {"outer": "{% $states.result[1][1] %}"}, "End": null, "Next": "Z",
        })),
        "Z": {
            "Type": "Succeed",
            "Output": {"result": "{% $states.input %}", "outer": "{% $outer %}", "inner": "{% $exists($inner) %}"},
        },
    });
    let output = World::new(&machine(states), none).run(json!({})).await.output();
    assert_eq!(output, json!({"result": [[1, 2], [1, 3]], "outer": 3, "inner": false}));
}

#[tokio::test(start_paused = true)]
async fn the_first_failure_ends_all_branches_and_can_be_caught() {
    let branches = json!([
        branch(json!({"B1": task("slow", json!({}))})),
        branch(
            json!({"B2": {"Type": "Wait", "Seconds": 5, "Next": "C2"}, "C2": task("bad", json!({}))})
        ),
        branch(json!({"B3": {"Type": "Wait", "Seconds": 60, "End": true}})),
    ]);
    let catch = json!([{"ErrorEquals": ["Refused"], "Next": "Z", "Assign": {"error": "{% $states.errorOutput.Error %}"}}]);
    let states = json!({
        "A": parallel(branches, json!({"Catch": catch})),
        "Z": {"Type": "Succeed", "Output": "{% $error %}"},
    });
    let script = |name: &str, _| if name == "bad" { Fails("Refused") } else { after(30) };
    let world = World::new(&machine(states), script);
    let ended = world.run(json!({})).await;
    assert_eq!(ended.output(), json!("Refused"));
    assert_eq!(ended.times("ExecutionSucceeded"), [5.0]);
    assert_eq!(
        ended.links()[9..],
        [
            "10<9 TaskStateEntered",
            "11<10 TaskScheduled",
            "12<11 TaskStarted",
            "13<12 TaskFailed",
            "14<6 TaskStateAborted",
            "15<13 TaskStateAborted",
            "16<8 WaitStateAborted",
            "17<13 ParallelStateFailed",
            "18<17 ParallelStateExited",
            "19<18 SucceedStateEntered",
            "20<19 SucceedStateExited",
            "21<20 ExecutionSucceeded",
        ],
        "{:#?}",
        ended.links()
    );
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(*world.functions.answered.lock().unwrap(), ["bad", "slow"], "it runs on");
}

#[tokio::test(start_paused = true)]
async fn a_branch_that_has_finished_is_not_aborted() {
    let wait = |seconds: u32| json!({"Type": "Wait", "Seconds": seconds, "End": true});
    let branches = json!([
        branch(json!({"B1": wait(1)})),
        branch(json!({"B2": task("quick", json!({}))})),
        branch(json!({"B3": wait(60)})),
        branch(json!({
            "B4": {"Type": "Wait", "Seconds": 2, "Next": "C4"},
            "C4": task("bad", json!({})),
        })),
    ]);
    let states = json!({ "A": parallel(branches, json!({})) });
    let script = |name: &str, _| if name == "bad" { Fails("Refused") } else { after(1) };
    let ended = World::new(&machine(states), script).run(json!({})).await;
    assert_eq!(ended.error(), "Refused");
    let count = |event: &str| ended.links().iter().filter(|it| it.ends_with(event)).count();
    assert_eq!(count(" WaitStateExited"), 2, "{:#?}", ended.links());
    assert_eq!(count(" WaitStateAborted"), 1);
    assert_eq!(count(" TaskStateExited"), 1);
    assert_eq!(count(" TaskStateAborted"), 1);
}

#[tokio::test(start_paused = true)]
async fn branches_that_succeed_are_written_down() {
    let branches = json!([
        branch(json!({"B1": {"Type": "Pass", "End": true}})),
        branch(json!({"B2": {"Type": "Pass", "End": true}})),
    ]);
    let states = json!({ "A": parallel(branches, json!({})) });
    let ended = World::new(&machine(states), none).run(json!({})).await;
    assert_eq!(
        ended.links(),
        [
            "1<0 ExecutionStarted",
            "2<0 ParallelStateEntered",
            "3<2 ParallelStateStarted",
            "4<3 PassStateEntered",
            "5<4 PassStateExited",
            "6<3 PassStateEntered",
            "7<6 PassStateExited",
            "8<7 ParallelStateSucceeded",
            "9<7 ParallelStateExited",
            "10<9 ExecutionSucceeded",
        ]
    );
    assert_eq!(ended.output(), json!([{}, {}]));
}

#[tokio::test(start_paused = true)]
async fn arguments_that_are_too_large_end_the_execution() {
    let branches = json!([branch(json!({"B1": {"Type": "Pass", "Output": 1, "End": true}}))]);
    let more = json!({
        "Arguments": "{% $pad('', 262143, 'x') %}",
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Z"}],
    });
    let states = json!({"A": parallel(branches, more), "Z": {"Type": "Succeed"}});
    let ended = World::new(&machine(states), none).run(json!({})).await;
    assert_eq!(ended.error(), "States.DataLimitExceeded");
}

/// As recorded on AWS: without a failure of the state in between.
#[tokio::test(start_paused = true)]
async fn all_branches_are_retried_together() {
    let fail = json!({"Type": "Fail", "Error": "FailureType", "Cause": "Cause description"});
    let retry = json!([{"ErrorEquals": ["FailureType"], "MaxAttempts": 2}]);
    let states = json!({
        "A": parallel(json!([branch(json!({"Branch1": fail}))]), json!({"Retry": retry})),
    });
    let ended = World::new(&machine(states), none).run(json!({})).await;
    assert_eq!(
        ended.links()[2..],
        [
            "3<2 ParallelStateStarted",
            "4<3 FailStateEntered",
            "5<4 ParallelStateStarted",
            "6<5 FailStateEntered",
            "7<6 ParallelStateStarted",
            "8<7 FailStateEntered",
            "9<8 ParallelStateFailed",
            "10<9 ExecutionFailed",
        ]
    );
    assert_eq!((ended.error(), ended.cause()), ("FailureType", "Cause description"));
}

#[tokio::test(start_paused = true)]
async fn branches_may_branch() {
    let leaf = |name: &str| branch(json!({ name: task(name, json!({})) }));
    let inner = parallel(json!([leaf("L1"), leaf("L2")]), json!({}));
    let states =
        json!({ "A": parallel(json!([branch(json!({"B1": inner})), leaf("L3")]), json!({})) });
    let world = World::new(&machine(states.clone()), |name, _| Answers(json!(name)));
    assert_eq!(world.run(json!({})).await.output(), json!([["L1", "L2"], "L3"]));
    let world =
        World::new(
            &machine(states),
            |name, _| if name == "L2" { Fails("Deep") } else { fine(name, 0) },
        );
    assert_eq!(world.run(json!({})).await.error(), "Deep");
}
