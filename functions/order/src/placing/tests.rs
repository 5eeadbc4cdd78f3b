use serde_json::json;

use super::*;

fn id(text: &str) -> AggregateId {
    AggregateId::parse(text).unwrap()
}

fn catalogue() -> BTreeMap<AggregateId, Product> {
    let product = |name: &str, cents| {
        let product = Product { product_id: id(name), name: name.into(), price: Money::usd(cents) };
        (id(name), product)
    };
    BTreeMap::from([
        product("prod-001", 2999),
        product("prod-002", 4999),
        product("prod-max", i64::MAX),
    ])
}

fn request(body: serde_json::Value) -> OrderRequest {
    serde_json::from_value(body).unwrap()
}

fn price(body: serde_json::Value) -> Result<OrderCreated, PlacingError> {
    let request = request(body);
    request.validate()?;
    request.price(id("order-1"), id("user-1"), &catalogue())
}

#[track_caller]
fn refused_at(body: serde_json::Value, expected: &str) {
    match price(body).unwrap_err() {
        PlacingError::Invalid { pointer, .. } | PlacingError::Outdated { pointer, .. } => {
            assert_eq!(pointer, expected);
        }
    }
}

#[test]
fn the_books_order_costs_what_the_book_says() {
    let order = price(json!({
        "items": [
            { "productId": "prod-001", "quantity": 2, "price": 29.99 },
            { "productId": "prod-002", "quantity": 1, "price": 49.99 }
        ],
        "total": 109.97
    }));
    assert_eq!(order.unwrap().total, Money::usd(10_997));
}

#[test]
fn lines_of_one_product_are_added_up() {
    let line = json!({ "productId": "prod-001", "quantity": 2 });
    let order = price(json!({ "items": [line, line] })).unwrap();
    assert_eq!((order.items.len(), order.items[0].quantity), (1, 4));
    assert_eq!(order.total, Money::usd(4 * 2999));
}

#[test]
fn a_wrong_field_is_pointed_at() {
    let line = |product: &str, quantity: u32| json!({ "productId": product, "quantity": quantity });
    refused_at(json!({ "items": [] }), "/items");
    refused_at(json!({ "items": vec![line("prod-001", 1); 51] }), "/items");
    refused_at(json!({ "items": [line("prod-001", 0)] }), "/items/0/quantity");
    refused_at(json!({ "items": [line("prod-001", 1001)] }), "/items/0/quantity");
    let two_lines = [line("prod-001", 1000), line("prod-001", 1)];
    refused_at(json!({ "items": two_lines }), "/items/1/quantity");
    refused_at(json!({ "items": [line("prod-001", 1), line("prod-9", 1)] }), "/items/1/productId");
    refused_at(json!({ "items": [line("prod-max", 2)] }), "/items");
    refused_at(json!({ "items": [line("prod-001", 1)], "total": 29.98 }), "/total");
    refused_at(json!({ "items": [line("prod-001", 1)], "total": 1e300 }), "/total");
    let shown = json!({ "productId": "prod-001", "quantity": 1, "price": 19.99 });
    refused_at(json!({ "items": [shown] }), "/items/0/price");
}

#[test]
fn a_repetition_is_known_whatever_the_prices_are_now() {
    let asked = json!({ "items": [{ "productId": "prod-001", "quantity": 2 }] });
    let order = price(asked.clone()).unwrap();
    assert!(request(asked).asked_for(&order));
    for other in [
        json!({ "items": [{ "productId": "prod-001", "quantity": 3 }] }),
        json!({ "items": [{ "productId": "prod-002", "quantity": 2 }] }),
        json!({ "items": [{ "productId": "prod-001", "quantity": 2 }], "total": 1 }),
        json!({ "items": [{ "productId": "prod-001", "quantity": 2 }], "paymentMethodId": "pm_1" }),
    ] {
        assert!(!request(other).asked_for(&order));
    }
}

#[test]
fn an_order_id_belongs_to_its_user_and_key() {
    let (user, other) = (id("user-1"), id("user-2"));
    assert_eq!(order_id(&user, "k"), order_id(&user, "k"));
    assert_ne!(order_id(&user, "k"), order_id(&other, "k"));
    assert_ne!(order_id(&user, "k"), order_id(&user, "l"));
}
