//! The problems of orders that cannot be placed. Nothing of them is kept.

use catalogue::Money;
use local_dynamodb::FaultPlan;
use serde_json::{Value, json};
use testkit::http::Request;

use crate::{
    request::{OTHER_USER, USER, books_order, line, place, place_text},
    world::World,
};

/// Expects `request` to be refused, and its field to be named.
async fn refuse(world: &World, request: &Request, status: u64, field: Option<&str>) {
    let answer = world.ask(request).await;
    assert_eq!(answer.problem(status), field, "{request:?}: {}", answer.text);
    assert_eq!(world.events().await, 0, "{request:?}");
}

#[tokio::test]
async fn a_body_that_is_not_json_is_not_understood() {
    let world = World::new().await;
    let item = r#"{"productId":"prod-001","quantity":1}"#;
    for body in [
        "hello",
        "{",
        "{} {}",
        "\u{feff}{}",
        r#"{"items":[NaN]}"#,
        r#"{"items":[1e999]}"#,
        r#"{"items":["\ud800"]}"#,
        &format!(r#"{{"items":[{item}],"items":[]}}"#),
        r#"{"items":[{"productId":"prod-001","quantity":1,"quantity":2}]}"#,
        r#"{"items":[{"productId":"prod-001","quantity":1,"\u0071uantity":2}]}"#,
        &"[".repeat(33),
        &format!("{}{}", "[".repeat(33), "]".repeat(33)),
        &format!(r#"{{"items":[{}]}}"#, vec!["1"; 10_001].join(",")),
    ] {
        refuse(&world, &place_text(body), 400, Some("")).await;
    }
    // Not UTF-8.
    let bytes = place_text("/w==").with("isBase64Encoded", true);
    refuse(&world, &bytes, 400, Some("")).await;
}

#[tokio::test]
async fn a_request_without_a_body_is_not_understood() {
    let world = World::new().await;
    refuse(&world, &place_text(""), 400, None).await;
    refuse(&world, &place_text("").with("body", Value::Null), 400, None).await;
    refuse(&world, &place_text("?").with("isBase64Encoded", true), 400, None).await;
}

#[tokio::test]
async fn a_body_that_is_not_declared_as_json_is_not_read() {
    let world = World::new().await;
    let request = place(&books_order());
    refuse(&world, &request.clone().without_header("content-type"), 415, None).await;
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"] {
        refuse(&world, &request.clone().header("content-type", content_type), 415, None).await;
    }
}

#[tokio::test]
async fn a_body_of_more_than_64_kb_is_not_read() {
    let world = World::new().await;
    let order = books_order().to_string();
    let padded = |size: usize| format!("{order}{}", " ".repeat(size - order.len()));
    refuse(&world, &place_text(&padded(64 * 1024 + 1)), 413, None).await;
    assert_eq!(world.ask(&place_text(&padded(64 * 1024))).await.status, 201);
}

#[tokio::test]
async fn a_quantity_is_a_whole_number_from_1_to_1000() {
    let world = World::new().await;
    for quantity in [
        json!(0),
        json!(-1),
        json!(-2),
        json!(1.5),
        json!(1.0),
        json!(1001),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(1e300),
        json!("1"),
        json!(true),
        json!([1]),
        Value::Null,
    ] {
        let order = line("prod-001", quantity);
        refuse(&world, &place(&order), 422, Some("/items/0/quantity")).await;
    }
}

#[tokio::test]
async fn lines_of_one_product_share_its_limit() {
    let world = World::new().await;
    let item = |product: &str, quantity: u32| json!({ "productId": product, "quantity": quantity });
    let items = [item("prod-001", 600), item("prod-002", 600), item("prod-001", 401)];
    let order = json!({ "items": items });
    refuse(&world, &place(&order), 422, Some("/items/2/quantity")).await;
}

#[tokio::test]
async fn a_product_is_named_by_an_identifier_that_exists() {
    let world = World::new().await;
    let overlong = "p".repeat(65);
    for product in [
        "",
        "prod-9",
        "PROD-001",
        "prod 001",
        "prod-001\n",
        "prod-001\0",
        "\u{202e}100-dorp",
        "prod\u{200b}-001",
        "\u{440}rod-001",
        "prod-001#",
        "../prod-001",
        &overlong,
    ] {
        refuse(&world, &place(&line(product, 1)), 422, Some("/items/0/productId")).await;
    }
    for product in [json!(1), json!(null), json!(["prod-001"])] {
        let order = json!({ "items": [{ "productId": product, "quantity": 1 }] });
        refuse(&world, &place(&order), 422, Some("/items/0/productId")).await;
    }
}

#[tokio::test]
async fn an_order_goes_to_no_other_customers_address() {
    let world = World::new().await;
    world.move_in(OTHER_USER, "addr-of-another").await;
    world.move_in(OTHER_USER, USER).await;
    let to = |address: &str| {
        let mut order = line("prod-001", 1);
        order["deliveryAddressId"] = address.into();
        place(&order)
    };
    // The carrier keeps default addresses under the ids of customers.
    for address in ["addr-of-another", OTHER_USER, USER, "addr-9", "ADDR_1"] {
        refuse(&world, &to(address), 422, Some("/deliveryAddressId")).await;
    }
    let theirs = to("addr-of-another").of(OTHER_USER);
    assert_eq!(world.ask(&theirs).await.status, 201);
}

/// The first event, products and address together, the order.
#[tokio::test]
async fn whose_address_it_is_costs_no_request_more() {
    let world = World::new().await;
    let mut to_an_address = line("prod-001", 1);
    to_an_address["deliveryAddressId"] = "addr_1".into();
    for (key, order) in [("key-1", line("prod-001", 1)), ("key-2", to_an_address)] {
        let calls = FaultPlan::none();
        let placed = place(&order).header("idempotency-key", key);
        assert_eq!(world.ask_with(calls.clone(), &placed).await.status, 201);
        assert_eq!(calls.calls(), 3, "{order}");
    }
}

#[tokio::test]
async fn a_price_is_stated_in_its_currency() {
    let world = World::new().await;
    let abroad = |amount, code| Money::new(amount, catalogue::Currency::parse(code).unwrap());
    world.offer("prod-jpy", abroad(500, "JPY")).await;
    world.offer("prod-kwd", abroad(5250, "KWD")).await;
    let shown = |product: &str, price: Value| {
        let mut order = line(product, 1);
        order["items"][0]["price"] = price;
        place(&order)
    };
    for (product, price, actual) in [
        ("prod-jpy", json!(5), "5 JPY was shown, it is 500 JPY"),
        ("prod-kwd", json!(5.255), "5.255 KWD was shown, it is 5.250 KWD"),
    ] {
        let answer = world.ask(&shown(product, price)).await;
        assert_eq!(answer.problem(409), Some("/items/0/price"));
        assert_eq!(answer.body["errors"][0]["detail"], actual);
    }
    refuse(&world, &shown("prod-jpy", json!(499.5)), 422, Some("/items/0/price")).await;
    for (key, product, price) in [("k1", "prod-jpy", json!(500)), ("k2", "prod-kwd", json!(5.25))] {
        let answer = world.ask(&shown(product, price).header("idempotency-key", key)).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
    }
}

#[tokio::test]
async fn an_order_has_the_fields_of_an_order_and_no_other() {
    let world = World::new().await;
    for (order, field) in [
        (json!([]), ""),
        (json!({}), "/items"),
        (json!({ "items": null }), "/items"),
        (json!({ "items": {} }), "/items"),
        (json!({ "items": [] }), "/items"),
        (json!({ "items": [null] }), "/items/0"),
        (json!({ "items": [{ "quantity": 1 }] }), "/items/0/productId"),
        (json!({ "items": [{ "productId": "prod-001" }] }), "/items/0/quantity"),
        (json!({ "items": vec![line("prod-001", 1)["items"][0].clone(); 51] }), "/items"),
    ] {
        refuse(&world, &place(&order), 422, Some(field)).await;
    }
    for field in ["userId", "orderId", "status", "currency", "a~b/c"] {
        let mut order = line("prod-001", 1);
        order[field] = "x".into();
        let pointer = format!("/{}", field.replace('~', "~0").replace('/', "~1"));
        refuse(&world, &place(&order), 422, Some(&pointer)).await;
    }
    let discounted = json!({ "productId": "prod-001", "quantity": 1, "discount": 1 });
    let order = json!({ "items": [discounted] });
    refuse(&world, &place(&order), 422, Some("/items/0/discount")).await;
}

#[tokio::test]
async fn a_sum_that_cannot_be_paid_is_refused() {
    let world = World::new().await;
    world.offer("prod-max", Money::usd(i64::MAX)).await;
    refuse(&world, &place(&line("prod-max", 2)), 422, Some("/items")).await;
    let item = |product: &str| json!({ "productId": product, "quantity": 1 });
    let order = json!({ "items": [item("prod-max"), item("prod-001")] });
    refuse(&world, &place(&order), 422, Some("/items")).await;
}

#[tokio::test]
async fn two_currencies_are_not_one_order() {
    let world = World::new().await;
    let euros = Money::new(100, catalogue::Currency::parse("EUR").unwrap());
    world.offer("prod-eur", euros).await;
    let item = |product: &str| json!({ "productId": product, "quantity": 1 });
    let order = json!({ "items": [item("prod-001"), item("prod-eur")] });
    refuse(&world, &place(&order), 422, Some("/items")).await;
}

#[tokio::test]
async fn a_customer_who_was_shown_something_else_gets_what_is_true() {
    let world = World::new().await;
    let mut cheap_total = books_order();
    cheap_total["total"] = json!(99.99);
    let mut cheap_price = books_order();
    cheap_price["items"][1]["price"] = json!(0.01);
    let mut negative = books_order();
    negative["total"] = json!(-109.97);
    for (order, field, actual) in [
        (cheap_total, "/total", "109.97 USD"),
        (cheap_price, "/items/1/price", "49.99 USD"),
        (negative, "/total", "109.97 USD"),
    ] {
        let answer = world.ask(&place(&order)).await;
        answer.refuses(409, field);
        let problem = answer.body;
        assert_eq!(problem["type"], "urn:orderly:problem:price-changed");
        assert!(problem["errors"][0]["detail"].as_str().unwrap().contains(actual), "{problem}");
    }
    assert_eq!(world.events().await, 0);
}

#[tokio::test]
async fn an_amount_is_a_number_in_cents() {
    let world = World::new().await;
    for amount in [json!("109.97"), json!(109.975), json!(1e300), json!({}), json!(true)] {
        let mut order = books_order();
        order["total"] = amount.clone();
        refuse(&world, &place(&order), 422, Some("/total")).await;
        let mut order = books_order();
        order["items"][0]["price"] = amount;
        refuse(&world, &place(&order), 422, Some("/items/0/price")).await;
    }
}

#[tokio::test]
async fn how_to_pay_and_where_to_deliver_are_identifiers() {
    let world = World::new().await;
    for field in ["paymentMethodId", "deliveryAddressId"] {
        for value in [json!(""), json!("a b"), json!("\u{0}"), json!(7), json!("x".repeat(65))] {
            let mut order = books_order();
            order[field] = value;
            refuse(&world, &place(&order), 422, Some(&format!("/{field}"))).await;
        }
    }
}

#[tokio::test]
async fn a_card_number_is_no_way_to_pay() {
    let world = World::new().await;
    for number in ["4242424242424242", "4242-4242-4242-4242", "card_378282246310005"] {
        let mut order = books_order();
        order["paymentMethodId"] = number.into();
        let answer = world.ask(&place(&order)).await;
        answer.refuses(422, "/paymentMethodId");
        assert!(!answer.text.contains(number), "{}", answer.text);
    }
    assert_eq!(world.events().await, 0);
}

#[tokio::test]
async fn a_key_is_one_visible_word_of_at_most_255_characters() {
    let world = World::new().await;
    let request = place(&books_order());
    let missing = request.clone().without_header("idempotency-key");
    refuse(&world, &missing, 400, Some("Idempotency-Key")).await;
    for key in ["", " ", "two words", "schlüssel", "a\tb", "\u{202e}a", &"k".repeat(256)] {
        refuse(
            &world,
            &request.clone().header("idempotency-key", key),
            400,
            Some("Idempotency-Key"),
        )
        .await;
    }
    for key in ["k", "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", &"k".repeat(255)] {
        assert_eq!(world.ask(&request.clone().header("idempotency-key", key)).await.status, 201);
    }
}
