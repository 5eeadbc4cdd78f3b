//! A saga: four tasks, and for each a way back. Each task fails in every way at every moment, and
//! whatever may have been done is undone, in reverse.

use std::{collections::BTreeMap, time::Duration};

use local_states::InvokeError;
use serde_json::{Value, json};

use crate::world::{Answers, Ended, Fails, Refuses, Reply, Takes, World};

fn definition() -> Value {
    serde_json::from_str(include_str!("saga.asl.json")).unwrap()
}

fn order() -> Value {
    json!({
        "orderId": "o-1",
        "items": [{"price": 250, "quantity": 2}, {"price": 100, "quantity": 1}],
    })
}

/// How a task goes wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    /// It says no: nothing was done, and asking again changes nothing.
    Refused,
    /// It fails before it has done anything.
    Before,
    /// It does its work, and the answer is lost.
    After,
    /// It does its work, too late.
    Late,
    /// It is never reached.
    Throttled,
}

const FAULTS: [Fault; 5] =
    [Fault::Refused, Fault::Before, Fault::After, Fault::Late, Fault::Throttled];

/// What a task answers if nothing is wrong.
fn answer(function: &str) -> Value {
    match function {
        "reserve" => json!({"reservation": "r-1"}),
        "pay" => json!({"payment": "p-1"}),
        _ => json!({}),
    }
}

fn reply(function: &str, fault: Fault) -> Reply {
    let refusal = match function {
        "reserve" => "OutOfStock",
        "pay" => "CardRefused",
        "ship" => "Undeliverable",
        _ => "Refused",
    };
    match fault {
        Fault::Refused => Fails(refusal),
        Fault::Before => Fails("Crash"),
        Fault::After => Refuses(InvokeError::Service("the answer was lost".to_owned())),
        Fault::Late => Takes(Duration::from_secs(11), answer(function)),
        Fault::Throttled => Refuses(InvokeError::TooManyRequests("slow down".to_owned())),
    }
}

/// Whether work was done although the task failed.
fn may_have_worked(fault: Fault) -> bool {
    match fault {
        Fault::After | Fault::Late => true,
        Fault::Refused | Fault::Before | Fault::Throttled => false,
    }
}

/// The saga over functions of which `function` has `fault` for the first `times` invocations.
async fn run(function: &'static str, fault: Fault, times: usize) -> (World, Ended) {
    let script = move |name: &str, nth: usize| {
        if name == function && nth < times { reply(name, fault) } else { Answers(answer(name)) }
    };
    let world = World::new(&definition(), script);
    let ended = world.run(order()).await;
    (world, ended)
}

/// What was done and not undone. A compensation that is asked to undo what was never done does
/// nothing.
fn left(world: &World, fault: Option<(&str, Fault, usize)>) -> BTreeMap<&'static str, bool> {
    let mut done: BTreeMap<&'static str, bool> = BTreeMap::new();
    let mut count = BTreeMap::new();
    for name in world.functions.names() {
        let nth = count.entry(name.clone()).or_insert(0_usize);
        let worked = match fault {
            Some((faulty, fault, times)) if faulty == name && *nth < times => {
                may_have_worked(fault)
            }
            _ => true,
        };
        *nth += 1;
        let (effect, is_done) = match name.as_str() {
            "reserve" => ("reservation", true),
            "pay" => ("payment", true),
            "ship" => ("shipment", true),
            "complete" => ("completion", true),
            "void" => ("shipment", false),
            "refund" => ("payment", false),
            "release" => ("reservation", false),
            "cancel" => ("cancellation", true),
            other => panic!("{other} is not part of the saga"),
        };
        if worked {
            done.insert(effect, is_done);
        }
    }
    done.retain(|_, is_done| *is_done);
    done
}

#[tokio::test(start_paused = true)]
async fn an_order_that_meets_no_trouble_is_completed() {
    let (world, ended) = run("no task", Fault::Before, 0).await;
    assert_eq!(ended.output(), json!({"orderId": "o-1", "status": "completed"}));
    assert_eq!(world.functions.names(), ["reserve", "pay", "ship", "complete"]);
    assert_eq!(
        world.functions.payloads()[1],
        json!({"orderId": "o-1", "amount": 600, "key": "o-1/pay"})
    );
    assert_eq!(world.states.stats().transitions, 5);
}

#[tokio::test(start_paused = true)]
async fn trouble_that_passes_is_retried_with_the_same_key() {
    for function in ["reserve", "pay", "ship", "complete"] {
        for fault in [Fault::Before, Fault::After, Fault::Late, Fault::Throttled] {
            let (world, ended) = run(function, fault, 2).await;
            assert_eq!(ended.output()["status"], "completed", "{function}, {fault:?}");
            let invocations = world.functions.invocations.lock().unwrap();
            let of_function: Vec<_> = invocations.iter().filter(|(it, _)| it == function).collect();
            assert_eq!(of_function.len(), 3);
            assert!(of_function.windows(2).all(|pair| pair[0] == pair[1]), "{of_function:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_a_task_may_have_done_is_undone_in_reverse() {
    let back = ["void", "refund", "release", "cancel"];
    for (function, refused, failed) in [
        ("reserve", &back[3..], &back[2..]),
        ("pay", &back[2..], &back[1..]),
        ("ship", &back[1..], &back[..]),
        ("complete", &back[..], &back[..]),
    ] {
        for fault in FAULTS {
            // More often than anything is retried.
            let (world, ended) = run(function, fault, 100).await;
            let context = format!("{function}, {fault:?}");
            let output = ended.output();
            assert_eq!(output["status"], "cancelled", "{context}");
            let reason = match (fault, function) {
                (Fault::Refused, "reserve") => "OutOfStock",
                (Fault::Refused, "pay") => "CardRefused",
                (Fault::Refused, "ship") => "Undeliverable",
                (Fault::Refused, _) => "Refused",
                (Fault::Before, _) => "Crash",
                (Fault::After, _) => "Lambda.ServiceException",
                (Fault::Late, _) => "States.Timeout",
                (Fault::Throttled, _) => "Lambda.TooManyRequestsException",
            };
            assert_eq!(output["reason"], reason, "{context}");
            let names = world.functions.names();
            let undone: Vec<&str> =
                names.iter().map(String::as_str).filter(|name| back.contains(name)).collect();
            let is_final = fault == Fault::Refused && function != "complete";
            assert_eq!(undone, if is_final { refused } else { failed }, "{context}");
            let left = left(&world, Some((function, fault, 100)));
            let expected: Vec<&str> = if function == "complete" && may_have_worked(fault) {
                vec!["cancellation", "completion"]
            } else {
                vec!["cancellation"]
            };
            assert_eq!(left.keys().copied().collect::<Vec<_>>(), expected, "{context}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_way_back_is_tried_until_it_works() {
    for function in ["void", "refund", "release", "cancel"] {
        for fault in FAULTS {
            let script = move |name: &str, nth: usize| match name {
                "complete" => Fails("Crash"),
                name if name == function && nth < 20 => reply(name, fault),
                name => Answers(answer(name)),
            };
            let world = World::new(&definition(), script);
            let ended = world.run(order()).await;
            assert_eq!(ended.output()["status"], "cancelled", "{function}, {fault:?}");
            let attempts = world.functions.names().iter().filter(|name| *name == function).count();
            assert_eq!(attempts, 21, "{function}, {fault:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_way_back_that_never_works_fails_loudly_and_says_where() {
    let script = |name: &str, _: usize| match name {
        "pay" | "refund" => Fails("Crash"),
        name => Answers(answer(name)),
    };
    let world = World::new(&definition(), script);
    let ended = world.run(order()).await;
    assert_eq!(ended.error(), "Crash");
    assert_eq!(ended.states(), ["Reserve", "Pay", "Refund"]);
}
