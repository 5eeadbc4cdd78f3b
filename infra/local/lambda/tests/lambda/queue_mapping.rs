//! Queues, real functions, and what comes back to the queue.

use std::time::Duration;

use crate::support::{Journal, host_with, spec, spec_with, until};
use local_lambda::{
    FunctionSpec, HostOptions, LambdaHost,
    event_source::{
        self, EventSourceMapping, MappingDescription, MappingError, SqsSource, parse_filters,
    },
};
use local_sqs::{OutgoingMessage, QueueSpec, Redrive, Sqs};

const QUEUE: &str = "orderly-orders";
const DEAD: &str = "orderly-orders-dead";

/// Queues whose failed messages come back at once, and are dead after two receives.
fn queues(timeout: Duration) -> Sqs {
    let queues = Sqs::new("http://127.0.0.1:9000");
    queues.create_queue(QueueSpec::named(DEAD)).unwrap();
    let redrive = Redrive { dead_letter_queue: DEAD.to_owned(), max_receive_count: 2 };
    let orders = QueueSpec {
        visibility_timeout: timeout,
        redrive: Some(redrive),
        ..QueueSpec::named(QUEUE)
    };
    queues.create_queue(orders).unwrap();
    queues
}

async fn start(variables: &[(&str, &str)]) -> (LambdaHost, Sqs) {
    let timeout = Duration::from_secs(2);
    let spec = FunctionSpec { timeout, concurrency_max: 2, ..spec_with(variables) };
    (host_with(spec, HostOptions::default()).await, queues(timeout))
}

fn send(queues: &Sqs, bodies: &[&str]) {
    for body in bodies {
        queues.send(QUEUE, OutgoingMessage::new(*body)).unwrap();
    }
}

fn bodies(queues: &Sqs, queue: &str) -> Vec<String> {
    queues.peek(queue).unwrap().into_iter().map(|message| message.body).collect()
}

fn source() -> SqsSource {
    SqsSource { report_batch_item_failures: true, ..SqsSource::new(QUEUE, "probe") }
}

#[tokio::test]
async fn handled_messages_are_deleted_and_failed_ones_come_back() {
    let journal = Journal::new();
    let (host, queues) = start(&[("JOURNAL", &journal.path())]).await;
    send(&queues, &["a", "b-fail", "c"]);
    let mapping = EventSourceMapping::from_queue(&host, &queues, source()).unwrap();
    until(|| mapping.idle()).await;
    assert_eq!(journal.lines(), ["a b-fail c", "b-fail"]);
    assert_eq!(bodies(&queues, DEAD), ["b-fail"]);
    let counters = mapping.counters();
    assert_eq!((counters.batches, counters.records, counters.batches_failed), (2, 4, 2));
    mapping.stop().await;
    host.shutdown().await;
}

#[tokio::test]
async fn a_function_error_brings_the_whole_batch_back() {
    let journal = Journal::new();
    let (host, queues) = start(&[("JOURNAL", &journal.path()), ("WHOLE_BATCH", "1")]).await;
    send(&queues, &["a", "b-fail"]);
    let mapping = EventSourceMapping::from_queue(&host, &queues, source()).unwrap();
    until(|| mapping.idle()).await;
    assert_eq!(journal.lines(), ["a b-fail", "a b-fail"]);
    assert_eq!(bodies(&queues, DEAD), ["a", "b-fail"]);
    mapping.stop().await;
    host.shutdown().await;
}

#[tokio::test]
async fn an_answer_about_unknown_messages_brings_the_whole_batch_back() {
    let answer = r#"{"batchItemFailures":[{"itemIdentifier":"unknown"}]}"#;
    let (host, queues) = start(&[("ANSWER", answer)]).await;
    send(&queues, &["a", "b"]);
    let mapping = EventSourceMapping::from_queue(&host, &queues, source()).unwrap();
    until(|| mapping.idle()).await;
    assert_eq!(bodies(&queues, DEAD), ["a", "b"]);
    mapping.stop().await;
    host.shutdown().await;
}

#[tokio::test]
async fn reports_count_only_where_they_are_asked_for() {
    let (host, queues) = start(&[]).await;
    send(&queues, &["a-fail"]);
    let mapping = EventSourceMapping::from_queue(
        &host,
        &queues,
        SqsSource { report_batch_item_failures: false, ..source() },
    )
    .unwrap();
    until(|| mapping.idle()).await;
    assert_eq!(queues.depth(DEAD).unwrap().total(), 0);
    assert_eq!(mapping.counters().batches_failed, 0);
    mapping.stop().await;
    host.shutdown().await;
}

#[tokio::test]
async fn messages_that_no_filter_matches_are_deleted_unseen() {
    let journal = Journal::new();
    let (host, queues) = start(&[("JOURNAL", &journal.path())]).await;
    send(&queues, &[r#"{"kind":"order"}"#, r#"{"kind":"other"}"#, "no json"]);
    let filters = parse_filters([r#"{"body":{"kind":["order"]}}"#]).unwrap();
    let source = SqsSource { filters, ..source() };
    let mapping = EventSourceMapping::from_queue(&host, &queues, source).unwrap();
    until(|| mapping.idle()).await;
    assert_eq!(journal.lines(), [r#"{"kind":"order"}"#]);
    assert_eq!(mapping.counters().filtered, 2);
    mapping.stop().await;
    host.shutdown().await;
}

#[tokio::test]
async fn a_window_gathers_more_than_one_receive_can() {
    let journal = Journal::new();
    let (host, queues) = start(&[("JOURNAL", &journal.path())]).await;
    let source = SqsSource {
        batch_size: 25,
        batching_window: Duration::from_secs(60),
        concurrency_max: Some(2),
        ..source()
    };
    let mapping = EventSourceMapping::from_queue(&host, &queues, source).unwrap();
    // Enough for both pollers to fill their batches, whichever takes what.
    let numbers: Vec<String> = (0..50).map(|n| n.to_string()).collect();
    send(&queues, &numbers.iter().map(String::as_str).collect::<Vec<_>>());
    until(|| mapping.idle()).await;
    let sizes: Vec<usize> = journal.lines().iter().map(|line| line.split(' ').count()).collect();
    assert_eq!(sizes, [25, 25]);
    mapping.stop().await;
    host.shutdown().await;
}

#[tokio::test]
async fn a_paused_mapping_leaves_messages_alone() {
    let (host, queues) = start(&[]).await;
    let mapping = EventSourceMapping::from_queue(&host, &queues, source()).unwrap();
    mapping.pause();
    // The pollers have seen the pause when they have all been given a turn.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    send(&queues, &["a"]);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(queues.depth(QUEUE).unwrap().visible, 1);
    assert!(!mapping.idle());
    mapping.resume();
    until(|| mapping.idle()).await;
    mapping.stop().await;
    mapping.resume();
    send(&queues, &["b"]);
    assert_eq!(queues.depth(QUEUE).unwrap().visible, 1);
    host.shutdown().await;
}

#[tokio::test]
async fn what_lambda_refuses_names_its_field() {
    let (host, queues) = start(&[]).await;
    let refusal =
        |source: SqsSource| EventSourceMapping::from_queue(&host, &queues, source).unwrap_err();
    let field = |source: SqsSource| {
        let refusal = refusal(source);
        let MappingError::Invalid { field, .. } = refusal else { panic!("{refusal}") };
        field
    };
    assert_eq!(field(SqsSource { batch_size: 0, ..source() }), "batch_size");
    assert_eq!(field(SqsSource { batch_size: 11, ..source() }), "batch_size");
    assert_eq!(field(SqsSource { concurrency_max: Some(1), ..source() }), "concurrency_max");
    let window = Duration::from_secs(301);
    assert_eq!(field(SqsSource { batching_window: window, ..source() }), "batching_window");
    let unknown = SqsSource { queue: "nowhere".to_owned(), ..source() };
    assert!(matches!(refusal(unknown), MappingError::Source(_)));
    let unknown = SqsSource { function: "unknown".to_owned(), ..source() };
    assert!(matches!(refusal(unknown), MappingError::Function(_)));
    host.shutdown().await;

    let slow = host_with(spec(), HostOptions::default()).await;
    let error = EventSourceMapping::from_queue(&slow, &queues, source()).unwrap_err();
    assert!(error.to_string().contains("shorter than the function's timeout"), "{error}");
    slow.shutdown().await;
}

#[tokio::test]
async fn a_client_is_told_of_mappings() {
    use axum::body::{Body, to_bytes};
    use tower::ServiceExt;

    let (host, queues) = start(&[]).await;
    let mapping = EventSourceMapping::from_queue(&host, &queues, source()).unwrap();
    let description = |source: &str, running| MappingDescription {
        source_arn: format!("arn:aws:{source}"),
        function_arn: "arn:aws:lambda:us-east-1:000000000000:function:orderly-probe".to_owned(),
        batch_size: 10,
        batching_window: Duration::ZERO,
        running,
    };
    let router = event_source::router(vec![
        description("sqs:us-east-1:000000000000:orders", Some(mapping.clone())),
        description("dynamodb:us-east-1:000000000000:table/a/stream/1", Some(mapping.clone())),
        description("sqs:us-east-1:000000000000:others", None),
    ]);
    let get = |path: String| {
        let router = router.clone();
        async move {
            let path = format!("/2015-03-31/event-source-mappings{path}");
            let request = axum::http::Request::get(path).body(Body::empty()).unwrap();
            let response = router.oneshot(request).await.unwrap();
            let status = response.status().as_u16();
            let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
            (status, serde_json::from_slice::<serde_json::Value>(&body).unwrap())
        }
    };
    let (_, all) = get("?FunctionName=orderly-probe".to_owned()).await;
    let states: Vec<_> = (0..3)
        .map(|it| &all["EventSourceMappings"][it])
        .map(|it| (it["State"].as_str().unwrap(), it["LastProcessingResult"].as_str()))
        .collect();
    let stream = ("Enabled", Some("No records processed"));
    assert_eq!(states, [("Enabled", None), stream, ("Disabled", None)]);

    let (_, first) = get("/?MaxItems=2".to_owned()).await;
    assert_eq!(first["EventSourceMappings"].as_array().unwrap().len(), 2);
    let marker = first["NextMarker"].as_str().unwrap();
    let (_, last) = get(format!("/?MaxItems=2&Marker={marker}")).await;
    assert_eq!(last["EventSourceMappings"][0], all["EventSourceMappings"][2]);
    assert!(last.get("NextMarker").is_none(), "{last}");

    let source = "arn%3Aaws%3Asqs%3Aus-east-1%3A000000000000%3Aorders";
    let (_, by_source) = get(format!("?EventSourceArn={source}")).await;
    assert_eq!(by_source["EventSourceMappings"].as_array().unwrap().len(), 1);
    let uuid = by_source["EventSourceMappings"][0]["UUID"].as_str().unwrap();
    assert_eq!(get(format!("/{uuid}")).await.1, by_source["EventSourceMappings"][0]);
    let (_, none) = get("?FunctionName=probe".to_owned()).await;
    assert_eq!(none["EventSourceMappings"], serde_json::json!([]));
    for (path, status, code) in [
        ("?MaxItems=many", 400, "InvalidParameterValueException"),
        ("/none", 404, "ResourceNotFoundException"),
    ] {
        let (answered, body) = get(path.to_owned()).await;
        assert_eq!((answered, body["__type"].as_str()), (status, Some(code)), "{path}");
    }

    queues.send(QUEUE, OutgoingMessage::new("fail")).unwrap();
    until(|| mapping.counters().batches > 0).await;
    let (_, all) = get(String::new()).await;
    let result = &all["EventSourceMappings"][1]["LastProcessingResult"];
    assert_eq!(result, "PROBLEM: Function call failed");
    mapping.stop().await;
    host.shutdown().await;
}
