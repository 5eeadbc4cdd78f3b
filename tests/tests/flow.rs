//! The whole system: the template, running on this machine with the compiled functions.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use invariants::{Report, Snapshot};
use local_core::Service;
use local_eventbridge::archive_arn;
use local_stack::{Disorder, Redelivery, StackOptions, build};
use orderly::{
    Shop,
    client::{Customer, NewOrder},
    demo::{self, DemoOptions},
    seed,
    shop::{self, ExternalServices},
    snapshot,
};
use serde_json::Value;
use tokio::{
    sync::OnceCell,
    time::{Instant, timeout},
};

/// Longer than a message stays hidden whose consumer was killed, several times over.
const WAIT_MAX: Duration = Duration::from_secs(120);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// A stack's options, with the functions compiled as this test is.
async fn options() -> StackOptions {
    static BINARIES: OnceCell<PathBuf> = OnceCell::const_new();
    let path = root().join("infra/template.yaml");
    let binaries = BINARIES.get_or_init(async || {
        // Which has every function.
        let parameters = demo::parameters("orchestration");
        let template = shop::load_template_with(&path, &parameters).unwrap();
        let output = build::Output::of_this_program().unwrap();
        build::functions(&template, &path, &output).await.unwrap()
    });
    StackOptions { parameters: demo::without_limits(), ..StackOptions::new(&path, binaries.await) }
}

async fn start(options: StackOptions) -> Shop {
    start_within(options, ExternalServices::default()).await
}

async fn start_within(options: StackOptions, external: ExternalServices) -> Shop {
    let stack = Shop::start_within(options, external).await.unwrap();
    seed::seed(&stack).await.unwrap();
    stack
}

async fn play(options: StackOptions, demo: DemoOptions) {
    let stack = start(options).await;
    let held = demo::run(&stack, demo).await.unwrap();
    stack.stop().await;
    assert!(held, "an invariant did not hold: the report is above");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_of_each_kind_ends_as_its_story_says() {
    play(options().await, DemoOptions { scenarios: demo::usual(5), kills: false, seed: 1 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_come_twice_and_in_any_order_change_nothing() {
    let disorder =
        Disorder { duplicate: true, shuffle: true, seed: 2, max_delay: Duration::from_millis(500) };
    let options = StackOptions { disorder, ..options().await };
    play(options, DemoOptions { scenarios: demo::usual(20), kills: false, seed: 2 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_that_are_killed_change_nothing() {
    let options = StackOptions { redelivery: Redelivery::Soon, ..options().await };
    play(options, DemoOptions { scenarios: demo::usual(10), kills: true, seed: 3 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_figures_orders_go_on() {
    let mut options = options().await;
    options.parameters.insert("Figures".to_owned(), "false".to_owned());
    play(options, DemoOptions { scenarios: demo::usual(2), kills: false, seed: 4 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_directory_keeps_orders_and_loses_no_event() {
    let data = tempfile::tempdir().unwrap();
    let options = StackOptions { data: Some(data.path().to_owned()), ..options().await };

    // Providers do not restart with the shop: what they were asked for before, they still know.
    let external = ExternalServices::default();

    // Stopped at once: what is still on its way exists only in the tables' streams.
    let stack = start_within(options.clone(), external.clone()).await;
    let customer = Customer::new(stack.api_url(), "user-123").unwrap();
    let placed = customer.place(&NewOrder::of_the_book(), "kept").await.unwrap();
    let order = placed.order_id().unwrap().to_owned();
    let version = placed.version().unwrap();
    let at_once = customer.order_since(&order, version).await.unwrap();
    assert_eq!((at_once.status, at_once.version() >= Some(version)), (200, true));
    stack.stop().await;

    let stack = start_within(options, external).await;
    let customer = Customer::new(stack.api_url(), "user-123").unwrap();
    let started = Instant::now();
    loop {
        let answer = customer.order(&order).await.unwrap();
        if answer.status == 200 && answer.body["status"] == "completed" {
            break;
        }
        if started.elapsed() > WAIT_MAX {
            let events = customer.events(&order).await.unwrap();
            panic!("not completed: {} {:#}\n{:#}", answer.status, answer.body, events.body);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    stack.stop().await;
}

/// What `cargo lambda invoke <function> --data-file <sample>` does, for every sample there is.
#[tokio::test(flavor = "multi_thread")]
async fn every_sample_is_answered_by_its_function() {
    // Which has every function.
    let options = StackOptions { parameters: demo::parameters("orchestration"), ..options().await };
    let stack = start(options).await;
    let functions: Vec<String> =
        stack.template().functions.iter().map(|function| function.binary.clone()).collect();
    for function in functions {
        let mut samples: Vec<_> = fs::read_dir(root().join("events").join(&function))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        samples.sort();
        assert!(!samples.is_empty(), "{function} has no samples");
        for sample in samples {
            let payload = fs::read(&sample).unwrap();
            let answer = stack.lambda().invoke(&function, payload.into()).await.unwrap();
            let error = answer.function_error;
            let answer: Value = serde_json::from_slice(&answer.payload).unwrap();
            let name = sample.file_name().unwrap().to_string_lossy().into_owned();
            if name.starts_with("task-") {
                // A task has an answer, or an error that a workflow knows what to do with.
                let kind = answer["errorType"].as_str().unwrap_or_default();
                let is_told = matches!(kind, "Retry" | "Poison");
                assert!(answer["status"].is_string() || is_told, "{name}: {answer}");
                continue;
            }
            assert_eq!(error, None, "{name}: {answer}");
            let expected = match function.as_str() {
                "analytics-api" | "inventory-api" | "order-api" | "payment-webhooks"
                | "products" | "query" | "timeline-api" => answer["statusCode"].is_number(),
                "order-sweeper" => answer["failed"] == 0,
                _ => answer["batchItemFailures"].is_array(),
            };
            assert!(expected, "{name}: {answer}");
        }
    }
    stack.stop().await;
}

/// A report that could not fail would prove nothing: here money was taken without a record.
#[tokio::test(flavor = "multi_thread")]
async fn the_report_sees_what_is_wrong() {
    let stack = start(options().await).await;
    let request = serde_json::json!({
        "TableName": stack.table("inventory"),
        "Key": { "productId": { "S": "prod-001" } },
        "UpdateExpression": "SET available = available - :one",
        "ExpressionAttributeValues": { ":one": { "N": "1" } },
    });
    stack.dynamodb().json("UpdateItem", &request).await.unwrap();
    let report = Report::of(&gathered(&stack).await);
    stack.stop().await;
    let broken: Vec<_> = report.broken().collect();
    assert_eq!(broken.len(), 1, "{report}");
    assert!(broken[0].name.starts_with("stock is conserved"), "{report}");
}

/// The archive replays a whole day, and no customer is charged, shipped to or notified twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_replay_of_the_archive_moves_no_money_no_stock_and_no_mail() {
    let stack = start(options().await).await;
    assert!(
        demo::run(&stack, DemoOptions { scenarios: demo::usual(5), kills: false, seed: 4 })
            .await
            .unwrap()
    );
    let before = gathered(&stack).await;
    let delivered_before = stack.bus().stats().delivered;

    let template = stack.template();
    let request = serde_json::json!({
        "ReplayName": "the-whole-day",
        "EventSourceArn": archive_arn(&template.archives[0].name),
        "EventStartTime": 0,
        "EventEndTime": 4_102_444_800_u32,
        "Destination": { "Arn": template.buses[0].arn },
    });
    stack.bus().call("StartReplay", request.to_string().into()).await.unwrap();
    let name = serde_json::json!({ "ReplayName": "the-whole-day" }).to_string();
    let replayed = async {
        loop {
            let answer = stack.bus().call("DescribeReplay", name.clone().into()).await.unwrap();
            let answer: Value = serde_json::from_slice(&answer).unwrap();
            if answer["State"] == "COMPLETED" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(WAIT_MAX, replayed).await.unwrap();
    assert!(stack.becomes_idle(WAIT_MAX).await);

    let after = gathered(&stack).await;
    let delivered_after = stack.bus().stats().delivered;
    stack.stop().await;
    assert!(delivered_after > delivered_before, "nothing was replayed");
    assert_eq!(before.ledger, after.ledger);
    assert_eq!(before.shipments, after.shipments);
    assert_eq!(before.mails.len(), after.mails.len());
    assert_eq!(before.available, after.available);
    assert_eq!(before.reservations, after.reservations);
    assert_eq!(before.streams, after.streams);
    assert_eq!(before.views, after.views);
    assert_eq!(before.timelines, after.timelines);
    assert_eq!(before.published.len(), after.published.len(), "a replay is not archived again");
    assert!(after.dead_letters.values().all(|it| it.messages == 0), "{:?}", after.dead_letters);
}

async fn gathered(stack: &Shop) -> Snapshot {
    snapshot::gather(stack).await.unwrap()
}
