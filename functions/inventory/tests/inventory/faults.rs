//! Every story again, with a fault at every call to the database.

use std::collections::BTreeMap;

use catalogue::Event;
use event_envelope::Delivery;
use inventory::domain::Reservation;
use testkit::Again;

use crate::{
    order::{cancelled, created, payment_failed, shipped, shipping_failed},
    world::{Books, World},
};

const ORDER: &str = "order-123";
const INITIAL: &[(&str, i64)] = &[("prod-001", 10), ("prod-002", 5), ("prod-hot", 6)];

/// What is left of a story.
#[derive(Debug, PartialEq)]
struct Ending {
    books: Books,
    reservations: BTreeMap<String, Reservation>,
    records: usize,
    published: Vec<String>,
}

async fn world() -> World {
    World::new().await.spread("prod-hot", &[2, 1, 3]).await
}

async fn ending(world: &World) -> Ending {
    Ending {
        books: world.books().await,
        reservations: world.reservations().await,
        records: world.records().await,
        published: world.answers(ORDER),
    }
}

/// Checks what is left of `story` after each fault at each call.
async fn sweep(story: &[Delivery<Event>], again: Again, check: impl Fn(&Ending, &Ending) -> bool) {
    let compare = async |undisturbed: &World, world: &World, case| {
        let found = ending(world).await;
        let expected = ending(undisturbed).await;
        assert_eq!(expected.records, story.len());
        assert!(check(&found, &expected), "{case}, again {again:?}: {found:?}");
        found.books.assert_balanced(INITIAL);
    };
    testkit::sweep(world, story, again, compare).await;
}

fn same(found: &Ending, expected: &Ending) -> bool {
    found == expected
}

fn nothing_stays(found: &Ending, expected: &Ending) -> bool {
    let untouched = INITIAL.iter().all(|(product, all)| found.books.available(product) == *all);
    let whole = ["InventoryReserved", "InventoryReleased"];
    untouched
        && found.records == expected.records
        && (found.published.is_empty() || found.published == whole)
}

/// An order of products in a row each, and one of a product that is taken from three.
fn placed() -> [Delivery<Event>; 2] {
    let spread = created(ORDER, &[("prod-001", 2), ("prod-hot", 6)]);
    [created(ORDER, &[("prod-001", 2), ("prod-002", 1)]), spread]
}

fn short() -> [Delivery<Event>; 2] {
    let spread = created(ORDER, &[("prod-001", 2), ("prod-hot", 7)]);
    [created(ORDER, &[("prod-001", 2), ("prod-002", 6)]), spread]
}

#[tokio::test]
async fn an_order_is_reserved_once_whatever_fails() {
    for placed in placed() {
        sweep(&[placed], Again::AtOnce, same).await;
    }
}

#[tokio::test]
async fn an_order_is_refused_once_whatever_fails() {
    for short in short() {
        sweep(std::slice::from_ref(&short), Again::AtOnce, same).await;
        sweep(&[short, cancelled(ORDER)], Again::AtOnce, same).await;
    }
}

#[tokio::test]
async fn an_order_is_released_once_whatever_fails() {
    for placed in placed() {
        sweep(&[placed.clone(), cancelled(ORDER)], Again::AtOnce, same).await;
        let unpaid = [placed.clone(), payment_failed(ORDER), cancelled(ORDER)];
        sweep(&unpaid, Again::AtOnce, same).await;
        sweep(&[placed, shipping_failed(ORDER), cancelled(ORDER)], Again::AtOnce, same).await;
    }
}

#[tokio::test]
async fn an_order_is_shipped_once_whatever_fails() {
    for placed in placed() {
        for again in [Again::AtOnce, Again::Last] {
            sweep(&[placed.clone(), shipped(ORDER)], again, same).await;
        }
    }
}

#[tokio::test]
async fn an_order_that_was_cancelled_first_takes_nothing_whatever_fails() {
    for placed in placed() {
        sweep(&[cancelled(ORDER), placed], Again::AtOnce, same).await;
    }
}

#[tokio::test]
async fn a_cancel_that_overtakes_a_failed_reservation_leaves_nothing_reserved() {
    for placed in placed() {
        sweep(&[placed.clone(), cancelled(ORDER)], Again::Last, nothing_stays).await;
        let late = [cancelled(ORDER), placed, shipping_failed(ORDER)];
        sweep(&late, Again::Last, nothing_stays).await;
    }
}

/// Eight products in sixteen pieces each: those of some are moved together before they are taken.
#[tokio::test]
async fn an_order_that_lies_in_too_many_rows_is_reserved_once_whatever_fails() {
    let products: Vec<String> = (0..8).map(|number| format!("prod-{number}")).collect();
    let lines: Vec<_> = products.iter().map(|product| (product.as_str(), 16)).collect();
    let balance: Vec<_> = products.iter().map(|product| (product.as_str(), 16)).collect();
    let open = async || {
        let mut world = World::with(&[]).await;
        for product in &products {
            world = world.spread(product, &[1; 16]).await;
        }
        world
    };
    let compare = async |undisturbed: &World, world: &World, case| {
        let found = ending(world).await;
        let expected = ending(undisturbed).await;
        assert_eq!(found, expected, "{case}");
        found.books.assert_balanced(&balance);
    };
    testkit::sweep(open, &[created(ORDER, &lines)], Again::AtOnce, compare).await;
}
