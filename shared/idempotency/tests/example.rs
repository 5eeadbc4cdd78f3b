//! The example of this crate as what it is: a Lambda function, run by a Lambda host against a
//! DynamoDB.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use local_dynamodb::{DynamoDb, Storage};
use local_lambda::{FunctionSpec, HostOptions, LambdaHost};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Built together with this test, beside it.
fn binary() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let example = tests.parent().unwrap().parent().unwrap().join("examples/points");
    assert!(example.exists(), "`cargo test` builds examples, unless it builds `--tests` alone");
    example
}

async fn with_table(database: &DynamoDb, name: &str, key: &str) {
    let request = json!({
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{ "AttributeName": key, "AttributeType": "S" }],
        "KeySchema": [{ "AttributeName": key, "KeyType": "HASH" }],
    });
    database.json("CreateTable", &request).await.unwrap();
}

/// The function, on a machine of its own.
async fn host(database: &DynamoDb) -> LambdaHost {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let router = local_core::router(vec![Arc::new(database.clone())]);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let function = FunctionSpec {
        name: "points".to_owned(),
        aliases: Vec::new(),
        binary: binary(),
        environment: BTreeMap::from([("AWS_ENDPOINT_URL".to_owned(), endpoint)]),
        secrets: [].into(),
        timeout: Duration::from_secs(20),
        memory_mb: 128,
        concurrency_max: 2,
        asynchronous: local_lambda::AsyncConfig::default(),
    };
    LambdaHost::start(vec![function], HostOptions::default()).unwrap()
}

fn message(id: &str, body: &Value) -> Value {
    json!({
        "messageId": id,
        "body": body.to_string(),
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:receipts",
    })
}

fn receipt(number: u32, cents: u32) -> Value {
    json!({ "till": "t-1", "number": number, "customer": "c-1", "cents": cents })
}

/// What is to come again.
async fn deliver(host: &LambdaHost, messages: &[Value]) -> Vec<String> {
    let batch = json!({ "Records": messages }).to_string();
    let invocation = host.invoke("points", batch.into()).await.unwrap();
    let answer: Value = serde_json::from_slice(&invocation.payload).unwrap();
    let failures = answer["batchItemFailures"].as_array().unwrap_or_else(|| panic!("{answer}"));
    failures.iter().map(|it| it["itemIdentifier"].as_str().unwrap().to_owned()).collect()
}

async fn points(database: &DynamoDb) -> Value {
    let get = json!({ "TableName": "points", "Key": { "customer": { "S": "c-1" } } });
    database.json("GetItem", &get).await.unwrap()["Item"]["points"]["N"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn points_are_booked_once_a_receipt() {
    let database = DynamoDb::open(&Storage::Memory).unwrap();
    with_table(&database, "points", "customer").await;
    with_table(&database, "records", "id").await;
    let host = host(&database).await;

    let first = [message("m-1", &receipt(1, 1_250)), message("m-2", &receipt(2, 399))];
    assert_eq!(deliver(&host, &first).await, [""; 0]);
    assert_eq!(points(&database).await, "15");
    // The same messages, the same receipts in other messages, and one that the till sent twice.
    assert_eq!(deliver(&host, &first).await, [""; 0]);
    let again = [
        message("m-3", &receipt(1, 1_250)),
        message("m-4", &receipt(3, 100)),
        message("m-5", &receipt(3, 100)),
    ];
    assert_eq!(deliver(&host, &again).await, [""; 0]);
    assert_eq!(points(&database).await, "16");
    // A receipt of another amount under a number that was booked, no number, and no receipt.
    let bad = [
        message("m-6", &receipt(1, 999_999)),
        message("m-7", &json!({ "customer": "c-1", "cents": 100 })),
        message("m-8", &json!({ "till": "t-1", "number": 9 })),
        message("m-9", &receipt(4, 200)),
    ];
    assert_eq!(deliver(&host, &bad).await, ["m-6", "m-7", "m-8"]);
    assert_eq!(points(&database).await, "18");
    host.shutdown().await;
}
