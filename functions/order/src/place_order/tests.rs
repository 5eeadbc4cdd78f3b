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
        abroad("prod-jpy", 500, "JPY"),
        abroad("prod-clp", 700, "CLP"),
        abroad("prod-kwd", 5250, "KWD"),
        abroad("prod-clf", 12_345, "CLF"),
    ])
}

fn known() -> Known {
    Known { products: catalogue(), addresses: BTreeSet::from([id("addr-home")]) }
}

fn abroad(name: &str, amount: i64, currency: &str) -> (AggregateId, Product) {
    let price = Money::new(amount, catalogue::Currency::parse(currency).unwrap());
    (id(name), Product { product_id: id(name), name: name.into(), price })
}

/// One piece, for which the customer was shown this.
fn shown(product: &str, price: &str) -> Result<OrderCreated, PlacingError> {
    let price: serde_json::Number = serde_json::from_str(price).unwrap();
    self::price(json!({
        "items": [{ "productId": product, "quantity": 1, "price": price }], "total": price,
    }))
}

fn request(body: serde_json::Value) -> OrderRequest {
    serde_json::from_value(body).unwrap()
}

fn price(body: serde_json::Value) -> Result<OrderCreated, PlacingError> {
    let request = request(body);
    request.validate()?;
    request.price(id("order-1"), id("user-1"), &known())
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
fn the_order_of_v1_costs_what_v1_states() {
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
fn an_order_goes_to_an_address_of_its_customer() {
    let to = |address: &str| {
        let line = json!({ "productId": "prod-001", "quantity": 1 });
        price(json!({ "items": [line], "deliveryAddressId": address }))
    };
    assert_eq!(to("addr-home").unwrap().delivery_address_id, Some(id("addr-home")));
    // A customer's id is no address, be it one's own.
    for other in ["addr-of-another", "user-2", "user-1"] {
        let why = "/deliveryAddressId: no such address in your address book";
        assert_eq!(to(other).unwrap_err().to_string(), why);
    }
}

#[test]
fn a_card_number_is_refused_wherever_it_stands() {
    let line = |product: &str| json!({ "productId": product, "quantity": 1 });
    let with = |field: &str, id: &str| json!({ "items": [line("prod-001")], field: id });
    for number in ["4242424242424242_visa", "4242424242424242-1229-123", "card_5555555555554444"] {
        refused_at(with("paymentMethodId", number), "/paymentMethodId");
        refused_at(with("deliveryAddressId", number), "/deliveryAddressId");
        let items = json!({ "items": [line("prod-001"), line(number)] });
        let why = format!("/items/1/productId: {CARD_NUMBER}");
        assert_eq!(price(items).unwrap_err().to_string(), why);
    }
    price(with("paymentMethodId", "pm_8e03978e-40d5-43dd-bc93-6894a57f9324")).unwrap();
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
    let user = id("user-1");
    let other = id("user-2");
    assert_eq!(order_id(&user, "k"), order_id(&user, "k"));
    assert_ne!(order_id(&user, "k"), order_id(&other, "k"));
    assert_ne!(order_id(&user, "k"), order_id(&user, "l"));
}

#[test]
fn a_price_is_a_decimal_in_its_currencys_own_unit() {
    for (product, price, total) in [
        ("prod-jpy", "500", 500),
        ("prod-jpy", "5e2", 500),
        ("prod-clp", "700.0", 700),
        ("prod-kwd", "5.25", 5250),
        ("prod-clf", "1.2345", 12_345),
    ] {
        assert_eq!(shown(product, price).unwrap().total.amount, total, "{product} {price}");
    }
    for (product, price, why) in [
        ("prod-jpy", "5", "/items/0/price: 5 JPY was shown, it is 500 JPY"),
        ("prod-clp", "7.0", "/items/0/price: 7 CLP was shown, it is 700 CLP"),
        ("prod-kwd", "5.255", "/items/0/price: 5.255 KWD was shown, it is 5.250 KWD"),
        (
            "prod-jpy",
            "499.5",
            "/items/0/price: 499.5 is not an amount in JPY: it has no decimals; it is 500 JPY",
        ),
    ] {
        assert_eq!(shown(product, price).unwrap_err().to_string(), why);
    }
}

#[test]
fn a_total_that_was_added_up_in_doubles_is_the_total() {
    let order = |quantity: u32, total: f64| {
        let line = json!({ "productId": "prod-001", "quantity": quantity, "price": 29.99 });
        price(json!({ "items": [line], "total": total }))
    };
    for quantity in [1_u32, 3, 7, 19, 333, 1000] {
        let order = order(quantity, f64::from(quantity) * 29.99).unwrap();
        assert_eq!(order.total, Money::usd(i64::from(quantity) * 2999));
    }
    let again = request(json!({
        "items": [{ "productId": "prod-001", "quantity": 7 }], "total": 209.929_999_999_999_98,
    }));
    assert!(again.asked_for(&order(7, 209.93).unwrap()));
    let is_invalid = |outcome| matches!(outcome, Err(PlacingError::Invalid { .. }));
    assert!(is_invalid(order(1, 29.995)) && is_invalid(order(1, 29.990_001)));
    assert!(matches!(order(1, 29.98), Err(PlacingError::Outdated { .. })));
    assert_eq!(shown("prod-001", "29.990000000000002").unwrap().total, Money::usd(2999));
}
