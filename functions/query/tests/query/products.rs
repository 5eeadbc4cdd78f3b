//! The catalogue, page by page.

use std::collections::BTreeSet;

use aws_lambda_events::encodings::Body;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use catalogue::Money;
use local_dynamodb::FaultPlan;
use serde_json::{Value, json};

use crate::{request::products, world::World};

#[tokio::test]
async fn a_product_is_shown_with_its_price() {
    let world = World::new().await;
    world.offer("prod-001", Money::usd(2999)).await;
    let price = json!({ "amount": 2999, "currency": "USD" });
    let product = json!({ "productId": "prod-001", "name": "Product prod-001", "price": price });
    let answer = world.catalogue(FaultPlan::none()).handle(products().event()).await;
    let body = r#"{"products":[{"name":"Product prod-001","price":{"amount":2999,"currency":"USD"},"productId":"prod-001"}]}"#;
    assert_eq!(answer.body, Some(Body::Text(body.to_owned())), "byte for byte");
    assert_eq!(world.ask(&products()).await.ok(), json!({ "products": [product] }));
}

#[tokio::test]
async fn any_cache_may_keep_the_products_and_none_a_problem() {
    let world = World::new().await;
    world.offer("prod-001", Money::usd(2999)).await;
    let kept = world.ask(&products()).await.headers["cache-control"].clone();
    assert_eq!(kept, "public, max-age=60");
    let refused = world.ask(&products().query("limit", "0")).await;
    assert_eq!(refused.headers["cache-control"], "no-store");
}

#[tokio::test]
async fn every_product_is_on_one_page() {
    let world = World::new().await;
    let mut offered = BTreeSet::new();
    for number in 0..25 {
        let product = format!("prod-{number:03}");
        world.offer(&product, Money::usd(100)).await;
        offered.insert(product);
    }
    let mut request = products().query("limit", "10");
    let mut pages = Vec::new();
    loop {
        let page = world.ask(&request).await.ok();
        let ids = page["products"].as_array().unwrap().iter().map(|it| it["productId"].clone());
        pages.push(ids.map(|it| it.as_str().unwrap().to_owned()).collect::<Vec<_>>());
        match page.get("cursor").and_then(Value::as_str) {
            Some(cursor) => request = request.query("cursor", cursor),
            None => break,
        }
    }
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 5]);
    assert_eq!(pages.concat().into_iter().collect::<BTreeSet<_>>(), offered);
}

#[tokio::test]
async fn a_limit_or_a_cursor_that_is_invalid_is_named() {
    let world = World::new().await;
    world.offer("prod-001", Money::usd(2999)).await;
    for limit in ["0", "101", "x"] {
        let answer = world.ask(&products().query("limit", limit)).await;
        assert_eq!(answer.problem(400), Some("limit"), "{limit}");
    }
    let forged = [json!(""), json!("a b"), json!("p".repeat(65)), json!(1), json!(null), json!({})];
    let forged = forged.map(|position| {
        let cursor = json!({ "v": 1, "u": "anybody", "p": position });
        URL_SAFE_NO_PAD.encode(cursor.to_string())
    });
    for cursor in ["", "prod-001"].map(str::to_owned).iter().chain(&forged) {
        let answer = world.ask(&products().query("cursor", cursor)).await;
        assert_eq!(answer.problem(400), Some("cursor"), "{cursor}");
    }
}
