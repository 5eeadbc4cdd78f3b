//! Tables with a composite key, names of others, and records that another library wrote.

use event_envelope::Delivery;
use idempotency::{
    Attempt, Completion, DynamoDbStore, IdempotencyConfig, IdempotencyError, IdempotencyLayer,
    Item, Layout, ReplayPolicy, UnitOfWork,
};
use local_dynamodb::DynamoDb;
use runtime::Failure;
use serde_json::json;
use tower::{Layer, ServiceExt, service_fn};

use crate::{
    handlers::{count, uncounted},
    world::{LEASE_OVER, RECORDS, TICK, World, delivery, forged, number, record_id, text},
};

fn guard(world: &World, table: &str, layout: Layout) -> IdempotencyConfig<DynamoDbStore> {
    let store = DynamoDbStore::new(world.database.client(), table).layout(layout);
    IdempotencyConfig::new(store, crate::world::CONSUMER, ReplayPolicy::Refuse)
        .lease(crate::world::LEASE)
        .clock_skew(crate::world::SKEW)
        .with(world.clock(), runtime::IdGenerator::random())
}

async fn deliver(
    guard: IdempotencyConfig<DynamoDbStore>,
    leased: bool,
    delivery: Delivery,
) -> Result<Completion<String>, Failure> {
    let layer = if leased {
        IdempotencyLayer::leased(guard)
    } else {
        IdempotencyLayer::transactional(guard)
    };
    layer.layer(service_fn(count)).oneshot(delivery).await
}

async fn with_composite_table(database: &DynamoDb) -> &'static str {
    let request = json!({
        "TableName": "one-table",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            { "AttributeName": "PK", "AttributeType": "S" },
            { "AttributeName": "SK", "AttributeType": "S" },
        ],
        "KeySchema": [
            { "AttributeName": "PK", "KeyType": "HASH" },
            { "AttributeName": "SK", "KeyType": "RANGE" },
        ],
    });
    database.json("CreateTable", &request).await.unwrap();
    "one-table"
}

#[tokio::test]
async fn records_share_a_table_with_a_composite_key() {
    for leased in [false, true] {
        let world = World::new().await;
        let table = with_composite_table(&world.database).await;
        let layout = Layout::default().composite("PK", "SK", "IDEMPOTENCY");
        let guard = guard(&world, table, layout);
        let first = deliver(guard.clone(), leased, delivery()).await.unwrap();
        assert_eq!(first, Completion::New("counted".to_owned()));
        let get = world.database.client().get_item().table_name(table);
        let get = get.key("PK", text("IDEMPOTENCY")).key("SK", text(record_id(&delivery())));
        let item: Item = get.send().await.unwrap().item.unwrap();
        assert_eq!(item["status"], text("COMPLETED"));
        let again = deliver(guard.clone(), leased, delivery()).await.unwrap();
        assert_eq!(again, Completion::Replayed("counted".to_owned()));
        let forged = deliver(guard, leased, forged()).await.unwrap_err();
        let error = IdempotencyError::of(&forged);
        assert!(matches!(error, Some(IdempotencyError::PayloadMismatch { .. })), "{error:?}");
        assert_eq!(world.count("a").await, 1);
    }
}

#[tokio::test]
async fn a_claim_under_the_names_of_powertools_is_one_that_powertools_understands() {
    let world = World::new().await;
    let guard = guard(&world, RECORDS, Layout::powertools());
    let inside = world.clone();
    let handler = move |attempt: Attempt<Delivery>| {
        let world = inside.clone();
        async move {
            let item = world.record(&attempt.request).await.unwrap();
            let lease = i64::try_from(crate::world::LEASE.as_millis()).unwrap();
            assert_eq!(item["status"], text("INPROGRESS"));
            assert_eq!(item["in_progress_expiration"], number(world.now_millis() + lease));
            assert_eq!(item["validation"], text(attempt.request.envelope.payload_hash()));
            assert!(item.contains_key("expiration") && !item.contains_key("data"));
            Ok(UnitOfWork::new(json!({ "paid": true })))
        }
    };
    let layer = IdempotencyLayer::leased(guard);
    layer.layer(service_fn(handler)).oneshot(delivery()).await.unwrap();
    let item = world.record(&delivery()).await.unwrap();
    assert_eq!(item["status"], text("COMPLETED"));
    assert_eq!(item["data"], text(r#"{"paid":true}"#));
    assert!(!item.contains_key("in_progress_expiration"));
}

/// Puts a record as Powertools does.
async fn put(world: &World, item: serde_json::Value) {
    let request = json!({ "TableName": RECORDS, "Item": item });
    world.database.json("PutItem", &request).await.unwrap();
}

#[tokio::test]
async fn a_lease_that_powertools_holds_is_not_robbed_and_ends() {
    let world = World::new().await;
    let layout = Layout::powertools;
    let now = world.now_millis();
    let held = |until: i64| {
        json!({
            "id": { "S": record_id(&delivery()) },
            "status": { "S": "INPROGRESS" },
            "expiration": { "N": (now / 1_000 + 3_600).to_string() },
            "in_progress_expiration": { "N": until.to_string() },
        })
    };
    put(&world, held(now + 30_000)).await;
    for leased in [false, true] {
        let guard = guard(&world, RECORDS, layout());
        let failure = deliver(guard, leased, delivery()).await.unwrap_err();
        let error = IdempotencyError::of(&failure);
        assert!(matches!(error, Some(IdempotencyError::InProgress { .. })), "{error:?}");
    }
    world.pass(LEASE_OVER + TICK);
    let then = deliver(guard(&world, RECORDS, layout()), true, delivery()).await.unwrap();
    assert_eq!(then, Completion::New("counted".to_owned()));
}

#[tokio::test]
async fn a_holder_that_powertools_overwrote_writes_nothing() {
    let world = World::new().await;
    let inside = world.clone();
    let handler = move |attempt: Attempt<Delivery>| {
        let world = inside.clone();
        async move {
            let item = json!({
                "id": { "S": attempt.id },
                "status": { "S": "INPROGRESS" },
                "expiration": { "N": "4102444800" },
                "in_progress_expiration": { "N": "4102444800000" },
            });
            put(&world, item).await;
            Ok(UnitOfWork::new("late".to_owned()).write(uncounted("a")))
        }
    };
    let layer = IdempotencyLayer::leased(guard(&world, RECORDS, Layout::powertools()));
    let failure = layer.layer(service_fn(handler)).oneshot(delivery()).await.unwrap_err();
    let error = IdempotencyError::of(&failure);
    assert!(matches!(error, Some(IdempotencyError::LeaseLost { .. })), "{error:?}");
}

#[tokio::test]
async fn what_is_no_record_is_named_and_not_overwritten() {
    let world = World::new().await;
    let broken = [
        (json!({ "status": { "S": "DONE" }, "expiration": { "N": "4102444800" } }), "status"),
        (json!({ "status": { "S": "COMPLETED" }, "expiration": { "S": "soon" } }), "expiration"),
        (
            json!({ "status": { "S": "COMPLETED" }, "expiration": { "N": "4102444800" },
                 "outgoing": { "L": [{ "S": "no event" }] } }),
            "outgoing",
        ),
    ];
    for (mut item, named) in broken {
        item["id"] = json!({ "S": record_id(&delivery()) });
        put(&world, item).await;
        let guard = guard(&world, RECORDS, Layout::default());
        let failure = deliver(guard, false, delivery()).await.unwrap_err();
        assert!(!failure.is_retry());
        let error = IdempotencyError::of(&failure);
        assert!(
            matches!(error, Some(IdempotencyError::Unreadable { reason, .. }) if reason.contains(named)),
            "{error:?}"
        );
    }
}
