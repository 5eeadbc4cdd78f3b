//! Retries: which, how often, and when.

use serde_json::{Value, json};

use crate::world::{Answers, Ended, Fails, Reply, World, fine, machine, task};

async fn retried(
    retry: Value,
    script: impl Fn(&str, usize) -> Reply + Send + Sync + 'static,
) -> Ended {
    let states = json!({ "A": task("f", json!({ "Retry": retry })) });
    World::new(&machine(states), script).run(json!({})).await
}

fn always(error: &'static str) -> impl Fn(&str, usize) -> Reply + Send + Sync {
    move |_, _| Fails(error)
}

#[tokio::test(start_paused = true)]
async fn an_error_is_retried_with_growing_delays_and_then_reported() {
    let retry = json!([{
        "ErrorEquals": ["Busy"], "IntervalSeconds": 2, "BackoffRate": 3, "MaxAttempts": 3,
        "MaxDelaySeconds": 10,
    }]);
    let ended = retried(retry, always("Busy")).await;
    assert_eq!(ended.error(), "Busy");
    assert_eq!(ended.times("TaskScheduled"), [0.0, 2.0, 8.0, 18.0]);
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_succeeds_goes_on_as_if_nothing_had_been() {
    let retry = json!([{"ErrorEquals": ["States.ALL"]}]);
    let script = |_: &str, nth| if nth < 2 { Fails("Busy") } else { Answers(json!("done")) };
    let ended = retried(retry, script).await;
    assert_eq!(ended.output(), json!("done"));
    assert_eq!(ended.times("TaskScheduled"), [0.0, 1.0, 3.0]);
}

#[tokio::test(start_paused = true)]
async fn only_the_errors_that_are_named_are_retried() {
    for (names, attempts) in [
        (json!(["Busy"]), 2),
        (json!(["Idle", "Busy"]), 2),
        (json!(["States.ALL"]), 2),
        (json!(["States.TaskFailed"]), 2),
        (json!(["Bus"]), 1),
        (json!(["States.Timeout"]), 1),
    ] {
        let retry = json!([{"ErrorEquals": names, "MaxAttempts": 1}]);
        let ended = retried(retry, always("Busy")).await;
        assert_eq!(ended.times("TaskScheduled").len(), attempts, "{names}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_retrier_for_an_error_decides_even_if_it_has_no_attempts() {
    let retry = json!([
        {"ErrorEquals": ["Refused"], "MaxAttempts": 0},
        {"ErrorEquals": ["States.ALL"], "MaxAttempts": 2},
    ]);
    assert_eq!(retried(retry.clone(), always("Refused")).await.times("TaskScheduled").len(), 1);
    assert_eq!(retried(retry, always("Busy")).await.times("TaskScheduled").len(), 3);
}

/// The example of the specification: errors A, B, C, B.
#[tokio::test(start_paused = true)]
async fn each_retrier_counts_its_own_attempts() {
    let retry = json!([
        {"ErrorEquals": ["ErrorA", "ErrorB"], "IntervalSeconds": 1, "BackoffRate": 2, "MaxAttempts": 2},
        {"ErrorEquals": ["ErrorC"], "IntervalSeconds": 5},
    ]);
    let script = |_: &str, nth: usize| Fails(["ErrorA", "ErrorB", "ErrorC", "ErrorB"][nth]);
    let ended = retried(retry, script).await;
    assert_eq!(ended.times("TaskScheduled"), [0.0, 1.0, 3.0, 8.0]);
    assert_eq!(ended.error(), "ErrorB");
}

#[tokio::test(start_paused = true)]
async fn retriers_begin_anew_with_each_visit_to_the_state() {
    let states = json!({
        "A": task("f", json!({
            "Retry": [{"ErrorEquals": ["Busy"], "MaxAttempts": 1}],
            "Catch": [{"ErrorEquals": ["Busy"], "Next": "A"}],
            "Output": "done",
        })),
    });
    let script = |_: &str, nth| if nth < 4 { Fails("Busy") } else { Answers(json!({})) };
    let world = World::new(&machine(states), script);
    let ended = world.run(json!({})).await;
    assert_eq!(ended.output(), json!("done"));
    assert_eq!(ended.times("TaskScheduled"), [0.0, 1.0, 1.0, 2.0, 2.0]);
    assert_eq!(world.states.stats().transitions, 3 + 2, "three visits and two retries");
}

#[tokio::test(start_paused = true)]
async fn jitter_spreads_the_retries_of_many_within_the_delay() {
    let retry = json!([{
        "ErrorEquals": ["Busy"], "IntervalSeconds": 100, "MaxAttempts": 1, "JitterStrategy": "FULL",
    }]);
    let states = json!({ "A": task("f", json!({ "Retry": retry })) });
    let world = World::new(&machine(states), always("Busy"));
    let mut arns = Vec::new();
    for n in 0..50 {
        arns.push(world.start(&format!("o-{n}"), &json!({})).await);
    }
    world.settled().await;
    let mut delays = Vec::new();
    for arn in arns {
        delays.push(world.look(&arn).await.times("TaskScheduled")[1]);
    }
    assert!(delays.iter().all(|delay| (0.0..=100.0).contains(delay)), "{delays:?}");
    let early = delays.iter().filter(|delay| **delay < 50.0).count();
    assert!((10..=40).contains(&early), "{delays:?}");
}

#[tokio::test(start_paused = true)]
async fn expressions_see_how_often_the_state_was_retried() {
    let states = json!({ "A": task("f", json!({
        "Arguments": {"FunctionName": "f", "Payload": "{% $states.context.State.RetryCount %}"},
        "Retry": [{"ErrorEquals": ["Busy"]}],
        "Output": "{% $states.context.State.RetryCount %}",
    })) });
    let script = |_: &str, nth| if nth < 2 { Fails("Busy") } else { Answers(json!({})) };
    let world = World::new(&machine(states), script);
    assert_eq!(world.run(json!({})).await.output(), json!(2));
    assert_eq!(world.functions.payloads(), [json!(0), json!(1), json!(2)]);
}

#[tokio::test(start_paused = true)]
async fn an_expression_that_fails_can_be_retried_and_the_task_is_done_again() {
    let states = json!({ "A": task("f", json!({
        "Output": "{% $states.result.Payload.missing %}",
        "Retry": [{"ErrorEquals": ["States.QueryEvaluationError"], "MaxAttempts": 1}],
    })) });
    let world = World::new(&machine(states), fine);
    assert_eq!(world.run(json!({})).await.error(), "States.QueryEvaluationError");
    assert_eq!(world.functions.names(), ["f", "f"]);
}
