//! Every story again, with a fault at every call to the database.

use std::collections::BTreeMap;

use event_envelope::Delivery;
use events::Event;
use inventory::domain::Reservation;
use local_testkit::Again;

use crate::{
    order::{cancelled, created, payment_failed, shipping_failed},
    world::World,
};

const ORDER: &str = "order-123";
const PRODUCTS: [&str; 2] = ["prod-001", "prod-002"];

/// What is left of a story.
#[derive(Debug, PartialEq)]
struct Ending {
    stock: [Option<i64>; 2],
    reservations: BTreeMap<String, Reservation>,
    records: usize,
    said: Vec<String>,
}

async fn ending(world: &World) -> Ending {
    Ending {
        stock: [world.stock(PRODUCTS[0]).await, world.stock(PRODUCTS[1]).await],
        reservations: world.reservations().await,
        records: world.records().await,
        said: world.answers(ORDER),
    }
}

/// Checks what is left of `story` after each fault at each call.
async fn sweep(story: &[Delivery<Event>], again: Again, check: impl Fn(&Ending, &Ending) -> bool) {
    let compare = async |undisturbed: &World, world: &World, case| {
        let (found, expected) = (ending(world).await, ending(undisturbed).await);
        assert_eq!(expected.records, story.len());
        let disturbed = format!("{case}, again {again:?}: {found:?}");
        assert!(check(&found, &expected), "{disturbed}");
        for (product, initial) in PRODUCTS.into_iter().zip([10, 5]) {
            let total = world.stock(product).await.unwrap() + world.reserved(product).await;
            assert_eq!(total, initial, "{disturbed}");
        }
    };
    local_testkit::sweep(World::new, story, again, compare).await;
}

fn same(found: &Ending, expected: &Ending) -> bool {
    found == expected
}

fn nothing_stays(found: &Ending, expected: &Ending) -> bool {
    let untouched = (found.stock, found.records) == ([Some(10), Some(5)], expected.records);
    let whole = ["InventoryReserved", "InventoryReleased"];
    untouched && (found.said.is_empty() || found.said == whole)
}

fn placed() -> Delivery<Event> {
    created(ORDER, &[("prod-001", 2), ("prod-002", 1)])
}

fn short() -> Delivery<Event> {
    created(ORDER, &[("prod-001", 2), ("prod-002", 6)])
}

#[tokio::test]
async fn an_order_is_reserved_once_whatever_fails() {
    sweep(&[placed()], Again::AtOnce, same).await;
}

#[tokio::test]
async fn an_order_is_refused_once_whatever_fails() {
    sweep(&[short()], Again::AtOnce, same).await;
    sweep(&[short(), cancelled(ORDER)], Again::AtOnce, same).await;
}

#[tokio::test]
async fn an_order_is_released_once_whatever_fails() {
    sweep(&[placed(), cancelled(ORDER)], Again::AtOnce, same).await;
    sweep(&[placed(), payment_failed(ORDER), cancelled(ORDER)], Again::AtOnce, same).await;
    sweep(&[placed(), shipping_failed(ORDER), cancelled(ORDER)], Again::AtOnce, same).await;
}

#[tokio::test]
async fn an_order_that_was_called_off_first_takes_nothing_whatever_fails() {
    sweep(&[cancelled(ORDER), placed()], Again::AtOnce, same).await;
}

#[tokio::test]
async fn a_cancel_that_overtakes_a_failed_reservation_leaves_nothing_reserved() {
    sweep(&[placed(), cancelled(ORDER)], Again::Last, nothing_stays).await;
    sweep(&[cancelled(ORDER), placed(), shipping_failed(ORDER)], Again::Last, nothing_stays).await;
}
