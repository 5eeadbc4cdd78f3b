//! The commands of administrators, and the requests in `events/inventory-api`.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use inventory::{
    commands::{QUANTITY_MAX, REASON_CHARS_MAX},
    shards::SHARDS_MAX,
};
use local_dynamodb::FaultPlan;
use serde_json::{Value, json};
use testkit::{Case, Harness, Samples, cases, http::Answer};

use crate::{
    order::{cancelled, created},
    request::{adjust, by, command, rebalance, restock, show},
    world::{RETENTION, World},
};

const SAMPLES: Samples = Samples::of("inventory-api");
const ADJUST: &str = "POST /admin/stock/{productId}/adjust";

/// Requests that come one after the other, and how the last of them ends: its status and the
/// field at fault. Those before it all succeed.
type Exchange = (&'static [&'static str], u64, Option<&'static str>);

const EXCHANGES: &[Exchange] = &[
    (&["restock"], 200, None),
    (&["restock", "restock"], 200, None),
    (&["restock-bad-body"], 400, Some("")),
    (&["restock-bad-id"], 400, Some("productId")),
    (&["restock-no-key"], 400, Some("Idempotency-Key")),
    (&["restock-of-a-customer"], 403, None),
    (&["restock-unknown-product"], 404, None),
    (&["restock-form"], 415, None),
    (&["restock-bad-quantity"], 422, Some("/quantity")),
    (&["restock-unknown-field"], 422, Some("/price")),
    (&["restock", "restock-key-reused"], 422, None),
    (&["adjust"], 200, None),
    (&["adjust-too-much"], 409, Some("/delta")),
    (&["adjust-bad-delta"], 422, Some("/delta")),
    (&["adjust-no-reason"], 422, Some("/reason")),
    (&["spread"], 200, None),
    (&["spread-too-far"], 422, Some("/shards")),
    (&["get-stock"], 200, None),
    (&["restock", "spread", "get-stock"], 200, None),
    (&["get-stock-unknown"], 404, None),
];

const INITIAL: &[(&str, u32)] = &[("prod-001", 10), ("prod-002", 5), ("prod-003", 1)];
const BALANCE: &[(&str, i64)] = &[("prod-001", 10), ("prod-002", 5), ("prod-003", 1)];

#[tokio::test]
async fn every_request_is_answered_as_its_name_states() {
    for (names, status, field) in EXCHANGES {
        let world = World::with(INITIAL).await;
        let api = world.api_by(world.database.client());
        let mut answers = Vec::new();
        for name in *names {
            let request: ApiGatewayV2httpRequest = SAMPLES.read(name);
            answers.push(Answer::from(api.handle(request).await));
        }
        let last = answers.pop().unwrap();
        assert!(answers.iter().all(|answer| answer.status == 200), "{names:?}");
        if *status == 200 {
            last.ok();
        } else {
            assert_eq!(last.problem(*status), *field, "{names:?}");
        }
        world.books().await.assert_balanced(BALANCE);
    }
    SAMPLES.assert_all_used(EXCHANGES.iter().flat_map(|exchange| exchange.0).copied());
}

/// What is shown of a product: available, reserved and shards.
async fn shown(world: &World, product: &str) -> (u64, u64, u64) {
    let body = world.ask(&show(product)).await.ok();
    let number = |name: &str| body[name].as_u64().unwrap();
    assert_eq!(body["productId"], product);
    (number("available"), number("reserved"), number("shards"))
}

#[tokio::test]
async fn what_is_shown_is_free_to_be_sold_and_what_orders_hold_is_shown_apart() {
    let world = World::with(INITIAL).await.spread("prod-hot", &[3, 4]).await;
    assert_eq!(shown(&world, "prod-001").await, (10, 0, 1));
    assert_eq!(shown(&world, "prod-hot").await, (7, 0, 2));
    let lines = [("prod-001", 3), ("prod-hot", 6)];
    world.deliver(&created("order-1", &lines)).await.unwrap();
    assert_eq!(shown(&world, "prod-001").await, (7, 3, 1));
    assert_eq!(shown(&world, "prod-hot").await, (1, 6, 2));
    world.deliver(&cancelled("order-1")).await.unwrap();
    assert_eq!(shown(&world, "prod-001").await, (10, 0, 1));
    assert_eq!(shown(&world, "prod-hot").await, (7, 0, 2));
}

#[tokio::test]
async fn goods_that_come_in_are_there_once_however_often_the_request_comes() {
    for shards in [1, 3] {
        let world = World::with(&[]).await.spread("prod-hot", &vec![1; shards]).await;
        let first = world.ask(&restock("prod-hot", 7, "key-1")).await;
        let again = world.ask(&restock("prod-hot", 7, "key-1")).await;
        assert_eq!((again.status, &again.text), (200, &first.text));
        assert_eq!(again.headers["idempotency-replayed"], "true");
        assert!(first.headers["idempotency-replayed"].is_null());
        assert_eq!(shown(&world, "prod-hot").await.0, 7 + shards as u64);
        world.ask(&restock("prod-hot", 1, "key-2")).await.ok();
        assert_eq!(shown(&world, "prod-hot").await.0, 8 + shards as u64);
        let rows: Vec<_> = world.rows("prod-hot").await.into_values().collect();
        assert!(rows.iter().max().unwrap() - rows.iter().min().unwrap() <= 2, "{rows:?}");
    }
}

#[tokio::test]
async fn each_movement_is_recorded_with_why_when_and_by_whom() {
    let world = World::with(INITIAL).await;
    let body = json!({ "delta": -2, "reason": "two are damaged" });
    let answer = world.ask(&command(ADJUST, "prod-001", &body, "key-1")).await.ok();
    let [movement] = world.movements().await.try_into().unwrap();
    let mut returned = movement.clone();
    returned.as_object_mut().unwrap().remove("by");
    assert_eq!(answer, returned);
    let id = movement["movementId"].as_str().unwrap();
    assert!(id.len() == 32 && !id.contains('#'), "{id}");
    let expected = json!({
        "productId": "prod-001",
        "movementId": id,
        "kind": "adjust",
        "delta": -2,
        "reason": "two are damaged",
        "at": "2025-11-17T10:30:00.000Z",
        "by": "arn:aws:sts::000000000000:assumed-role/Warehouse/till-1",
    });
    assert_eq!(movement, expected);
    assert_eq!(shown(&world, "prod-001").await, (8, 0, 1));

    let more = world.ask(&restock("prod-001", 5, "key-2")).await.ok();
    assert_eq!((&more["kind"], &more["quantity"]), (&json!("restock"), &json!(5)));
    let spread = world.ask(&rebalance("prod-001", 2, "key-3")).await.ok();
    assert_eq!((&spread["kind"], &spread["shards"]), (&json!("spread"), &json!(2)));
    assert_eq!(world.movements().await.len(), 3);
}

#[tokio::test]
async fn what_was_counted_is_what_there_is_and_never_fewer_than_none() {
    let world = World::with(INITIAL).await.spread("prod-hot", &[2, 1, 3]).await;
    world.ask(&adjust("prod-hot", -5, "key-1")).await.ok();
    assert_eq!(shown(&world, "prod-hot").await.0, 1);
    let refused = world.ask(&adjust("prod-hot", -2, "key-2")).await;
    refused.refuses(409, "/delta");
    assert!(refused.text.contains("1 are available"), "{}", refused.text);
    assert_eq!(shown(&world, "prod-hot").await.0, 1);
    // What orders hold cannot be removed.
    world.deliver(&created("order-1", &[("prod-001", 8)])).await.unwrap();
    world.ask(&adjust("prod-001", -3, "key-3")).await.refuses(409, "/delta");
    world.ask(&adjust("prod-001", -2, "key-4")).await.ok();
    assert_eq!(shown(&world, "prod-001").await, (0, 8, 1));
    // The answer is kept as any other.
    world.ask(&adjust("prod-hot", 9, "key-5")).await.ok();
    world.ask(&adjust("prod-hot", -2, "key-2")).await.refuses(409, "/delta");
    world.ask(&adjust("prod-hot", -2, "key-6")).await.ok();
}

#[tokio::test]
async fn a_product_is_spread_and_gathered_again_without_loss() {
    let world = World::with(&[("prod-001", 100)]).await;
    world.deliver(&created("order-1", &[("prod-001", 10)])).await.unwrap();
    let mut spread = Vec::new();
    for (index, shards) in [4, 16, 3, 1].into_iter().enumerate() {
        world.ask(&rebalance("prod-001", shards, &format!("key-{index}"))).await.ok();
        let order = format!("order-of-{index}");
        world.deliver(&created(&order, &[("prod-001", 3)])).await.unwrap();
        world.books().await.assert_balanced(&[("prod-001", 100)]);
        spread.push(shown(&world, "prod-001").await.2);
    }
    assert_eq!(spread, [4, 16, 3, 1]);
    let rows = world.rows("prod-001").await;
    assert_eq!((rows["prod-001"], rows.values().sum::<i64>()), (78, 78));
    for order in ["order-1", "order-of-0", "order-of-1", "order-of-2", "order-of-3"] {
        world.deliver(&cancelled(order)).await.unwrap();
    }
    assert_eq!(shown(&world, "prod-001").await, (100, 0, 1));
    world.deliver(&created("order-of-all", &[("prod-001", 100)])).await.unwrap();
    assert_eq!(shown(&world, "prod-001").await, (0, 100, 1));
}

#[tokio::test]
async fn numbers_and_texts_have_limits() {
    let world = World::with(INITIAL).await;
    let most = i64::from(QUANTITY_MAX);
    for quantity in [json!(0), json!(-1), json!(most + 1), json!(1.5), json!("1"), Value::Null] {
        world.ask(&restock("prod-001", quantity, "key-0")).await.refuses(422, "/quantity");
    }
    for delta in [json!(0), json!(most + 1), json!(-most - 1), json!(i64::MIN), json!(0.5)] {
        world.ask(&adjust("prod-001", delta, "key-0")).await.refuses(422, "/delta");
    }
    for shards in [json!(0), json!(SHARDS_MAX + 1), json!(256), json!(-1)] {
        world.ask(&rebalance("prod-001", shards, "key-0")).await.refuses(422, "/shards");
    }
    let card = "paid with 4242 4242 4242 4242";
    let overlong = "x".repeat(REASON_CHARS_MAX + 1);
    for reason in ["", " ", "two\nlines", "\u{2067}tnuoc", "a\u{feff}", card, &overlong] {
        let body = json!({ "delta": 1, "reason": reason });
        world.ask(&command(ADJUST, "prod-001", &body, "key-0")).await.refuses(422, "/reason");
    }
    assert_eq!((world.movements().await, world.records().await), (vec![], 0));
    world.ask(&restock("prod-001", most, "key-1")).await.ok();
    world.ask(&adjust("prod-001", -most, "key-2")).await.ok();
    let body = json!({ "delta": 1, "reason": "é".repeat(REASON_CHARS_MAX) });
    world.ask(&command(ADJUST, "prod-001", &body, "key-3")).await.ok();
    world.ask(&rebalance("prod-001", SHARDS_MAX, "key-4")).await.ok();
    assert_eq!(shown(&world, "prod-001").await, (11, 0, u64::from(SHARDS_MAX)));
}

#[tokio::test]
async fn a_key_is_its_roles_own_in_whichever_session() {
    let world = World::with(INITIAL).await;
    let asked = restock("prod-001", 1, "key-1");
    let sessions = [("Warehouse", "till-1"), ("Warehouse", "till-2"), ("Shop", "till-1")];
    for (role, session) in sessions {
        world.ask(&by(asked.clone(), role, session)).await.ok();
    }
    assert_eq!(shown(&world, "prod-001").await.0, 12);
}

#[tokio::test]
async fn a_caller_whom_iam_does_not_name_changes_nothing() {
    let world = World::with(INITIAL).await;
    for request in
        [show("prod-001"), restock("prod-001", 1, "key-1"), rebalance("prod-001", 2, "k")]
    {
        assert_eq!(world.ask(&request.clone().anonymous()).await.problem(403), None);
        let customer = json!({ "sub": "user-1", "scope": "orders:write stock:write" });
        assert_eq!(world.ask(&request.claims(customer)).await.problem(403), None);
    }
    assert_eq!((world.stock("prod-001").await, world.records().await), (Some(10), 0));
}

#[tokio::test]
async fn a_route_that_is_none_is_a_404() {
    let world = World::with(INITIAL).await;
    let body = json!({ "quantity": 1 });
    let nowhere = command("POST /admin/stock/{productId}/steal", "prod-001", &body, "key-1");
    assert_eq!(world.ask(&nowhere).await.problem(404), None);
}

#[tokio::test]
async fn a_command_is_carried_out_once_even_when_its_key_is_forgotten() {
    let world = World::with(INITIAL).await;
    let first = world.ask(&restock("prod-001", 7, "key-1")).await.ok();
    world.pass(RETENTION * 2);
    assert_eq!(world.ask(&restock("prod-001", 7, "key-1")).await.ok(), first);
    world.pass(RETENTION * 2);
    world.ask(&restock("prod-001", 8, "key-1")).await.refuses(422, "Idempotency-Key");
    assert_eq!(world.stock("prod-001").await, Some(17));
    assert_eq!(world.movements().await.len(), 1);
}

/// A fault at each call of each command: it is carried out once, and answered so.
#[tokio::test]
async fn a_command_is_carried_out_once_whatever_fails() {
    let requests = [
        restock("prod-001", 7, "key-1"),
        restock("prod-hot", 7, "key-1"),
        adjust("prod-001", -7, "key-1"),
        adjust("prod-hot", -5, "key-1"),
        adjust("prod-hot", -7, "key-1"),
        rebalance("prod-001", 4, "key-1"),
        rebalance("prod-hot", 2, "key-1"),
    ];
    let world = async || World::with(INITIAL).await.spread("prod-hot", &[2, 1, 3]).await;
    for request in requests {
        let undisturbed = world().await;
        let calls = FaultPlan::none();
        let expected = undisturbed.ask_with(calls.clone(), &request).await;
        for case in cases(&calls) {
            let world = world().await;
            let Case { fault, call } = case;
            let first = world.ask_with(FaultPlan::at(call, fault), &request).await;
            let again = world.ask(&request).await;
            if first.status == 503 {
                assert_eq!(first.headers["retry-after"], "1", "{case}");
            } else {
                assert_eq!((first.status, &first.text), (again.status, &again.text), "{case}");
            }
            assert_eq!((again.status, &again.text), (expected.status, &expected.text), "{case}");
            assert_eq!(world.books().await, undisturbed.books().await, "{case}");
            assert_eq!(world.movements().await, undisturbed.movements().await, "{case}");
        }
    }
}
