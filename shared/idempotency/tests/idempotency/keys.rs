//! What a request is known by: closures, expressions, ids of AWS, prefixes, and no key at all.

use aws_lambda_events::{dynamodb::EventRecord, sqs::SqsMessage};
use event_envelope::ReplayPolicy;
use idempotency::{
    ByJmespath, Completion, IdempotencyConfig, IdempotencyError, IdempotencyLayer, Identify,
    Identity, KEY_BYTES_MAX, Keyed, MemoryStore, MissingKey, UnitOfWork,
};
use runtime::Failure;
use serde_json::{Value, json};
use tower::{Layer, ServiceExt, service_fn};

type Layers<I> = IdempotencyLayer<MemoryStore, Value, I>;

fn guard(store: &MemoryStore) -> IdempotencyConfig<MemoryStore> {
    IdempotencyConfig::new(store.clone(), "orders", ReplayPolicy::Refuse)
}

fn layer<I: Identify<Value>>(store: &MemoryStore, identify: I) -> Layers<I> {
    IdempotencyLayer::transactional(guard(store)).identify_by(identify)
}

/// Hands a request to a handler that answers with it.
async fn deliver<I: Identify<Value>>(
    layer: &Layers<I>,
    request: Value,
) -> Result<Completion<Value>, Failure> {
    let echo = |attempt: idempotency::Attempt<Value, _>| async move {
        Ok(UnitOfWork::new(attempt.request))
    };
    layer.layer(service_fn(echo)).oneshot(request).await
}

fn by_number(request: &Value) -> Result<Option<Identity>, IdempotencyError> {
    let Some(number) = request["number"].as_u64() else { return Ok(None) };
    Identity::new(number.to_string()).with_payload(&request["amount"]).map(Some)
}

#[track_caller]
fn refused<T: std::fmt::Debug>(reply: &Result<T, Failure>, is: impl Fn(&IdempotencyError) -> bool) {
    let error = reply.as_ref().err().and_then(IdempotencyError::of);
    assert!(error.is_some_and(is), "{reply:?}");
}

#[tokio::test]
async fn a_closure_finds_the_key_and_what_has_to_stay_the_same() {
    let store = MemoryStore::new();
    let layer = layer(&store, by_number);
    let first = json!({ "number": 7, "amount": 100, "sentAt": "10:00" });
    assert_eq!(deliver(&layer, first.clone()).await.unwrap(), Completion::New(first.clone()));
    let again = json!({ "number": 7, "amount": 100, "sentAt": "10:05" });
    assert_eq!(deliver(&layer, again).await.unwrap(), Completion::Replayed(first));
    let other = deliver(&layer, json!({ "number": 7, "amount": 1 })).await;
    refused(
        &other,
        |it| matches!(it, IdempotencyError::PayloadMismatch { id } if id == "orders#7"),
    );
    assert!(store.record("orders#7").is_some(), "the consumer is the prefix");
}

#[tokio::test]
async fn a_version_is_part_of_the_prefix() {
    let store = MemoryStore::new();
    let layer: Layers<_> =
        IdempotencyLayer::transactional(guard(&store).version("2")).identify_by(by_number);
    deliver(&layer, json!({ "number": 7 })).await.unwrap();
    assert!(store.record("orders@2#7").is_some());
}

#[tokio::test]
async fn a_request_without_a_key_is_refused_unless_it_may_be_handled_each_time() {
    let store = MemoryStore::new();
    for missing in [json!({}), json!({ "number": null })] {
        let reply = deliver(&layer(&store, by_number), missing.clone()).await;
        refused(&reply, |it| matches!(it, IdempotencyError::MissingKey { .. }));
        let lenient = guard(&store).missing_key(MissingKey::Skip);
        let lenient: Layers<_> = IdempotencyLayer::transactional(lenient).identify_by(by_number);
        for _ in 0..2 {
            let reply = deliver(&lenient, missing.clone()).await.unwrap();
            assert_eq!(reply, Completion::New(missing.clone()));
        }
    }
    let empty = |_: &Value| Ok(Some(Identity::new("")));
    let reply = deliver(&layer(&store, empty), json!({})).await;
    refused(&reply, |it| matches!(it, IdempotencyError::MissingKey { .. }));
}

#[tokio::test]
async fn a_key_that_no_store_takes_is_refused_by_its_length() {
    let store = MemoryStore::new();
    let long = |_: &Value| Ok(Some(Identity::new("x".repeat(KEY_BYTES_MAX + 1))));
    let reply = deliver(&layer(&store, long), json!({})).await;
    refused(&reply, |it| matches!(it, IdempotencyError::KeyTooLong { bytes: 769, max: 768 }));
    let fits = |_: &Value| Ok(Some(Identity::new("x".repeat(KEY_BYTES_MAX))));
    deliver(&layer(&store, fits), json!({})).await.unwrap();
}

#[tokio::test]
async fn an_expression_finds_the_key_within_a_body() {
    let store = MemoryStore::new();
    let by = ByJmespath::key("powertools_json(body).[user, order]").unwrap();
    let by = by.payload("powertools_json(powertools_base64(encoded)).amount").unwrap();
    let layer = layer(&store, by);
    // {"amount": 1, "at": 5}, {"at": 6, "amount": 1} and {"amount": 2}
    let encoded = ["eyJhbW91bnQiOiAxLCAiYXQiOiA1fQ==", "eyJhdCI6IDYsICJhbW91bnQiOiAxfQ=="];
    let request = |body: &str, encoded: &str| json!({ "body": body, "encoded": encoded });
    let first = request(r#"{"user":"u","order":"o","at":1}"#, encoded[0]);
    assert_eq!(deliver(&layer, first.clone()).await.unwrap(), Completion::New(first.clone()));
    let again = request(r#"{"order":"o","user":"u","at":2}"#, encoded[1]);
    assert_eq!(deliver(&layer, again).await.unwrap(), Completion::Replayed(first));
    let other = request(r#"{"user":"u","order":"o"}"#, "eyJhbW91bnQiOiAyfQ==");
    refused(&deliver(&layer, other).await, |it| {
        matches!(it, IdempotencyError::PayloadMismatch { .. })
    });
    let missing = request("{}", encoded[0]);
    refused(&deliver(&layer, missing).await, |it| {
        matches!(it, IdempotencyError::MissingKey { .. })
    });
    let unreadable = request("no json", encoded[0]);
    refused(&deliver(&layer, unreadable).await, |it| {
        matches!(it, IdempotencyError::UnreadableKey(_))
    });
}

#[test]
fn an_invalid_expression_is_refused_when_the_process_starts() {
    let error = ByJmespath::key("body.[").unwrap_err();
    assert!(matches!(error, IdempotencyError::UnreadableKey(_)), "{error}");
    assert!(ByJmespath::key("id").unwrap().payload("|").is_err());
}

#[tokio::test]
async fn what_an_archive_sends_again_is_let_in_only_by_the_policy() {
    let store = MemoryStore::new();
    let event = |id: &str| json!({ "id": id, "replay-name": "of-november" });
    let by = ByJmespath::key("id").unwrap();
    let reply = deliver(&layer(&store, by.clone()), event("e-1")).await.unwrap();
    assert_eq!(reply, Completion::ReplayRefused);
    let accepting = IdempotencyConfig::new(store, "projector", ReplayPolicy::Accept);
    let accepting: Layers<_> = IdempotencyLayer::transactional(accepting).identify_by(by);
    let reply = deliver(&accepting, event("e-1")).await.unwrap();
    assert_eq!(reply, Completion::New(event("e-1")));
}

#[test]
fn messages_and_stream_records_are_known_by_their_ids() {
    let message: SqsMessage =
        serde_json::from_value(json!({ "messageId": "m-1", "body": "a" })).unwrap();
    let mut other = message.clone();
    other.body = Some("b".to_owned());
    assert_eq!(message.idempotency_key(), "m-1");
    assert_ne!(message.payload_hash(), other.payload_hash());
    let record: EventRecord = serde_json::from_value(json!({
        "awsRegion": "us-east-1", "eventID": "r-1", "eventName": "INSERT",
        "dynamodb": { "Keys": {}, "SizeBytes": 1 },
    }))
    .unwrap();
    assert_eq!((record.idempotency_key(), record.payload_hash()), ("r-1".to_owned(), None));
}
