//! What a customer gets who places an order.

use catalogue::Money;
use local_dynamodb::FaultPlan;
use runtime::Clock;
use serde_json::{Value, json};
use testkit::http::{Answer, Request};

use crate::{
    request::{OTHER_USER, USER, books_order, line, order_id, place},
    world::{World, at_once, id, meeting_clocks},
};

const REPLAYED: &str = "idempotency-replayed";

#[tokio::test]
async fn the_books_order_is_created_at_the_books_total() {
    let world = World::new().await;
    let answer = world.ask(&place(&books_order())).await;
    let order = order_id(&answer);
    assert_eq!(answer.status, 201);
    assert_eq!(
        answer.headers,
        json!({
            "cache-control": "no-store",
            "content-type": "application/json",
            "location": format!("/orders/{order}"),
            "order-version": "1",
        })
    );
    let item = |product: &str, quantity: u32, cents: i64| json!({ "productId": product, "quantity": quantity, "unitPrice": Money::usd(cents) });
    let items = [item("prod-001", 2, 2999), item("prod-002", 1, 4999)];
    let [created] = &world.stream(&id(&order)).await[..] else { panic!("one event") };
    assert_eq!(
        answer.body,
        json!({
            "orderId": order,
            "status": "created",
            "items": items,
            "total": { "amount": 10_997, "currency": "USD" },
            "createdAt": "2025-11-17T10:30:00.000Z",
            "correlationId": created.correlation_id,
            "version": 1,
        })
    );
    assert_eq!((created.event_type.as_str(), &created.causation_id), ("OrderCreated", &None));
    assert_eq!(created.data["userId"], USER);
    assert_eq!(created.data["total"], answer.body["total"]);
}

#[tokio::test]
async fn what_a_customer_leaves_out_or_adds_is_kept_as_it_is() {
    let world = World::new().await;
    let mut order = line("prod-001", 1);
    order["paymentMethodId"] = "pm_card_visa".into();
    order["deliveryAddressId"] = "addr_1".into();
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let answer = world.ask(&place(&order).header("traceparent", traceparent)).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let stream = world.stream(&id(&order_id(&answer))).await;
    assert_eq!(stream[0].data["paymentMethodId"], "pm_card_visa");
    assert_eq!(stream[0].data["deliveryAddressId"], "addr_1");
    assert_eq!(stream[0].metadata.traceparent.as_deref(), Some(traceparent));
    assert_eq!(stream[0].metadata.actor.as_deref(), Some(USER));
}

#[tokio::test]
async fn lines_of_one_product_become_one() {
    let world = World::new().await;
    let item = json!({ "productId": "prod-001", "quantity": 2 });
    let answer = world.ask(&place(&json!({ "items": [item, item], "total": 119.96 }))).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let order = answer.body;
    assert_eq!(order["items"].as_array().unwrap().len(), 1);
    assert_eq!(order["items"][0]["quantity"], 4);
    assert_eq!(order["total"], json!(Money::usd(4 * 2999)));
}

/// Expects the answer to be `first` again, marked as a repetition.
#[track_caller]
fn assert_repeats(first: &Answer, again: &Answer) {
    let mut headers = first.headers.clone();
    headers[REPLAYED] = "true".into();
    assert_eq!(*again, Answer { headers, ..first.clone() });
}

#[tokio::test]
async fn a_repetition_is_answered_byte_for_byte_whatever_has_happened_since() {
    let world = World::new().await;
    let request = place(&books_order());
    let first = world.ask(&request).await;
    assert_eq!(first.headers[REPLAYED], Value::Null);
    assert_repeats(&first, &world.ask(&request).await);

    world.offer("prod-001", Money::usd(9999)).await;
    assert_repeats(&first, &world.ask(&request).await);

    let order = id(&order_id(&first));
    world.ask(&crate::request::cancel(order.as_str())).await;
    assert_repeats(&first, &world.ask(&request).await);
    assert_eq!(world.history(&order).await, ["OrderCreated", "OrderCancelled(customerRequest)"]);
}

#[tokio::test]
async fn the_same_order_in_other_words_is_a_repetition() {
    let world = World::new().await;
    let first = world.ask(&place(&books_order())).await;
    let other_words = json!({
        "total": 109.97,
        "items": [
            { "quantity": 1, "productId": "prod-002" },
            { "quantity": 1, "productId": "prod-001" },
            { "quantity": 1, "productId": "prod-001" },
        ],
    });
    assert_repeats(&first, &world.ask(&place(&other_words)).await);
}

#[tokio::test]
async fn a_key_stands_for_one_order_only() {
    let world = World::new().await;
    world.ask(&place(&books_order())).await;
    let mut shown_otherwise = books_order();
    shown_otherwise["total"] = 100.into();
    let mut paid_otherwise = books_order();
    paid_otherwise["paymentMethodId"] = "pm_other".into();
    for other in [line("prod-001", 2), line("prod-003", 1), shown_otherwise, paid_otherwise] {
        let answer = world.ask(&place(&other)).await;
        answer.refuses(422, "Idempotency-Key");
        assert_eq!(answer.body["type"], "urn:orderly:problem:idempotency-key-reused");
    }
    assert_eq!(world.events().await, 1);
}

#[tokio::test]
async fn another_key_or_another_user_is_another_order() {
    let world = World::new().await;
    let request = place(&books_order());
    let mut orders = Vec::new();
    for request in [
        request.clone(),
        request.clone().header("idempotency-key", "key-2"),
        request.of(OTHER_USER),
    ] {
        orders.push(order_id(&world.ask(&request).await));
    }
    orders.sort();
    orders.dedup();
    assert_eq!((orders.len(), world.events().await), (3, 3));
}

async fn ask_at_once(world: &World, requests: [Request; 2]) -> [Answer; 2] {
    let clocks = meeting_clocks();
    let [one, other] = [0, 1].map(|index| {
        let (world, clock): (World, Clock) = (world.clone(), clocks[index].clone());
        let event = requests[index].event();
        async move { Answer::from(world.api(FaultPlan::none(), clock).handle(event).await) }
    });
    let (one, other) = at_once(one, other).await;
    [one, other]
}

#[tokio::test]
async fn of_two_requests_at_once_one_places_the_order_and_both_have_its_answer() {
    let world = World::new().await;
    let request = place(&books_order());
    let mut answers = ask_at_once(&world, [request.clone(), request]).await;
    answers.sort_by_key(|answer| answer.headers[REPLAYED].is_string());
    let [first, again] = &answers;
    assert_eq!(first.status, 201, "{}", first.text);
    assert_repeats(first, again);
    assert_eq!(world.events().await, 1);
}

#[tokio::test]
async fn of_two_orders_at_once_under_one_key_one_is_refused() {
    let world = World::new().await;
    let requests = [place(&books_order()), place(&line("prod-001", 1))];
    let mut answers = ask_at_once(&world, requests).await;
    answers.sort_by_key(|answer| answer.status);
    assert_eq!(answers[0].status, 201, "{}", answers[0].text);
    answers[1].refuses(422, "Idempotency-Key");
    assert_eq!(world.events().await, 1);
}
