//! A stack of the project's own template, with functions that never answer: what it starts, what
//! it keeps, what it refuses, and what it leaves behind.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "what is missing fails the test")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use invariants::Report;
use local_core::{Bytes, Service};
use local_stack::{Ports, Redelivery, StackError, StackOptions};
use orderly::{Shop, seed, snapshot};
use rustix::process::{Pid, test_kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

fn template() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml")
}

/// A directory with a program for every function, which does nothing, for long.
fn idle_functions() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for function in orderly::shop::load_template(&template()).unwrap().functions {
        let path = directory.path().join(function.binary);
        fs::write(&path, "#!/bin/sh\nexec sleep 1000\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    directory
}

async fn start(change: impl FnOnce(&mut StackOptions)) -> (Shop, TempDir) {
    let functions = idle_functions();
    let mut options = StackOptions::new(template(), functions.path());
    change(&mut options);
    (Shop::start(options).await.unwrap(), functions)
}

/// A stack on ports below those that the system hands out: no other process takes one of them the
/// moment it is free again.
async fn start_on_own_ports(functions: &Path) -> Shop {
    for first in (20_000..30_000).step_by(10) {
        let mut options = StackOptions::new(template(), functions);
        options.ports = Ports::From(first);
        match Shop::start(options).await {
            Ok(stack) => return stack,
            Err(StackError::Port { .. }) => (),
            Err(error) => panic!("{error}"),
        }
    }
    panic!("no port is free")
}

async fn available(stack: &Shop, product: &str) -> Value {
    let key = json!({ "productId": { "S": product } });
    let request = json!({ "TableName": stack.table("inventory"), "Key": key });
    let mut answer = stack.dynamodb().json("GetItem", &request).await.unwrap();
    answer["Item"]["available"]["N"].take()
}

#[tokio::test]
async fn a_seeded_stack_is_at_rest_and_breaks_no_invariant() {
    let (stack, _functions) = start(|_| ()).await;
    seed::seed(&stack).await.unwrap();
    stack.quiescent().await;
    assert_eq!(available(&stack, seed::SCARCE).await, "1");
    let report = Report::of(&snapshot::gather(&stack).await.unwrap());
    assert!(report.holds(), "{report}");
    // Only customers know what they were answered, and whether they can be reached; nothing sends
    // poison; there is no workflow.
    let needs_more = [
        "stock adds up after restocking",
        "an acknowledged order is stored",
        "a confirmed cancellation is final",
        "answers are those promised",
        "an answer never goes back",
        "customers see their own orders only",
        "what is resumed ends",
        "a customer who can be reached is notified",
        "a workflow is an order's only one, and ends",
        "poison messages are dead-lettered",
    ];
    assert!(report.not_observed().map(|row| row.name.as_str()).eq(needs_more), "{report}");
    stack.stop().await;
}

#[tokio::test]
async fn what_is_kept_is_not_seeded_again() {
    let data = tempfile::tempdir().unwrap();
    let keep = |options: &mut StackOptions| options.data = Some(data.path().into());
    let (stack, _functions) = start(keep).await;
    seed::seed(&stack).await.unwrap();
    let sold = json!({
        "TableName": stack.table("inventory"),
        "Item": { "productId": { "S": seed::SCARCE }, "available": { "N": "0" } },
    });
    stack.dynamodb().json("PutItem", &sold).await.unwrap();
    stack.stop().await;
    drop(stack);
    let (stack, _functions) = start(keep).await;
    seed::seed(&stack).await.unwrap();
    assert_eq!(available(&stack, seed::SCARCE).await, "0");
    stack.stop().await;
}

#[tokio::test]
async fn an_event_goes_where_the_template_says_and_the_stack_is_then_at_work() {
    let (stack, _functions) = start(|_| ()).await;
    let entry = json!({
        "EventBusName": "orderly-bus", "Source": "shipping-service",
        "DetailType": "ShipmentCreated", "Detail": "{}",
    });
    let request = Bytes::from(json!({ "Entries": [entry] }).to_string());
    stack.bus().call("PutEvents", request).await.unwrap();
    while !stack.bus().idle() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let queues = stack.sqs().queue_names().into_iter();
    let full: BTreeSet<_> =
        queues.filter(|queue| stack.sqs().depth(queue).unwrap().total() > 0).collect();
    let expected = ["notification", "order", "projector", "timeline"];
    assert_eq!(full, expected.map(|name| format!("orderly-{name}-queue")).into());
    assert!(!stack.becomes_idle(Duration::from_millis(50)).await, "the event is not handled");
    stack.stop().await;
}

#[tokio::test]
async fn stopping_leaves_no_process_and_no_port() {
    let functions = idle_functions();
    let stack = start_on_own_ports(functions.path()).await;
    stack.lambda().invoke_async("payment", Bytes::from_static(b"{}")).unwrap();
    let processes = loop {
        match stack.lambda().processes() {
            none if none.is_empty() => tokio::time::sleep(Duration::from_millis(5)).await,
            some => break some,
        }
    };
    stack.stop().await;
    for (function, pid) in processes {
        let pid = Pid::from_raw(pid.try_into().unwrap()).unwrap();
        assert!(test_kill_process(pid).is_err(), "{function} still runs");
    }
    let address = stack.endpoint_url().strip_prefix("http://").unwrap().to_owned();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn what_cannot_run_is_named() {
    let empty = tempfile::tempdir().unwrap();
    let error = Shop::start(StackOptions::new(template(), empty.path())).await.unwrap_err();
    let error = error.to_string();
    assert!(error.contains("orderly-") && error.contains("build it first"), "{error}");

    let functions = idle_functions();
    let mut options = StackOptions::new(template(), functions.path());
    options.environment = BTreeMap::from([("payments".to_owned(), BTreeMap::new())]);
    let error = Shop::start(options).await.unwrap_err().to_string();
    assert!(error.contains("--env payments") && error.contains("payment, "), "{error}");

    let error = Shop::start(StackOptions::new("nowhere.yaml", empty.path())).await.unwrap_err();
    assert!(error.to_string().contains("nowhere.yaml"), "{error}");
}

#[tokio::test]
async fn a_function_reads_its_environment_and_a_dead_consumer_is_missed_sooner() {
    let more = BTreeMap::from([("RUST_LOG".to_owned(), "trace".to_owned())]);
    let (stack, _functions) = start(|options| {
        options.environment = BTreeMap::from([("relay".to_owned(), more)]);
        options.redelivery = Redelivery::Soon;
    })
    .await;
    let relay = stack.lambda().function("relay").unwrap();
    assert_eq!(relay.environment["RUST_LOG"], "trace");
    let payment = stack.lambda().function("payment").unwrap();
    assert_eq!(
        payment.environment["PAYMENT_GATEWAY_URL"],
        format!("{}/payments", stack.providers_url())
    );
    let queue = stack.sqs().queue_spec("orderly-payment-queue").unwrap();
    assert_eq!(queue.visibility_timeout, payment.timeout);
    stack.stop().await;
}
