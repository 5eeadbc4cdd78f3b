//! What customers and operators are answered.

use local_dynamodb::FaultPlan;
use proptest::{prelude::*, sample::subsequence, test_runner::RngSeed};
use serde_json::{Value, json};
use testkit::{Harness, cases, http::Request};
use tokio::runtime::Runtime;

use crate::world::{World, stream};

const ORDER: &str = "order-126";
const CUSTOMER: &str = "user-789";
const OPERATOR: &str = "000000000000/AROAOPERATOR";

fn of_customer(user: &str, order: &str) -> Request {
    Request::new("GET /orders/{id}/timeline", "orders:read").of(user).about(order)
}

fn of_operator(order: &str) -> Request {
    Request::new("GET /admin/orders/{id}/timeline", "").of_operator().about(order)
}

/// With all that happened to an order whose refund an operator resumed.
async fn resumed() -> World {
    let world = World::new().await;
    world.complete_all(&stream("cancelled-and-resumed")).await;
    world
}

fn entry<'a>(answer: &'a Value, event_type: &str) -> &'a Value {
    let entries = answer["entries"].as_array().unwrap();
    entries.iter().find(|entry| entry["type"] == event_type).unwrap()
}

#[tokio::test]
async fn a_customer_sees_each_event_with_its_cause_and_no_operator() {
    let world = resumed().await;
    let answer = world.ask(&of_customer(CUSTOMER, ORDER)).await.ok();
    assert_eq!(answer["orderId"], ORDER);
    assert_eq!(answer["next"], Value::Null);
    let resumed = entry(&answer, "OrderResumed");
    let refunded = entry(&answer, "PaymentRefunded");
    assert_eq!(refunded["causedBy"], resumed["id"]);
    assert_eq!(refunded["service"], "payment-service");
    assert_eq!(refunded["at"], "2025-11-17T11:59:59.000Z");
    assert_eq!(refunded["summary"]["amount"], json!({ "amount": 10_997, "currency": "USD" }));
    let stuck = entry(&answer, "PaymentNeedsReview");
    assert_eq!(stuck["summary"], json!({}));
    let text = answer.to_string();
    for hidden in [OPERATOR, "Ann", "address_unknown", "attempts", "pm_card_visa", "addr-9"] {
        assert!(!text.contains(hidden), "{hidden} is shown: {text}");
    }
}

#[tokio::test]
async fn an_operator_sees_who_did_it_and_what_stood_in_the_way() {
    let world = resumed().await;
    let answer = world.ask(&of_operator(ORDER)).await.ok();
    let resumed = entry(&answer, "OrderResumed");
    assert_eq!(
        (resumed["actor"].as_str(), resumed["sequence"].as_u64()),
        (Some(OPERATOR), Some(4))
    );
    let stuck = entry(&answer, "PaymentNeedsReview");
    assert_eq!(stuck["internal"], json!({ "step": "refund", "attempts": 8 }));
    assert_eq!(entry(&answer, "ShippingFailed")["internal"]["code"], "address_unknown");
    assert!(!answer.to_string().contains("Ann"));
}

#[tokio::test]
async fn pages_together_are_the_timeline() {
    let world = resumed().await;
    for request in [of_customer(CUSTOMER, ORDER), of_operator(ORDER)] {
        let whole = world.ask(&request).await.ok()["entries"].clone();
        let (mut pages, mut next) = (Vec::new(), None::<String>);
        for _ in 0..4 {
            let mut page = request.clone().query("limit", "3");
            if let Some(cursor) = &next {
                page = page.query("cursor", cursor);
            }
            let answer = world.ask(&page).await.ok();
            pages.extend(answer["entries"].as_array().unwrap().clone());
            next = answer["next"].as_str().map(str::to_owned);
        }
        assert_eq!(next, None);
        assert_eq!(Value::from(pages), whole);
    }
}

#[tokio::test]
async fn a_cursor_of_another_caller_or_order_is_refused() {
    let world = resumed().await;
    world.complete_all(&stream("completed")).await;
    let cursor = async |request: Request| {
        let page = world.ask(&request.query("limit", "1")).await.ok();
        page["next"].as_str().unwrap().to_owned()
    };
    let own = cursor(of_customer(CUSTOMER, ORDER)).await;
    let of_shop = cursor(of_operator(ORDER)).await;
    for (request, cursor) in [
        (of_customer(CUSTOMER, ORDER), &of_shop),
        (of_operator(ORDER), &own),
        (of_customer("user-456", "order-123"), &own),
        (of_operator("order-123"), &of_shop),
    ] {
        world.ask(&request.query("cursor", cursor)).await.refuses(400, "cursor");
    }
}

#[tokio::test]
async fn before_its_first_event_an_order_has_no_customer() {
    let world = World::new().await;
    let events = stream("completed");
    let (created, others): (Vec<_>, Vec<_>) =
        events.into_iter().partition(|it| it.envelope.event_type == "OrderCreated");
    world.complete_all(&others).await;
    let request = of_customer("user-456", "order-123");
    assert_eq!(world.ask(&request).await.problem(404), None);
    let shown = world.ask(&of_operator("order-123")).await.ok();
    assert_eq!(shown["entries"].as_array().unwrap().len(), 9);
    world.complete_all(&created).await;
    assert_eq!(world.ask(&request).await.status, 200);
}

#[tokio::test]
async fn an_order_of_another_is_answered_as_one_that_is_not_there() {
    let world = resumed().await;
    let theirs = world.ask(&of_customer("user-456", ORDER)).await;
    let none = World::new().await.ask(&of_customer("user-456", ORDER)).await;
    assert_eq!((theirs.problem(404), &theirs.body), (None, &none.body));
    let anonymous = of_customer(CUSTOMER, ORDER).anonymous();
    assert_eq!(world.ask(&anonymous).await.status, 401);
    let other = Request::new("POST /orders/{id}/timeline", "orders:read").of(CUSTOMER);
    assert_eq!(world.ask(&other.about(ORDER)).await.status, 404);
}

#[tokio::test]
async fn a_table_that_is_unavailable_is_a_503_and_never_another_answer() {
    let world = resumed().await;
    let request = of_customer(CUSTOMER, ORDER);
    let calm = FaultPlan::none();
    let expected = world.ask_with(calm.clone(), request.event()).await;
    for case in cases(&calm) {
        let answer = world.ask_with(case.plan(), request.event()).await;
        assert!(answer == expected || answer.status == 503, "{case}: {answer:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        rng_seed: RngSeed::Fixed(20_251_117),
        ..ProptestConfig::default()
    })]

    /// Whatever has arrived, in whatever order, of two orders at once.
    #[test]
    fn a_customer_never_sees_an_operator_or_the_order_of_another(
        arrived in subsequence([stream("completed"), stream("cancelled-and-resumed")].concat(), 0..=20)
            .prop_shuffle(),
    ) {
        Runtime::new().unwrap().block_on(async {
            let world = World::new().await;
            world.complete_all(&arrived).await;
            for (user, own, others) in
                [("user-456", "order-123", "order-126"), ("user-789", "order-126", "order-123")]
            {
                let theirs = world.ask(&of_customer(user, others)).await;
                assert_eq!(theirs.status, 404);
                let answer = world.ask(&of_customer(user, own)).await;
                let is_created = arrived.iter().any(|it| {
                    it.envelope.event_type == "OrderCreated"
                        && it.envelope.aggregate_id.as_str() == own
                });
                assert_eq!(answer.status, if is_created { 200 } else { 404 });
                assert!(!answer.text.contains(OPERATOR) && !answer.text.contains(others));
            }
        });
    }
}
