//! What becomes of a reservation whose goods leave.

use inventory::domain::Reservation;
use runtime::Done;
use serde_json::json;
use testkit::Harness;

use crate::{
    order::{cancelled, created, payment_failed, shipped, shipping_failed},
    world::World,
};

const ORDER: &str = "order-123";
const LINES: &[(&str, u32)] = &[("prod-001", 2), ("prod-hot", 4)];

async fn world() -> World {
    World::new().await.spread("prod-hot", &[2, 3]).await
}

#[tokio::test]
async fn goods_that_have_left_are_reserved_no_longer_and_do_not_come_back() {
    let world = world().await;
    world.deliver(&created(ORDER, LINES)).await.unwrap();
    let books = world.books().await;
    assert_eq!((books.counted["prod-001"], books.counted["prod-hot"]), (2, 4));
    assert_eq!(world.deliver(&shipped(ORDER)).await.unwrap(), Done::Handled);
    assert_eq!(world.deliver(&shipped(ORDER)).await.unwrap(), Done::Duplicate);
    assert_eq!(world.reservation(ORDER).await, Reservation::Shipped);
    let books = world.books().await;
    assert_eq!((books.counted["prod-001"], books.counted["prod-hot"]), (0, 0));
    assert_eq!((books.available("prod-001"), books.available("prod-hot")), (8, 1));
    books.assert_balanced(&[("prod-001", 10), ("prod-hot", 5)]);
    assert_eq!(world.answers(ORDER), ["InventoryReserved"]);

    for off in [cancelled(ORDER), payment_failed(ORDER), shipping_failed(ORDER)] {
        let failure = world.deliver(&off).await.unwrap_err();
        assert!(!failure.is_retry() && failure.to_string().contains("Shipped"), "{failure}");
    }
    assert_eq!(world.stock("prod-001").await, Some(8));
}

#[tokio::test]
async fn a_shipment_before_its_order_is_delivered_again() {
    let world = world().await;
    let failure = world.deliver(&shipped(ORDER)).await.unwrap_err();
    assert!(failure.is_retry(), "{failure}");
    world.deliver(&created(ORDER, LINES)).await.unwrap();
    assert_eq!(world.deliver(&shipped(ORDER)).await.unwrap(), Done::Handled);
}

#[tokio::test]
async fn what_was_not_reserved_cannot_have_left() {
    for before in [
        vec![created(ORDER, &[("prod-001", 11)])],
        vec![cancelled(ORDER)],
        vec![created(ORDER, LINES), cancelled(ORDER)],
    ] {
        let world = world().await;
        world.complete_all(&before).await;
        let books = world.books().await;
        let failure = world.deliver(&shipped(ORDER)).await.unwrap_err();
        assert!(!failure.is_retry(), "{failure}");
        assert_eq!(world.books().await, books);
    }
}

#[tokio::test]
async fn what_an_earlier_version_reserved_was_never_counted() {
    let world = world().await;
    world.deliver(&created("order-1", &[("prod-001", 3)])).await.unwrap();
    let items = json!([{ "productId": "prod-001", "quantity": 2 }]);
    let row = json!({ "orderId": ORDER, "status": "reserved", "items": items });
    world.put_reservation(row).await;
    assert_eq!(world.deliver(&shipped(ORDER)).await.unwrap(), Done::Handled);
    assert_eq!(world.reservation(ORDER).await, Reservation::Shipped);
    assert_eq!(world.books().await.counted["prod-001"], 3);
}

#[tokio::test]
async fn goods_leave_even_if_their_product_is_no_longer_stocked() {
    let world = world().await;
    world.deliver(&created(ORDER, LINES)).await.unwrap();
    world.delist("prod-001").await;
    assert_eq!(world.deliver(&shipped(ORDER)).await.unwrap(), Done::Handled);
    assert_eq!(world.stock("prod-001").await, None);
    assert_eq!(world.books().await.counted["prod-hot"], 0);
}
