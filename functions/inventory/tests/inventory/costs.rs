//! What orders cost: the table in the crate's documentation.

use catalogue::Event;
use event_envelope::Delivery;
use local_dynamodb::FaultPlan;
use runtime::Done;
use tower::ServiceExt;

use crate::{
    order::{cancelled, created, shipped},
    request::{rebalance, restock, show},
    world::World,
};

/// Write units, read units and calls.
type Cost = (f64, f64, usize);

/// Of each of these deliveries, one after the other, to a process that has sold each product.
async fn costs(world: &World, products: &[&str], deliveries: &[Delivery<Event>]) -> Vec<Cost> {
    let calls = FaultPlan::none();
    let process = world.service(calls.clone());
    for product in products {
        let warm = created(&format!("order-of-{product}"), &[(product, 0)]);
        process.clone().oneshot(warm).await.unwrap();
    }
    let mut costs = Vec::new();
    for delivery in deliveries {
        let before = world.capacity();
        let called = calls.calls();
        let done = process.clone().oneshot(delivery.clone()).await.unwrap();
        assert!([Done::Handled, Done::Rejected].contains(&done), "{done:?}");
        let after = world.capacity();
        let (write, read) =
            (after.write_units - before.write_units, after.read_units - before.read_units);
        costs.push((write, read, calls.calls() - called));
    }
    costs
}

const PRODUCTS: [&str; 3] = ["prod-001", "prod-002", "prod-003"];

/// Ids as long as the order service gives them.
const ORDER: &str = "order-0123456789abcdef0123456789abcdef";

fn lines(count: usize) -> Vec<(&'static str, u32)> {
    PRODUCTS.into_iter().take(count).map(|product| (product, 2)).collect()
}

#[tokio::test]
async fn an_order_costs_two_units_a_line_and_four_besides() {
    for count in 1..=3 {
        let world = World::with(&PRODUCTS.map(|product| (product, 10))).await;
        let ordered = created(ORDER, &lines(count));
        let found = costs(&world, &PRODUCTS, &[ordered, cancelled(ORDER)]).await;
        let units = 4.0 + 2.0 * count as f64;
        assert_eq!(found, [(units, 0.0, 1), (units, 1.0, 2)], "{count} lines");
    }
}

/// No more than if they were not spread.
#[tokio::test]
async fn an_order_of_spread_products_costs_the_same_while_each_shard_has_enough() {
    for count in 1..=3 {
        let mut world = World::with(&[]).await;
        for product in PRODUCTS {
            world = world.spread(product, &[10; 8]).await;
        }
        let ordered = created(ORDER, &lines(count));
        let found = costs(&world, &PRODUCTS, &[ordered, cancelled(ORDER)]).await;
        let units = 4.0 + 2.0 * count as f64;
        assert_eq!(found, [(units, 0.0, 1), (units, 1.0, 2)], "{count} lines");
    }
}

#[tokio::test]
async fn an_order_that_does_not_find_enough_reads_all_shards_at_two_units_each() {
    let world = World::with(&[]).await.spread(PRODUCTS[0], &[1; 8]).await;
    let ordered = created(ORDER, &[(PRODUCTS[0], 3)]);
    let found = costs(&world, &PRODUCTS[..1], &[ordered]).await;
    // Refused, read, taken from three.
    assert_eq!(found, [(4.0 + 2.0 * 3.0, 16.0, 3)]);
}

#[tokio::test]
async fn a_refusal_costs_four_units_and_a_read_of_what_is_spread() {
    let world = World::with(&[("prod-001", 1)]).await.spread("prod-002", &[1; 8]).await;
    let ordered = created(ORDER, &[("prod-001", 2)]);
    assert_eq!(costs(&world, &["prod-001"], &[ordered]).await, [(4.0, 0.0, 2)]);
    let ordered = created("order-1", &[("prod-002", 9)]);
    assert_eq!(costs(&world, &["prod-002"], &[ordered]).await, [(4.0, 16.0, 3)]);
}

#[tokio::test]
async fn to_count_goods_as_shipped_costs_as_much_as_to_reserve_them() {
    let world = World::with(&PRODUCTS.map(|product| (product, 10))).await;
    let deliveries = [created(ORDER, &lines(2)), shipped(ORDER)];
    let found = costs(&world, &PRODUCTS, &deliveries).await;
    assert_eq!(found, [(8.0, 0.0, 1), (8.0, 1.0, 2)]);
}

#[tokio::test]
async fn commands_cost_two_units_a_row_and_four_besides() {
    let world = World::with(&[("prod-001", 100)]).await;
    let requests = [
        (restock("prod-001", 10, "key-1"), (6.0, 1.0)),
        (show("prod-001"), (0.0, 1.0)),
        (rebalance("prod-001", 8, "key-2"), (4.0 + 2.0 * 8.0, 1.0)),
        // How it is spread is read before its rows are.
        (restock("prod-001", 10, "key-3"), (4.0 + 2.0 * 8.0, 17.0)),
        (show("prod-001"), (0.0, 17.0)),
    ];
    for (request, expected) in requests {
        let before = world.capacity();
        world.ask(&request).await.ok();
        let after = world.capacity();
        let found = (after.write_units - before.write_units, after.read_units - before.read_units);
        assert_eq!(found, expected, "{request:?}");
    }
}
