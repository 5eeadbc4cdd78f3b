//! Every scenario, in both modes, while events come twice, late and in any order.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{path::Path, time::Duration};

use orderly::{
    build,
    demo::{self, DemoOptions},
    seed,
    stack::{self, Disorder, SchedulePace, Stack, StackOptions},
};

/// Far more than events overtake each other by in AWS, far less than an order's deadline.
const DELAY_MAX: Duration = Duration::from_millis(500);

async fn plays_all(mode: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("infra/template.yaml");
    let parameters = demo::parameters(mode);
    let template = stack::load_template_with(&path, &parameters).unwrap();
    let output = build::Output::of_this_program().unwrap();
    let binaries = build::functions(&template, &path, &output).await.unwrap();
    let options = StackOptions {
        parameters,
        disorder: Disorder { duplicate: true, shuffle: true, seed: 7, max_delay: DELAY_MAX },
        schedule_pace: SchedulePace::Every(Duration::from_secs(1)),
        ..StackOptions::new(&path, binaries)
    };
    let stack = Stack::start(options).await.unwrap();
    seed::seed(&stack).await.unwrap();
    let scenarios = demo::ALL.iter().collect();
    let held = demo::run(&stack, DemoOptions { scenarios, kills: false, seed: 7 }).await.unwrap();
    stack.stop().await;
    assert!(held, "an invariant did not hold in {mode}: the report is above");
}

/// One after the other: their deadlines are meant for one stack on this machine at a time.
#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_ends_as_it_must_whoever_carries_orders_on() {
    for mode in ["choreography", "orchestration"] {
        plays_all(mode).await;
    }
}
