//! What happens between two calls to the database, chosen exactly.

use std::time::Duration;

use inventory::shards::first_shard;
use local_dynamodb::FaultPlan;
use runtime::Done;
use serde_json::json;
use testkit::{Harness, http::Answer};
use tokio::time::sleep;
use tower::ServiceExt;

use crate::{
    interleavings::Interleaving,
    order::{cancelled, created, id},
    request::{rebalance, restock, show},
    world::World,
};

const HOT: &str = "prod-hot";

/// A client each of whose calls waits so long, in milliseconds.
fn slow(world: &World, waits: &[u8], calls: FaultPlan) -> aws_sdk_dynamodb::Client {
    Interleaving::new(waits.to_vec(), || async {}).client(&world.database, calls)
}

/// Orders that try this one of so many shards first.
fn orders(shard: u8, shards: u8) -> impl Iterator<Item = String> {
    let orders = (0..).map(|number| format!("order-{number}"));
    orders.filter(move |order| first_shard(&id(order), &id(HOT), shards) == shard)
}

async fn after(millis: u64) {
    sleep(Duration::from_millis(millis)).await;
}

#[tokio::test(start_paused = true)]
async fn two_who_spread_a_product_at_once_know_of_each_others_rows() {
    let world = World::with(&[(HOT, 1)]).await;
    // It has read that there is one row when the other one makes eight, and goods come in.
    let api = world.api_by(slow(&world, &[0, 20], FaultPlan::none()));
    let asked = rebalance(HOT, 2, "key-1").event();
    let (narrow, ()) = tokio::join!(api.handle(asked), async {
        after(10).await;
        world.ask(&rebalance(HOT, 8, "key-2")).await.ok();
        world.ask(&restock(HOT, 80, "key-3")).await.ok();
    });
    Answer::from(narrow).ok();
    let shown = world.ask(&show(HOT)).await.ok();
    assert_eq!((&shown["available"], &shown["shards"]), (&json!(81), &json!(2)));
    world.deliver(&created("order-of-all", &[(HOT, 81)])).await.unwrap();
    world.books().await.assert_balanced(&[(HOT, 1)]);
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_orders_never_leave_alone_is_used_no_more_and_emptied_later() {
    let world = World::with(&[]).await.spread(HOT, &[50, 50]).await;
    // Each time it has read what the second shard has, another order takes from there.
    let api = world.api_by(slow(&world, &[0, 0, 20, 0, 0, 20, 0, 0, 20], FaultPlan::none()));
    let asked = rebalance(HOT, 1, "key-1").event();
    let (answer, ()) = tokio::join!(api.handle(asked), async {
        let process = world.service(FaultPlan::none());
        after(10).await;
        for order in orders(1, 2).take(3) {
            process.clone().oneshot(created(&order, &[(HOT, 1)])).await.unwrap();
            after(20).await;
        }
    });
    Answer::from(answer).ok();
    let shown = world.ask(&show(HOT)).await.ok();
    assert_eq!((&shown["available"], &shown["shards"]), (&json!(97), &json!(1)));
    let rows = world.rows(HOT).await;
    assert!(rows["prod-hot#1"] > 0, "{rows:?}");
    world.ask(&rebalance(HOT, 1, "key-2")).await.ok();
    assert_eq!(world.rows(HOT).await["prod-hot#1"], 0);
    world.books().await.assert_balanced(&[(HOT, 100)]);
}

/// The line that was refused is read again, and so is the one that was not: what was planned
/// for it is forgotten, and its first shard alone has too little.
#[tokio::test(start_paused = true)]
async fn an_order_after_a_conflict_reads_all_spread_products() {
    let world =
        World::with(&[]).await.spread(HOT, &[1; 4]).await.spread("prod-warm", &[1; 5]).await;
    let calls = FaultPlan::none();
    // Four calls to learn of both products; then refused, two reads, and a pause before the try.
    let waits = [0, 0, 0, 0, 0, 0, 0, 20];
    let process = world.service_by(slow(&world, &waits, calls.clone()));
    for product in [HOT, "prod-warm"] {
        let warm = created(&format!("order-of-{product}"), &[(product, 0)]);
        process.clone().oneshot(warm).await.unwrap();
    }
    let known = calls.calls();
    let [order, other] = orders(2, 4).take(2).collect::<Vec<_>>().try_into().unwrap();
    let (done, overtook) =
        tokio::join!(process.oneshot(created(&order, &[(HOT, 3), ("prod-warm", 5)])), async {
            after(10).await;
            world.deliver(&created(&other, &[(HOT, 1)])).await.unwrap()
        });
    assert_eq!((done.unwrap(), overtook), (Done::Handled, Done::Handled));
    // Twice refused, twice two reads, and taken.
    assert_eq!((known, calls.calls() - known), (4, 2 + 4 + 1));
    world.books().await.assert_balanced(&[(HOT, 4), ("prod-warm", 5)]);
}

/// Between the refusal and the read everything comes back: the order gets what it wants.
#[tokio::test(start_paused = true)]
async fn what_comes_back_before_the_read_is_there_to_be_taken() {
    let world = World::with(&[]).await.spread(HOT, &[2, 2]).await;
    world.deliver(&created("order-1", &[(HOT, 4)])).await.unwrap();
    let process = world.service_by(slow(&world, &[0, 20], FaultPlan::none()));
    let (done, back) = tokio::join!(process.oneshot(created("order-2", &[(HOT, 3)])), async {
        after(10).await;
        world.deliver(&cancelled("order-1")).await.unwrap()
    });
    assert_eq!((done.unwrap(), back), (Done::Handled, Done::Handled));
    world.books().await.assert_balanced(&[(HOT, 4)]);
}
