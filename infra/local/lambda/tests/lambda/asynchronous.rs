//! Asynchronous events: retries, and what becomes of those that fail for good.

use std::time::Duration;

use crate::support::{Journal, host_with, spec_with, stats, until};
use local_lambda::{AsyncConfig, FunctionSpec, HostOptions, LambdaHost};
use local_sqs::{QueueSpec, Sqs, queue_arn};
use serde_json::{Value, json};

const DEAD: &str = "orderly-dead";

fn queues() -> Sqs {
    let queues = Sqs::new("http://127.0.0.1:9000");
    queues.create_queue(QueueSpec::named(DEAD)).unwrap();
    queues
}

async fn start(journal: &Journal, queues: &Sqs, event_age_max: Duration) -> LambdaHost {
    let asynchronous =
        AsyncConfig { event_age_max, on_failure: Some(queue_arn(DEAD)), ..AsyncConfig::default() };
    let spec = FunctionSpec { asynchronous, ..spec_with(&[("JOURNAL", &journal.path())]) };
    let options = HostOptions {
        retry_delay: Duration::from_millis(5),
        queues: Some(queues.clone()),
        ..HostOptions::default()
    };
    host_with(spec, options).await
}

async fn settle(host: &LambdaHost, event: Value) {
    host.invoke_async("probe", event.to_string().into()).unwrap();
    until(|| stats(host).async_pending == 0).await;
}

#[tokio::test]
async fn an_event_that_succeeds_is_handled_once() {
    let (journal, queues) = (Journal::new(), queues());
    let host = start(&journal, &queues, Duration::from_secs(3600)).await;
    settle(&host, json!({ "n": 1 })).await;
    assert_eq!(journal.lines(), [r#"{"n":1}"#]);
    assert_eq!(queues.depth(DEAD).unwrap().total(), 0);
    host.shutdown().await;
}

#[tokio::test]
async fn an_event_that_fails_is_tried_three_times_and_recorded() {
    let (journal, queues) = (Journal::new(), queues());
    let host = start(&journal, &queues, Duration::from_secs(3600)).await;
    settle(&host, json!({ "do": "fail" })).await;
    assert_eq!(journal.lines().len(), 3);
    let stats = stats(&host);
    assert_eq!((stats.async_retries, stats.async_failures), (2, 1));

    let records = queues.peek(DEAD).unwrap();
    let record: Value = serde_json::from_str(&records[0].body).unwrap();
    let context = &record["requestContext"];
    assert_eq!(context["condition"], "RetriesExhausted");
    assert_eq!(context["approximateInvokeCount"], 3);
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:orderly-probe:$LATEST";
    assert_eq!(context["functionArn"], arn);
    assert_eq!(record["requestPayload"], json!({ "do": "fail" }));
    assert_eq!(record["responseContext"]["functionError"], "Unhandled");
    assert_eq!(record["responsePayload"]["errorMessage"], "asked to fail");
    host.shutdown().await;
}

#[tokio::test]
async fn an_event_too_old_for_another_attempt_is_recorded_at_once() {
    let (journal, queues) = (Journal::new(), queues());
    let host = start(&journal, &queues, Duration::from_millis(1)).await;
    settle(&host, json!({ "do": "exit" })).await;
    assert_eq!(journal.lines().len(), 1);
    let record: Value = serde_json::from_str(&queues.peek(DEAD).unwrap()[0].body).unwrap();
    assert_eq!(record["requestContext"]["condition"], "EventAgeExceeded");
    assert_eq!(record["responsePayload"]["errorType"], "Runtime.ExitError");
    host.shutdown().await;
}
