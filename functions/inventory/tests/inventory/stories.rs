//! What becomes of stock when nothing goes wrong on the way.

use catalogue::{
    Event, InventoryReleased, InventoryReservationFailed, InventoryReserved, Money, OrderPaid,
    ReservedItem, Shortage, source,
};
use event_envelope::EventId;
use inventory::domain::{Held, Holding, Reservation, Short};
use runtime::Done;
use testkit::Harness;

use crate::{
    order::{cancelled, created, delivery, id, payment_failed, shipping_failed},
    world::{RETENTION, World},
};

const ORDER: &str = "order-123";
/// The sample order.
const LINES: &[(&str, u32)] = &[("prod-001", 2), ("prod-002", 1)];

fn items(items: &[(&str, u32)]) -> Vec<ReservedItem> {
    let item = |(product, quantity): &(&str, u32)| ReservedItem {
        product_id: id(product),
        quantity: *quantity,
    };
    items.iter().map(item).collect()
}

/// What is held of products that lie in a row each.
fn reserved(items: &[(&str, u32)]) -> Reservation {
    let held = |(product, quantity): &(&str, u32)| Held {
        product_id: id(product),
        quantity: *quantity,
        parts: Vec::new(),
    };
    Reservation::Reserved(Holding { items: items.iter().map(held).collect(), counted: true })
}

fn short(product: &str, requested: u32, available: Option<u64>) -> Shortage {
    Shortage { product_id: id(product), requested, available }
}

#[track_caller]
fn assert_refused(world: &World, expected: &[Shortage]) {
    let (_, Event::InventoryReservationFailed(failed)) = world.only_answer() else {
        panic!("{:?}", world.published());
    };
    let InventoryReservationFailed { order_id, reason, shortages } = failed;
    assert_eq!(order_id, id(ORDER));
    assert_eq!(reason, "insufficient inventory");
    assert_eq!(shortages, expected);
}

#[tokio::test]
async fn an_order_takes_its_goods_and_publishes_that() {
    let world = World::new().await;
    let created = created(ORDER, LINES);
    assert_eq!(world.deliver(&created).await.unwrap(), Done::Handled);
    assert_eq!((world.stock("prod-001").await, world.stock("prod-002").await), (Some(8), Some(4)));
    assert_eq!(world.reservation(ORDER).await, reserved(LINES));

    let (envelope, event) = world.only_answer();
    assert_eq!(event, InventoryReserved { order_id: id(ORDER), items: items(LINES) }.into());
    assert_eq!(envelope.event_id, EventId::of_sequence(source::INVENTORY, &id(ORDER), 1));
    assert_eq!(envelope.causation_id, Some(created.envelope.event_id));
    assert_eq!(envelope.correlation_id, created.envelope.correlation_id);
    assert_eq!(envelope.metadata.depth, 1);
}

#[tokio::test]
async fn an_order_that_is_short_of_one_line_takes_nothing_of_the_others() {
    let world = World::new().await;
    let created = created(ORDER, &[("prod-001", 2), ("prod-002", 6)]);
    assert_eq!(world.deliver(&created).await.unwrap(), Done::Rejected);
    assert_eq!((world.stock("prod-001").await, world.stock("prod-002").await), (Some(10), Some(5)));
    let shortages = vec![short("prod-002", 6, Some(5))];
    assert_refused(&world, &shortages);
    assert_eq!(world.reservation(ORDER).await, Reservation::Failed(Short { shortages }));
}

#[tokio::test]
async fn every_line_that_is_short_is_named() {
    let world = World::new().await;
    let lines = [("prod-001", 11), ("prod-404", 1), ("prod-002", 5), ("prod-405", 3)];
    assert_eq!(world.deliver(&created(ORDER, &lines)).await.unwrap(), Done::Rejected);
    assert_eq!(world.stock("prod-002").await, Some(5));
    assert_eq!(world.stock("prod-404").await, None);
    let shortages =
        [short("prod-001", 11, Some(10)), short("prod-404", 1, None), short("prod-405", 3, None)];
    assert_refused(&world, &shortages);
}

#[tokio::test]
async fn the_last_piece_goes_once() {
    let world = World::new().await;
    let last = world.deliver(&created("order-1", &[("prod-002", 5)])).await.unwrap();
    assert_eq!((last, world.stock("prod-002").await), (Done::Handled, Some(0)));
    let late = world.deliver(&created("order-2", &[("prod-002", 1)])).await.unwrap();
    assert_eq!((late, world.stock("prod-002").await), (Done::Rejected, Some(0)));
    assert_eq!(world.answers("order-2"), ["InventoryReservationFailed"]);
}

#[tokio::test]
async fn lines_of_one_product_are_taken_together() {
    let world = World::new().await;
    let created = created(ORDER, &[("prod-001", 2), ("prod-002", 1), ("prod-001", 8)]);
    assert_eq!(world.deliver(&created).await.unwrap(), Done::Handled);
    assert_eq!(world.stock("prod-001").await, Some(0));
    let all = reserved(&[("prod-001", 10), ("prod-002", 1)]);
    assert_eq!(world.reservation(ORDER).await, all);
}

#[tokio::test]
async fn lines_of_one_product_are_short_together() {
    let world = World::new().await;
    let created = created(ORDER, &[("prod-001", 6), ("prod-001", 6)]);
    assert_eq!(world.deliver(&created).await.unwrap(), Done::Rejected);
    assert_refused(&world, &[short("prod-001", 12, Some(10))]);
}

#[tokio::test]
async fn quantities_beyond_all_counting_are_short_and_nothing_worse() {
    let world = World::new().await;
    let created = created(ORDER, &[("prod-001", u32::MAX), ("prod-001", u32::MAX)]);
    assert_eq!(world.deliver(&created).await.unwrap(), Done::Rejected);
    assert_refused(&world, &[short("prod-001", u32::MAX, Some(10))]);
}

#[tokio::test]
async fn an_order_larger_than_a_transaction_is_dead_lettered_whole() {
    let products: Vec<String> = (0..99).map(|number| format!("prod-{number}")).collect();
    let lines: Vec<_> = products.iter().map(|product| (product.as_str(), 1)).collect();
    let world = World::with(&lines).await;
    let failure = world.deliver(&created(ORDER, &lines)).await.unwrap_err();
    assert!(!failure.is_retry(), "{failure}");
    assert_eq!(world.reservation(ORDER).await, Reservation::Absent);
    assert_eq!(world.deliver(&created("order-1", &lines[1..])).await.unwrap(), Done::Handled);
    assert_eq!(world.reserved("prod-98").await, 1);
}

#[tokio::test]
async fn whatever_calls_an_order_off_releases_it_once() {
    for off in [cancelled(ORDER), payment_failed(ORDER), shipping_failed(ORDER)] {
        let world = World::new().await;
        world.deliver(&created(ORDER, LINES)).await.unwrap();
        assert_eq!(world.deliver(&off).await.unwrap(), Done::Handled);
        assert_eq!(world.deliver(&off).await.unwrap(), Done::Duplicate);
        for again in [shipping_failed(ORDER), cancelled(ORDER), payment_failed(ORDER)] {
            let done = world.deliver(&again).await.unwrap();
            assert!([Done::Ignored, Done::Duplicate].contains(&done), "{done:?}");
        }
        assert_eq!(world.stock("prod-001").await, Some(10));
        assert_eq!(world.stock("prod-002").await, Some(5));
        assert_eq!(world.reservation(ORDER).await, Reservation::Released);
        assert_eq!(world.answers(ORDER), ["InventoryReserved", "InventoryReleased"]);
        let [_, released] = world.published().try_into().unwrap();
        assert_eq!(released.sequence_number, 2);
        assert_eq!(released.causation_id, Some(off.envelope.event_id));
        let expected = InventoryReleased { order_id: id(ORDER), items: items(LINES) };
        assert_eq!(released.data, Event::from(expected).data());
    }
}

#[tokio::test]
async fn what_was_never_reserved_is_not_released() {
    let world = World::new().await;
    world.deliver(&created(ORDER, &[("prod-001", 11)])).await.unwrap();
    assert_eq!(world.deliver(&cancelled(ORDER)).await.unwrap(), Done::Ignored);
    assert_eq!(world.stock("prod-001").await, Some(10));
    assert_eq!(world.answers(ORDER), ["InventoryReservationFailed"]);
}

#[tokio::test]
async fn goods_come_back_even_if_their_product_is_no_longer_stocked() {
    let world = World::new().await;
    world.deliver(&created(ORDER, LINES)).await.unwrap();
    world.delist("prod-002").await;
    assert_eq!(world.deliver(&cancelled(ORDER)).await.unwrap(), Done::Handled);
    assert_eq!(world.stock("prod-001").await, Some(10));
    assert_eq!(world.stock("prod-002").await, Some(1));
    assert_eq!(world.answers(ORDER), ["InventoryReserved", "InventoryReleased"]);
}

#[tokio::test]
async fn a_cancel_before_the_order_leaves_a_tombstone() {
    let world = World::new().await;
    assert_eq!(world.deliver(&cancelled(ORDER)).await.unwrap(), Done::Handled);
    assert_eq!(world.reservation(ORDER).await, Reservation::Withdrawn);
    assert_eq!(world.deliver(&created(ORDER, LINES)).await.unwrap(), Done::Ignored);
    assert_eq!(world.reservation(ORDER).await, Reservation::Withdrawn);
    assert_eq!(world.stock("prod-001").await, Some(10));
    assert_eq!(world.published(), []);
}

#[tokio::test]
async fn an_event_that_comes_twice_has_one_effect() {
    for lines in [LINES, &[("prod-001", 11)]] {
        let world = World::new().await;
        let created = created(ORDER, lines);
        world.deliver(&created).await.unwrap();
        let stock = world.stock("prod-001").await;
        let reservation = world.reservation(ORDER).await;
        for _ in 0..3 {
            assert_eq!(world.deliver(&created).await.unwrap(), Done::Duplicate);
        }
        assert_eq!(world.stock("prod-001").await, stock);
        assert_eq!(world.reservation(ORDER).await, reservation);
        assert_eq!((world.records().await, world.published().len()), (1, 1));
    }
}

#[tokio::test]
async fn an_event_with_another_payload_is_dead_lettered() {
    let world = World::new().await;
    world.deliver(&created(ORDER, LINES)).await.unwrap();
    let failure = world.deliver(&created(ORDER, &[("prod-001", 3)])).await.unwrap_err();
    assert!(!failure.is_retry());
    assert!(failure.to_string().contains("another payload"), "{failure}");
    assert_eq!(world.stock("prod-001").await, Some(8));
    assert_eq!(world.published().len(), 1);
}

#[tokio::test]
async fn an_order_is_reserved_once_even_when_its_record_is_forgotten() {
    for lines in [LINES, &[("prod-001", 11)]] {
        let world = World::new().await;
        let created = created(ORDER, lines);
        world.deliver(&created).await.unwrap();
        let stock = world.stock("prod-001").await;
        world.pass(RETENTION * 2);
        assert_eq!(world.deliver(&created).await.unwrap(), Done::Ignored);
        assert_eq!(world.stock("prod-001").await, stock);
        assert_eq!(world.published().len(), 1);
    }
}

#[tokio::test]
async fn events_that_say_nothing_to_the_inventory_move_nothing() {
    let world = World::new().await;
    let payment_id = "pi_1".to_owned();
    let amount = Money::usd(10_997);
    let paid = delivery(OrderPaid { order_id: id(ORDER), payment_id, amount }, 2);
    assert_eq!(world.deliver(&paid).await.unwrap(), Done::Ignored);
    assert_eq!(world.reservation(ORDER).await, Reservation::Absent);
    assert_eq!(world.published(), []);
}
