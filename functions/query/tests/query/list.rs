//! A customer's own orders, page by page.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use testkit::http::Request;

use crate::{
    request::{OTHER_USER, USER, list},
    world::{World, created},
};

/// An order of each minute from `from`, all of one user. Gives their ids, newest first.
async fn place(world: &World, user: &str, minutes: std::ops::Range<u32>) -> Vec<String> {
    let mut orders = Vec::new();
    for minute in minutes {
        // Ids that do not come in the order of times.
        let order = format!("order-{}-{user}", (minute * 7) % 60);
        let at = format!("2025-11-17T10:{minute:02}:00.000Z");
        world.project(&created(&order, user, &at)).await;
        orders.insert(0, order);
    }
    orders
}

fn ids(page: &Value) -> Vec<String> {
    let orders = page["orders"].as_array().unwrap();
    orders.iter().map(|order| order["orderId"].as_str().unwrap().to_owned()).collect()
}

fn after(request: Request, page: &Value) -> Request {
    request.query("cursor", page["cursor"].as_str().unwrap())
}

#[tokio::test]
async fn orders_come_newest_first_page_by_page() {
    let world = World::new().await;
    let orders = place(&world, USER, 0..25).await;
    place(&world, OTHER_USER, 0..25).await;
    let request = list().query("limit", "10");
    let first = world.ask(&request).await.ok();
    let second = world.ask(&after(request.clone(), &first)).await.ok();
    let third = world.ask(&after(request, &second)).await.ok();
    assert_eq!(ids(&first), orders[..10]);
    assert_eq!(ids(&second), orders[10..20]);
    assert_eq!(ids(&third), orders[20..]);
    assert_eq!(third.get("cursor"), None, "this is the last page");
}

#[tokio::test]
async fn an_order_in_a_list_is_a_summary() {
    let world = World::new().await;
    world.project(&created("order-123", USER, "2025-11-17T10:30:00.000Z")).await;
    let order = json!({
        "orderId": "order-123",
        "status": "created",
        "total": { "amount": 10_997, "currency": "USD" },
        "createdAt": "2025-11-17T10:30:00.000Z",
    });
    assert_eq!(world.ask(&list()).await.ok(), json!({ "orders": [order] }));
}

#[tokio::test]
async fn who_has_no_orders_has_an_empty_list() {
    let world = World::new().await;
    place(&world, OTHER_USER, 0..1).await;
    // Another service was faster than the order: it has no owner yet.
    world.project(&json!({ "orderId": "order-1", "inventory": "reserved" })).await;
    assert_eq!(world.ask(&list()).await.ok(), json!({ "orders": [] }));
}

#[tokio::test]
async fn orders_of_one_instant_are_all_listed() {
    let world = World::new().await;
    for order in ["a", "b", "c"] {
        world.project(&created(order, USER, "2025-11-17T10:30:00.000Z")).await;
    }
    let request = list().query("limit", "2");
    let first = world.ask(&request).await.ok();
    let second = world.ask(&after(request, &first)).await.ok();
    assert_eq!([ids(&first), ids(&second)].concat(), ["c", "b", "a"]);
}

#[tokio::test]
async fn an_order_placed_meanwhile_moves_no_page() {
    let world = World::new().await;
    let orders = place(&world, USER, 0..4).await;
    let request = list().query("limit", "2");
    let first = world.ask(&request).await.ok();
    place(&world, USER, 4..6).await;
    assert_eq!(ids(&world.ask(&after(request, &first)).await.ok()), orders[2..]);
}

#[tokio::test]
async fn a_page_has_20_orders_unless_the_customer_asks_for_another_number() {
    let world = World::new().await;
    place(&world, USER, 0..25).await;
    assert_eq!(ids(&world.ask(&list()).await.ok()).len(), 20);
    assert_eq!(ids(&world.ask(&list().query("limit", "1")).await.ok()).len(), 1);
    let all = world.ask(&list().query("limit", "100")).await.ok();
    assert_eq!((ids(&all).len(), all.get("cursor")), (25, None));
    for limit in ["0", "101", "-1", "x", "", "1.5", "1e1"] {
        let answer = world.ask(&list().query("limit", limit)).await;
        assert_eq!(answer.problem(400), Some("limit"), "{limit}");
    }
}

/// A cursor, decoded.
fn cursor(user: &str, position: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json!({ "v": 1, "u": user, "p": position }).to_string())
}

#[tokio::test]
async fn a_cursor_that_was_not_given_out_is_refused() {
    let world = World::new().await;
    place(&world, USER, 0..3).await;
    let page = world.ask(&list().query("limit", "2")).await.ok();
    let given = page["cursor"].as_str().unwrap();
    assert_eq!(world.ask(&after(list(), &page).of(OTHER_USER)).await.problem(400), Some("cursor"));

    let at = "2025-11-17T10:30:00.000Z";
    let overlong = format!("{at}#{}", "o".repeat(65));
    let mut forged: Vec<String> = ["", "x", "e30", "null", "a b", "%00"].map(str::to_owned).into();
    forged.extend([given[1..].to_owned(), format!("{given}="), "A".repeat(2000)]);
    forged.extend(
        [
            json!(null),
            json!(1),
            json!({}),
            json!([]),
            json!(""),
            json!("#"),
            json!(at),
            json!(format!("{at}#")),
            json!("#order-1"),
            json!(format!("{at}#order 1")),
            json!(format!("{at}#a#b")),
            json!(overlong),
            json!({ "o": "", "p": "" }),
            json!({ "o": "order-1", "p": "" }),
        ]
        .map(|position| cursor(USER, &position)),
    );
    for text in forged {
        let answer = world.ask(&list().query("cursor", &text)).await;
        assert_eq!(answer.problem(400), Some("cursor"), "{text:?}");
    }
}

#[tokio::test]
async fn a_garbled_cursor_shows_no_other_customers_orders() {
    let world = World::new().await;
    let orders = place(&world, USER, 0..3).await;
    place(&world, OTHER_USER, 0..3).await;
    let page = world.ask(&list().query("limit", "2")).await.ok();
    let given = page["cursor"].as_str().unwrap();
    for place in 0..given.len() {
        for letter in ["A", "Q", "_"] {
            let mut garbled = given.to_owned();
            garbled.replace_range(place..=place, letter);
            let answer = world.ask(&list().query("cursor", &garbled)).await;
            match answer.status {
                200 => assert!(ids(&answer.body).iter().all(|order| orders.contains(order))),
                _ => assert_eq!(answer.problem(400), Some("cursor"), "{garbled}"),
            }
        }
    }
}
