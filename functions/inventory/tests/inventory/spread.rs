//! Products that are spread over shards.

use catalogue::{Event, InventoryReserved, ReservedItem, Shortage};
use inventory::{
    domain::{Holding, Part, Reservation},
    shards::{SHARDS_MAX, first_shard},
};
use local_dynamodb::FaultPlan;
use runtime::Done;
use serde_json::json;
use testkit::Harness;
use tower::ServiceExt;

use crate::{
    order::{cancelled, created, id},
    request::rebalance,
    world::World,
};

const ORDER: &str = "order-123";
const HOT: &str = "prod-hot";

/// What is held of the only product of an order, shard by shard.
async fn parts(world: &World, order: &str) -> Vec<(u8, u32)> {
    let Reservation::Reserved(holding) = world.reservation(order).await else {
        panic!("{:?}", world.reservation(order).await);
    };
    let part = |(_, Part { shard, quantity }): (_, Part)| (shard, quantity);
    holding.parts().into_iter().map(part).collect()
}

async fn available(world: &World, product: &str) -> Vec<i64> {
    world.rows(product).await.into_values().collect()
}

fn first(order: &str, shards: u8) -> u8 {
    first_shard(&id(order), &id(HOT), shards)
}

fn shortages(world: &World) -> Vec<Shortage> {
    let (_, Event::InventoryReservationFailed(failed)) = world.only_answer() else {
        panic!("{:?}", world.published());
    };
    failed.shortages
}

#[tokio::test]
async fn a_process_that_knows_a_product_takes_from_it_in_one_call_and_reads_nothing() {
    let world = World::with(&[]).await.spread(HOT, &[100; 4]).await;
    let calls = FaultPlan::none();
    let process = world.service(calls.clone());
    for (index, expected) in [2, 1, 1, 1, 1].into_iter().enumerate() {
        let order = format!("order-{index}");
        let before = calls.calls();
        let read = world.capacity().read_units;
        let ordered = created(&order, &[(HOT, 2)]);
        assert_eq!(process.clone().oneshot(ordered).await.unwrap(), Done::Handled);
        assert_eq!(calls.calls() - before, expected, "{order}");
        // The item that failed its condition shows how the product is spread.
        assert_eq!(world.capacity().read_units - read, 0.0, "{order}");
        assert_eq!(parts(&world, &order).await, [(first(&order, 4), 2)]);
    }
}

#[tokio::test]
async fn orders_take_from_all_shards_alike() {
    let world = World::with(&[]).await.spread(HOT, &[100; 4]).await;
    let process = world.service(FaultPlan::none());
    for index in 0..40 {
        let ordered = created(&format!("order-{index}"), &[(HOT, 1)]);
        process.clone().oneshot(ordered).await.unwrap();
    }
    let left = available(&world, HOT).await;
    assert!(left.iter().all(|left| (84..96).contains(left)), "{left:?}");
}

#[tokio::test]
async fn another_shard_has_what_the_first_lacks() {
    let order = (0..).map(|it| format!("order-{it}")).find(|it| first(it, 3) == 1).unwrap();
    let world = World::with(&[]).await.spread(HOT, &[2, 1, 3]).await;
    world.deliver(&created(&order, &[(HOT, 2)])).await.unwrap();
    assert_eq!(parts(&world, &order).await, [(2, 2)]);
    assert_eq!(available(&world, HOT).await, [2, 1, 1]);
}

#[tokio::test]
async fn a_line_is_taken_from_several_shards_and_put_back_where_it_came_from() {
    let world = World::with(&[("prod-001", 10)]).await.spread(HOT, &[2, 1, 3]).await;
    let created = created(ORDER, &[("prod-001", 4), (HOT, 5)]);
    assert_eq!(world.deliver(&created).await.unwrap(), Done::Handled);
    assert_eq!(parts(&world, ORDER).await, [(0, 4), (2, 3), (0, 2)]);
    assert_eq!(available(&world, HOT).await, [0, 1, 0]);
    let item = |product, quantity| ReservedItem { product_id: id(product), quantity };
    // Other services see no more than what is reserved.
    let items = vec![item("prod-001", 4), item(HOT, 5)];
    let expected = InventoryReserved { order_id: id(ORDER), items };
    assert_eq!(world.only_answer().1, expected.into());
    world.books().await.assert_balanced(&[("prod-001", 10), (HOT, 6)]);

    for done in [Done::Handled, Done::Duplicate] {
        assert_eq!(world.deliver(&cancelled(ORDER)).await.unwrap(), done);
        assert_eq!(available(&world, HOT).await, [2, 1, 3]);
        assert_eq!(world.stock("prod-001").await, Some(10));
        world.books().await.assert_balanced(&[("prod-001", 10), (HOT, 6)]);
    }
}

#[tokio::test]
async fn a_product_is_short_only_of_what_all_its_shards_lack() {
    for (wanted, done) in [(6, Done::Handled), (7, Done::Rejected)] {
        let world = World::with(&[]).await.spread(HOT, &[2, 1, 3]).await;
        assert_eq!(world.deliver(&created(ORDER, &[(HOT, wanted)])).await.unwrap(), done);
        if done == Done::Rejected {
            let short = Shortage { product_id: id(HOT), requested: 7, available: Some(6) };
            assert_eq!(shortages(&world), [short]);
            assert_eq!(available(&world, HOT).await, [2, 1, 3]);
        }
    }
}

#[tokio::test]
async fn every_line_that_is_short_is_named_however_it_lies() {
    let world = World::new().await.spread(HOT, &[2, 1, 3]).await.spread("prod-warm", &[1, 1]).await;
    let lines = [("prod-404", 1), (HOT, 7), ("prod-001", 11), ("prod-warm", 2), ("prod-002", 5)];
    assert_eq!(world.deliver(&created(ORDER, &lines)).await.unwrap(), Done::Rejected);
    let short =
        |product, requested, available| Shortage { product_id: id(product), requested, available };
    let expected =
        [short("prod-404", 1, None), short(HOT, 7, Some(6)), short("prod-001", 11, Some(10))];
    assert_eq!(shortages(&world), expected);
    world.books().await.assert_balanced(&[(HOT, 6), ("prod-warm", 2), ("prod-001", 10)]);
}

/// Each is refused by its first shard, which the other one's read must not make it forget.
#[tokio::test]
async fn two_products_that_lie_in_pieces_are_taken_in_three_calls() {
    let world =
        World::with(&[]).await.spread(HOT, &[1; 4]).await.spread("prod-warm", &[1; 5]).await;
    let calls = FaultPlan::none();
    let ordered = created(ORDER, &[(HOT, 4), ("prod-warm", 5)]);
    let done = world.deliver_with(&ordered, calls.clone()).await.unwrap();
    assert_eq!(done, Done::Handled);
    // Refused; one read of each, whose items were unknown; taken.
    assert_eq!(calls.calls(), 1 + 2 + 1);
    assert_eq!(parts(&world, ORDER).await.len(), 9);
}

#[tokio::test]
async fn a_process_learns_how_a_product_is_spread_now() {
    let world = World::with(&[(HOT, 1_000)]).await;
    let process = world.service(FaultPlan::none());
    let mut number = 0;
    for shards in [1, 2, 8, 3, 1] {
        let key = format!("key-{shards}-{number}");
        assert_eq!(world.ask(&rebalance(HOT, shards, &key)).await.status, 200);
        for _ in 0..5 {
            let order = format!("order-{number}");
            number += 1;
            process.clone().oneshot(created(&order, &[(HOT, 1)])).await.unwrap();
            assert_eq!(parts(&world, &order).await, [(first(&order, shards), 1)], "{shards}");
        }
    }
    world.books().await.assert_balanced(&[(HOT, 1_000)]);
}

#[tokio::test]
async fn what_lies_in_a_shard_that_is_used_no_more_is_still_there() {
    let world = World::with(&[]).await;
    world.put_stock(json!({ "productId": HOT, "available": 1, "shards": 1, "rows": 3 })).await;
    for (shard, available) in [(1, 2), (2, 0)] {
        let key = format!("{HOT}#{shard}");
        world.put_stock(json!({ "productId": key, "available": available, "shards": 1 })).await;
    }
    assert_eq!(world.deliver(&created("order-1", &[(HOT, 3)])).await.unwrap(), Done::Handled);
    assert_eq!(world.deliver(&created("order-2", &[(HOT, 1)])).await.unwrap(), Done::Rejected);
    world.books().await.assert_balanced(&[(HOT, 3)]);
}

/// What versions that know no shards take and put back is in the product's own row.
#[tokio::test]
async fn a_reservation_of_an_earlier_version_is_released_to_the_products_own_row() {
    let world = World::with(&[]).await.spread(HOT, &[2, 3]).await;
    // What this version counts besides stays counted.
    world.deliver(&created("order-1", &[(HOT, 4)])).await.unwrap();
    let counted = world.books().await.counted;
    let items = json!([{ "productId": HOT, "quantity": 4 }]);
    let row = json!({ "orderId": ORDER, "status": "reserved", "items": items });
    world.put_reservation(row).await;
    assert_eq!(world.deliver(&created(ORDER, &[(HOT, 4)])).await.unwrap(), Done::Ignored);
    assert_eq!(world.deliver(&cancelled(ORDER)).await.unwrap(), Done::Handled);
    assert_eq!(available(&world, HOT).await, [5, 0]);
    assert_eq!((counted[HOT], world.books().await.counted[HOT]), (4, 4));
    assert_eq!(world.answers(ORDER), ["InventoryReleased"]);
}

#[tokio::test]
async fn what_came_from_a_removed_shard_goes_to_the_products_own_item() {
    let world = World::with(&[]).await.spread(HOT, &[2, 1, 3]).await;
    world.deliver(&created(ORDER, &[(HOT, 6)])).await.unwrap();
    world.delist("prod-hot#2").await;
    assert_eq!(world.deliver(&cancelled(ORDER)).await.unwrap(), Done::Handled);
    assert_eq!(available(&world, HOT).await, [5, 1]);
    assert_eq!(world.books().await.counted[HOT], 0);
}

#[tokio::test]
async fn a_removed_shard_stops_no_order() {
    let order = (0..).map(|it| format!("order-{it}")).find(|it| first(it, 3) == 2).unwrap();
    let world = World::with(&[]).await.spread(HOT, &[2, 1, 3]).await;
    let process = world.service(FaultPlan::none());
    process.clone().oneshot(created("order-of-a-guest", &[(HOT, 1)])).await.unwrap();
    world.delist("prod-hot#2").await;
    let done = process.clone().oneshot(created(&order, &[(HOT, 1)])).await.unwrap();
    assert_eq!(done, Done::Handled);
    let left = world.stock(HOT).await.unwrap();
    let done = process.oneshot(created("order-of-all", &[(HOT, 100)])).await.unwrap();
    assert_eq!((done, left), (Done::Rejected, world.stock(HOT).await.unwrap()));
}

/// The largest order there can be, of products that lie in as many pieces as they can.
#[tokio::test]
async fn an_order_that_lies_in_more_rows_than_a_transaction_takes_is_reserved_whole() {
    const LINES: usize = 50;
    let pieces = u32::from(SHARDS_MAX);
    let products: Vec<String> = (0..LINES).map(|number| format!("prod-{number}")).collect();
    let mut world = World::with(&[]).await;
    for product in &products {
        world = world.spread(product, &vec![1; usize::from(SHARDS_MAX)]).await;
    }
    let lines: Vec<_> = products.iter().map(|product| (product.as_str(), pieces)).collect();
    assert_eq!(world.deliver(&created(ORDER, &lines)).await.unwrap(), Done::Handled);
    let held = parts(&world, ORDER).await;
    assert!((LINES..=98).contains(&held.len()), "{}", held.len());
    let Reservation::Reserved(Holding { items, .. }) = world.reservation(ORDER).await else {
        panic!("nothing is held");
    };
    assert!(items.iter().all(|held| held.quantity == pieces) && items.len() == LINES);
    let initial: Vec<_> = lines.iter().map(|line| (line.0, i64::from(line.1))).collect();
    world.books().await.assert_balanced(&initial);
    assert_eq!(world.deliver(&cancelled(ORDER)).await.unwrap(), Done::Handled);
    world.books().await.assert_balanced(&initial);
    assert_eq!(world.stock("prod-7").await, Some(i64::from(pieces)));
}

#[tokio::test]
async fn what_lies_in_too_many_rows_and_is_not_enough_is_refused_and_not_moved() {
    let products: Vec<String> = (0..8).map(|number| format!("prod-{number}")).collect();
    let mut world = World::with(&[]).await;
    for product in &products {
        world = world.spread(product, &[1; 16]).await;
    }
    let mut lines: Vec<_> = products.iter().map(|product| (product.as_str(), 16)).collect();
    lines[7].1 = 17;
    assert_eq!(world.deliver(&created(ORDER, &lines)).await.unwrap(), Done::Rejected);
    assert_eq!(available(&world, "prod-0").await, [1; 16]);
}
