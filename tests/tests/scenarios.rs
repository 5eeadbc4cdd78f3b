//! Every scenario, in both modes, while events come twice, late and in any order.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path, time::Duration};

use local_stack::{Disorder, SchedulePace, StackOptions, build};
use orderly::{
    Shop,
    demo::{self, DemoOptions},
    seed,
    shop::{self, STACK_NAME},
};
use serde_json::Value;

/// Far more than events overtake each other by in AWS, far less than an order's deadline.
const DELAY_MAX: Duration = Duration::from_millis(500);

async fn plays_all(mode: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("infra/template.yaml");
    let parameters = demo::parameters(mode);
    let template = shop::load_template_with(&path, &parameters).unwrap();
    let output = build::Output::of_this_program().unwrap();
    let binaries = build::functions(&template, &path, &output).await.unwrap();
    let options = StackOptions {
        parameters,
        disorder: Disorder { duplicate: true, shuffle: true, seed: 7, max_delay: DELAY_MAX },
        schedule_pace: SchedulePace::Every(Duration::from_secs(1)),
        ..StackOptions::new(&path, binaries)
    };
    let stack = Shop::start(options).await.unwrap();
    seed::seed(&stack).await.unwrap();
    if mode == "choreography" {
        takes_no_tasks(&stack).await;
    }
    let scenarios = demo::ALL.iter().collect();
    let held = demo::run(&stack, DemoOptions { scenarios, kills: false, seed: 7 }).await.unwrap();
    stack.stop().await;
    assert!(held, "an invariant did not hold in {mode}: the report is above");
}

/// Where no workflow is deployed, a caller that may invoke a function may not have it do a
/// workflow's work.
async fn takes_no_tasks(stack: &Shop) {
    for (function, task) in [
        ("order-events", "task-record-payment"),
        ("inventory", "task-reserve"),
        ("payment", "task-charge"),
        ("shipping", "task-ship"),
    ] {
        let path = format!("{}/../events/{function}/{task}.json", env!("CARGO_MANIFEST_DIR"));
        let task = fs::read(path).unwrap().into();
        let name = format!("{STACK_NAME}-{function}");
        let refused = stack.lambda().invoke(&name, task).await.unwrap();
        assert!(!refused.is_ok(), "{function} took a task");
        let error: Value = serde_json::from_slice(&refused.payload).unwrap();
        assert_eq!(error["errorType"], "Poison", "{function}: {error}");
        let reason = error["errorMessage"].as_str().unwrap();
        assert!(reason.starts_with("tasks are refused in the mode"), "{function}: {error}");
    }
    assert_eq!(stack.payments().ledger().len() + stack.carrier().shipments().len(), 0);
}

/// One after the other: their deadlines are meant for one stack on this machine at a time.
#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_ends_as_it_must_in_each_mode() {
    for mode in ["choreography", "orchestration"] {
        plays_all(mode).await;
    }
}
