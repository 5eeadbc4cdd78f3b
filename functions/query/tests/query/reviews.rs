//! What waits for an operator, page by page.

use proptest::{prelude::*, test_runner::RngSeed};
use serde_json::{Value, json};
use testkit::http::Request;
use tokio::runtime;

use crate::{
    request::{list, request, reviews},
    world::{World, abandon, created, stuck},
};

/// An instant of the order's day.
fn at(minute: u32) -> String {
    format!("2025-11-17T{:02}:{:02}:00.000Z", 10 + minute / 60, minute % 60)
}

/// Order and service of each review of a page.
fn named(page: &Value) -> Vec<(String, String)> {
    let text = |review: &Value, name: &str| review[name].as_str().unwrap().to_owned();
    let reviews = page["reviews"].as_array().unwrap().iter();
    reviews.map(|it| (text(it, "orderId"), text(it, "service"))).collect()
}

fn after(request: Request, page: &Value) -> Request {
    request.query("cursor", page["cursor"].as_str().unwrap())
}

/// All pages, one after the other.
async fn read(world: &World, limit: usize) -> Vec<(String, String)> {
    let mut request = reviews().query("limit", &limit.to_string());
    let mut read = Vec::new();
    loop {
        let page = world.ask(&request).await.ok();
        let reviews = named(&page);
        let count = reviews.len();
        read.extend(reviews);
        if page.get("cursor").is_none() {
            assert!(count <= limit);
            return read;
        }
        assert_eq!(count, limit, "only the last page has room");
        request = after(request, &page);
    }
}

#[tokio::test]
async fn a_review_shows_what_an_operator_has_to_know() {
    let world = World::new().await;
    world.project(&stuck("order-126", "payment", &at(36))).await;
    let review = json!({
        "orderId": "order-126",
        "service": "payment",
        "step": "refund",
        "attempts": 8,
        "reason": "the payment gateway answers 503",
        "since": "2025-11-17T10:36:00.000Z",
    });
    assert_eq!(world.ask(&reviews()).await.ok(), json!({ "reviews": [review] }));
}

#[tokio::test]
async fn the_services_are_listed_together_oldest_first() {
    let world = World::new().await;
    world.project(&created("order-0", "user-123", &at(0))).await;
    world.project(&stuck("order-1", "shipping", &at(50))).await;
    world.project(&stuck("order-2", "payment", &at(40))).await;
    // Both services of one order, at one instant.
    let mut both = stuck("order-3", "payment", &at(45));
    abandon(&mut both, "shipping", &at(45));
    world.project(&both).await;
    let expected = [
        ("order-2", "payment"),
        ("order-3", "payment"),
        ("order-3", "shipping"),
        ("order-1", "shipping"),
    ];
    let expected = expected.map(|(order, service)| (order.to_owned(), service.to_owned()));
    for limit in 1..=5 {
        assert_eq!(read(&world, limit).await, expected, "{limit} a page");
    }
}

/// It is closed by its service, which publishes how the step ended, and by no other.
#[tokio::test]
async fn a_review_is_listed_until_its_service_publishes_another_event() {
    let world = World::new().await;
    let mut row = stuck("order-126", "payment", &at(36));
    abandon(&mut row, "shipping", &at(40));
    // The order itself has gone on: an operator resumed it.
    row["version"] = 3.into();
    row["updatedAt"] = at(50).into();
    world.project(&row).await;
    assert_eq!(read(&world, 2).await.len(), 2);
    row.as_object_mut().unwrap().retain(|attribute, _| !attribute.starts_with("paymentReview"));
    row["payment"] = "failed".into();
    world.project(&row).await;
    assert_eq!(read(&world, 2).await, [("order-126".to_owned(), "shipping".to_owned())]);
}

#[tokio::test]
async fn the_last_page_has_no_cursor() {
    let world = World::new().await;
    for minute in 0..4 {
        let service = if minute % 2 == 0 { "payment" } else { "shipping" };
        world.project(&stuck(&format!("order-{minute}"), service, &at(minute))).await;
    }
    for (limit, is_last) in [("3", false), ("4", true), ("5", true)] {
        let page = world.ask(&reviews().query("limit", limit)).await.ok();
        assert_eq!(page.get("cursor").is_none(), is_last, "{limit} a page");
    }
}

#[tokio::test]
async fn a_status_that_is_not_to_be_asked_for_is_named() {
    let world = World::new().await;
    for status in ["", "cancelled", "needsReview", "needs-review "] {
        let answer = world.ask(&reviews().query("status", status)).await;
        assert_eq!(answer.problem(400), Some("status"), "{status:?}");
        assert!(answer.text.contains("needs-review"), "{}", answer.text);
    }
    let any = Request::new("GET /admin/orders", "");
    let context = reviews().event().request_context;
    let any = any.with("requestContext", serde_json::to_value(context).unwrap());
    assert_eq!(world.ask(&any).await.problem(400), Some("status"));
}

#[tokio::test]
async fn a_caller_whom_iam_does_not_name_sees_no_reviews() {
    let world = World::new().await;
    world.project(&stuck("order-126", "payment", &at(36))).await;
    let customer = request("GET /admin/orders").query("status", "needs-review");
    for caller in [customer.clone(), customer.anonymous(), reviews().anonymous()] {
        assert_eq!(world.ask(&caller).await.problem(403), None);
    }
}

#[tokio::test]
async fn a_limit_or_a_cursor_that_is_invalid_is_named() {
    let world = World::new().await;
    for minute in 0..3 {
        let order = format!("order-{minute}");
        world.project(&stuck(&order, "payment", &at(minute))).await;
        world.project(&created(&format!("{order}-x"), "operators", &at(minute))).await;
    }
    let page = world.ask(&reviews().query("limit", "1")).await.ok();
    for limit in ["0", "101", "x"] {
        let answer = world.ask(&reviews().query("limit", limit)).await;
        assert_eq!(answer.problem(400), Some("limit"), "{limit}");
    }
    let of_a_customer = world.ask(&list().of("operators").query("limit", "1")).await.ok();
    for cursor in ["", "x", of_a_customer["cursor"].as_str().unwrap()] {
        let answer = world.ask(&reviews().query("cursor", cursor)).await;
        assert_eq!(answer.problem(400), Some("cursor"), "{cursor}");
    }
    // And the other way round.
    let answer = world.ask(&after(list(), &page)).await;
    assert_eq!(answer.problem(400), Some("cursor"));
}

/// Of some orders: the minutes in which each service abandoned a step.
fn orders() -> impl Strategy<Value = Vec<[Option<u32>; 2]>> {
    let minute = || prop::option::weighted(0.7, 0..20_u32);
    let order = (minute(), minute()).prop_map(|(payment, shipping)| [payment, shipping]);
    prop::collection::vec(order, 0..12)
}

async fn all_are_read_once(orders: Vec<[Option<u32>; 2]>, limit: usize) {
    let world = World::new().await;
    let mut expected = Vec::new();
    for (number, [payment, shipping]) in orders.into_iter().enumerate() {
        let order = format!("order-{number:02}");
        let mut row = created(&order, "user-123", &at(0));
        for (service, abandoned) in [("payment", payment), ("shipping", shipping)] {
            let Some(minute) = abandoned else { continue };
            abandon(&mut row, service, &at(minute));
            expected.push((minute, order.clone(), service.to_owned()));
        }
        world.project(&row).await;
    }
    expected.sort();
    let expected: Vec<_> =
        expected.into_iter().map(|(_, order, service)| (order, service)).collect();
    assert_eq!(read(&world, limit).await, expected);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        rng_seed: RngSeed::Fixed(20_251_117),
        ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_waits_is_read_once_and_in_its_order(orders in orders(), limit in 1..6_usize) {
        let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(all_are_read_once(orders, limit));
    }
}
