//! What is reported of executions without the API, and when they are followed no further.

use std::time::Duration;

use local_states::Status;
use serde_json::json;
use tokio::time::sleep;

use crate::world::{Answers, Fails, Takes, World, fine, machine, task};

#[tokio::test(start_paused = true)]
async fn executions_are_told_in_their_order_with_what_each_costs() {
    let states = json!({
        "A": task("f", json!({
            "Retry": [{"ErrorEquals": ["Busy"], "MaxAttempts": 3}], "End": null, "Next": "B",
        })),
        "B": {"Type": "Choice", "Choices": [
            {"Condition": "{% $states.input = 'wait' %}", "Next": "C"},
        ], "Default": "D"},
        "C": {"Type": "Wait", "Seconds": 60, "End": true},
        "D": {"Type": "Fail", "Error": "Refused"},
    });
    let answers = |_: &str, nth: usize| match nth {
        0 | 1 => Fails("Busy"),
        2 => Answers(json!("wait")),
        _ => Answers(json!("fail")),
    };
    let world = World::new(&machine(states), answers);
    let waiting = world.start("z-1", &json!({})).await;
    sleep(Duration::from_secs(30)).await;
    world.start("a-2", &json!({})).await;
    sleep(Duration::from_secs(10)).await;

    let executions = world.states.executions();
    let reported: Vec<_> = executions
        .iter()
        .map(|it| (it.name.as_str(), it.status, it.transitions, it.ended.is_some()))
        .collect();
    // A with two retries, B, C; and A, B, D.
    let expected = [("z-1", Status::Running, 5, false), ("a-2", Status::Failed, 3, true)];
    assert_eq!(reported, expected);
    assert_eq!((&executions[0].arn, executions[0].state_machine.as_str()), (&waiting, "orders"));
    assert_eq!((executions[1].started - executions[0].started).whole_seconds(), 30);
    assert_eq!(world.states.stats().transitions, 8);
}

/// What is counted is what the history shows: states entered, and tasks scheduled once more.
#[tokio::test(start_paused = true)]
async fn transitions_are_those_of_the_history() {
    let branch = |name: &str| {
        let retry = json!({ "Retry": [{"ErrorEquals": ["Busy"], "MaxAttempts": 3}] });
        json!({ "StartAt": name, "States": { name: task("f", retry) } })
    };
    let states = json!({
        "A": {"Type": "Parallel", "Branches": [branch("P"), branch("Q")], "End": true},
    });
    let busy = |_: &str, nth: usize| if nth < 3 { Fails("Busy") } else { Answers(json!({})) };
    let world = World::new(&machine(states), busy);
    let ended = world.run(json!({})).await;
    let [execution] = &world.states.executions()[..] else { panic!("one execution") };
    assert_eq!(world.states.history(&execution.arn), Some(ended.events.clone()));
    let entered = ended.states().len();
    let retries = ended.types().iter().filter(|it| **it == "TaskFailed").count();
    assert_eq!((entered, retries), (3, 3));
    assert_eq!(execution.transitions, 6);
    assert_eq!(world.states.history("arn:aws:states:us-east-1:000000000000:execution:a:b"), None);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_followed_after_the_stop() {
    let states =
        json!({ "A": {"Type": "Wait", "Seconds": 60, "Next": "B"}, "B": task("f", json!({})) });
    let world = World::new(&machine(states), fine);
    world.start("o-1", &json!({})).await;
    sleep(Duration::from_secs(30)).await;
    world.states.stop().await;
    world.start("o-2", &json!({})).await;
    sleep(Duration::from_secs(300)).await;
    assert_eq!(world.functions.names(), [""; 0]);
    let reported: Vec<_> =
        world.states.executions().into_iter().map(|it| (it.status, it.transitions)).collect();
    assert_eq!(reported, [(Status::Running, 1), (Status::Running, 0)]);
    assert!(!world.states.idle());
}

#[tokio::test(start_paused = true)]
async fn executions_end_with_the_last_handle() {
    let slow = |_: &str, _: usize| Takes(Duration::from_secs(60), json!({}));
    let states = json!({
        "A": task("f", json!({"End": null, "Next": "B"})), "B": task("g", json!({})),
    });
    let World { states, functions } = World::new(&machine(states), slow);
    let other = states.clone();
    let machine_arn = local_states::state_machine_arn("orders");
    other.start_execution(&machine_arn, None, "{}").unwrap();
    drop(other);
    sleep(Duration::from_secs(30)).await;
    assert_eq!(functions.names(), ["f"], "another handle is left");
    drop(states);
    sleep(Duration::from_secs(300)).await;
    assert_eq!(functions.names(), ["f"]);
}
