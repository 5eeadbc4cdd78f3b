//! Every question again, with a fault at every call to the database.

use catalogue::Money;
use local_dynamodb::{Fault, FaultPlan};
use testkit::{cases, http::Request};

use crate::{
    request::{USER, detail, history, list, products, reviews},
    world::{World, created, stuck},
};

async fn world() -> World {
    let world = World::new().await;
    world.project(&created("order-123", USER, "2025-11-17T10:30:00.000Z")).await;
    world.place("order-124", USER).await;
    world.offer("prod-001", Money::usd(2999)).await;
    world.project(&stuck("order-126", "payment", "2025-11-17T10:36:04.000Z")).await;
    world
}

fn questions() -> [Request; 6] {
    let of_customers = [detail("order-123"), detail("order-124"), history("order-124"), list()];
    let [one, two, three, four] = of_customers;
    [one, two, three, four, products(), reviews()]
}

#[tokio::test]
async fn a_question_is_answered_well_or_later_whatever_fails() {
    let world = world().await;
    for question in questions() {
        let calls = FaultPlan::none();
        let expected = world.ask_with(calls.clone(), &question).await;
        for case in cases(&calls) {
            let answer = world.ask_with(case.plan(), &question).await;
            if answer != expected {
                answer.problem(503);
                assert_eq!(answer.headers["retry-after"], "1");
            }
        }
    }
}

#[tokio::test]
async fn a_throttle_of_one_call_is_not_noticed() {
    let world = world().await;
    for question in questions() {
        let plan = FaultPlan::at(0, Fault::Throttle);
        assert!(world.ask_with(plan, &question).await.status < 300, "{question:?}");
    }
}

#[tokio::test]
async fn a_stream_that_cannot_be_read_is_no_reason_to_come_again() {
    let world = world().await;
    world.damage("order-125").await;
    for question in [detail("order-125"), history("order-125")] {
        let answer = world.ask(&question).await;
        assert_eq!(answer.problem(500), None);
        assert!(!answer.body.to_string().contains("order-125"), "{}", answer.body);
    }
}
