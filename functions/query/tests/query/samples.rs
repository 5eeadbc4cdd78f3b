//! The requests in `events/query` and `events/products`, as Lambda hands them to the functions.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use catalogue::Money;
use local_dynamodb::FaultPlan;
use testkit::{Samples, http::Answer};

use crate::{
    request::{OTHER_USER, USER},
    world::{World, created, stuck},
};

const SAMPLES: Samples = Samples::of("query");
const OF_THE_CATALOGUE: Samples = Samples::of("products");
/// The order that `events/order-api/place-order-book.json` places.
const ORDER: &str = "order-ff3001dfa963c700b0dabe1ae7a38e40";

/// A request, its status, and the field at fault, or of how many things the answer has a list.
type Exchange = (&'static str, u64, Body);

enum Body {
    Nothing,
    Field(&'static str),
    List(&'static str, usize),
}

const EXCHANGES: &[Exchange] = &[
    ("get-order", 200, Body::List("items", 2)),
    ("get-order-bad-id", 400, Body::Field("id")),
    ("get-order-no-claims", 401, Body::Nothing),
    ("get-order-no-scope", 403, Body::Nothing),
    ("get-order-of-another", 404, Body::Nothing),
    ("get-order-unknown", 404, Body::Nothing),
    ("get-order-events", 200, Body::List("events", 2)),
    ("get-order-events-of-another", 404, Body::Nothing),
    ("get-whole-order-events", 200, Body::List("events", 2)),
    ("get-whole-order-events-of-a-customer", 403, Body::Nothing),
    ("list-orders", 200, Body::List("orders", 3)),
    ("list-orders-of-two", 200, Body::List("orders", 2)),
    ("list-orders-bad-limit", 400, Body::Field("limit")),
    ("list-orders-others-cursor", 400, Body::Field("cursor")),
    ("list-reviews", 200, Body::List("reviews", 2)),
    ("list-reviews-of-one", 200, Body::List("reviews", 1)),
    ("list-reviews-bad-status", 400, Body::Field("status")),
    ("list-reviews-of-a-customer", 403, Body::Nothing),
];

const OF_PRODUCTS: &[Exchange] = &[
    ("list-products", 200, Body::List("products", 3)),
    ("list-products-of-two", 200, Body::List("products", 2)),
    ("list-products-bad-cursor", 400, Body::Field("cursor")),
];

async fn ask(world: &World, samples: Samples, name: &str) -> Answer {
    let request: ApiGatewayV2httpRequest = samples.read(name);
    world.answer(FaultPlan::none(), request).await
}

#[tokio::test]
async fn every_request_is_answered_as_its_name_states() {
    let world = World::new().await;
    world.place(ORDER, USER).await;
    let at = "2025-11-17T10:30:00.000Z";
    for (order, user) in [(ORDER, USER), ("a", USER), ("b", USER), ("c", OTHER_USER)] {
        world.project(&created(order, user, at)).await;
    }
    for service in ["payment", "shipping"] {
        let mut row = stuck(&format!("order-{service}"), service, at);
        row["userId"] = OTHER_USER.into();
        world.project(&row).await;
    }
    for product in ["prod-001", "prod-002", "prod-003"] {
        world.offer(product, Money::usd(2999)).await;
    }
    let of_orders = EXCHANGES.iter().map(|exchange| (SAMPLES, exchange));
    let of_products = OF_PRODUCTS.iter().map(|exchange| (OF_THE_CATALOGUE, exchange));
    for (samples, (name, status, says)) in of_orders.chain(of_products) {
        let answer = ask(&world, samples, name).await;
        match says {
            Body::List(list, length) => {
                assert_eq!(answer.ok()[*list].as_array().unwrap().len(), *length, "{name}");
            }
            Body::Field(field) => assert_eq!(answer.problem(*status), Some(*field), "{name}"),
            Body::Nothing => assert_eq!(answer.problem(*status), None, "{name}"),
        }
    }
}

#[tokio::test]
async fn an_order_that_is_not_projected_yet_is_being_processed() {
    let world = World::new().await;
    world.place(ORDER, USER).await;
    assert_eq!(ask(&world, SAMPLES, "get-order").await.status, 202);
}

#[test]
fn every_sample_has_an_answer() {
    SAMPLES.assert_all_used(EXCHANGES.iter().map(|(name, ..)| *name));
    OF_THE_CATALOGUE.assert_all_used(OF_PRODUCTS.iter().map(|(name, ..)| *name));
}
