//! The text of a failure when the store does not answer as it should: an operator has to find the
//! cause in a log line or at a message that was set aside.

use ::http::StatusCode;
use aws_clients::{Aws, AwsEnv, Credentials};
use aws_sdk_dynamodb::Client;
use axum::{Router, response::IntoResponse, routing::post};
use idempotency::{DynamoDbStore, IdempotencyConfig, IdempotencyLayer, ReplayPolicy};
use runtime::{Failure, IdGenerator};
use tokio::net::TcpListener;

use crate::{
    handlers::{count, deliver, publish_only},
    world::{Guarded, World, delivery},
};

/// A client of whatever is, or is not, at `endpoint`.
fn client_of(endpoint: &str) -> Client {
    let credentials = Credentials::new("test", "test", None, None, "test");
    let mut env = AwsEnv::new("us-east-1", credentials);
    env.endpoint_url = Some(endpoint.to_owned());
    Aws::new(env).unwrap().dynamodb()
}

/// How deliveries end of which the store is `client`: in both modes, with writes and without.
async fn failures(client: &Client) -> Vec<Failure> {
    let world = World::new().await;
    let mut failures = Vec::new();
    for layer in [IdempotencyLayer::transactional, IdempotencyLayer::leased] {
        let store = DynamoDbStore::new(client.clone(), "nowhere");
        let guard = IdempotencyConfig::new(store, "counter", ReplayPolicy::Refuse);
        let layer: Guarded = layer(guard.with(world.clock(), IdGenerator::random()));
        failures.push(deliver(&layer, delivery(), count).await.unwrap_err());
        failures.push(deliver(&layer, delivery(), publish_only).await.unwrap_err());
    }
    failures
}

#[track_caller]
fn assert_all_contain(failures: &[Failure], words: &[&str]) {
    for failure in failures {
        assert!(failure.is_retry(), "{failure}");
        let text = failure.to_string();
        for word in words {
            assert!(text.contains(word), "{word} is not in {text:?}");
        }
        let error = idempotency::IdempotencyError::of(failure).unwrap().to_string();
        assert!(words.iter().all(|word| error.contains(word)), "alone it has less: {error}");
    }
}

#[tokio::test]
async fn a_missing_table_is_reported_by_its_code_and_message() {
    let client = World::new().await.database.client();
    let words = ["ResourceNotFoundException", "resource not found"];
    assert_all_contain(&failures(&client).await, &words);
}

#[tokio::test]
async fn an_unreachable_store_is_reported_by_the_error_of_the_connection() {
    // A port that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let client = client_of(&format!("http://{address}"));
    assert_all_contain(&failures(&client).await, &["refused"]);
}

/// The answer of a DynamoDB that does not let the function in.
async fn denied() -> impl IntoResponse {
    let body = r#"{"__type":"com.amazon.coral.service#AccessDeniedException",
        "Message":"User: arn:aws:sts::1:assumed-role/f is not authorized to perform: dynamodb:PutItem"}"#;
    (StatusCode::BAD_REQUEST, [("content-type", "application/x-amz-json-1.0")], body)
}

#[tokio::test]
async fn an_error_that_the_sdk_has_no_type_for_is_reported_by_its_code_and_message() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = client_of(&format!("http://{}", listener.local_addr().unwrap()));
    let router = Router::new().route("/", post(denied));
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let words = ["AccessDeniedException", "is not authorized to perform"];
    assert_all_contain(&failures(&client).await, &words);
    server.abort();
}
