//! One order on compiled functions, and what they report of it: a trace, metrics, lines.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    time::Duration,
};

use local_stack::{StackOptions, build};
use orderly::{
    Shop,
    client::{Customer, NewOrder},
    demo, seed, shop,
};
use serde_json::Value;

use crate::{
    document::root,
    emitted::{emitted, packages, services_of},
};

/// Every line of JSON that `function` has written below `folder`.
fn lines(folder: &Path, function: &str) -> Vec<Value> {
    let text = fs::read_to_string(folder.join(format!("{function}.log"))).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// An order that goes well, on a stack of compiled functions that keeps its logs in `folder`.
async fn ship_an_order(folder: &Path) -> (Shop, String) {
    let path = root().join("infra/template.yaml");
    let template = shop::load_template_with(&path, &demo::parameters("orchestration")).unwrap();
    let output = build::Output::of_this_program().unwrap();
    let binaries = build::functions(&template, &path, &output).await.unwrap();
    let mut options = StackOptions::new(&path, binaries);
    options.logs.directory = Some(folder.to_owned());
    let stack = Shop::start(options).await.unwrap();
    seed::seed(&stack).await.unwrap();
    let customer = Customer::new(stack.api_url(), "user-123").unwrap();
    let placed = customer.place(&NewOrder::of_the_book(), "observed").await.unwrap();
    let order = placed.order_id().unwrap().to_owned();
    assert!(stack.becomes_idle(Duration::from_secs(120)).await);
    (stack, order)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_shows_an_order_and_what_is_measured_is_what_the_code_says() {
    let logs = tempfile::tempdir().unwrap();
    let (stack, order) = ship_an_order(logs.path()).await;

    // A webhook of the payment provider knows no trace of ours, and begins its own.
    let mut spans = stack.trace(&order).0;
    spans.retain(|span| span.service != "payment-webhooks");
    let traces: BTreeSet<&str> = spans.iter().map(|span| span.trace_id.as_str()).collect();
    assert_eq!(traces.len(), 1, "{traces:?}");
    let ids: BTreeSet<&str> = spans.iter().map(|span| span.span_id.as_str()).collect();
    let is_root = |id: &Option<String>| id.as_deref().is_none_or(|id| !ids.contains(id));
    let roots: Vec<_> = spans.iter().filter(|span| is_root(&span.parent_span_id)).collect();
    let [root] = &roots[..] else { panic!("{roots:?}") };
    assert_eq!((root.service.as_str(), root.name.as_str()), ("order-api", "request POST /orders"));
    let services: BTreeSet<&str> = spans.iter().map(|span| span.service.as_str()).collect();
    let all = [
        "analytics",
        "inventory",
        "notification",
        "order-api",
        "order-events",
        "payment",
        "projector",
        "relay",
        "shipping",
        "timeline",
    ];
    assert_eq!(services, BTreeSet::from(all));

    let (packages, mut sums) = (packages(), BTreeMap::new());
    let emitted = emitted(&packages);
    for row in stack.logs().telemetry().metrics().0 {
        let dimensions = row.of.split_whitespace().filter_map(|it| it.split_once('='));
        let dimensions: BTreeSet<String> = dimensions.map(|(name, _)| name.to_owned()).collect();
        let is_written = emitted.iter().any(|it| {
            it.metric == row.name
                && it.dimensions == dimensions
                && services_of(&packages, it).contains(&row.service)
        });
        assert!(is_written, "{row:?} is not where the code says");
        *sums.entry((row.service, row.name)).or_insert(0.0) += row.sum;
    }
    let sum = |name: &str| sums.get(&("projector".to_owned(), name.to_owned()));
    for name in ["OrdersPlaced", "OrdersPaid", "OrdersShipped", "OrdersCompleted"] {
        assert_eq!(sum(name), Some(&1.0), "{name}");
    }
    assert_eq!(sum("PaidAmount"), Some(&10_997.0));
    assert!(sum("TimeToShipMs").is_some_and(|took| *took > 0.0));
    stack.stop().await;

    for function in all.into_iter().filter(|it| !["order-api", "relay"].contains(it)) {
        let ended = lines(logs.path(), function);
        let ended: Vec<_> = ended.iter().filter(|it| it["target"] == "lambda::outcome").collect();
        assert!(!ended.is_empty(), "{function} reports nothing of its records");
        for line in ended {
            assert_eq!(line["span"]["aggregate_id"], order.as_str(), "{line}");
            for id in ["event_id", "correlation_id", "trace_id", "span_id"] {
                assert!(line["span"][id].is_string(), "{function} does not report {id}: {line}");
            }
        }
    }
    let answered = lines(logs.path(), "order-api");
    let answered = answered.iter().find(|it| it["message"] == "answered").unwrap();
    assert_eq!(answered["span"]["aggregate_id"], order.as_str());
    assert!(answered["span"]["correlation_id"].is_string());
}
