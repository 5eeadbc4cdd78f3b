//! Streams of an embedded table, real functions, and which records are discarded.

use std::time::Duration;

use crate::support::{Journal, host_with, spec_with, until};
use local_dynamodb::{DynamoDb, Storage};
use local_lambda::{
    HostOptions, LambdaHost,
    event_source::{
        EventSourceMapping, MappingError, StartingPosition, StreamSource, parse_filters,
    },
};
use local_sqs::{QueueSpec, Sqs, queue_arn};
use serde_json::{Value, json};

const TABLE: &str = "orderly-orders";
const DEAD: &str = "orderly-dead";

struct World {
    host: LambdaHost,
    database: DynamoDb,
    queues: Sqs,
    journal: Journal,
}

impl World {
    async fn new(variables: &[(&str, &str)]) -> Self {
        let journal = Journal::new();
        let path = journal.path();
        let variables = [variables, &[("JOURNAL", path.as_str())]].concat();
        let host = host_with(spec_with(&variables), HostOptions::default()).await;
        let queues = Sqs::new("http://127.0.0.1:9000");
        queues.create_queue(QueueSpec::named(DEAD)).unwrap();
        let database = DynamoDb::open(&Storage::Memory).unwrap();
        let table = json!({
            "TableName": TABLE,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
            "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
            "StreamSpecification": { "StreamEnabled": true, "StreamViewType": "NEW_IMAGE" },
        });
        database.json("CreateTable", &table).await.unwrap();
        Self { host, database, queues, journal }
    }

    async fn put(&self, texts: &[&str]) {
        for text in texts {
            let item = json!({ "id": { "S": text }, "text": { "S": text } });
            let put = json!({ "TableName": TABLE, "Item": item });
            self.database.json("PutItem", &put).await.unwrap();
        }
    }

    fn map(&self, source: StreamSource) -> EventSourceMapping {
        EventSourceMapping::from_stream(&self.host, &self.database, &self.queues, source).unwrap()
    }

    async fn end(self, mapping: EventSourceMapping) {
        mapping.stop().await;
        self.host.shutdown().await;
    }
}

fn source() -> StreamSource {
    StreamSource {
        retry_delay: Duration::from_millis(1),
        on_failure: Some(queue_arn(DEAD)),
        ..StreamSource::new(TABLE, "probe")
    }
}

#[tokio::test]
async fn records_arrive_in_order_and_in_batches() {
    let world = World::new(&[]).await;
    world.put(&["a", "b", "c", "d", "e"]).await;
    let mapping = world.map(StreamSource { batch_size: 2, ..source() });
    until(|| mapping.idle()).await;
    assert_eq!(world.journal.lines(), ["a b", "c d", "e"]);
    world.put(&["f"]).await;
    until(|| mapping.idle()).await;
    assert_eq!(world.journal.lines().last().unwrap(), "f");
    assert_eq!(mapping.counters().records, 6);
    world.end(mapping).await;
}

#[tokio::test]
async fn a_mapping_begins_where_it_is_told_to() {
    let world = World::new(&[]).await;
    world.put(&["a", "b"]).await;
    let latest =
        world.map(StreamSource { starting_position: StartingPosition::Latest, ..source() });
    assert!(latest.idle());
    world.put(&["c"]).await;
    until(|| latest.idle()).await;
    assert_eq!(world.journal.lines(), ["c"]);
    latest.stop().await;

    world.put(&["d"]).await;
    let after = StartingPosition::After(latest.position());
    let mapping = world.map(StreamSource { starting_position: after, ..source() });
    until(|| mapping.idle()).await;
    assert_eq!(world.journal.lines(), ["c", "d"]);
    world.end(mapping).await;
}

#[tokio::test]
async fn a_reported_failure_is_retried_from_there_and_abandoned() {
    let world = World::new(&[]).await;
    world.put(&["a", "b-fail", "c"]).await;
    let mapping = world.map(StreamSource {
        report_batch_item_failures: true,
        bisect_batch_on_function_error: true,
        retry_attempts_max: Some(1),
        ..source()
    });
    until(|| mapping.idle()).await;
    let lines = world.journal.lines();
    assert_eq!(lines, ["a b-fail c", "b-fail c", "b-fail", "c"]);
    assert_eq!(mapping.counters().discarded, 1);
    world.end(mapping).await;
}

#[tokio::test]
async fn bisection_finds_the_record_that_fails_and_tells_the_destination() {
    let world = World::new(&[("WHOLE_BATCH", "1")]).await;
    world.put(&["a", "b", "c-fail", "d"]).await;
    let mapping = world.map(StreamSource {
        bisect_batch_on_function_error: true,
        retry_attempts_max: Some(2),
        ..source()
    });
    until(|| mapping.idle()).await;
    let lines = world.journal.lines();
    assert_eq!(lines, ["a b c-fail d", "a b", "c-fail d", "c-fail", "c-fail", "c-fail", "d"]);

    let records = world.queues.peek(DEAD).unwrap();
    assert_eq!(records.len(), 1);
    let record: Value = serde_json::from_str(&records[0].body).unwrap();
    assert_eq!(record["requestContext"]["condition"], "RetryAttemptsExhausted");
    assert_eq!(record["requestContext"]["approximateInvokeCount"], 3);
    let info = &record["DDBStreamBatchInfo"];
    assert_eq!(info["batchSize"], 1);
    assert_eq!(info["startSequenceNumber"], info["endSequenceNumber"]);
    assert!(info["streamArn"].as_str().unwrap().contains(TABLE), "{info}");
    world.end(mapping).await;
}

#[tokio::test]
async fn records_that_no_filter_matches_are_skipped() {
    let world = World::new(&[]).await;
    world.put(&["a", "b", "c"]).await;
    let pattern = r#"{"dynamodb":{"NewImage":{"text":{"S":["b"]}}}}"#;
    let filters = parse_filters([pattern]).unwrap();
    let mapping = world.map(StreamSource { filters, ..source() });
    until(|| mapping.idle()).await;
    assert_eq!(world.journal.lines(), ["b"]);
    assert_eq!(mapping.counters().filtered, 2);
    world.end(mapping).await;
}

#[tokio::test]
async fn a_paused_mapping_retries_nothing_and_forgets_nothing() {
    let world = World::new(&[("WHOLE_BATCH", "1")]).await;
    world.put(&["a-fail"]).await;
    let mapping = world.map(source());
    until(|| mapping.counters().batches_failed >= 2).await;
    mapping.pause();
    until(|| mapping.counters().in_progress == 0).await;
    assert!(!mapping.idle());
    let before = mapping.counters().batches;
    mapping.resume();
    until(|| mapping.counters().batches > before).await;
    world.end(mapping).await;
}

#[tokio::test]
async fn what_lambda_refuses_names_its_field() {
    let world = World::new(&[]).await;
    let refusal = |source: StreamSource| {
        EventSourceMapping::from_stream(&world.host, &world.database, &world.queues, source)
            .unwrap_err()
    };
    let field = |source: StreamSource| {
        let refusal = refusal(source);
        let MappingError::Invalid { field, .. } = refusal else { panic!("{refusal}") };
        field
    };
    assert_eq!(field(StreamSource { batch_size: 10_001, ..source() }), "batch_size");
    let age = Some(Duration::from_secs(59));
    assert_eq!(field(StreamSource { record_age_max: age, ..source() }), "record_age_max");
    let retries = Some(10_001);
    assert_eq!(
        field(StreamSource { retry_attempts_max: retries, ..source() }),
        "retry_attempts_max"
    );
    let unknown = StreamSource { table: "nowhere".to_owned(), ..source() };
    assert!(matches!(refusal(unknown), MappingError::Source(_)));
    world.host.shutdown().await;
}
